"""What a shown test calls can be read on the page: nothing that it leans on is left out."""

from __future__ import annotations

import dis
import importlib
import inspect
import re
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING

import pytest

from backproplab.book.helpers import SHOWN_TEST, Helper, helpers, read
from backproplab.book.source import pages
from tests.book import build, tiny
from tests.reading import articles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOWN = sorted(
    {
        (found["module"], found["name"])
        for page in pages()
        for found in map(SHOWN_TEST.fullmatch, page.text.split("\n"))
        if found
    }
)
OTHER = "def last(x: float) -> float:\n    return x\n"
MODULE = """import pytest
from sympy import Symbol

from tests.test_other import last as end

A, B = 1, 2
CASES = [A]


@pytest.fixture
def given() -> int:
    return 1


def middle(x: float) -> float:
    return end(x)


def first(x: float) -> float:
    return [middle(y) for y in (x,)][0]


class Unused:
    pass


@pytest.mark.parametrize("case", CASES)
def test_all(case: int, given: int) -> None:
    B = first(case)
    Unused = Symbol("x")
    assert B == given and Unused
"""


def names(code: CodeType) -> Iterator[str]:
    """The global names that a compiled function looks up, and those inside it."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names(constant)


def called(function: FunctionType) -> set[tuple[str, str]]:
    """Functions of the tests that a function calls by name, as Python itself finds them, in any depth."""
    found: set[tuple[str, str]] = set()
    waiting = [function]
    for one in waiting:
        for name in names(one.__code__):
            other = one.__globals__.get(name)
            if isinstance(other, FunctionType) and other.__module__.startswith("tests."):
                if (other.__module__, other.__name__) not in found:
                    waiting.append(other)
                found.add((other.__module__, other.__name__))
    return found


def test_finds_all_that_a_test_leans_on(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "", test=MODULE)
    (folder / "tests/test_other.py").write_text(OTHER, "utf-8")
    found = helpers("tests.test_calculus", "test_all", folder)
    here = "tests.test_calculus"
    direct = [Helper(here, name) for name in ("CASES", "given", "first")]
    assert found == [*direct, Helper(here, "A"), Helper(here, "middle"), Helper("tests.test_other", "last")]
    assert read(here, folder).source("given") == "@pytest.fixture\ndef given() -> int:\n    return 1"


@pytest.mark.parametrize(("module", "name"), SHOWN, ids=lambda part: part.removeprefix("tests."))
def test_misses_no_function_that_a_shown_test_calls(module: str, name: str) -> None:
    loaded: ModuleType = importlib.import_module(module)
    test = inspect.unwrap(getattr(loaded, name))
    assert called(test) <= {tuple(helper) for helper in helpers(module, name)}


def test_shows_them_all_on_the_page(site: Path) -> None:
    read_pages = articles(site)
    shown = 0
    for page in pages():
        address = re.sub(r"(^|/)index/index", r"\1index", f"{page.name.removesuffix('.md')}/index.html")
        text = "".join(read_pages[address].words)
        html = (site / address).read_text("utf-8")
        for found in filter(None, map(SHOWN_TEST.fullmatch, page.text.split("\n"))):
            for helper in helpers(found["module"], found["name"]):
                source = "".join(read(helper.module).source(helper.name).split())
                assert source in text, f"{page.name} does not show {helper.anchor}"
                assert html.count(f'id="{helper.anchor}"') == 1
                shown += 1
    assert shown > 100


@pytest.mark.parametrize("builder", [("mkdocs", "build"), ("zensical", "build", "--strict")], ids=lambda part: part[0])
def test_either_builder_shows_a_helper_once(tmp_path: Path, builder: tuple[str, ...]) -> None:
    test = "\n\n".join(f"def test_{name}() -> None:\n    '''A test.'''\n    assert helper()\n" for name in "ab")
    test = f"def helper() -> bool:\n    return 1 < 2\n\n\n{test}"
    page = '!!! success "Checked by"\n\n' + "\n".join(f"    ::: tests.test_calculus.test_{name}\n" for name in "ab")
    folder = tiny(tmp_path, page, test=test)
    html = (build(folder, *builder) / "index.html").read_text("utf-8")
    text = " ".join(articles(folder / "site")["index.html"].words)
    assert text.count("def helper() -> bool: return 1 < 2") == 1
    assert (
        text.index("test_a")
        < text.index("Used here: helper")
        < text.index("test_b")
        < text.index("shown above: helper")
    )
    assert len(re.findall(r'id="tests\.test_calculus\.helper"', html)) == 1
    assert html.count('href="#tests.test_calculus.helper"') == 1
