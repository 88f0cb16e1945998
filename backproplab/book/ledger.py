r"""The ledger: every tagged equation and every erratum of the book, and the tests that answer for them.

Nothing is entered by hand. A page says `\tag{BP1}`, a test says `@pytest.mark.equation("BP1")`; the errata page
says `{: #000-cost }` under an entry, a test says `@pytest.mark.erratum("000-cost")`. Where one of a pair is missing, that
is a fault. A page that holds the line `[[ledger]]` shows the whole, `[[equation BP1]]` quotes
one equation, and `[[read]]` says how many of them a test reads, for this is a Markdown extension too.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from markdown import Extension
from markdown.preprocessors import Preprocessor

from backproplab.book import seen
from backproplab.book.katex import TAG
from backproplab.book.source import DIRECTIVE, ROOT, Page, pages

if TYPE_CHECKING:
    from pathlib import Path

    from markdown import Markdown

LEDGER = "reference/ledger.md"
ERRATA = "reference/errata.md"
SHOWN = re.compile(r"(?m)^ *::: *(tests\.[\w.]+) *$")
ASKING = re.compile(r"\[\[(read|equation \w+)\]\]")
LINK = re.compile(r"\[\((?P<says>\w+)\)\]\([^)#]*#eq-(?P<leads>\w+)\)")
DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)


@dataclass(frozen=True)
class Test:
    """A test function and its file, as `tests/test_equations.py` or `tests/network/test_layer.py`."""

    name: str
    file: str

    @property
    def address(self) -> str:
        """The test as a page shows it, `tests.test_equations.test_output_error_by_index`."""
        return f"{self.file.removesuffix('.py').replace('/', '.')}.{self.name}"


@dataclass(frozen=True)
class Equation:
    """A tagged equation, the functions and tests shown in the same section, and the tests marked with its tag."""

    tag: str
    page: str
    formula: str
    functions: tuple[str, ...]
    tests: tuple[Test, ...]
    shown: tuple[str, ...]


def marked(root: Path, marker: str) -> dict[str, tuple[Test, ...]]:
    """Find the tests that carry a marker, by each of its arguments; the tests are read, not imported."""
    found: dict[str, tuple[Test, ...]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        for name, function in _marks(path.read_text("utf-8"), marker):
            found[name] = (*found.get(name, ()), Test(function, path.relative_to(root).as_posix()))
    return found


@cache
def _marks(program: str, marker: str) -> list[tuple[str, str]]:
    """List each argument of the marker, and the test function that carries it."""
    return [
        (str(ast.literal_eval(argument)), function.name)
        for function in ast.walk(ast.parse(program))
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{marker}"
        for argument in decorator.args
    ]


def equations(root: Path = ROOT) -> list[Equation]:
    """List the tagged equations, page by page, in the order in which they stand."""
    tests = marked(root, "equation")
    return [
        Equation(
            tag,
            page.name,
            _formula(display),
            tuple(DIRECTIVE.findall(prose)),
            tests.get(tag, ()),
            tuple(SHOWN.findall(prose)),
        )
        for page in _in_reading_order(root)
        for _, prose in page.sections()
        for display in DISPLAY.findall(prose)
        for tag in TAG.findall(display)
    ]


def _formula(display: str) -> str:
    """Return what a display shows, on one line and fit for a table: without tag, final full stop and upright bars."""
    formula = " ".join(TAG.sub("", display.strip("$")).split()).rstrip(" .,")
    return formula.replace(r"\|", r"\Vert ").replace("|", r"\vert ")


def _in_reading_order(root: Path) -> list[Page]:
    """Return the pages as the navigation has them."""
    navigation = (root / "mkdocs.yml").read_text("utf-8")
    return sorted(pages(root), key=lambda page: (navigation.find(f" {page.name}\n"), page.name))


def errata(root: Path = ROOT) -> list[str]:
    """List the anchors of the errata page, one for each mistake in a source."""
    return [
        anchor
        for page in pages(root)
        if page.name == ERRATA
        for anchor in re.findall(r"(?m)^ *\{: *#([\w-]+) *\} *$", page.prose)
    ]


def problems(root: Path = ROOT) -> list[str]:
    """Say where page and test do not answer each other."""
    ledger = equations(root)
    found = [
        f"no test is marked equation({entry.tag!r}), which docs/{entry.page} shows"
        for entry in ledger
        if not entry.tests
    ]
    found += [
        f"the section of ({entry.tag}) in docs/{entry.page} shows no test that carries the tag"
        for entry in ledger
        if entry.tests and not {test.address for test in entry.tests} & set(entry.shown)
    ]
    found += [problem for page in pages(root) for problem in links_on(page)]
    every = Counter(test for page in pages(root) for test in SHOWN.findall(page.prose))
    found += [f"the pages show the test {test} {times} times" for test, times in every.items() if times > 1]
    for marker, shown in (("equation", [entry.tag for entry in ledger]), ("erratum", errata(root))):
        tests = marked(root, marker)
        found += [
            f"{marker} {name} stands on the pages {times} times" for name, times in Counter(shown).items() if times > 1
        ]
        found += [
            f"{test.file}: {test.name} is marked {marker}({name!r}), which no page shows"
            for name in tests.keys() - set(shown)
            for test in tests[name]
        ]
    found += [
        f"no test is marked erratum({name!r}), which docs/{ERRATA} shows"
        for name in errata(root)
        if name not in marked(root, "erratum")
    ]
    return sorted(found + seen.problems({entry.tag: entry.formula for entry in ledger}, root))


def links_on(page: Page) -> list[str]:
    """List the links that name one equation and lead to another."""
    return [
        f"{page.line(link.start())}: a link says ({link['says']}) and leads to ({link['leads']})"
        for link in LINK.finditer(page.prose)
        if link["says"] != link["leads"]
    ]


def markdown(root: Path = ROOT) -> list[str]:
    """Write the ledger, line by line, as it stands on its page."""
    ledger = equations(root)
    by_tests, by_hand = seen.read(root), seen.kept(root)
    held = f"The book holds **{len(ledger)} tagged equations**, and each is checked by a test that names it."
    lines = [f"{held} Of **{len(by_tests)}** the test reads what is printed.", ""]
    titles = {source.name: next(title for title, _ in source.sections() if title) for source in pages(root)}
    for name, entries in groupby(ledger, key=lambda entry: entry.page):
        address = posixpath.relpath(name, posixpath.dirname(LEDGER))
        lines += [f"## {titles[name]}", "", "| tag | equation, code and tests |", "|---|---|"]
        for entry in entries:
            functions = ", ".join(f"[`{name.rpartition('.')[2]}`][{name}]" for name in entry.functions)
            code = f"code in its section: {functions}<br>" if functions else ""
            tests = "<br>".join(f"`{test.name}` in `{test.file.removeprefix('tests/')}`" for test in entry.tests)
            manner = "read from the page, and " if entry.tag in by_tests else ""
            reason = f"<br>not read from the page: {by_hand[entry.tag]['because']}" if entry.tag in by_hand else ""
            link = f"[({entry.tag})]({address}#eq-{entry.tag})"
            lines.append(f"| {link} | ${entry.formula}$<br>{code}{manner}checked by {tests}{reason} |")
        lines.append("")
    return lines


def quoted(tag: str, ledger: list[Equation]) -> str:
    """Give a tagged equation in one line, with a link from a page of the reference to where it is derived.

    Raises:
        LookupError: If no page shows an equation with this tag.
    """
    for entry in ledger:
        if entry.tag == tag:
            address = posixpath.relpath(entry.page, posixpath.dirname(LEDGER))
            return f"${entry.formula}$ [({tag})]({address}#eq-{tag})"
    raise LookupError(f"[[equation {tag}]]: no page shows an equation with this tag")


class _Ledger(Preprocessor):
    """Put the ledger, or one of its equations, where a page asks: its links are then links of the page, and checked."""

    def run(self, lines: list[str]) -> list[str]:
        """Replace what asks; the equations are counted once, and only where something asks."""
        ledger = equations() if any(ASKING.search(line) for line in lines) else []
        told: list[str] = []
        for line in lines:
            if line == "[[ledger]]":
                told += markdown()
            else:
                if "[[read]]" in line:
                    line = line.replace("[[read]]", f"**{len(seen.read(ROOT))} of the {len(ledger)}** tagged equations")
                told.append(re.sub(r"\[\[equation (\w+)\]\]", lambda asked: quoted(asked[1], ledger), line))
        return told


class LedgerExtension(Extension):
    """Know `[[ledger]]`, `[[equation …]]` and `[[read]]`, how many of the equations a test reads from the page."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Stand before everything that reads Markdown."""
        md.preprocessors.register(_Ledger(md), "ledger", 90)


def makeExtension(**options: object) -> LedgerExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return LedgerExtension(**options)
