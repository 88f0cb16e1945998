"""The rules of the house that a builder cannot see: each gives the list of its faults, in words."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from functools import lru_cache
from textwrap import dedent
from typing import TYPE_CHECKING

from backproplab.book import chapters, claims, counted, exercises, held, ledger, visible
from backproplab.book.source import DIRECTIVE, ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from backproplab.book.source import Page

ORDER = (
    "checks", "options", "latex", "storage",
    "calculus.extrapolation", "calculus.derivatives", "calculus.taylor", "calculus.descent",
    "activations", "losses", "equations", "windows", "correlation", "initialization", "layers",
    "convolution", "pooling", "summary", "network", "loading", "pytorch", "slopes", "noise", "probing", "verdicts", "gradcheck",
    "schedules", "optimizers", "augmentation", "training", "idx", "datasets",
    "autograd.graph", "autograd.value", "autograd.operations", "autograd.arrays", "autograd.tensor",
    "autograd.learning",
    "widgets.traces",
    "images.resampling", "images.photographs", "images.blobs", "images.preparing", "images.files",
    "figures.drawing", "figures.networks", "figures.diagrams", "figures.circuits", "figures.flowcharts", "figures.grids",
    "figures.handwriting", "figures.photos",
    "figures.plots", "figures.surfaces",
    "widgets.elements", "widgets.exercises", "widgets.stepper", "widgets.descent", "widgets.playground", "widgets.digit",
    "worked.sections", "worked.formulas", "worked.layers", "worked.convolution", "worked.examples",
    "worked.terminal", "worked.webpage",
    "commands.arguments", "commands.data", "commands.progress", "commands.stages",
    "commands.train", "commands.predict", "commands.check", "commands.explain", "commands.main", "__main__",
    "book",
)  # fmt: skip
"""The modules of the package, those in a wing behind its name; each may import only those before it."""
WITHOUT_PAGE = (
    "checks", "idx", "noise", "probing", "options", "storage", "images.blobs", "autograd.arrays", "autograd.graph",
    "autograd.operations",
    "widgets.traces", "widgets.elements", "widgets.exercises", "widgets.descent", "widgets.playground", "widgets.digit",
    "worked.sections", "worked.formulas", "worked.layers", "worked.convolution", "worked.terminal", "worked.webpage",
    "commands.arguments", "commands.data", "commands.progress", "commands.stages",
    "commands.train", "commands.predict", "commands.check", "commands.explain", "commands.main", "__main__",
)  # fmt: skip
"""Modules that are no subject of the book."""
OPTIONAL = ("PIL", "latex2mathml", "pooch", "torch", "tqdm")
"""Libraries that a function may import when it is called."""
SHOWN_BY = {"network": "worked.examples"}
"""A module whose objects show themselves in a notebook, and the later one it calls in to have them written out."""

_GAP = r"(?:\s|~|&nbsp;|\\[ ,;:!])*"
_TEN = rf"10{_GAP}(?:\^|[⁰¹²³⁴-⁹⁻])"
_SMALL = rf"10{_GAP}(?:\^{_GAP}\{{?{_GAP}[-−]|⁻)"
TYPED = {
    "a decimal": r"(?<![\w.:])\d*(?:\.|\{\.\}|·)\d+",
    "a percentage": rf"\d{_GAP}(?:\\?%|per ?cent\b)",
    "scientific notation": rf"(?<![\w.])\d[\d.]*[eE][-+−]?\d+\b|(?:\\times|\\cdot|×|·){_GAP}{_TEN}|{_SMALL}",
}
"""What a typed result looks like."""
NOT_SHOWN = re.compile(
    r"<!--.*?-->"
    r"|</?[A-Za-z][^<>$]*>"  # a tag and its attributes
    r"|\]\([^)\s]*"  # where a link leads
    r"|^ *\[[^\]]+\]: \S+"
    r"|https?://[^\s)>]+"
    r'|\{:? *(?:[#.][A-Za-z][\w-]*|[\w-]+="[^"]*")(?: +(?:[#.][A-Za-z][\w-]*|[\w-]+="[^"]*"))* *\}',
    re.DOTALL | re.MULTILINE,
)


def typed_results(root: Path = ROOT) -> list[str]:
    """A result is printed by a block, never typed: not in prose, table or mathematics, and not in the words of a block."""
    return [problem for page in pages(root) for problem in typed_on(page)]


@lru_cache(maxsize=256)
def typed_on(page: Page) -> list[str]:
    """List the results that are typed on a page."""
    text = NOT_SHOWN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), page.unexecuted)
    found = [
        f"{page.line(match.start())}: {kind} is typed, {match[0].strip()!r}: print it from a block"
        for kind, pattern in TYPED.items()
        for match in re.finditer(pattern, text)
    ]
    return found + [
        f"{page.line(block.position)}: {kind} is typed in the block {block.options.get('id')!r}, {number!r}: work it out"
        for block in page.blocks
        if block.executed and block.info.startswith("python")
        for words in _strings(block.code)
        for kind, pattern in TYPED.items()
        for number in (
            match[0].strip() for match in re.finditer(pattern, words) if words[match.end() :] not in ("", "{")
        )
    ]


def _strings(code: str) -> Iterator[str]:
    """Give what a program says in words; a string that is nothing but a number, such as the label of a tick, is none."""
    tree = ast.parse(dedent(code))
    formats = {
        id(part)
        for value in ast.walk(tree)
        if isinstance(value, ast.FormattedValue) and value.format_spec
        for part in ast.walk(value.format_spec)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in formats:
            yield re.sub(r"\\\\\[[^\]]*\]", "", node.value) if re.search("[a-z]{2}", node.value) else ""


def blocks(root: Path = ROOT) -> list[str]:
    """Every program runs, under a name of its own, in the session of its page."""
    found, seen = [], Counter[str]()
    for page in pages(root):
        session = page.name.rpartition("/")[2].removesuffix(".md")
        for block in page.blocks:
            place = page.line(block.position)
            if block.executed:
                name = block.options.get("id", "")
                seen[name] += 1
                if not name:
                    found.append(f"{place}: the block has no id")
                elif seen[name] > 1:
                    found.append(f"{place}: another block has the id {name!r}")
                if block.options.get("session") != session:
                    found.append(f'{place}: the block needs session="{session}", the name of the page')
                if re.search(r"\]\((?:#|[^)]*\.md\b)", block.code):
                    found.append(f"{place}: the block prints a link into the book, which only a page itself can do")
            elif re.match(r"py(thon|con)?\b", block.info):
                found.append(f'{place}: the program is shown but does not run; it needs exec="1"')
    return found


def modules(root: Path = ROOT) -> dict[str, Path]:
    """List the modules of the package under the names of `ORDER`; what is in `book` counts as one."""
    package = root / "backproplab"
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[0] != "book" and parts[-1] != "__init__":
            found[".".join(parts)] = path
    return found


def public_names(root: Path = ROOT) -> dict[str, list[str]]:
    """List what each module of the package offers, as its `__all__` says."""
    return {
        module: [
            name
            for statement in ast.parse(path.read_text("utf-8")).body
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
            for name in ast.literal_eval(statement.value)
        ]
        for module, path in modules(root).items()
        if module not in WITHOUT_PAGE
    }


def coverage(root: Path = ROOT) -> list[str]:
    """Every public name is explained in exactly one place."""
    places: dict[str, list[str]] = {}
    for page in pages(root):
        for name in DIRECTIVE.findall(page.prose):
            places.setdefault(name, []).append(f"docs/{page.name}")
    found = []
    for module, names in public_names(root).items():
        if not names:
            found.append(f"backproplab/{module.replace('.', '/')}.py does not say in __all__ what it offers")
        for name in names:
            where = places.get(f"backproplab.{module}.{name}", [])
            if not where:
                found.append(f"no page explains backproplab.{module}.{name}")
            elif len(where) > 1:
                found.append(f"backproplab.{module}.{name} is explained more than once: {', '.join(where)}")
    return found


def imports(root: Path = ROOT) -> list[str]:
    """A module imports what stands before it, NumPy, and the standard library; the door of a wing imports nothing by itself."""
    found = []
    for module, path in modules(root).items():
        place = path.relative_to(root).as_posix()
        if module not in ORDER:
            found.append(f"{place} has no place in the order of modules")
        else:
            found += [
                f"{place}:{statement.lineno} imports {name} against the order of modules"
                for statement, local in _statements(ast.parse(path.read_text("utf-8")))
                for name in _imported(statement, module)
                if not _may_import(module, name, local=local)
            ]
    return found + [
        f"{path.relative_to(root).as_posix()}:{statement.lineno} imports something: a wing has one door, backproplab"
        for path in sorted((root / "backproplab").glob("*/__init__.py"))
        for statement, local in _statements(ast.parse(path.read_text("utf-8")))
        if not local
    ]


def _statements(tree: ast.AST, *, local: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, local
        yield from _statements(node, local=local or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _imported(statement: ast.Import | ast.ImportFrom, module: str) -> list[str]:
    """Full names; where a package or a wing is imported from, with the module; for others as they stand."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    origin = statement.module or ""
    if statement.level:
        above = f"backproplab.{module}".split(".")[: -statement.level]
        origin = ".".join([*above, *filter(None, [statement.module])])
    whole = {"backproplab"} | {f"backproplab.{name.partition('.')[0]}" for name in ORDER if "." in name}
    return [f"{origin}.{alias.name}" for alias in statement.names] if origin in whole else [origin]


def _may_import(module: str, name: str, *, local: bool) -> bool:
    library, _, target = name.partition(".")
    if library == "backproplab":
        if local and SHOWN_BY.get(module) == target:
            return True
        return target in ORDER[: ORDER.index(module)]
    return (
        library in sys.stdlib_module_names
        or library == "numpy"
        or (library == "matplotlib" and module == "figures.plots")
        or (library in OPTIONAL and local)
    )


CHECKS: tuple[Callable[[Path], list[str]], ...] = (
    ledger.problems,
    chapters.problems,
    typed_results,
    held.printed,
    held.asserted,
    claims.claims,
    counted.counted,
    exercises.problems,
    blocks,
    coverage,
    imports,
    visible.wide_lines,
    visible.rebound_names,
    visible.unnamed_listings,
)


def problems(root: Path = ROOT) -> list[str]:
    """Collect the faults of the whole tree."""
    return [problem for check in CHECKS for problem in check(root)]
