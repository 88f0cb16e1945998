"""The path through the book: chapters are numbered as they are read, build on earlier ones only, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markdown import Markdown

from backproplab.book import chapters
from backproplab.book.source import Page
from tests.book import ROOT, copy

if TYPE_CHECKING:
    from pathlib import Path


def test_chapters_are_numbered_through_in_the_order_of_the_navigation() -> None:
    known = chapters.chapters()
    assert [chapter.number for chapter in known.values()] == list(range(1, len(known) + 1))
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    places = [navigation.index(f"{chapter.number}. {chapter.title}") for chapter in known.values()]
    assert places == sorted(places)
    assert not any(name.startswith("reference/") for name in known)


def test_every_route_goes_forward() -> None:
    known = chapters.chapters()
    for names in chapters.ROUTES.values():
        numbers = [known[name].number for name in names]
        assert numbers == sorted(set(numbers))


def test_the_way_of_a_newcomer_leaves_out_nothing_that_it_needs() -> None:
    known = chapters.chapters()
    names = chapters.ROUTES["New to all this"]
    assert {need for name in names[:-1] for need in known[name].needs} <= set(names)


def test_minutes_count_what_is_in_sight() -> None:
    text = "---\ndescription: A page\n---\n\n# A page\n\n" + "word " * 1800
    open_page, folded = (
        Page("a.md", text),
        Page("a.md", text + '\n??? note "Aside"\n    ' + "word " * 5000 + "\n\nEnd.\n"),
    )
    assert chapters.minutes(open_page) == chapters.minutes(folded) == 10
    assert chapters.minutes(Page("a.md", text + "\n\n$$x$$\n" * 25)) == 15


def test_a_chapter_opens_with_its_line_and_the_map_shows_them_all() -> None:
    page = Markdown(extensions=["attr_list", "md_in_html", "backproplab.book.chapters"])
    known = chapters.chapters()
    line = page.convert("# The neuron\n\n[[chapter network/neuron]]\n")
    chapter = known["network/neuron.md"]
    assert f'<p class="chapter">{chapter.part} · chapter {chapter.number} · about {chapter.minutes} minutes' in line
    assert 'builds on <a href="../foundations/slope.md">' in line
    drawn = page.convert("[[map]]\n")
    assert all(f'<a href="{name}">{chapter.title}</a>' in drawn for name, chapter in known.items())
    first = {chapter.part: chapter.number for chapter in reversed(known.values())}
    assert all(f'<ol start="{number}">' in drawn for number in first.values())


@pytest.mark.parametrize(
    ("page", "old", "new", "fault"),
    [
        (
            "network/neuron.md",
            "[[chapter network/neuron]]",
            "[[chapter network/layer]]",
            "docs/network/neuron.md does not open with the line [[chapter network/neuron]]",
        ),
        (
            "network/neuron.md",
            "needs: [foundations/slope.md]",
            "needs: [network/layer.md]",
            "docs/network/neuron.md builds on network/layer.md, which comes later",
        ),
        (
            "network/neuron.md",
            "needs: [foundations/slope.md]",
            "needs: [notation.md]",
            "docs/network/neuron.md builds on notation.md, which is no chapter",
        ),
        (
            "../mkdocs.yml",
            "25. Handwritten digits",
            "24. Handwritten digits",
            "mkdocs.yml calls docs/lab/digits.md chapter 24, but it is chapter 25",
        ),
    ],
)
def test_a_chapter_out_of_place_is_seen(tmp_path: Path, page: str, old: str, new: str, fault: str) -> None:
    book = copy(tmp_path)
    assert chapters.problems(book) == []
    path = book / "docs" / page
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert chapters.problems(book) == [fault]
