"""The code that runs, printed on a page: a function's own source without its docstring."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


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
