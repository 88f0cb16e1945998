"""What a page prints has been held: an assert of that page speaks of it, or it is given."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING

from backproplab.book.exercises import ASKING
from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backproplab.book.source import Block, Page

GIVEN = "-given"
"""How the id of a block ends that only says what is given."""


@dataclass
class _Names:
    """What is known of the names in the programs of a page.

    Attributes:
        ours: Functions and modules, and what Python has: no numbers that a page has found out.
        parameters: Of functions.
        held: Names that an assert speaks of, or of something that is made of them.
        flows: What each assignment, loop and function binds; of what; whether it takes only a part; whether it is hidden.
    """

    ours: set[str] = field(default_factory=lambda: set(dir(builtins)))
    parameters: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    flows: list[tuple[set[str], set[str], bool, bool]] = field(default_factory=list)


def printed(root: Path = ROOT) -> list[str]:
    """A value that a hidden block prints is given, or an assert of the page has held it."""
    return [problem for page in pages(root) for problem in printed_on(page)]


def printed_on(page: Page) -> list[str]:
    """List the printed expressions with a name that no assert of the page speaks of.

    An assert also holds what goes into the values that it speaks of. What a loop takes from something held, and what a
    hidden block works out from nothing but held names, is held as well; what a visible block works out needs an assert.
    """
    trees = _trees(page)
    held = _held(trees)
    return [
        f"{page.line(block.position)}: the block {block.options.get('id')!r} prints {ast.unparse(value)}, "
        f"and no assert of the page speaks of {name}"
        for block, tree in trees
        if not block.shown
        for value in _said(tree)
        for name in sorted(_read(value) - held)
    ]


def _said(tree: ast.Module) -> Iterator[ast.expr]:
    """Give the expressions whose values a reader meets: in what is printed, and as an answer to an exercise."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue):
            yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING:
            yield from node.args


def asserted(root: Path = ROOT) -> list[str]:
    """A visible program asserts something, or an assert of the page speaks of each name that it binds, or it is given."""
    return [problem for page in pages(root) for problem in asserted_on(page)]


def asserted_on(page: Page) -> list[str]:
    """List the visible programs that nothing holds."""
    trees = _trees(page)
    held = _names(trees).held
    return [
        f"{page.line(block.position)}: the block {block.options.get('id')!r} asserts nothing, and no assert of the page "
        f"speaks of {', '.join(sorted(loose))}"
        for block, tree in trees
        if block.shown and not block.options.get("id", "").endswith(GIVEN) and not _asserts(tree)
        if (loose := _outcomes(tree) - held)
    ]


def _trees(page: Page) -> list[tuple[Block, ast.Module]]:
    programs = (block for block in page.blocks if block.executed and block.info.startswith("python"))
    return [(block, ast.parse(dedent(block.code))) for block in programs]


def _asserts(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Assert) or "AssertionError" in _read(node) for node in ast.walk(tree))


def _read(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def _bound(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _outcomes(tree: ast.Module) -> set[str]:
    """Return what a program binds and does not use itself any more."""
    bound = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            bound.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AugAssign):
            bound |= _bound(statement)
    return bound - {"_"} - set().union(*map(_read, tree.body))


def _held(trees: list[tuple[Block, ast.Module]]) -> set[str]:
    """Return the names that may be printed."""
    names = _names(trees)
    ours = names.ours | (names.parameters - set().union(*(bound for bound, *_ in names.flows)))
    size = -1
    while size < len(names.held):
        size = len(names.held)
        for bound, read, part, hidden in names.flows:
            sources = read - ours
            if not sources or (part and sources & names.held) or (hidden and sources <= names.held):
                names.held |= bound
    return names.held | ours


def _names(trees: list[tuple[Block, ast.Module]]) -> _Names:
    names = _Names()
    for block, tree in trees:
        for node in ast.walk(tree):
            _enter(node, names, hidden=not block.shown)
    size = -1
    while size < len(names.held):
        size = len(names.held)
        for bound, read, _, _ in names.flows:
            if bound & names.held:
                names.held |= read
    return names


def _enter(node: ast.AST, names: _Names, *, hidden: bool) -> None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names.ours |= {alias.asname or alias.name for alias in node.names}
    elif isinstance(node, ast.arguments):
        names.parameters |= {argument.arg for argument in node.args}
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        names.ours.add(node.name)
        names.flows.append(({node.name}, _read(node), False, False))
    elif isinstance(node, ast.Assert):
        names.held |= _read(node.test)
    elif isinstance(node, ast.For | ast.comprehension):
        names.flows.append((_bound(node.target), _read(node.iter), True, hidden))
    elif isinstance(node, ast.Assign):
        names.flows.append((set().union(*map(_bound, node.targets)), _read(node.value), False, hidden))
