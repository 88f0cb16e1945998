"""The book stands: it builds with either builder, says the same in both, and no tie can break unseen."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from markdown import Markdown

from backproplab.book import ledger, rules, seen
from backproplab.book.source import DIRECTIVE, pages
from tests.book import ROOT, build, complaint, copy, run, tiny
from tests.reading import articles, broken_links, differences, unrendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ADDRESS = re.search(r'SITE_URL, "(.*?)"', (ROOT / "mkdocs.yml").read_text("utf-8"))[1]  # type: ignore[index]


# --- The real book --------------------------------------------------------------------------------------------------


def test_builds_in_a_fresh_process_without_a_warning(site: Path) -> None:
    named = {f"{page.name.removesuffix('.md')}/index.html".removeprefix("index/") for page in pages()}
    assert articles(site).keys() == {re.sub(r"(^|/)index/index", r"\1index", name) for name in named}


@pytest.mark.parametrize("check", rules.CHECKS, ids=lambda check: f"{check.__module__}.{check.__name__}")
def test_keeps_the_rules(check: Callable[[Path], list[str]]) -> None:
    assert check(ROOT) == []


def test_shows_every_equation_of_the_ledger_once_under_its_anchor(site: Path) -> None:
    shown = [
        (path.parent.relative_to(site).as_posix(), tag)
        for path in site.rglob("*.html")
        for tag in re.findall(r'aria-label="Equation (\S+)"', path.read_text("utf-8"))
    ]
    entries = ledger.equations()
    assert len(entries) >= 4
    assert sorted(shown) == sorted((entry.page.removesuffix(".md"), entry.tag) for entry in entries)
    for page, tag in shown:
        assert f'id="eq-{tag}"' in (site / page / "index.html").read_text("utf-8")
    said = " ".join(articles(site)["reference/ledger/index.html"].words)
    assert f"{len(entries)} tagged equations" in said
    assert all(f"({entry.tag})" in said and entry.tests[0].name in said for entry in entries)


def test_counts_the_equations_once_for_a_page_that_asks_for_some(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Path] = []
    known = ledger.equations()

    def count(root: Path = ROOT) -> list[ledger.Equation]:
        counted.append(root)
        return known

    monkeypatch.setattr(ledger, "equations", count)
    step = Markdown(extensions=["backproplab.book.ledger"]).preprocessors["ledger"]
    most = 0
    for page in pages():
        asked = len(re.findall(r"\[\[(?:ledger|read|equation \w+)\]\]", page.text))
        step.run(page.text.split("\n"))
        assert len(counted) == (asked > 0), page.name
        counted.clear()
        most = max(most, asked)
    assert most > 10


def test_takes_a_page_apart_only_when_it_has_changed(tmp_path: Path) -> None:
    assert all(one is other for one, other in zip(pages(), pages(), strict=True))
    folder = tiny(tmp_path, "One.")
    before = pages(folder)
    (folder / "docs/index.md").write_text("Other.", "utf-8")
    assert [page.prose for page in pages(folder)] == ["Other."] != [page.prose for page in before]


def test_has_no_link_that_leads_nowhere(site: Path, zensical_site: Path) -> None:
    assert broken_links(site, ADDRESS) == []
    assert broken_links(zensical_site, ADDRESS) == []


def test_leaves_nothing_unrendered(site: Path) -> None:
    assert unrendered(site) == []


def test_says_the_same_through_zensical(site: Path, zensical_site: Path) -> None:
    assert differences(site, zensical_site) == []


# --- Faults that the rules see, planted in a copy of the book -------------------------------------------------------


def add(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text((path.read_text("utf-8") if path.exists() else "") + text, "utf-8")


def marked(marker: str, argument: str) -> str:
    return f"\nimport pytest\n\n\n@pytest.mark.{marker}({argument!r})\ndef test_planted() -> None:\n    assert True\n"


@cache
def usual() -> list[str]:
    return rules.problems(ROOT)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return copy(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("docs/index.md", "\n$$x = y \\tag{NEW}$$\n", "no test is marked equation('NEW'), which docs/index.md shows"),
        ("docs/index.md", "\n$$x = y \\tag{BP1}$$\n", "equation BP1 stands on the pages 2 times"),
        (
            "docs/index.md",
            "\n$$x = y \\tag{BP1}$$\n",
            "the section of (BP1) in docs/index.md shows no test that carries the tag",
        ),
        (
            "tests/test_planted.py",
            marked("equation", "GONE"),
            "tests/test_planted.py: test_planted is marked equation('GONE'), which no page shows",
        ),
        (
            "docs/reference/errata.md",
            "\n??? note\n\n    **A mistake.** It is one.\n    {: #999-new }\n",
            "no test is marked erratum('999-new'), which docs/reference/errata.md shows",
        ),
        (
            "tests/test_planted.py",
            marked("erratum", "999-gone"),
            "tests/test_planted.py: test_planted is marked erratum('999-gone'), which no page shows",
        ),
        ("docs/planted.md", '```python exec="1" session="planted"\n```\n', "docs/planted.md:1: the block has no id"),
        (
            "docs/planted.md",
            2 * '```python exec="1" session="planted" id="one"\n```\n\n',
            "docs/planted.md:4: another block has the id 'one'",
        ),
        (
            "docs/planted.md",
            '```python exec="1" session="index" id="planted"\n```\n',
            'docs/planted.md:1: the block needs session="planted", the name of the page',
        ),
        (
            "docs/planted.md",
            '```python exec="1" session="planted" id="planted"\nprint("[home](index.md)")\n```\n',
            "docs/planted.md:1: the block prints a link into the book, which only a page itself can do",
        ),
        (
            "docs/planted.md",
            '```python exec="1" session="planted" id="planted"\nprint("[(BP1)](#eq-BP1)")\n```\n',
            "docs/planted.md:1: the block prints a link into the book, which only a page itself can do",
        ),
        (
            "docs/planted.md",
            "??? note\n    ```python\n    x = 1\n    ```\n",
            'docs/planted.md:2: the program is shown but does not run; it needs exec="1"',
        ),
        (
            "backproplab/planted.py",
            '__all__ = ["name"]\n',
            "backproplab/planted.py has no place in the order of modules",
        ),
        ("backproplab/planted.py", '__all__ = ["name"]\n', "no page explains backproplab.planted.name"),
        ("backproplab/planted.py", "\n", "backproplab/planted.py does not say in __all__ what it offers"),
    ],
)
def test_a_broken_tie_is_seen(book: Path, name: str, text: str, fault: str) -> None:
    add(book, name, text)
    assert fault in set(rules.problems(book)) - set(usual())


def test_an_equation_that_no_test_reads_is_kept_in_writing(book: Path) -> None:
    """One that is read needs no entry; any other has one, with its LaTeX and a reason, and a change is seen."""
    formulas = {"BP1": "x = y", "NEW": "x = y"}
    kept = book / seen.SEEN

    def keep(**entries: dict[str, str]) -> list[str]:
        kept.write_text(json.dumps(entries), "utf-8")
        return seen.problems(formulas, book)

    right = {"formula": "x = y", "because": "It is planted."}
    assert keep(NEW=right) == []
    assert keep() == [f'no test says formula("NEW").holds(…), and {seen.SEEN} gives no reason']
    assert keep(NEW=right, BP1=right) == [f"a test reads (BP1) from the page: take it out of {seen.SEEN}"]
    assert keep(NEW={**right, "because": ""}) == [f"{seen.SEEN} does not say in a sentence why no test reads (NEW)"]
    assert keep(NEW=right, GONE=right) == [f"{seen.SEEN} keeps (GONE), which no page shows"]
    changed = keep(NEW={**right, "formula": "x = z"})
    assert changed == [f"(NEW) is not what {seen.SEEN} has: look at it, then write it there too: x = y"]


def test_a_public_name_on_no_page_or_on_two_is_seen(book: Path) -> None:
    explained = {name: page for page in pages(book) for name in DIRECTIVE.findall(page.prose)}
    module, names = next((module, names) for module, names in rules.public_names(book).items() if names)
    name = f"backproplab.{module}.{names[0]}"
    first = explained[name].name
    add(book, "docs/planted.md", f"::: {name}\n")
    places = ", ".join(sorted([f"docs/{first}", "docs/planted.md"]))
    assert rules.coverage(book) == [f"{name} is explained more than once: {places}"]
    (book / "docs/planted.md").unlink()
    page = book / "docs" / first
    page.write_text(page.read_text("utf-8").replace(f"::: {name}\n", ""), "utf-8")
    assert rules.coverage(book) == [f"no page explains {name}"]


@pytest.mark.parametrize(
    "statement",
    [
        "from backproplab.network import Network",
        "import backproplab.network",
        "from backproplab import network",
        "from backproplab import Network",
        "from . import network",
        "from .network import Network",
        "from .book.katex import TAG",
        "def late() -> None:\n    from backproplab.network import Network",
        "if TYPE_CHECKING:\n    from backproplab.network import Network",
        "from backproplab.losses import Loss",
        "import matplotlib.pyplot as plt",
        "import scipy",
        "import torch",
        "from tqdm import tqdm",
    ],
)
def test_an_import_against_the_direction_is_seen(book: Path, statement: str) -> None:
    before = rules.imports(book)
    add(book, "backproplab/losses.py", f"\n{statement}\n")
    assert len(rules.imports(book)) == len(before) + 1


@pytest.mark.parametrize(
    "statement",
    [
        "from backproplab.worked.examples import worked_example",
        "from backproplab.worked import examples",
        "from . import examples",
        "from .examples import worked_example",
        "from ..gradcheck import check_gradients\nfrom ..command import main",
        "from backproplab.commands.train import add_to",
        "from backproplab import worked",
    ],
)
def test_an_import_against_the_direction_is_seen_in_a_wing(book: Path, statement: str) -> None:
    before = rules.imports(book)
    add(book, "backproplab/worked/formulas.py", f"\n{statement}\n")
    assert len(rules.imports(book)) == len(before) + 1
    add(book, "backproplab/worked/formulas.py", "\nfrom .sections import maps\nfrom ..losses import Loss\n")
    assert len(rules.imports(book)) == len(before) + 1


def test_the_door_of_a_wing_imports_nothing(book: Path) -> None:
    before = rules.imports(book)
    add(book, "backproplab/worked/__init__.py", "\nfrom backproplab.worked.sections import maps\n")
    assert len(rules.imports(book)) == len(before) + 1


def test_a_trace_may_call_in_who_writes_it_out_but_no_sooner(book: Path) -> None:
    before = rules.imports(book)
    add(book, "backproplab/network.py", "\ndef late() -> None:\n    from backproplab.worked.examples import markdown\n")
    assert rules.imports(book) == before
    add(book, "backproplab/network.py", "\nfrom backproplab.worked.examples import markdown\n")
    add(book, "backproplab/layers.py", "\ndef late() -> None:\n    from backproplab.worked.examples import markdown\n")
    assert len(rules.imports(book)) == len(before) + 2


@pytest.mark.parametrize(
    "statement",
    [
        "import json",
        "import numpy as np",
        "from numpy.typing import NDArray",
        "from backproplab.activations import sigmoid",
        "from .activations import sigmoid",
        "from backproplab import activations",
        "def late() -> None:\n    import tqdm",
    ],
)
def test_an_import_in_the_direction_is_allowed(book: Path, statement: str) -> None:
    before = rules.imports(book)
    add(book, "backproplab/losses.py", f"\n{statement}\n")
    assert rules.imports(book) == before


@pytest.mark.parametrize(
    "text",
    [
        "The loss is 0.25 now.",
        "The loss is .25 now.",
        "# After 0.5 seconds",
        "| loss | 0.25 |",
        "- it is `0.25`",
        "It is $0.25$.",
        "$$\nC = 0{.}25\n$$",
        "!!! note\n    It is 0.25.",
        "It reaches 95%.",
        "It reaches 95 %.",
        "It reaches 95 per cent.",
        "It reaches $95\\,\\%$.",
        "It is 1e-7 wide.",
        "It is `3E5` wide.",
        "It is $3 \\times 10^{-4}$.",
        "It is $3 \\cdot 10^4$.",
        "It is 3 × 10⁴.",
        "It is 10⁻⁷ wide.",
        "It is $10^{-7}$ wide.",
        "[It is 0.25](https://example.org/0.5)",
        '<b title="0.5">0.25</b>',
        "```text\naccuracy 0.25\n```",
    ],
)
def test_a_typed_result_is_seen(tmp_path: Path, text: str) -> None:
    assert len(rules.typed_results(tiny(tmp_path, text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "In 1986 there were 60,000 images of 28×28 pixels, and 784-30-10 neurons.",
        "Half of it, $\\frac{1}{2}$; $w^l_{jk}$, $10^6$, $x^2$; the end.1",
        "[a page](https://example.org/v1.2#x-0.5)",
        "https://example.org/1.5/x",
        "[there][1]\n\n[1]: https://example.org/1.5",
        '<img width="0.5" alt="A line"> <!-- 0.5 -->',
        '![A line](line.svg){ .wide width="99.5%" }',
        '```python exec="1" session="index" id="one"\nx = 0.25\n```',
    ],
)
def test_what_is_no_typed_result_is_left_alone(tmp_path: Path, text: str) -> None:
    assert rules.typed_results(tiny(tmp_path, text)) == []


# --- Faults that fail the build -------------------------------------------------------------------------------------

SLOPE = '''"""One function."""


def slope(x: float) -> float:
    r"""Give the slope of $x^2$ at $PLACE$."""
    return 2 * x
'''
EXPLAINED = "::: backproplab.calculus.slope\n"


def block(code: str, options: str = "") -> str:
    return f'\n```python exec="1" session="index" id="planted" {options}\n{code}\n```\n'


@pytest.mark.builds
@pytest.mark.parametrize(
    ("page", "module", "said"),
    [
        ("[Lost](lost.md)", "", ["link 'lost.md'", "not found"]),
        ("[Lost](#lost)", "", ["'#lost'", "no such anchor"]),
        ("[Lost](#eq-LOST)\n\n$$x \\tag{FOUND}$$", "", ["'#eq-LOST'", "no such anchor"]),
        ("[Lost][backproplab.nope]", "", ["cross-reference", "'backproplab.nope'"]),
        (
            "::: backproplab.calculus.nope",
            SLOPE,
            ["backproplab.calculus.nope", "could not be found"],
        ),
        (r"Inline: $\nope{x}$.", "", [r"Undefined control sequence: \nope", r"in the formula: \nope{x}"]),
        (r"- list" + "\n\n    $$\n    \\frac{1\n    $$\n", "", ["KaTeX parse error", r"in the formula: \frac{1"]),
        ("| a |\n|---|\n| $x^$ |", "", ["KaTeX parse error", "in the formula: x^"]),
        ("Unicode: $é$.", "", ["strict mode", "in the formula: é"]),
        (block(r"print(r'$\nope$')"), "", [r"in the formula: \nope"]),
        (
            '!!! note\n    ```python exec="1" session="index" id="in"\n    print("$x^$")\n    ```',
            "",
            ["in the formula: x^"],
        ),
        (EXPLAINED, SLOPE.replace("PLACE", r"\nope"), [r"in the formula: \nope"]),
        (block("assert 1 + 1 == 3"), "", ["docs/index.md", "the block 'planted' fails", "AssertionError"]),
        (block("assert 1 + 1 == 3", 'html="1"'), "", ["docs/index.md", "the block 'planted' fails", "AssertionError"]),
        ("## The formula $x$", "", ["a heading holds the formula"]),
        ("$$a \\tag{A}\\\\ b \\tag{B}$$", "", ["Multiple \\tag"]),
    ],
)
def test_a_fault_fails_the_build(tmp_path: Path, page: str, module: str, said: list[str]) -> None:
    heard = complaint(tiny(tmp_path, page, module=module))
    assert all(words in heard for words in said), heard


FAULTLESS = (
    "Inline $a < b$, [(T1)](#eq-T1) and [slope][backproplab.calculus.slope].\n\n$$\na = b^2 \\tag{T1}\n$$\n\n"
    "| $x$ | y |\n|---|---|\n| $x^2$ | $\\lvert y \\rvert$ |\n\n"
    + EXPLAINED
    + block("print('It is **4** and $x = 4$.')", 'source="above"')
    + '\n??? success "Checked by"\n    ::: tests.test_calculus.test_slope\n'
)
TEST = 'def test_slope() -> None:\n    r"""The slope of $x^2$."""\n    assert True\n'


@pytest.mark.builds
def test_the_builders_agree_on_a_page_without_fault(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "one", FAULTLESS, module=SLOPE.replace("PLACE", "x"), test=TEST)
    shutil.copytree(folder, tmp_path / "other", symlinks=True)
    one = build(folder, "mkdocs", "build")
    other = build(tmp_path / "other", "zensical", "build", "--strict")
    assert differences(one, other) == []
    assert unrendered(one) == []
    article = articles(one)["index.html"]
    assert article.formulas == [
        "a < b",
        "a = b^2 \\tag{T1}",
        "x",
        "x^2",
        "\\lvert y \\rvert",
        "x^2",
        "x",
        "x = 4",
        "x^2",
    ]
    assert "It is 4 and $x = 4$ ." in " ".join(article.words)


@pytest.mark.builds
@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (block("import markdown_exec\nprint(getattr(markdown_exec, '_caller', 'other'))"), "«other» or «zensical»"),
        (block("import markdown_exec as m\nprint('$x$' if hasattr(m, '_caller') else '$y$')"), "«$y$» or «$x$»"),
    ],
)
def test_a_page_that_zensical_renders_otherwise_is_seen(tmp_path: Path, page: str, fault: str) -> None:
    one, other = tiny(tmp_path / "one", page), tiny(tmp_path / "other", page)
    found = differences(build(one, "mkdocs", "build"), build(other, "zensical", "build", "--strict"))
    assert fault in "\n".join(found)


@pytest.mark.parametrize("target", ["nowhere/", "#nowhere", "/nowhere/", "image.png"])
def test_a_link_in_a_built_page_that_leads_nowhere_is_seen(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/index.html").write_text('<p id="here">There.</p>', "utf-8")
    (tmp_path / "index.html").write_text(f'<a href="there/#here"></a><a href="{target}"></a>', "utf-8")
    assert broken_links(tmp_path, ADDRESS) == [f"index.html: {target} leads nowhere"]


@pytest.mark.parametrize(
    "text", ["$$x$$", "\\(x\\)", "a ``` b", "::: tests.test_x", "??? note", "&lt;div markdown&gt;"]
)
def test_what_is_left_unrendered_is_seen(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.html").write_text(f'<article class="md-content__inner"><p>{text}</p></article>', "utf-8")
    assert unrendered(tmp_path) != []


# --- An edit shows without a restart --------------------------------------------------------------------------------


@contextmanager
def served(folder: Path) -> Iterator[Callable[[str], bool]]:
    """Serve a book, and give a function that waits until its page says something."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address]
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=usual, stdout=log, stderr=log) as server,
    ):

        def says(words: str) -> bool:
            end = time.monotonic() + 20
            while time.monotonic() < end:
                try:
                    with urlopen(f"http://{address}/", timeout=5) as answer:
                        if words in answer.read().decode():
                            return True
                except (URLError, ConnectionError, TimeoutError):
                    pass
                time.sleep(0.1)
            return False

        try:
            yield says
        finally:
            server.terminate()


