"""The chapters: their numbers, what each builds on, how long it takes, and the map of them all.

The navigation in `mkdocs.yml` gives parts and numbers, a page's front matter what it is about (`description`) and what it
builds on (`needs`). A page opens with the line `[[chapter network/neuron]]`, which names itself; the line `[[map]]`
draws the map. A Markdown extension, since that is what every builder of the book runs.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml
from markdown import Extension
from markdown.preprocessors import Preprocessor

from backproplab.book.source import ROOT, Page, pages

if TYPE_CHECKING:
    from pathlib import Path

    from markdown import Markdown

OUTSIDE = ("Reference",)
"""Sections of the navigation that are no part of the book's path."""
ROUTES = {
    "New to all this": (
        "foundations/slope.md", "foundations/gradient.md", "foundations/descent.md", "foundations/chain-rule.md",
        "network/neuron.md", "network/layer.md", "network/mistake.md", "network/one-neuron-per-layer.md",
        "network/many-neurons.md", "network/four-equations.md", "network/algorithm.md", "lab/digits.md",
    ),
    "You know calculus": (
        "network/neuron.md", "network/layer.md", "network/mistake.md", "network/one-neuron-per-layer.md",
        "network/many-neurons.md", "network/four-equations.md", "network/algorithm.md", "network/why-fast.md",
        "lab/mnist.md",
    ),
    "You came for convolution": (
        "network/four-equations.md", "convolution/dense-to-local.md", "convolution/forward.md", "convolution/gate.md",
        "convolution/pooling.md", "convolution/kernel-gradient.md", "convolution/one-signal.md",
        "convolution/digits-cnn.md", "lab/handwriting.md",
    ),
    "You came for autograd and PyTorch": (
        "foundations/chain-rule.md", "network/four-equations.md", "network/conventions.md", "lab/graphs.md",
        "lab/arrays.md", "lab/pytorch.md", "lab/many-machines.md", "lab/everywhere.md",
    ),
}  # fmt: skip
"""Ways through the book."""
WORDS_A_MINUTE, FORMULAS_A_MINUTE, PROGRAMS_A_MINUTE = 180, 5, 2
"""How fast a reader who follows every step reads; what is folded away is not counted."""


@dataclass(frozen=True)
class Chapter:
    """A page of the book's path, with its part, its number, and the pages it builds on."""

    page: str
    title: str
    part: str
    number: int
    description: str
    needs: tuple[str, ...]
    minutes: int


def chapters(root: Path = ROOT) -> dict[str, Chapter]:
    """List the chapters by page, in the order in which they are read."""
    return _chapters((root / "mkdocs.yml").read_text("utf-8"), tuple(pages(root)))


@lru_cache(maxsize=1)
def _chapters(settings: str, all_pages: tuple[Page, ...]) -> dict[str, Chapter]:
    written = {page.name: page for page in all_pages}
    found: dict[str, Chapter] = {}
    for part, entries in _navigation(settings).items():
        for title, name in entries.items():
            front = front_matter(written[name])
            needs = tuple(front.get("needs", ()))
            number, _, words = title.partition(". ")
            found[name] = Chapter(name, words, part, int(number), front["description"], needs, minutes(written[name]))
    return found


