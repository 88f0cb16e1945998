"""Words explained where they first appear: the page `reference/glossary.md` is the one place that says what they mean.

A term of that page, set in a definition list, is marked once on every other page, at its first use in running text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from markdown import Extension
from markdown.treeprocessors import Treeprocessor

from backproplab.book.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown import Markdown

GLOSSARY = "reference/glossary.md"
RUNNING = {"p", "li", "td", "em", "strong"}
"""Elements whose own text is read for terms; links, code, headings and formulas are not."""


def terms(root: Path = ROOT) -> dict[str, str]:
    """Read the glossary: each term with its first sentence, without mark-up."""
    path = root / "docs" / GLOSSARY
    text = path.read_text("utf-8") if path.is_file() else ""
    entries = re.findall(r"(?m)^([^\n:#].*)\n:   ((?:.+\n)(?:    .+\n)*)", text)
    return {term.strip(): _plain(said) for term, said in entries}


def _plain(said: str) -> str:
    words = re.sub(r"\[([^\]]+)\]\([^)]*\)|[`*$\\]", r"\1", " ".join(said.split()))
    return re.match(r".*?[.](?= |$)|.*", words)[0]  # type: ignore[index]


@cache
def pattern(known: tuple[str, ...]) -> re.Pattern[str]:
    """Find any of the terms as a whole word, singular or plural, the longest first."""
    words = "|".join(re.escape(term) for term in sorted(known, key=len, reverse=True))
    return re.compile(rf"\b(?P<term>{words})(?P<plural>s?)\b", re.IGNORECASE)


class _Glossary(Treeprocessor):
    """Mark the first use of each term on a page."""

    def run(self, root: Element) -> None:
        """Read a page, which has a title, in order; outputs and docstrings have none, and the glossary is a list."""
        if root.find("h1") is None or root.find("dl") is not None:
            return
        left = {term.lower(): said for term, said in terms().items()}
        for element in list(self._running(root)):
            self._mark(element, left)

    def _running(self, element: Element) -> Iterator[Element]:
        for child in element:
            if child.tag in RUNNING:
                yield child
            if child.tag in RUNNING | {"div", "ul", "ol", "table", "tbody", "tr", "blockquote"}:
                yield from self._running(child)

    def _mark(self, element: Element, left: dict[str, str]) -> None:
        """Mark terms in what an element says itself, before its children and between them."""
        place = 0
        while left:
            text = (element.text if place == 0 else element[place - 1].tail) or ""
            found = next((hit for hit in pattern(tuple(left)).finditer(text)), None)
            if found is None:
                place += 1
                if place > len(element):
                    return
                continue
            mark = Element("abbr", {"tabindex": "0", "aria-description": left.pop(found["term"].lower())})
            mark.text, mark.tail = found[0], text[found.end() :]
            if place == 0:
                element.text = text[: found.start()]
            else:
                element[place - 1].tail = text[: found.start()]
            element.insert(place, mark)
            place += 1


class GlossaryExtension(Extension):
    """Explain a term at its first use."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Come after inline mark-up, before formulas are rendered."""
        md.treeprocessors.register(_Glossary(md), "glossary", 7)


def makeExtension(**options: object) -> GlossaryExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return GlossaryExtension(**options)
