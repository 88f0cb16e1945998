"""Tables: each scrolls in a box of its own, and a corner that says nothing heads no column."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from markdown import Extension
from markdown.treeprocessors import Treeprocessor

if TYPE_CHECKING:
    from markdown import Markdown


class _Corners(Treeprocessor):
    """Make each empty heading of a table an ordinary cell."""

    def run(self, root: Element) -> None:
        """Look at all headings once what is in them has been read."""
        for heading in root.iter("th"):
            if not len(heading) and not (heading.text or "").strip():
                heading.tag = "td"


class _Boxes(Treeprocessor):
    """Put each table into the boxes that the theme's style sheet lets scroll, as its script would do in the browser."""

    def run(self, root: Element) -> None:
        """Take each table out of its place and put it into a box there."""
        for parent in list(root.iter()):
            for place, table in enumerate(parent):
                if table.tag == "table":
                    box = Element("div", {"class": "md-typeset__scrollwrap"})
                    inner = Element("div", {"class": "md-typeset__table"})
                    box.tail, table.tail = table.tail, None
                    inner.append(table)
                    box.append(inner)
                    parent[place] = box


class TablesExtension(Extension):
    """Correct what the extension `tables` writes."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Come after all inline markup (20)."""
        md.treeprocessors.register(_Corners(md), "corners", 4)
        md.treeprocessors.register(_Boxes(md), "boxes", 3)


def makeExtension(**options: object) -> TablesExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return TablesExtension(**options)
