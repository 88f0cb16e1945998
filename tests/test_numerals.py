"""Numbers in words are found whole, and mean what they say."""

from __future__ import annotations

import pytest

from backproplab.book.numerals import numerals, value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Of ninety-nine, a hundred or sixty thousand", [99, 100, 60_000]),
        ("A hundred thousand, thirteen million, thousand", [100_000, 13_000_000, 1000]),
        ("Seven, eleven and forty-two, but one, six and a few", [7, 11, 42]),
        ("25 million, a forty-ninth, tens and hundreds, tender", []),
    ],
)
def test_numbers_from_seven_on_are_found(text: str, found: list[int]) -> None:
    assert [value(numeral[0]) for numeral in numerals(text)] == found
