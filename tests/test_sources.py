"""The page that leads from the notes to the book: no line without a link to a section, and every link lands."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

import pytest

from backproplab.book.source import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "reference/sources.md"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)")


def unlinked(text: str) -> list[str]:
    """The rows of the page's tables whose last cell leads to no section."""
    rows = re.findall(r"(?m)^\| (?!in the note).*\|$", text)
    return [row for row in rows if not any(anchor for _, anchor in LINK.findall(row.rsplit(" | ", 1)[1]))]


def missing(text: str, site: Path) -> list[str]:
    """The links of the page that lead nowhere in the built book."""
    found = []
    for page, anchor in LINK.findall(text):
        place = posixpath.normpath(posixpath.join(posixpath.dirname(PAGE), page)).removesuffix(".md")
        built = site / place / "index.html"
        if not built.is_file() or (anchor and f'id="{anchor}"' not in built.read_text("utf-8")):
            found.append(f"{page}#{anchor}")
    return found


def test_no_topic_of_the_notes_is_without_a_section() -> None:
    text = (ROOT / "docs" / PAGE).read_text("utf-8")
    assert [f"#note-00{n}" for n in range(5)] == re.findall(r"\{ (#note-\d+) \}", text)
    assert [text.count(f"**program {n}**") for n in range(1, 5)] == [1, 1, 1, 1]
    assert unlinked(text) == []


def test_every_link_to_a_section_lands(site: Path) -> None:
    assert missing((ROOT / "docs" / PAGE).read_text("utf-8"), site) == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| a topic | nowhere yet |", True),
        ("| a [topic](errata.md#x) | nowhere yet |", True),
        ("| a topic | [a page, but no section](errata.md) |", True),
        ("| a topic | [a section](errata.md#seven) |", False),
    ],
)
def test_a_row_without_a_section_is_seen(row: str, fault: bool) -> None:
    assert bool(unlinked(f"| in the note | in the book |\n|---|---|\n{row}\n")) is fault


def test_a_link_that_leads_nowhere_is_seen(site: Path) -> None:
    text = "[a](errata.md#seven) [b](errata.md#eight) [c](nowhere.md) [d](../network/layer.md#eq-LAYER)"
    assert missing(text, site) == ["errata.md#eight", "nowhere.md#"]
