"""A claim in words names the assert that holds it: `assert far < near / 2  # "less than half as far"`."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from backproplab.book.source import HEADING, ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backproplab.book.source import Page

LIST = "tests/words.json"
"""For each page, and for all under `*`, phrases with such words that are names, instructions, or what a formula there says."""
COUNT = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|sixteen|twenty|thirty|fifty|hundred|thousand"
WORDS = re.compile(
    rf"\b(?:hal(?:f|ves|ved|ving)|twice|doubl(?:es|ed|ing)|tripl\w+|quarters?|\w+fold|(?:{COUNT}) times"
    r"|a (?:third|fifth)(?= of)|a (?:tenth|hundredth|thousandth)|too (?:low|high|large|small|big|far|short|long)"
    rf"|(?:one|none|all but one|{COUNT}) (?:in|out of) (?:a |the )?(?:{COUNT}))\b",
    re.IGNORECASE,
)
"""Words of proportion."""
QUOTED = re.compile(r'#[^"\n]*((?:"[^"\n]+"[^"\n]*)+)')
FORMULA = re.compile(r"`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|\]\([^)]*\)|\{[^{}\n]*\}|<[^>\n]*>", re.DOTALL)


def claims(root: Path = ROOT) -> list[str]:
    """A word of proportion stands in a phrase that an assert of its section quotes, or that is listed as no claim."""
    return [problem for page in pages(root) for problem in claims_on(page, root)]


def claims_on(page: Page, root: Path = ROOT) -> list[str]:
    """List the words of proportion that nothing holds, and the phrases that are quoted and not said."""
    path = root / LIST
    listed = json.loads(path.read_text("utf-8")) if path.exists() else {}
    free, everywhere = listed.get(page.name, []), listed.get("*", [])
    found = []
    for start, text, quoted in _sections(page):
        said = plain(text)
        covered = [
            found.span() for phrase in [*quoted, *free, *everywhere] for found in re.finditer(re.escape(phrase), said)
        ]
        found += [
            f"{page.line(start)}: an assert quotes {phrase!r}, which the section does not say"
            for phrase in quoted
            if phrase not in said
        ]
        found += [
            f'{page.line(start)}: say behind an assert of the section, # "…", that it holds "{word[0]}", or list the phrase in '
            f"{LIST}: {said[max(0, word.start() - 40) : word.end() + 20]}"
            for word in WORDS.finditer(said)
            if not any(first <= word.start() and word.end() <= last for first, last in covered)
        ]
    whole = plain(page.prose)
    return found + [f"{LIST}: docs/{page.name} does not say {phrase!r}" for phrase in free if phrase not in whole]


def _sections(page: Page) -> Iterator[tuple[int, str, list[str]]]:
    """Give for each section where it begins, its prose, and the phrases that comments in its programs quote."""
    starts = [0, *(heading.start() for heading in HEADING.finditer(page.prose)), len(page.prose)]
    for start, end in pairwise(starts):
        code = "\n".join(block.code for block in page.blocks if block.executed and start <= block.position < end)
        yield start, page.prose[start:end], re.findall(r'"([^"\n]+)"', " ".join(QUOTED.findall(code)))


def plain(text: str) -> str:
    """Return the words of a text in one line, without marks; a formula leaves a gap."""
    return " ".join(FORMULA.sub(" ", text).replace("*", "").split())
