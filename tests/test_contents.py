"""A page's list of contents leads to what is in sight."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

from mkdocs.structure.toc import AnchorLink, TableOfContents

from backproplab.book.contents import on_page_content

if TYPE_CHECKING:
    from pathlib import Path

HTML = """
<h2 id="open">Open</h2>
<details><summary>A fold</summary><h3 id="folded">f</h3><details><h3 id="deeper">g</h3></details><h3 id="again">h</h3></details>
<h3 id="after">After</h3>
"""


def test_what_is_folded_is_left_out() -> None:
    section = AnchorLink("Open", "open", 2)
    section.children = [AnchorLink(name, name, 3) for name in ("folded", "deeper", "again", "after")]
    page = SimpleNamespace(toc=TableOfContents([section]))
    on_page_content(HTML, page=page)  # type: ignore[arg-type]
    (kept,) = page.toc
    assert [link.id for link in kept.children] == ["after"]


def test_contents_name_the_sections_of_a_chapter_and_the_functions_of_the_reference(site: Path) -> None:
    def contents(page: str) -> set[str]:
        html = (site / page / "index.html").read_text("utf-8")
        _, marker, rest = html.partition('<nav class="md-nav md-nav--secondary"')
        assert marker
        return set(re.findall(r'href="#([^"]+)" class="md-nav__link"', rest.partition("<article")[0]))

    equations = contents("network/four-equations")
    assert "in-short" in equations
    assert not any(name.startswith("backproplab.") for name in equations)
    assert any(name.startswith("backproplab.") for name in contents("reference/api"))
