"""What a page prints was held, and what it claims names its assert."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from backproplab.book import ledger
from backproplab.book.claims import LIST, claims_on
from backproplab.book.counted import counted_on
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
        ("About three of them are left.\n", "say behind an assert of the section"),
        ("Two of the three are left.\n", "say behind an assert of the section"),
        ("Only one is left, and there are three ways.\n", ""),
        ("The second is larger than the first.\n", '"larger than"'),
        ("The error falls, and the larger rise is no drop.\n", '"falls"'),
        ("A larger one is no longer a rise.\n", ""),
        ("It is too low.\n", "say behind an assert of the section"),
        ("The error falls fourfold.\n", "say behind an assert of the section"),
        ("The code `x.half` and the formula $\\text{half}$ claim nothing.\n", ""),
    ],
)
def test_a_word_of_proportion_or_movement_needs_an_assert_that_quotes_it(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / LIST).write_text("{}", "utf-8")
    said = claims_on(page(text), tmp_path)
    assert bool(said) == bool(fault)
    assert not said or fault in said[0]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("print(f'It falls to {y}.')", '"falls"'),
        ("print(f'It falls to ${y}$.')", '"falls"'),
        ("print(f'It is a fall to {y}.')", '"fall"'),
        ("print(f'It is a fall. Then it is {y}.')", ""),
        ("print(f'{y} is larger than that.')", '"larger than"'),
        ("print(f'It is half of that. And {y}.')", '"half"'),
        ("print(figure(caption='Half of it.'))", '"Half"'),
        ("print(figure(alt='Half of it.'))", ""),
        ("print(figure(caption='It falls.'))", '"falls"'),
        ("print(figure(caption=f'{y}. It falls.'))", '"falls"'),
        ("print(f'It falls to {y}.')\nassert y < 3  # \"It falls to\"", ""),
        ("print(f'It rises to {y}.')\nassert y < 3  # \"It falls to\"", "quotes 'It falls to'"),
    ],
)
def test_a_printed_word_of_direction_needs_an_assert_that_quotes_it(tmp_path: Path, said: str, fault: str) -> None:
    found = claims_on(page(GIVEN, block("a", said)), tmp_path)
    assert bool(found) == bool(fault)
    assert not found or fault in found[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("It has 78,400 weights.\n", ""),
        ("It has 87,400 weights.\n", "87,400"),
        ("It has $784 \\cdot 100 = 78400$ weights.\n", ""),
        ("It has $784 \\cdot 100 = 87400$ weights.\n", "87400"),
        ("It has $784 \\cdot 999$ weights, `999` or 9, as said in 1986 and in chapter 17.\n", ""),
        ("It has seven hundred weights.\n", "seven hundred"),
        ("It has a hundred neurons of ninety-nine.\n", "ninety-nine"),
        ("It has one hundred neurons, a million, or three of the one-hundredth.\n", "a million"),
        (block("b", "print(f'It has 999 and {x}.')"), "999"),
        (block("b", "print(f'It has 999 and {x}.')\nassert x < 999"), ""),
        (block("b", "y = 999\nprint(f'It has 999 and {x}.')"), ""),
        (block("b", "y = round(999 * x)\nprint(f'It has 999 and {x}.')"), "999"),
    ],
)
def test_a_whole_number_stands_in_a_program(tmp_path: Path, text: str, fault: str) -> None:
    found = counted_on(page(block("a", "weights = 784 * 100\nassert weights == 78_400", VISIBLE), text), tmp_path)
    assert bool(found) == bool(fault)
    assert not found or f"the number {fault}" in found[0]


def test_a_whole_number_may_be_listed_or_stand_in_a_test_that_is_shown(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / LIST).write_text(json.dumps({"planted.md": ["on 256 machines"]}), "utf-8")
    (tmp_path / "tests/test_it.py").write_text("def test_it():\n    assert count() == 304\n", "utf-8")
    shown = "It ran on 256 machines and took 304 steps.\n\n::: tests.test_it.test_it\n"
    assert counted_on(page(GIVEN, shown), tmp_path) == []
    assert len(counted_on(page(GIVEN, shown.replace("256", "255").replace("304", "305")), tmp_path)) == 2


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
