"""The code that runs, printed on a page: a function's own source without its docstring; and the programs of `experiments`."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from backproplab.book.source import ROOT


def listing(function: Callable[..., Any]) -> str:
    """Return the source of a function as a fenced Markdown block, without the docstring, which has its own place.

    Raises:
        TypeError: If `function` was not written in Python.
        OSError: If its source cannot be found.
    """
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    lines = source.splitlines()
    if isinstance(definition, ast.FunctionDef) and ast.get_docstring(definition) is not None:
        docstring = definition.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(["```python", *lines, "```"])


def experiment(name: str) -> ModuleType:
    """Import a program of `experiments`, which may import its neighbours there; Python's path stays as it was.

    Raises:
        ModuleNotFoundError: If there is no such program.
    """
    folder = str(ROOT / "experiments")
    sys.path.append(folder)
    try:
        return import_module(name)
    finally:
        sys.path.remove(folder)
