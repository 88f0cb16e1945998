"""The record shows every change of what a page prints, and of what its visible programs work out."""

from __future__ import annotations

import pytest

from backproplab.book.source import pages
from tests import record
from tests.test_held import VISIBLE, block, page


def test_every_page_that_runs_something_has_a_record() -> None:
    assert {record.place(each) for each in record.with_programs()} == set(record.FOLDER.rglob("*.txt"))


@pytest.mark.parametrize("name", [each.name for each in record.with_programs()])
def test_prints_what_is_recorded(name: str) -> None:
    shown = next(each for each in pages() if each.name == name)
    found = record.differences(record.place(shown).read_text("utf-8"), record.recorded(shown))
    assert not found, "\n".join(["if this is meant: make record", *found])


def recorded(*parts: str) -> str:
    return record.recorded(page(*parts))


FIGURE = "print('<figure><svg><path d=\"M0 {} L20 30\"/><text>x</text></svg></figure>')"


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ('print(f"It is {0.25:.2f}, which is less.")', 'print(f"It is {0.25:.2f}, which is more.")'),
        ('print(f"It is {0.25:.2f}.")', 'print(f"It is {0.75:.2f}.")'),
        ('print(f"It is {16}.")', 'print(f"It is {17}.")'),
        ('print(f"It is {2.0:.1f}.")', 'print(f"It is {-2.0:.1f}.")'),
        (FIGURE.format(10), FIGURE.format(11)),
        ("y = [1, 2]", "y = [2, 1]"),
        ("import numpy as np\ny = np.arange(100.0)", "import numpy as np\ny = np.arange(100.0)[::-1]"),
        ("y = 1.0", "y = 1.01"),
    ],
)
def test_the_record_sees_a_change(code: str, changed: str) -> None:
    before, now = (recorded(block("a", each, VISIBLE)) for each in (code, changed))
    assert len(record.differences(before, now)) == 1
    assert record.differences(before, before) == []


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ('print("an error of $3.2 \\\\cdot 10^{-16}$")', 'print("an error of $1.1 \\\\cdot 10^{-15}$")'),
        ('print(f"It is {0.25:.2f}.")', 'print(f"It is {0.26:.2f}.")'),
        ("y = 1.0", "y = 1.0 + 1e-12"),
    ],
)
def test_the_record_leaves_out_what_depends_on_the_machine(code: str, changed: str) -> None:
    before, now = (recorded(block("a", each, VISIBLE)) for each in (code, changed))
    assert record.differences(before, now) == []


def test_the_record_keeps_the_words_alone_of_what_is_measured() -> None:
    before, now = (recorded(block("why-fast-timed-said", f"print('It took {seconds} s.')")) for seconds in (1, 2))
    assert before == now
    assert "It took" in before
