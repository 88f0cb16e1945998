"""Tables: a corner that says nothing heads no column, so a screen reader is not told that it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown import Extension
from markdown.treeprocessors import Treeprocessor

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown


class _Corners(Treeprocessor):
    """Make each empty heading of a table an ordinary cell."""

    def run(self, root: Element) -> None:
        """Look at all headings once what is in them has been read."""
        for heading in root.iter("th"):
            if not len(heading) and not (heading.text or "").strip():
                heading.tag = "td"


class TablesExtension(Extension):
    """Correct what the extension `tables` writes."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Stand behind all inline markup (20)."""
        md.treeprocessors.register(_Corners(md), "corners", 4)


def makeExtension(**options: object) -> TablesExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return TablesExtension(**options)
