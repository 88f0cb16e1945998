"""The arrays that a record keeps: copied, so that nobody else can change them, and the axes they are reduced along."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, float_type, number_array, real_number, shown, whole_number

Axis = int | tuple[int, ...] | None


def constant(value: ArrayLike, dtype: np.dtype[Any]) -> Array:
    """Return a copy of an operand that is no tensor; a plain number takes the type of its partner."""
    plain = type(value) in (int, float)
    return frozen(np.array(real_number(value, "operand"), dtype) if plain else copied(value, "operand"))


def copied(value: ArrayLike, name: str) -> Array:
    """Return a copy of some numbers, as floats of single or double precision."""
    array = number_array(value, name)
    float_type(array.dtype, name)
    return np.array(array)


def frozen(array: Array) -> Array:
    """Return the array, which nothing can write to any more."""
    array = np.asarray(array)
    array.flags.writeable = False
    return array


def reduction(axis: Axis, keepdims: object, shape: tuple[int, ...], least: int = 0) -> dict[str, Any]:
    """Return what a reduction has to know, its axes counted from the first; along them there are enough entries."""
    if not isinstance(keepdims, bool):
        raise TypeError(f"keepdims: expected True or False, got {shown(keepdims)}")
    count = len(shape)
    given = range(count) if axis is None else whole_numbers((axis,), "axis")
    axes = tuple(place % count if -count <= place < count else count for place in given)
    if count in axes or len(set(axes)) < len(axes):
        raise ValueError(f"axis: expected different axes of shape {shape}, got {axis}")
    if math.prod(shape[place] for place in axes) < least:
        raise ValueError(f"axis: expected at least one entry along it, got shape {shape}")
    return {"axes": axes, "keepdims": keepdims}


def whole_numbers(given: Sequence[int | Sequence[int]], name: str) -> tuple[int, ...]:
    """Return whole numbers that were given one by one, or as one list."""
    numbers = given[0] if len(given) == 1 and isinstance(given[0], list | tuple) else given
    return tuple(whole_number(number, name, least=-(2**62), most=2**62) for number in numbers)
