"""The programs that a reader sees run by themselves: `python -m backproplab.book.shown docs/foundations/slope.md`."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from backproplab.book.source import Page


def run(page: Page) -> None:
    """Run the blocks that are shown, and no others, in order, in one fresh namespace.

    Raises:
        Exception: Whatever a block raises, with a note that names page, block and line.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in page.blocks:
        if block.shown and block.info.startswith("python"):
            place = page.line(block.position)
            path, _, line = place.rpartition(":")
            program = "\n" * int(line) + textwrap.dedent(block.code)  # so that a traceback speaks of the page's lines
            try:
                exec(compile(program, path, "exec", dont_inherit=True), namespace)
            except Exception as error:
                error.add_note(
                    f"{place}: the block {block.options.get('id')!r} fails without the blocks that are hidden"
                )
                raise


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run(Page(Path(name).relative_to("docs").as_posix(), Path(name).read_text("utf-8")))