@pytest.mark.builds
def test_an_edit_of_package_page_or_test_shows_without_a_restart(tmp_path: Path) -> None:
    page = FAULTLESS + '\n```python exec="1" session="index" id="live"\n'
    page += "from backproplab.calculus import slope\nold = globals().get('old', 0) + 1\n"
    page += "print(f'{slope(3)} at visit {old}')\n```\n"
    module = SLOPE.replace("PLACE", "x")
    folder = tiny(tmp_path, page, module=module, test=TEST)
    with served(folder) as says:
        assert says("<p>6 at visit 1</p>")
        source = folder / "backproplab/calculus.py"
        second, moment = divmod(source.stat().st_mtime_ns, 10**9)
        source.write_text(module.replace("2 * x", "9 * x"), "utf-8")
        soon = second * 10**9 + (moment + 10**9 // 2) % 10**9
        os.utime(source, ns=(soon, soon))  # within one second, for which Python takes its compiled file for current
        assert says("<p>27 at visit 1</p>")
        assert says('<span class="mi">9</span>'), "the source that mkdocstrings shows is the old one"
        (folder / "tests/test_calculus.py").write_text(TEST.replace("The slope of", "A new word on"), "utf-8")
        assert says("A new word on")
        (folder / "docs/index.md").write_text(page.replace("visit", "glance"), "utf-8")
        assert says("<p>27 at glance 1</p>")


def test_assets_say_what_to_run_when_they_are_missing(tmp_path: Path) -> None:
    done = run(copy(tmp_path), "backproplab.book.assets")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "docs/assets/vendor/katex/katex.min.css").is_file()
    (tmp_path / "node_modules").unlink()
    assert "run `make setup`" in run(tmp_path, "backproplab.book.assets").stderr
