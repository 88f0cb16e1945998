"""A page's program that needs PyTorch runs where PyTorch is installed; elsewhere the page reads what it gave when recorded.

A block that readers see defines the program as a function, which imports PyTorch itself; a hidden one calls it:

    there = outcome(one_layer)

What it returns is numbers, words, and lists and dicts of them, the same from either source.
"""

from __future__ import annotations

import importlib.util
import json
import threading
from typing import TYPE_CHECKING, Any

from backproplab.book.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = ROOT / "experiments/records/same-in-pytorch.json"
"""What `experiments/same_in_pytorch.py` wrote down."""
given: dict[str, Any] = {}
"""What each program that has run gave, by its name and its arguments."""


def pytorch_is_at_hand() -> bool:
    """Return whether programs run while the book is built; a builder with threads of its own ends where PyTorch is loaded."""
    ours = threading.current_thread() is threading.main_thread()
    return ours and importlib.util.find_spec("torch") is not None


def record() -> dict[str, Any]:
    """Return the record: `outcomes` by name, PyTorch's version `pytorch`, and the `machine`."""
    return json.loads(RECORD.read_text("utf-8"))


def outcome(program: Callable[..., Any], *arguments: str) -> Any:
    """Return what a program gives: run now, or read from the record where PyTorch is missing.

    Raises:
        KeyError: If PyTorch is missing and the record does not know the program.
    """
    name = " ".join([program.__name__, *arguments])
    if not pytorch_is_at_hand():
        return record()["outcomes"][name]
    import torch

    torch.set_num_threads(1)  # the arrays are small, and the digits do not depend on the number of cores
    given[name] = json.loads(json.dumps(program(*arguments)))
    return given[name]
