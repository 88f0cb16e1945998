"""Run the PyTorch programs of the chapter The same in PyTorch, and write down what they give, for builds without PyTorch.

    python experiments/same_in_pytorch.py

The programs are those of the page, docs/lab/pytorch.md. A few seconds on one thread.
"""

from contextlib import redirect_stdout
from io import StringIO
from textwrap import dedent
from typing import Any

import torch
from record import settings, write

from backproplab.book import installed
from backproplab.book.source import pages


def outcomes() -> dict[str, Any]:
    """Run every block of the page, in order, and return what its programs gave."""
    page = next(page for page in pages() if page.name == "lab/pytorch.md")
    names: dict[str, Any] = {"__name__": "pytorch"}
    installed.given.clear()
    with redirect_stdout(StringIO()):
        for block in page.blocks:
            if block.executed:
                exec(dedent(block.code), names)
    return dict(installed.given)


def main() -> None:
    """Write the record."""
    options = settings(__doc__ or "")
    write(options.records, "same-in-pytorch", {"pytorch": torch.__version__, "outcomes": outcomes()})


if __name__ == "__main__":
    main()