def navigation(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """List the parts of the book, and the titles and pages of each, as `mkdocs.yml` has them."""
    return _navigation((root / "mkdocs.yml").read_text("utf-8"))


def _navigation(settings: str) -> dict[str, dict[str, str]]:
    listed = yaml.safe_load(re.search(r"(?m)^nav:\n(?:[ -].*\n)+", settings)[0])["nav"]  # type: ignore[index]
    parts = [(title, inner) for entry in listed for title, inner in entry.items() if isinstance(inner, list)]
    return {
        part: {title: page for entry in entries for title, page in entry.items()}
        for part, entries in parts
        if part not in OUTSIDE
    }


def front_matter(page: Page) -> dict[str, Any]:
    """Read what a page says of itself before it begins."""
    return yaml.safe_load(page.text.split("---\n", 2)[1]) or {}


def minutes(page: Page) -> int:
    """Estimate how long the page takes to read, to the next five minutes: what is in sight, none of what is folded."""
    in_sight = re.sub(r"(?m)^\?\?\? .*\n(?:(?:    .*)?\n)*", "", page.unexecuted)
    formulas = re.findall(r"(?s)\$\$.*?\$\$", in_sight)
    words = len(re.findall(r"[^\W\d_]{2,}", re.sub(r"(?s)\$\$.*?\$\$|\$[^$]*\$", "", in_sight)))
    programs = sum("source" in block.options for block in page.blocks)
    time = words / WORDS_A_MINUTE + len(formulas) / FORMULAS_A_MINUTE + programs / PROGRAMS_A_MINUTE
    return max(5, 5 * round(time / 5))


def opening(chapter: Chapter, known: dict[str, Chapter]) -> list[str]:
    """Say in one quiet line where a chapter stands, how long it takes and what it builds on."""
    here = posixpath.dirname(chapter.page)
    needs = [f"[{known[name].title}]({posixpath.relpath(name, here)})" for name in chapter.needs]
    builds = f" · builds on {', '.join(needs)}" if needs else ""
    return [f"{chapter.part} · chapter {chapter.number} · about {chapter.minutes} minutes{builds}", "{: .chapter }"]


def overview(known: dict[str, Chapter]) -> list[str]:
    """Draw the map: the routes with their minutes, then every chapter with a line of its own."""
    lines = ['<div class="routes" markdown>', ""]
    for route, names in ROUTES.items():
        hours = sum(known[name].minutes for name in names) / 60
        steps = " → ".join(f'[{known[name].number}]({name} "{known[name].title}")' for name in names)
        lines += [f"**{route}**  ", f"{steps}  ", f"about {hours:.0f} hours", "{: .route }", ""]
    lines += ["</div>", ""]
    for part, its in groupby(known.values(), key=lambda chapter: chapter.part):
        first, *rest = its
        lines += [f"### {part}", "", f'<ol start="{first.number}" markdown>']
        for chapter in (first, *rest):
            needs = ", ".join(map(str, sorted(known[name].number for name in chapter.needs)))
            time = f"{chapter.minutes} min{f', after {needs}' if needs else ''}"
            title = f"[{chapter.title}]({chapter.page})"
            lines.append(f"<li markdown>{title}<br>{chapter.description} <small>{time}</small></li>")
        lines += ["</ol>", ""]
    return lines


def problems(root: Path = ROOT) -> list[str]:
    """Say where a chapter does not open with its own line, or builds on something that comes later."""
    known, found = chapters(root), []
    written = {page.name: page.text for page in pages(root)}
    for place, chapter in enumerate(known.values(), 1):
        if chapter.number != place:
            found.append(f"mkdocs.yml calls docs/{chapter.page} chapter {chapter.number}, but it is chapter {place}")
        line = f"[[chapter {chapter.page.removesuffix('.md')}]]"
        if written[chapter.page].count(f"\n{line}\n") != 1:
            found.append(f"docs/{chapter.page} does not open with the line {line}")
        for name in chapter.needs:
            if name not in known:
                found.append(f"docs/{chapter.page} builds on {name}, which is no chapter")
            elif known[name].number >= chapter.number:
                found.append(f"docs/{chapter.page} builds on {name}, which comes later")
    return found


class _Chapters(Preprocessor):
    """Put the line of a chapter and the map where a page asks for them: their links are then links of the page."""

    def run(self, lines: list[str]) -> list[str]:
        """Replace the lines that ask."""
        told: list[str] = []
        for line in lines:
            asked = re.fullmatch(r"\[\[(?:chapter (\S+)|map)\]\]", line)
            if asked is None:
                told.append(line)
            else:
                known = chapters()
                told += opening(known[f"{asked[1]}.md"], known) if asked[1] else overview(known)
        return told


class ChaptersExtension(Extension):
    """Know the lines `[[chapter …]]` and `[[map]]`."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Stand before everything that reads Markdown."""
        md.preprocessors.register(_Chapters(md), "chapters", 91)


def makeExtension(**options: object) -> ChaptersExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return ChaptersExtension(**options)
