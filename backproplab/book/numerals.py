"""Numbers in words: "ninety-nine", "a hundred", "sixty thousand"."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
VALUES = {word: n for n, word in enumerate(UNITS.split(), 1)} | {word: 10 * n for n, word in enumerate(TENS.split(), 2)}
POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
UNIT, TEN, POWER = (rf"(?:{'|'.join(words)})" for words in (UNITS.split(), TENS.split(), POWERS))
COUNT = rf"(?:{TEN}(?:-{UNIT})?|{UNIT})"
NUMERAL = re.compile(rf"(?<!\d )\b(?:(?:(?:{COUNT}|a) )?{POWER}(?: {POWER})?|{COUNT})\b(?!-)", re.IGNORECASE)
SMALLEST = 7
"""Smaller numbers are in every program, and "one" is often no number."""


def numerals(text: str) -> Iterator[re.Match[str]]:
    """Give the numbers of a text that are written in words, from seven on."""
    yield from (found for found in NUMERAL.finditer(text) if value(found[0]) >= SMALLEST)


def value(numeral: str) -> int:
    """Return the number that the words say."""
    words = re.split("[ -]", numeral.lower())
    count = sum(VALUES.get(word, 0) for word in words)
    return reduce(lambda total, word: total * POWERS.get(word, 1), words, count or 1)
