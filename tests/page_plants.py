"""Mistakes planted in the pages themselves, one at a time: `make plants` says which nobody notices.

Four kinds: in the hidden programs, which print; in the visible ones; in words and captions; in ties (where a link leads,
which equation it names, which test a section shows). A mistake is noticed if a block fails, if the record of the page
differs, or if a rule of the house finds it. `python -m tests.page_plants 100` plants a hundred of each kind, drawn from a
seed; with pages after it, in these alone.
"""

from __future__ import annotations

import ast
import copy
import random
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from markdown_exec import ExecutionError

from backproplab.book import ledger
from backproplab.book.claims import FORMULA, claims_on
from backproplab.book.counted import counted_on, whole
from backproplab.book.held import asserted_on, printed_on
from backproplab.book.source import ROOT, Page, blank, pages
from tests.record import differences, place, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backproplab.book.source import Block

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}
COMPARISONS = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
CALLS = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax"}
WORDS = {
    "halves": "doubles", "halved": "doubled", "halving": "doubling", "doubles": "halves", "doubled": "halved", "half": "double",
    "twice": "half", "quarter": "third", "tenth": "half", "hundredth": "tenth", "ten": "nine", "hundred": "thousand", "thousand": "hundred",
    "fourfold": "threefold", "too low": "too high", "too high": "too low", "too large": "too small", "too small": "too large",
    "three times": "two times", "four times": "three times", "ten times": "five times",
    "at most": "at least", "at least": "at most", "more than": "less than", "less than": "more than",
    "larger than": "smaller than", "smaller than": "larger than", "fewer": "more", "falls": "rises", "rises": "falls",
    "fell": "rose", "shrinks": "grows", "grows": "shrinks", "about three": "about two", "one of the": "two of the",
}  # fmt: skip


@dataclass(frozen=True)
class Plant:
    """A page with one mistake.

    Attributes:
        kind: Which kind of mistake.
        page: The page as it then reads.
        what: What was changed, for whoever looks at it.
    """

    kind: str
    page: Page
    what: str


def programs(page: Page) -> Iterator[Plant]:
    """Give the page with a mistake in one of its programs, for every mistake."""
    for block in page.blocks:
        if block.executed and block.info.startswith("python"):
            for wrong, what in wrong_programs(dedent(block.code)):
                kind = "visible programs" if block.shown else "hidden programs"
                yield Plant(kind, _exchanged(page, block, wrong), f"{block.options['id']}: {what}")


def _exchanged(page: Page, block: Block, code: str) -> Page:
    start = page.text.index("\n", block.position) + 1
    margin = re.match(" *", page.text[block.position :])[0]  # type: ignore[index]
    return replace(page, text=page.text[:start] + indent(code, margin) + "\n" + page.text[start + len(block.code) :])


def wrong_programs(code: str) -> Iterator[tuple[str, str]]:
    """Give a program with one mistake, for each place where one can be made; asserts and imports stay as they are."""
    tree = ast.parse(code)
    names = sorted(
        {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    )
    asserted = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Assert) for inner in ast.walk(node)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) not in asserted:
            for wrong in _wrong(node, names):
                changed = copy.deepcopy(tree)
                _put(changed, number, wrong)
                yield ast.unparse(ast.fix_missing_locations(changed)), f"{ast.unparse(node)} → {ast.unparse(wrong)}"


def _put(tree: ast.AST, number: int, wrong: ast.AST) -> None:
    target = [*ast.walk(tree)][number]
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is target:
                setattr(node, name, wrong)
            elif isinstance(value, list) and any(each is target for each in value):
                value[:] = [wrong if each is target else each for each in value]


