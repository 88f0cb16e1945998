"""The checks of what is no array of numbers: names, texts, lists, dicts, functions, counts of digits."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from backproplab.checks import shown, whole_number

Called = TypeVar("Called")

MOST_DIGITS = 1074  # decimals of the smallest double
MOST_PIXELS = 10_000


def text(value: object, name: str) -> str:
    """Return `value` if it is a string.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a string, got {shown(value)}")
    return value


def texts(value: Sequence[str], name: str) -> list[str]:
    """Return `value` as a list of strings.

    Raises:
        TypeError: If it is anything else.
    """
    return [text(part, name) for part in sequence(value, name)]


def symbol(value: object, name: str) -> str:
    """Return `value` if it can name a function: letters, digits and underscores, such as leaky_relu.

    Raises:
        TypeError: If it is no string.
        ValueError: If it is no such name.
    """
    word = text(value, name)
    if not word.isidentifier():
        raise ValueError(f"{name}: expected letters, digits and underscores, such as leaky_relu, got {shown(word)}")
    return word


def sequence(value: object, name: str) -> Sequence[Any]:
    """Return `value` if it is a list or a tuple.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name}: expected a list, got {shown(value)}")
    return value


def two(value: object, name: str) -> tuple[Any, Any]:
    """Return `value` as a pair.

    Raises:
        TypeError: If it is no list or tuple.
        ValueError: If it holds not two things.
    """
    parts = sequence(value, name)
    if len(parts) != 2:
        raise ValueError(f"{name}: expected a pair, got {shown(value)}")
    return parts[0], parts[1]


def mapping(value: object, name: str) -> Mapping[Any, Any]:
    """Return `value` if it is a dict or behaves as one.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a dict, got {shown(value)}")
    return value


def function(value: Called, name: str) -> Called:
    """Return `value` if it can be called.

    Raises:
        TypeError: If it cannot.
    """
    if not callable(value):
        raise TypeError(f"{name}: expected a function, got {shown(value)}")
    return value


def whole_numbers(value: object, name: str, least: int = 1) -> tuple[int, ...]:
    """Return `value` as a tuple of whole numbers that are at least `least`.

    Raises:
        TypeError: If it is no tuple or list of whole numbers.
        ValueError: If one of them is too small.
    """
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name}: expected a tuple of whole numbers, got {shown(value)}")
    return tuple(whole_number(number, name, least) for number in value)


def digit_count(value: object) -> int:
    """Return `value` as a number of decimals.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is negative, or more than a double has.
    """
    return whole_number(value, "digits", least=0, most=MOST_DIGITS)


def is_forward(direction: object) -> bool:
    """Say whether a direction is "forward".

    Raises:
        ValueError: If it is neither "forward" nor "backward".
    """
    if not isinstance(direction, str) or direction not in ("forward", "backward"):
        raise ValueError(f"direction: expected 'forward' or 'backward', got {shown(direction)}")
    return direction == "forward"


def picture_size(value: object) -> tuple[int, int]:
    """Return `value` as the width and the height of a picture.

    Raises:
        TypeError: If it is no pair of whole numbers.
        ValueError: If it is another number of them, or one is below one or larger than any screen.
    """
    sizes = whole_numbers(value, "size")
    if len(sizes) != 2 or max(sizes) > MOST_PIXELS:
        raise ValueError(f"size: expected a width and a height, at most {MOST_PIXELS} each, got {sizes}")
    return sizes[0], sizes[1]
