"""A whole number that a page says, in digits or in words, is in one of its programs, given or asserted, or in a test it shows."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from textwrap import dedent
from typing import TYPE_CHECKING

from backproplab.book.claims import LIST, plain, printed
from backproplab.book.numerals import numerals, value
from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backproplab.book.source import Page

WHOLE = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d{2,})(?!\w|[.,]\d)")
"""A whole number of two digits or more: smaller ones stand in every program."""
YEAR = re.compile("(?:19|20)[0-9][0-9]")
NAMED = re.compile(r"(?:chapters?|sections?|pages?|exercises?|notes?) (?:\d+ (?:to|and) )?$", re.IGNORECASE)
"""What numbers without counting."""
RESULT = re.compile(r"(?:=|\\to|\\approx) *(\d[\d,{}]*\d)(?![\w.,/}^%]| *\\(?:cdot|times))")
"""A whole number that a formula ends in."""
SHOWN = re.compile(r"(?m)^ *::: (tests\.[\w.]+)\.(\w+)$")


def counted(root: Path = ROOT) -> list[str]:
    """A whole number in words or at the end of a formula stands in a program of its page, or is listed as a name."""
    return [problem for page in pages(root) for problem in counted_on(page, root)]


def counted_on(page: Page, root: Path = ROOT) -> list[str]:
    """List the whole numbers that no program of a page has: neither a visible one, nor an assert, nor a test that it shows."""
    programs = [block for block in page.blocks if block.executed and block.info.startswith("python")]
    if not programs:
        return []
    path = root / LIST
    free = json.loads(path.read_text("utf-8")).get(page.name, []) if path.exists() else []
    known = set().union(*_known(page, root))
    texts = [plain(page.prose), *(plain(text) for block in programs if not block.shown for text in printed(block.code))]
    found = [
        f"docs/{page.name}: no program of the page has the number {number[0]}; assert it, or list the phrase in {LIST}: "
        f"{text[max(0, number.start() - 40) : number.end() + 20]}"
        for text in texts
        for number in [*whole(text), *numerals(text)]
        if _value(number[0]) not in known and not any(phrase in text and number[0] in phrase for phrase in free)
    ]
    return found + [
        f"{page.line(formula.start())}: no program of the page has the number {number}, which the formula ends in; assert it"
        for formula in re.finditer(r"\$\$.*?\$\$|\$[^$\n]*\$", page.prose, re.DOTALL)
        for number in RESULT.findall(formula[0])
        if _value(number) not in known
    ]


def whole(text: str) -> Iterator[re.Match[str]]:
    """Give the whole numbers of two digits and more in a text that count something, and name no year or chapter."""
    for number in WHOLE.finditer(text):
        if not YEAR.fullmatch(number[0]) and not NAMED.search(text, 0, number.start()):
            yield number


def _known(page: Page, root: Path) -> Iterator[set[int]]:
    for block in page.blocks:
        if not block.executed:
            yield {_value(number) for number in re.findall(r"\d[\d,_]*", block.code)}
        elif block.shown:
            yield _literals(ast.parse(dedent(block.code)))
        else:
            yield from (_literals(node) for node in ast.walk(ast.parse(dedent(block.code))) if _says(node))
    for module, name in SHOWN.findall(page.text):
        path = root / f"{module.replace('.', '/')}.py"
        if path.exists():
            yield _in_tests(path.read_text("utf-8")).get(name, set())


def _says(node: ast.AST) -> bool:
    """Say whether it is an assert, or an assignment of nothing but numbers, which are then given ones."""
    names = (ast.Name, ast.Call, ast.Attribute)
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Assign) and not any(isinstance(part, names) for part in ast.walk(node.value))
    )


@cache
def _in_tests(code: str) -> dict[str, set[int]]:
    return {node.name: _literals(node) for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}


def _literals(tree: ast.AST) -> set[int]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, int | float) and node.value == node.value // 1:
                found.add(int(node.value))
            elif isinstance(node.value, str):
                found |= {_value(number) for number in re.findall(r"\d[\d,]*", node.value)}
    return found


def _value(number: str) -> int:
    return int(re.sub(r"\D", "", number)) if number[0].isdigit() else value(number)
