"""What a page prints was held, and what it claims names its assert."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from backproplab.book import ledger
from backproplab.book.claims import LIST, claims_on
from backproplab.book.held import asserted_on, printed_on
from backproplab.book.source import Page

if TYPE_CHECKING:
    from pathlib import Path

VISIBLE = ' source="above"'


def block(name: str, code: str, options: str = "") -> str:
    return f'```python exec="1" session="planted" id="{name}"{options}\n{code}\n```\n\n'


def page(*parts: str) -> Page:
    return Page("planted.md", "# Planted\n\n" + "".join(parts))


GIVEN = block("planted-given", "from backproplab import Network, curves, figure, plot, read\nx = 3.0", VISIBLE)


@pytest.mark.parametrize(
    ("blocks", "unheld"),
    [
        ([block("a", "y = 2 * x", VISIBLE), block("b", 'print(f"{y}")')], ["y"]),
        ([block("a", "y = 2 * x\nassert y == 6", VISIBLE), block("b", 'print(f"{y}")')], []),
        ([block("a", "y = 2 * x\nz = y + 1\nassert z == 7", VISIBLE), block("b", 'print(f"{y}")')], []),
        ([block("a", "y = 2 * x\nz = y + 1\nassert y == 6", VISIBLE), block("b", 'print(f"{z}")')], ["z"]),
        ([block("a", "y = 2 * x\nassert y == 6", VISIBLE), block("b", 'z = y / x\nprint(f"{z}")')], []),
        ([block("a", "y = [2 * x]", VISIBLE), block("b", 'for each in y:\n    print(f"{each}")')], ["each, y"]),
        (
            [
                block("a", "y = [2 * x]", VISIBLE),
                block("b", 'for each in y:\n    assert each == 6\n    print(f"{each}")'),
            ],
            [],
        ),
        ([block("b", 'print(f"{x}")')], []),
        ([block("a", "y = 2 * x", VISIBLE), block("b", "print(figure(caption=f'{y:.1f}', alt='', panels=x))")], ["y"]),
        ([block("a", "y = 2 * x", VISIBLE), block("b", "def bold(y):\n    return f'{y}'\nprint(bold(x))")], ["y"]),
        ([block("a", "y = [2 * x]", VISIBLE), block("b", "print(curves(x, y))")], ["y"]),
        ([block("a", "y = [2 * x]", VISIBLE), block("b", "print(plot(lambda axes: axes.plot(y)))")], ["y"]),
        (
            [block("a", "y = [2 * x]", VISIBLE), block("b", "def draw(axes):\n    axes.plot(y)\nprint(plot(draw))")],
            ["y"],
        ),
        ([block("a", "y = 2 * x\nassert y == 6", VISIBLE), block("b", "z = [y, x]\nprint(curves(z))")], []),
        ([block("a", "y = 2 * x", VISIBLE), block("b", "print(curves(y))\nassert y == 6")], []),
        (
            [block("a", "y = abs(x)\nz = {1: (y, 4)}\nassert z[1] == (3, 4)", VISIBLE), block("b", "print(curves(y))")],
            [],
        ),
        ([block("a", "y = abs(x)\nz = min(y, 4)\nassert z == 3", VISIBLE), block("b", "print(curves(y))")], ["y"]),
        ([block("a", "y = read(x)\nassert y.cost < 1", VISIBLE), block("b", "print(curves(y))")], []),
        ([block("a", "y = read(x)\nz = y.cost\nassert z < 1", VISIBLE), block("b", "print(curves(y))")], ["y"]),
        ([block("a", "y = Network(x)", VISIBLE), block("b", "print(curves(y))")], []),
        ([block("a", "y = 2 * x\nz = Network(y)", VISIBLE), block("b", "print(curves(z))")], ["z"]),
    ],
)
def test_what_is_printed_or_drawn_needs_an_assert(blocks: list[str], unheld: list[str]) -> None:
    said = printed_on(page(GIVEN, *blocks))
    assert [problem.rpartition("of: ")[2] for problem in said] == unheld
    assert all("docs/planted.md:" in problem and "the hidden block 'b' uses" in problem for problem in said)


@pytest.mark.parametrize(
    ("blocks", "idle"),
    [
        ([block("a", "y = 2 * x", VISIBLE)], ["y"]),
        ([block("a", "y = 2 * x\nassert y == 6", VISIBLE)], []),
        ([block("a", "y = 2 * x", VISIBLE), block("b", "assert y == 6")], []),
        ([block("a", "def double(x):\n    return 2 * x", VISIBLE)], ["double"]),
        ([block("a", "def double(x):\n    return 2 * x", VISIBLE), block("b", "assert double(x) == 6")], []),
        ([block("a", "try:\n    x + ''\nexcept TypeError:\n    y = 1\nelse:\n    raise AssertionError", VISIBLE)], []),
        ([block("a", "y = 2 * x")], []),
    ],
)
def test_a_visible_program_needs_an_assert(blocks: list[str], idle: list[str]) -> None:
    assert [problem.rpartition(" ")[2] for problem in asserted_on(page(GIVEN, *blocks))] == idle


HALF = block("a", 'assert 1 < 3 / 2  # "less than half"', VISIBLE)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("It is less than half of that.\n\n" + HALF, ""),
        ("It is less **than half** of\nthat.\n\n" + HALF, ""),
        ("It is twice that.\n\n" + HALF, "quotes 'less than half', which"),
        ("It is less than half of that, or twice.\n\n" + HALF, "say behind an assert of the section"),
        ("It is less than half.\n\n## Another section\n\n" + HALF, "say behind an assert of the section"),
        ("It is too low.\n", "say behind an assert of the section"),
        ("The error falls fourfold.\n", "say behind an assert of the section"),
        ("The code `x.half` and the formula $\\text{half}$ claim nothing.\n", ""),
    ],
)
def test_a_word_of_proportion_needs_an_assert_that_quotes_it(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / LIST).write_text("{}", "utf-8")
    said = claims_on(page(text), tmp_path)
    assert bool(said) == bool(fault)
    assert not said or fault in said[0]


def test_a_listed_phrase_must_be_said(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / LIST).write_text(json.dumps({"planted.md": ["half a circle"], "*": ["half the squared"]}), "utf-8")
    assert claims_on(page("Turn it by half a circle, and take half the squared error.\n"), tmp_path) == []
    assert claims_on(page("Turn it.\n"), tmp_path) == [f"{LIST}: docs/planted.md does not say 'half a circle'"]


def test_a_link_leads_where_it_says() -> None:
    assert ledger.links_on(page("By [(BP1)](network/four-equations.md#eq-BP1).\n")) == []
    assert ledger.links_on(page("By [(BP1)](network/four-equations.md#eq-BP2).\n")) == [
        "docs/planted.md:3: a link says (BP1) and leads to (BP2)"
    ]
