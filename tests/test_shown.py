"""What is shown runs: the programs that a reader sees on a page need nothing that is hidden."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from backproplab.book.source import pages
from tests.book import FRONT, ROOT, run, tiny

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", [page.name for page in pages() if any(block.shown for block in page.blocks)])
def test_runs_by_itself(name: str) -> None:
    done = run(ROOT, "backproplab.book.shown", f"docs/{name}")
    assert done.returncode == 0, done.stderr


def block(name: str, code: str, options: str = "") -> str:
    return f'```python exec="1" session="index" id="{name}"{options}\n{code}\n```\n\n'


SOURCE = ' source="above"'


@pytest.mark.parametrize(
    "page",
    [
        block("first", "x = 2") + block("second", "assert True\ny = x + 1", SOURCE),
        block("first", "x = 1", SOURCE)
        + block("other", "x = 2")
        + block("second", "assert True\nassert x == 2", SOURCE),
        block("first", "x = 1") + "???+ note\n\n" + indent(block("second", "assert True\ny = x", SOURCE), 4 * " "),
    ],
)
def test_a_block_that_leans_on_a_hidden_block_is_seen(tmp_path: Path, page: str) -> None:
    done = run(tiny(tmp_path, page), "backproplab.book.shown", "docs/index.md")
    line = 1 + (FRONT + page).split('id="second"')[0].count("\n")
    assert done.returncode != 0
    assert f"docs/index.md:{line}: the block 'second' fails without the blocks that are hidden" in done.stderr
    assert f'File "docs/index.md", line {line + 2}' in done.stderr


def test_what_is_hidden_is_not_run(tmp_path: Path) -> None:
    page = block("first", "x = 1", SOURCE) + block("hidden", "x = y") + block("second", "assert x == 1", SOURCE)
    done = run(tiny(tmp_path, page), "backproplab.book.shown", "docs/index.md")
    assert done.returncode == 0, done.stderr
