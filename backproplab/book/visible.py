"""What a reader sees of a page's programs fits on a screen, and pasted in order means what it means on the site."""

from __future__ import annotations

import ast
import re
from functools import cache
from textwrap import dedent
from typing import TYPE_CHECKING

from backproplab.book.helpers import needed
from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
    from pathlib import Path

    from backproplab.book.source import Block, Page

WIDTH = 72
"""How many characters a line of a program may have where a page shows it."""


def wide_lines(root: Path = ROOT) -> list[str]:
    """No line of a shown program is so wide that a reader must scroll."""
    return [
        f"{page.line(block.position)}: line {number} of the block has {len(line)} characters, and {WIDTH} fit"
        for page in pages(root)
        for block in page.blocks
        if block.shown
        for number, line in enumerate(dedent(block.code).split("\n"), 1)
        if len(line) > WIDTH
    ]


def rebound_names(root: Path = ROOT) -> list[str]:
    """No hidden block binds or changes in part what one shown program names and a later one uses."""
    return [fault for page in pages(root) for fault in _rebound(page)]


def _rebound(page: Page) -> list[str]:
    found = []
    known: set[str] = set()
    imports: dict[str, str] = {}
    functions: dict[str, frozenset[str]] = {}
    changed: dict[str, str] = {}
    for block in page.blocks:
        if not block.executed:
            continue
        names = _named(block.code)
        if block.shown:
            found += [
                f"{page.line(block.position)}: the block uses {name}, which the hidden block {changed[name]!r} has changed"
                for name in sorted(_followed(names.read, functions | names.functions) & changed.keys())
            ]
            known |= names.read | names.bound
            imports = {name: origin for name, origin in imports.items() if name not in names.bound} | names.imports
            functions |= names.functions
            changed = {name: by for name, by in changed.items() if name not in names.bound}
        else:
            again = {name for name, origin in names.imports.items() if imports.get(name) == origin}
            given = (names.bound | names.parts_set) & known
            changed |= dict.fromkeys(given - again, block.options.get("id", ""))
    return found


@cache
def _named(code: str) -> Names:
    return Names(code)


def _followed(read: set[str], functions: dict[str, frozenset[str]]) -> set[str]:
    """Add to some names those that the functions among them read when they are called."""
    found = list(read)
    for name in found:
        found += functions.get(name, frozenset()) - set(found)
    return set(found)


class Names(ast.NodeVisitor):
    """The names that a program binds, whose parts it sets, and that it reads before it has bound them itself."""

    def __init__(self, code: str) -> None:
        self.bound: set[str] = set()
        self.parts_set: set[str] = set()
        self.read: set[str] = set()
        self.imports: dict[str, str] = {}
        self.functions: dict[str, frozenset[str]] = {}
        self.visit(ast.parse(dedent(code)))

    def visit(self, node: ast.AST) -> None:
        """Go through a program as it runs, but through functions only once they are called."""
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self.read |= {name} - self.bound
            case ast.Name(id=name):
                self.bound.add(name)
            case ast.Assign(targets=targets, value=value):
                self._visit_all(value, *targets)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                self.read |= {name} - self.bound
                self.visit(value)
                self.bound.add(name)
            case ast.For(target=target, iter=values, body=body, orelse=otherwise):
                self._visit_all(values, target, *body, *otherwise)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                self.bound.add(name)
                self.functions[name] = needed(ast.unparse(node)) - {name}
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.read |= needed(f"lambda: ({ast.unparse(node)})") - self.bound  # its own names are its own
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                origin = getattr(node, "module", None)
                self.imports |= {alias.asname or alias.name: f"{origin}: {alias.name}" for alias in names}
                self.bound |= self.imports.keys()
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                self.generic_visit(node)
                self.parts_set.add(ast.unparse(node).partition(".")[0].partition("[")[0])
            case _:
                self.generic_visit(node)

    def _visit_all(self, *nodes: ast.AST) -> None:
        for node in nodes:
            self.visit(node)


def unnamed_listings(root: Path = ROOT) -> list[str]:
    """A listing shows what the words before it name."""
    return [problem for page in pages(root) for problem in unnamed_listings_on(page)]


def unnamed_listings_on(page: Page) -> list[str]:
    """List the listings whose function, or its class, stands in no code of the paragraph before, or of the fold's title."""
    found = []
    for block in page.blocks:
        if not block.executed or "listing(" not in block.code:
            continue
        named = set(re.findall(r"[^\W_]\w*", " ".join(re.findall(r"`([^`\n]+)`", _lead(page, block)))))
        for call in ast.walk(ast.parse(dedent(block.code))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "listing":
                shown = ast.unparse(call.args[0])
                if not named & {part.lstrip("_") for part in shown.split(".")}:
                    found.append(
                        f"{page.line(block.position)}: the listing shows {shown}, which the words before it do not name"
                    )
    return found


def _lead(page: Page, block: Block) -> str:
    """Return the last paragraph before a block, and the title of the fold that it is in."""
    before = page.prose[: block.position].rstrip()
    paragraph = re.split(r"\n\s*\n", before)[-1]
    folds = re.findall(r"(?m)^\?\?\? .*$", before)
    return "\n".join([paragraph, *folds[-1:]] if page.text[block.position :].startswith(" ") else [paragraph])
