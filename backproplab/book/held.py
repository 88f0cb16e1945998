"""What a page prints and draws has been held: an assert of that page speaks of it, or it is given."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from functools import lru_cache
from textwrap import dedent
from typing import TYPE_CHECKING

from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
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
        held: Names that an assert speaks of, or of a sum, a product or a collection that they go into as they are.
        made: What each assignment, loop and function binds; of what; and which of that goes into it as it is.
        flows: What each assignment, loop and function binds; of what; whether it takes only a part; whether it is hidden.
    """

    ours: set[str] = field(default_factory=lambda: set(dir(builtins)))
    parameters: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    made: list[tuple[set[str], set[str], set[str]]] = field(default_factory=list)
    flows: list[tuple[set[str], set[str], bool, bool]] = field(default_factory=list)


def printed(root: Path = ROOT) -> list[str]:
    """What a hidden block prints or draws is given, or an assert of the page has held it."""
    return [problem for page in pages(root) for problem in printed_on(page)]


@lru_cache(maxsize=256)
def printed_on(page: Page) -> list[str]:
    """List the names that a hidden block uses and no assert of the page speaks of.

    An assert also holds the numbers that the values it speaks of are made of: the terms of a sum, the factors of a product,
    the entries of a list; not what a function was given, for that may count in part or not at all. What a loop takes from
    something held, and what a hidden block works out from nothing but held names, is held as well; what a visible block
    works out needs an assert.
    """
    trees = _trees(page)
    held = _held(trees)
    return [
        f"{page.line(block.position)}: the hidden block {block.options.get('id')!r} uses what no assert of the page speaks "
        f"of: {', '.join(loose)}"
        for block, tree in trees
        if not block.shown and (loose := sorted(_read(tree) - held))
    ]


def asserted(root: Path = ROOT) -> list[str]:
    """A visible program asserts something, or an assert of the page speaks of each name that it binds, or it is given."""
    return [problem for page in pages(root) for problem in asserted_on(page)]


@lru_cache(maxsize=256)
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
    own = {argument.arg for each in ast.walk(node) if isinstance(each, ast.Lambda) for argument in each.args.args}
    read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    return read - own


def _bound(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _parts(value: ast.AST) -> set[str]:
    """Return the names that go into a value as they are: in sums, products and collections."""
    match value:
        case ast.Name(id=name):
            return {name}
        case ast.BinOp() | ast.UnaryOp() | ast.Tuple() | ast.List() | ast.Dict() | ast.Starred():
            return set().union(*map(_parts, ast.iter_child_nodes(value)))
        case ast.Call(func=ast.Name(id="zip" | "enumerate"), args=args):
            return set().union(*map(_parts, args))
        case ast.Call(func=ast.Attribute(value=collection, attr="items" | "values")):
            return _parts(collection)
    return set()


def _called(value: ast.AST) -> set[str]:
    calls = (node for node in ast.walk(value) if isinstance(node, ast.Call))
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def _builds(value: ast.AST) -> bool:
    """Say whether an object is built, by a class: it's given if all that goes into it is."""
    return isinstance(value, ast.Call) and ast.unparse(value.func).lstrip("_")[0].isupper()


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
        for bound, read, parts in names.made:
            if bound & names.held:
                names.held |= parts | (read & names.ours)
    return names


def _enter(node: ast.AST, names: _Names, *, hidden: bool) -> None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names.ours |= {alias.asname or alias.name for alias in node.names}
    elif isinstance(node, ast.ExceptHandler) and node.name:
        names.ours.add(node.name)
    elif isinstance(node, ast.arguments):
        names.parameters |= {argument.arg for argument in node.args}
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        names.ours.add(node.name)
        names.made.append(({node.name}, _read(node), set()))
    elif isinstance(node, ast.Assert):
        names.held |= _read(node.test)
    elif isinstance(node, ast.For | ast.comprehension):
        names.flows.append((_bound(node.target), _read(node.iter), True, hidden))
        names.made.append((_bound(node.target), _read(node.iter), _parts(node.iter)))
    elif isinstance(node, ast.Assign):
        bound = set().union(*map(_bound, node.targets))
        names.flows.append((bound, _read(node.value), False, hidden or _builds(node.value)))
        names.made.append((bound, _read(node.value), _parts(node.value) | _called(node.value)))
