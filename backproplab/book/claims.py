"""A claim in words names the assert that holds it: `assert far < near / 2  # "less than half as far"`.

Three kinds are found by their form. A word of proportion (half, three of the ten) claims something wherever it stands, and so
does a comparison or a movement (larger than, falls, at most). A word that only points a way (larger, drop) claims something
in a caption, and where it stands in one sentence with a number that a program prints.
"""

from __future__ import annotations

import ast
import json
import re
from functools import lru_cache
from itertools import pairwise
from textwrap import dedent
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
    rf"|(?:one|none|all but one|{COUNT}) (?:in|of|out of) (?:a |the |these )?(?:{COUNT})"
    rf"|(?:about|nearly|almost|at most|at least|fewer than|more than|less than) (?:{COUNT}))\b",
    re.IGNORECASE,
)
"""Words of proportion, shares, and estimates."""
VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for a value in what a program prints."""
COMPARED = re.compile(
    r"\b(?:more|less|fewer|better|worse|(?:larg|small|fast|slow|high|low|short|long|near|steep|weak|strong)er)(?: \w+)? than\b"
    r"|\b(?:rises|rose|falls|fell|grows|grew|shrinks|shrank|drops|dropped|at (?:most|least)|never (?:below|above))\b",
    re.IGNORECASE,
)
"""Comparisons and movements."""
DIRECTION = re.compile(
    r"\b(?:larger|smaller|faster|slower|shorter|longer|nearer|fewer|better|worse|rise|fall|grow|shrink|drop)\b",
    re.IGNORECASE,
)
"""Words that point a way."""
SENTENCE = re.compile(r"(?:[^.:?!]|[.:](?=\S))+")
QUOTED = re.compile(r'#[^"\n]*((?:"[^"\n]+"[^"\n]*)+)')
FORMULA = re.compile(r"`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|\]\([^)]*\)|\{[^{}\n]*\}|<[^>\n]*>", re.DOTALL)


def claims(root: Path = ROOT) -> list[str]:
    """A claim stands in a phrase that an assert of its section quotes, or that is listed as no claim."""
    return [problem for page in pages(root) for problem in claims_on(page, root)]


def claims_on(page: Page, root: Path = ROOT) -> list[str]:
    """List the words of proportion and direction that nothing holds, and the phrases that are quoted and not said."""
    path = root / LIST
    listed = json.loads(path.read_text("utf-8")) if path.exists() else {}
    free, everywhere = listed.get(page.name, []), listed.get("*", [])
    found = []
    for start, text, code in _sections(page):
        quoted = re.findall(r'"([^"\n]+)"', " ".join(QUOTED.findall("\n".join(code))))
        said = [plain(text), *(plain(words) for program in code for words in printed(program))]
        captions = {plain(words) for program in code for words in captioned(program)}
        found += [
            f"{page.line(start)}: an assert quotes {phrase!r}, which the section does not say"
            for phrase in quoted
            if not any(phrase in words for words in said)
        ]
        found += [
            f'{page.line(start)}: say behind an assert of the section, # "…", that it holds "{words[first:last]}", or list the '
            f"phrase in {LIST}: {words[max(0, first - 40) : last + 20]}"
            for words in said
            for first, last in _claimed(words, caption=words in captions)
            if not any(
                phrase.start() <= first and last <= phrase.end()
                for each in [*quoted, *free, *everywhere]
                for phrase in re.finditer(re.escape(each), words)
            )
        ]
    whole = [
        plain(page.prose),
        *(plain(words) for block in page.blocks if block.executed for words in printed(block.code)),
    ]
    return found + [
        f"{LIST}: docs/{page.name} does not say {phrase!r}"
        for phrase in free
        if not any(phrase in words for words in whole)
    ]


def _claimed(words: str, *, caption: bool) -> Iterator[tuple[int, int]]:
    """Say where in a text the words are that claim something."""
    for kind in (WORDS, COMPARED):
        yield from (word.span() for word in kind.finditer(words))
    for sentence in SENTENCE.finditer(words):
        if caption or VALUE in sentence[0]:
            yield from (word.span() for word in DIRECTION.finditer(words, *sentence.span()))


@lru_cache(maxsize=4096)
def printed(code: str) -> list[str]:
    """Return what a program prints in words: its captions and whatever has values in it, with a mark for each value."""
    formatted = [node for node in ast.walk(ast.parse(dedent(code))) if isinstance(node, ast.JoinedStr)]
    return list(dict.fromkeys([*captioned(code), *map(_text, formatted)]))


@lru_cache(maxsize=4096)
def captioned(code: str) -> list[str]:
    """Return the captions of a program's figures."""
    words = [
        node for node in ast.walk(ast.parse(dedent(code))) if isinstance(node, ast.keyword) and node.arg == "caption"
    ]
    return [_text(node.value) for node in words if isinstance(node.value, ast.Constant | ast.JoinedStr)]


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in parts)
    return re.sub(r"\$[^$\n]*\$", lambda found: VALUE if VALUE in found[0] else " ", text)


def _sections(page: Page) -> Iterator[tuple[int, str, list[str]]]:
    """Give for each section where it begins, its prose, and its programs."""
    starts = [0, *(heading.start() for heading in HEADING.finditer(page.prose)), len(page.prose)]
    for start, end in pairwise(starts):
        code = [block.code for block in page.blocks if block.executed and start <= block.position < end]
        yield start, page.prose[start:end], code


def plain(text: str) -> str:
    """Return the words of a text in one line, without marks; a formula leaves a gap."""
    return " ".join(FORMULA.sub(" ", text).replace("*", "").split())
