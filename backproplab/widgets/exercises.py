"""Exercises that answer back: a number, a shape or a choice taken in place, and a sentence for each mistake that people make.

What is right and what is wrong doesn't stand in the page in clear. That is a curtain, not a lock: whoever wants to can draw
it aside, and the solution is in a fold below anyway.
"""

from __future__ import annotations

import base64
import json
import re
from html import escape
from itertools import combinations
from numbers import Real
from typing import TYPE_CHECKING, Any

from backproplab.widgets.elements import element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DECIMALS = (
    "a whole number",
    "one decimal",
    "two decimals",
    "three decimals",
    "four decimals",
    "five decimals",
    "six decimals",
)
Shape = tuple[int, ...]


def ask_number(
    name: str,
    question: str,
    right: float,
    mistakes: Mapping[str, float],
    *,
    digits: int | None = None,
    because: str = "",
) -> str:
    """Return the HTML of a field that takes a number.

    Args:
        name: What the exercise is called, in the whole book.
        question: What is asked for, in a few words; `code` in backticks.
        right: The answer.
        mistakes: For each mistake the sentence that helps, and what it leads to.
        digits: How many decimals the answer needs, which the question then says; without, it is asked for exactly.
        because: A sentence for those who have it right.

    Raises:
        ValueError: If two of the numbers are too near to each other to be told apart, one is not finite, or an exact answer
            has more than six decimals.
    """
    values = {"the right answer": _finite(name, right)} | {
        said: _finite(name, value) for said, value in mistakes.items()
    }
    if digits is not None:
        question += f", to {DECIMALS[digits]}"
    elif round(values["the right answer"], 6) != values["the right answer"]:
        raise ValueError(f"{name}: expected an exact answer of at most six decimals, got {right}: say how many digits")
    for (one, x), (other, y) in combinations(values.items(), 2):
        apart = 2.5 * 10.0**-digits if digits is not None else 1e-6 * max(1, abs(x))
        if abs(x - y) < apart:
            raise ValueError(f"{name}: expected answers to be told apart, got {x} for {one!r} and {y} for {other!r}")
    first, *others = values.values()
    answers = {"right": first, "digits": digits, "because": _html(because)}
    return _field(name, question, "number", answers | {"mistakes": _pairs(others, mistakes)})


def ask_shape(name: str, question: str, right: Shape, mistakes: Mapping[str, Shape], *, because: str = "") -> str:
    """Return the HTML of a field that takes the shape of an array.

    Raises:
        ValueError: If one shape stands there twice, or is none.
    """
    shapes = [tuple(int(size) for size in shape) for shape in (right, *mistakes.values())]
    if len(set(shapes)) < len(shapes) or not all(shape and min(shape) > 0 for shape in shapes):
        raise ValueError(f"{name}: expected shapes that differ, got {shapes}")
    answers = {"right": shapes[0], "because": _html(because), "mistakes": _pairs(shapes[1:], mistakes)}
    return _field(name, question, "shape", answers)


def ask_choice(name: str, question: str, right: str, options: Mapping[str, str]) -> str:
    """Return the HTML of a question with some answers to choose from.

    Args:
        name: What the exercise is called, in the whole book.
        question: What is asked.
        right: One of the options.
        options: The answers in the order in which they are read, each with the sentence that it is met with.

    Raises:
        ValueError: If `right` is no option, or there are fewer than two.
    """
    if right not in options or len(options) < 2:
        raise ValueError(f"{name}: expected two options or more with {right!r} among them, got {list(options)}")
    answers = {"right": list(options).index(right), "sentences": [_html(said) for said in options.values()]}
    return _element(
        name, question, "choice", answers, "".join(f'<p class="option">{_html(option)}</p>' for option in options)
    )


def opened(html: str) -> Iterator[tuple[str, str, Any]]:
    """Give name, kind and answers of each exercise in some HTML, as the script reads them."""
    for found in re.finditer(r'<backprop-exercise\b.*?<script type="application/json">(.*?)</script>', html, re.DOTALL):
        data = json.loads(found[1])
        hidden = base64.b64decode(data["answers"])
        yield data["name"], data["kind"], json.loads(_mixed(data["name"], hidden))


def _finite(name: str, value: Any) -> float:
    """Round a number where another machine could have another digit."""
    if not isinstance(value, Real) or not abs(float(value)) < 1e300:
        raise ValueError(f"{name}: expected finite numbers, got {value!r}")
    return float(f"{float(value):.10g}")


def _pairs(values: list[Any], sentences: Mapping[str, Any]) -> list[list[Any]]:
    return [[value, _html(said)] for value, said in zip(values, sentences, strict=True)]


def _field(name: str, question: str, kind: str, answers: dict[str, Any]) -> str:
    return _element(name, question, kind, answers, '<p class="entry"></p>')


def _element(name: str, question: str, kind: str, answers: dict[str, Any], picture: str) -> str:
    text = json.dumps(answers, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    hidden = base64.b64encode(_mixed(name, text)).decode()
    data = {"name": name, "kind": kind, "answers": hidden}
    asked = f'<div class="ask"><p class="question">{_html(question)}</p>{picture}</div>'
    return element("exercise", question.replace("`", ""), data, asked, id=f"ask-{name}", kind=kind)


def _mixed(name: str, text: bytes) -> bytes:
    """Mix a text with numbers that follow from the name (FNV-1a, then xorshift32); twice gives it back."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    mixed = bytearray()
    for byte in text:
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        mixed.append(byte ^ state & 255)
    return bytes(mixed)


def _html(words: str) -> str:
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(words, quote=False))
