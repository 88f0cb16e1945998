"""What the search looks through: headings and sentences, and nothing that cannot be read in a list of results.

A hook of MkDocs. It gives the search plugin an index that leaves out programs, the labels of figures, shown tests and
formulas (a single letter stays), and makes no entry of a function: its name belongs to the section that shows it. Pages ask
it through `docs/javascripts/search.js`. Zensical has a search of its own, which takes no notice of all this.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple

from material.plugins.search.plugin import SearchIndex

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

Attributes = list[tuple[str, str | None]]

HEADING = re.compile("h[1-6]")
BLOCKS = {"p", "li", "tr", "dt", "dd", "summary", "figcaption"}
"""What is a paragraph of its own in a result."""
SILENT = {"svg", "pre", "script", "style", "button", "select", "textarea"}
UNSAID = {
    "success",
    "mkdocstrings-source",
    "headerlink",
    "chapter",
    "md-annotation",
    "doc-signature",
    "doc-labels",
    "doc-section-item",
    "doc-section-title",
    "widget",
}
"""Classes of elements that no search leads to: shown tests, sources, arguments, the line under a title, what a hand moves."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SIGN = re.compile(r"<math[^>]*><semantics>(?:<mrow>)?<m[io](?: [^>]*)?>([^<]{1,3})</m[io]>(?:</mrow>)?<annotation")
FORMULA = re.compile(r'<(span|div)\b[^>]*\bclass="(?:math|equation)"')
TAG = re.compile(r"<(/?)(span|div)\b")
WORD = re.compile(r"[^\W\d_]{2}")
ASIDE = {"In short": 0.5, "Exercise": 0.3, "Exercises": 0.3, "Further": 0.3}
"""Sections that hold the words of others, and how much they weigh."""


class Section(NamedTuple):
    """A heading, and what is said under it."""

    anchor: str
    title: list[str]
    text: list[str]


class Reader(HTMLParser):
    """Take a rendered page apart into its sections."""

    def __init__(self) -> None:
        super().__init__()
        self.sections = [Section("", [], [])]
        self._block: list[str] = []
        self._heading: str | None = None
        self._skipped: list[str] = []

    def read(self, content: str) -> list[Section]:
        """Read a page, whose first section is what comes before its second heading."""
        self.feed(without_formulas(content))
        self.close()
        self._end_block()
        return self.sections

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Begin a section, begin a paragraph, or begin to skip."""
        if tag in VOID:
            return
        known = dict(attrs)
        classes = set((known.get("class") or "").split())
        if self._skipped or tag in SILENT or UNSAID & classes or "data-search-exclude" in known:
            self._skipped.append(tag)
        elif HEADING.fullmatch(tag):
            self._end_block()
            if known.get("id") and "doc-heading" not in classes:
                self._heading = tag
                if tag != "h1":
                    self.sections.append(Section(known["id"] or "", [], []))
        elif tag in BLOCKS:
            self._end_block()
        elif tag in {"td", "th"}:
            self._block.append(" ")
        elif tag == "code":
            self._block.append("<code>")

    def handle_endtag(self, tag: str) -> None:
        """End what has begun."""
        if self._skipped:
            while self._skipped and self._skipped.pop() != tag:
                pass
        elif tag == self._heading:
            self.sections[-1].title.append(self._said())
            self._heading = None
        elif tag in BLOCKS or HEADING.fullmatch(tag):
            self._end_block()
        elif tag == "code":
            self._block.append("</code>")

    def handle_data(self, data: str) -> None:
        """Hear what is said."""
        if not self._skipped:
            self._block.append(html.escape(data, quote=False))

    def _said(self) -> str:
        said = " ".join("".join(self._block).split())
        self._block.clear()
        return said

    def _end_block(self) -> None:
        if WORD.search(re.sub("<[^>]*>", "", said := self._said())):
            self.sections[-1].text.append(f"<p>{said}</p>")


def without_formulas(content: str) -> str:
    """Leave of each formula the letter that it is, or else an ellipsis."""
    kept, place = [], 0
    while found := FORMULA.search(content, place):
        kept.append(content[place : found.start()])
        depth = 0
        for tag in TAG.finditer(content, found.start()):
            depth += -1 if tag[1] else 1
            if depth == 0:
                break
        place = content.index(">", tag.start()) + 1
        sign = SIGN.search(content, found.start(), place)
        kept.append(sign[1] if sign else " … ")
    return "".join([*kept, content[place:]])


class Index(SearchIndex):  # type: ignore[misc]  # the theme has no types
    """The index that the plugin writes, with sections as they are read here."""

    def add_entry_from_context(self, page: Page) -> None:
        """Enter the sections of a page, or only the first where its front matter says `search: whole: true`."""
        asked: dict[str, Any] = page.meta.get("search") or {}
        sections = Reader().read(page.content or "")
        for section in sections[:1] if asked.get("whole") else sections:
            title = "".join(section.title) or str(page.title)
            entry = {
                "location": f"{page.url}#{section.anchor}" if section.anchor else page.url,
                "title": title,
                "text": " ".join(section.text),
                "boost": asked.get("boost", 1) * ASIDE.get(title, 1),
            }
            self.entries.append(entry)


def on_config(config: MkDocsConfig) -> None:
    """Put the index in the place of the plugin's own, and a worker before the theme's."""
    search: Any = config.plugins["material/search"]
    search.search_index = Index(**search.config)
    config.extra["workers"] = "javascripts/search.js?../assets/javascripts/workers/"
