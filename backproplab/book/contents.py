"""A page's list of contents names what is in sight, not what stands in folds: the package's functions.

A hook of MkDocs. The theme's script looks where each place of the list is; for one in a fold the browser lays out the fold.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mkdocs.structure.pages import Page
    from mkdocs.structure.toc import AnchorLink


class _Folds(HTMLParser):
    """Collects the ids of what stands in folds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.depth = 0
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "details"
        if self.depth:
            self.ids |= {value for name, value in attrs if name == "id" and value}

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "details"


def on_page_content(html: str, *, page: Page, **_: object) -> None:
    """Take from the contents of a page what stands there in folds."""
    page.toc.items = without(page.toc.items, _Folds(html).ids)


def without(links: Iterable[AnchorLink], left_out: set[str]) -> list[AnchorLink]:
    """Leave out some of the links, at every depth."""
    kept = [link for link in links if link.id not in left_out]
    for link in kept:
        link.children = without(link.children, left_out)
    return kept