def _wrong(node: ast.AST, names: list[str]) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield ast.Constant(node.value + 1)
    elif (
        isinstance(node, ast.BinOp)
        and type(node.op) in OPERATORS
        and not isinstance(node.left, ast.Constant | ast.JoinedStr)
    ):
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield ast.Compare(node.left, [COMPARISONS[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    elif isinstance(node, ast.Attribute) and node.attr in CALLS:
        yield ast.Attribute(node.value, CALLS[node.attr], node.ctx)
    elif isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name) and len(names) > 1:
        other = names[(names.index(node.value.id) + 1) % len(names)]
        yield ast.FormattedValue(ast.Name(other, ast.Load()), node.conversion, node.format_spec)


def words(page: Page) -> Iterator[Plant]:
    """Give the page with a word of proportion or direction, or a whole number, exchanged in prose and in what its blocks say."""
    for right, wrong in WORDS.items():
        for found in re.finditer(rf"(?<![\w`$]){right}(?![\w`$])", page.text):
            yield _edited(page, "words and captions", found, wrong)
    for found in whole(FORMULA.sub(lambda formula: blank(formula[0]), page.prose)):
        yield _edited(page, "words and captions", found, found[0][:-1] + str((int(found[0][-1]) + 1) % 10))


def ties(page: Page) -> Iterator[Plant]:
    """Give the page with a link to another equation than it names, or with another test in a section."""
    tags = [entry.tag for entry in ledger.equations()]
    for found in re.finditer(r"\[\((\w+)\)\]\(([^)#]*)#eq-(\w+)\)", page.text):
        other = tags[(tags.index(found[3]) + 1) % len(tags)] if found[3] in tags else tags[0]
        yield _edited(page, "ties", found, f"[({other})]({found[2]}#eq-{found[3]})")
    tests = re.findall(r"^ *::: (tests\.\S+)$", page.text, re.MULTILINE)
    for found in re.finditer(r"(?m)^( *::: )(tests\.\S+)$", page.text):
        other = tests[(tests.index(found[2]) + 1) % len(tests)]
        if other != found[2]:
            yield _edited(page, "ties", found, f"{found[1]}{other}")


def _edited(page: Page, kind: str, found: re.Match[str], wrong: str) -> Plant:
    start, end = found.span()
    around = " ".join(page.text[max(0, start - 30) : end + 20].split())
    return Plant(kind, replace(page, text=page.text[:start] + wrong + page.text[end:]), f"{around} → {wrong}")


RULES = (claims_on, counted_on, printed_on, asserted_on, ledger.links_on)


def noticed(plant: Plant) -> str:
    """Say who notices a mistake: a block that fails, the record, a rule; or nobody, or that nothing else is printed."""
    printed = ""
    if plant.kind != "ties":
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(LIMIT)
        try:
            now, printed = run(plant.page)
        except (ExecutionError, TimeoutError):
            return "a block fails"
        finally:
            signal.alarm(0)
        if differences(place(plant.page).read_text("utf-8"), now):
            return "the record differs"
    if any(rule(plant.page) for rule in RULES) or _shown_elsewhere(plant.page):
        return "a rule is broken"
    same = "programs" in plant.kind and printed == _usual(plant.page.name)
    return SAME if same else NOBODY


LIMIT = 60
"""Seconds after which the programs of a page have failed: a planted loop may have no end."""


def _too_long(*_: object) -> None:
    message = f"the page has not ended after {LIMIT} seconds"
    raise TimeoutError(message)


SAME = "prints the very same"
NOBODY = "nobody"


@cache
def _usual(name: str) -> str:
    return next(run(page)[1] for page in pages() if page.name == name)


def _shown_elsewhere(page: Page) -> bool:
    shown = re.findall(r"(?m)^ *::: (tests\.\S+)$", page.text)
    others = (other.text for other in pages(ROOT) if other.name != page.name)
    return len(set(shown)) < len(shown) or any(f"::: {test}\n" in text for text in others for test in shown)


def main(number: int, names: list[str]) -> int:
    """Plant so many mistakes of each kind, and list those that nobody notices."""
    start, draw = time.perf_counter(), random.Random(0)
    chosen = [page for page in pages() if (f"docs/{page.name}" in names if names else place(page).exists())]
    kinds: dict[str, list[Plant]] = {}
    for page in chosen:
        for plant in [*programs(page), *words(page), *ties(page)]:
            kinds.setdefault(plant.kind, []).append(plant)
    missed = False
    for kind, plants in kinds.items():
        counts: Counter[str] = Counter()
        for plant in draw.sample(plants, min(number, len(plants))):
            by = noticed(plant)
            counts[by] += 1
            if by == NOBODY:
                print(f"nobody notices in docs/{plant.page.name}, {plant.what}", flush=True)
        share = 1 - counts[NOBODY] / (counts.total() - counts[SAME])
        missed |= bool(counts[NOBODY])
        print(f"{kind}: {counts.total()} of {len(plants):,}, {share:.0%} noticed: {dict(counts)}", flush=True)
    print(f"{time.perf_counter() - start:.0f} seconds")
    return missed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, sys.argv[2:]))
