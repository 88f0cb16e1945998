"""The search box, asked in readers' words, and what the search looks through."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from backproplab.book.search import Reader, Section, without_formulas

if TYPE_CHECKING:
    from pathlib import Path


PAGE = """
<h1 id="taylor">Taylor<a class="headerlink" href="#taylor">¶</a></h1>
<p class="chapter">Part I · chapter 2</p>
<p>A line, not a curve.</p>
<h2 id="error">The error &amp; its size</h2>
<figure><svg><text>axis</text><g><text>label</text></g></svg><figcaption>What is left over.</figcaption></figure>
<pre><code>error = f(x)</code></pre>
<table><tr><td>exact</td><td>wrong</td></tr><tr><td>1</td><td>2</td></tr></table>
<div class="admonition success"><p>Checked by</p><div><div><p>a test</p></div></div></div>
<div class="doc"><h4 id="backproplab.taylor" class="doc doc-heading">taylor</h4><p>Cut the series.</p></div>
<p>More on <code>taylor</code>.</p>
<details><summary>Second reading: remainders</summary><p>Lagrange's.</p></details>
"""


def formula(inner: str, tag: str = "span", name: str = "math") -> str:
    mathml = (
        f'<math xmlns="x"><semantics>{inner}<annotation encoding="application/x-tex">x</annotation></semantics></math>'
    )
    return f'<{tag} class="{name}"><span class="katex"><span>{mathml}</span><span><span>x</span></span></span></{tag}>'


def test_headings_and_sentences_are_found_and_nothing_else() -> None:
    assert Reader().read(PAGE) == [
        Section("", ["Taylor"], ["<p>A line, not a curve.</p>"]),
        Section(
            "error",
            ["The error &amp; its size"],
            [
                "<p>What is left over.</p>",
                "<p>exact wrong</p>",
                "<p>taylor</p>",
                "<p>Cut the series.</p>",
                "<p>More on <code>taylor</code>.</p>",
                "<p>Second reading: remainders</p>",
                "<p>Lagrange's.</p>",
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("rendered", "said"),
    [
        (formula("<mi>δ</mi>"), "δ"),
        (formula('<mrow><mi mathvariant="normal">W</mi></mrow>'), "W"),
        (formula("<mrow><msup><mi>w</mi><mi>l</mi></msup></mrow>"), " … "),
        (formula("<mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>", "div", "equation"), " … "),
    ],
)
def test_of_a_formula_only_a_single_letter_is_said(rendered: str, said: str) -> None:
    assert without_formulas(f"<p>so {rendered} is</p>") == f"<p>so {said} is</p>"


@pytest.fixture(scope="module")
def index(site: Path) -> list[dict[str, Any]]:
    docs: list[dict[str, Any]] = json.loads((site / "search/search_index.json").read_text("utf-8"))["docs"]
    return docs


def test_the_index_names_no_function_and_no_formula(index: list[dict[str, Any]]) -> None:
    assert len(index) > 200
    for entry in index:
        assert not {"backproplab.", "tests."} & set(entry["location"].split("#")), entry["location"]
        assert "#backproplab." not in entry["location"]
        for unreadable in ("\\(", "\\frac", "<svg", "<pre", "def test_"):
            assert unreadable not in entry["title"] + entry["text"], entry["location"]


def test_reference_pages_without_sections_of_their_own_are_one_entry(index: list[dict[str, Any]]) -> None:
    for page in ("", "reference/errata/", "reference/ledger/"):
        assert [entry["location"] for entry in index if entry["location"].split("#")[0] == page] == [page]


def test_the_index_weighs_little(site: Path) -> None:
    assert len(gzip.compress((site / "search/search_index.json").read_bytes())) < 150_000
