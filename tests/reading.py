"""Reading a built site: what its pages say, and where their links lead."""

from __future__ import annotations

import posixpath
import re
from difflib import SequenceMatcher
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
INLINE = {"a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "tspan", "u"}
CHROME = {"measured", "headerlink", "md-content__button", "md-code__nav", "md-source-file", "md-feedback", "linenos"}
CODE = {"code", "pre"}


class Article(HTMLParser):
    """What the main part of a page says: words as a reader sees them, and each formula as its LaTeX."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.formulas: list[str] = []
        self.prose = ""
        self._open: list[tuple[str, str]] = []
        self._text = ""
        self.feed(text)
        self.close()
        self.words = self._text.split()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note how to read what follows: aloud, as a formula, or not at all."""
        attributes = dict(attrs)
        classes = set((attributes.get("class") or "").split())
        manner = self._open[-1][1] if self._open else "outside"
        if tag == "article" and "md-content__inner" in classes:
            manner = "aloud"
        elif manner == "aloud" and (classes & CHROME or tag in {"button", "script", "style"}):
            manner = "silent"
        elif manner == "aloud" and "katex" in classes:
            manner = "formula"
        elif manner == "aloud" and tag in CODE:
            manner = "code"
        elif manner == "code" and classes & CHROME:
            manner = "silent"
        if manner == "formula" and tag == "annotation":
            manner = "latex"
            self.formulas.append("")
        if manner in {"aloud", "code"} and tag not in INLINE:
            self._text += " "
        if manner == "aloud" and tag == "img":
            self._text += f"[{attributes.get('alt')}] "
        if tag not in VOID:
            self._open.append((tag, manner))

    def handle_endtag(self, tag: str) -> None:
        """Close what is open, and what has been left open inside it."""
        if tag in {name for name, _ in self._open}:
            while True:
                name, manner = self._open.pop()
                if manner in {"aloud", "code"} and name not in INLINE:
                    self._text += " "
                if manner == "latex":
                    self.formulas[-1] = " ".join(self.formulas[-1].split())
                    self._text += f" ${self.formulas[-1]}$ "
                if name == tag:
                    break

    def handle_data(self, data: str) -> None:
        """Take in what is said."""
        manner = self._open[-1][1] if self._open else "outside"
        if manner == "latex":
            self.formulas[-1] += data
        elif manner in {"aloud", "code"}:
            self._text += data
        if manner == "aloud":
            self.prose += data


def articles(site: Path) -> dict[str, Article]:
    """Read every page of a site but the one for a wrong address, which is the theme's own."""
    return {
        path.relative_to(site).as_posix(): Article(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
        if path.name != "404.html"
    }


def differences(one: Path, other: Path) -> list[str]:
    """Say where two sites say different words or show different formulas."""
    here, there = articles(one), articles(other)
    found = [f"{name}: only one of the sites has this page" for name in sorted(here.keys() ^ there.keys())]
    for name in sorted(here.keys() & there.keys()):
        left, right = here[name].words, there[name].words
        if left != right:
            found += [
                f"{name}: …{' '.join(left[max(a - 5, 0) : a])} «{' '.join(left[a:b])}» or «{' '.join(right[c:d])}»"
                for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
                if kind != "equal"
            ]
        if here[name].formulas != there[name].formulas:
            found.append(f"{name}: {len(here[name].formulas)} formulas or {len(there[name].formulas)}, not the same")
    return found


def unrendered(site: Path) -> list[str]:
    """Say where Markdown, LaTeX or HTML stands in a page as it was typed."""
    return [
        f"{name}: {match[0]!r} has not been rendered"
        for name, article in articles(site).items()
        for match in re.finditer(
            r"\$\$|\\[(\[]|`{2,}|:::|!!! |\?\?\? |</?\w+[^<>\n]*>|\]\[.*?\]|\[\[\w+\]\]", article.prose
        )
    ]


class _Links(HTMLParser):
    """The anchors of a page, and everything it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect one element."""
        attributes = {name: value or "" for name, value in attrs}
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        self.targets += [attributes[name] for name in ("href", "src") if name in attributes]


def broken_links(site: Path, address: str) -> list[str]:
    """Say which references inside a site, from pages and from style sheets, lead nowhere."""
    pages = {path: _Links(path.read_text("utf-8")) for path in site.rglob("*.html")}
    references = [(path, target) for path, page in pages.items() for target in page.targets]
    references += [
        (path, target.strip("'\""))
        for path in site.rglob("*.css")
        for target in re.findall(r"url\(([^)]*)\)", path.read_text("utf-8"))
    ]
    found = []
    for path, target in references:
        url = urlsplit(target.removeprefix(address.rstrip("/")))
        if url.scheme or url.netloc:
            continue
        start = "" if url.path.startswith("/") else posixpath.dirname(path.relative_to(site).as_posix())
        goal = site / posixpath.normpath(posixpath.join(start, unquote(url.path).lstrip("/"))) if url.path else path
        if goal.is_dir():
            goal /= "index.html"
        missing_anchor = url.fragment and goal in pages and unquote(url.fragment) not in pages[goal].anchors
        if not goal.is_file() or missing_anchor:
            found.append(f"{path.relative_to(site)}: {target} leads nowhere")
    return found
