"""The checks at every boundary: what was given, what was expected, said in one sentence."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Labels = NDArray[np.intp]

Named = TypeVar("Named")

MOST_MEMORY = 2**40  # bytes; a larger array is a slip of the pen


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, and no longer than the sentence around it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else f"{text[:100]} …"


def plain_array(value: ArrayLike, name: str) -> Array:
    """Return `value` as an array.

    Raises:
        TypeError: If it cannot be read as an array, or some of its numbers are masked.
        ValueError: If it is ragged.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name}: expected numbers without a mask, got a masked array: fill it first, with .filled(…)")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected a rectangular array of numbers, got a ragged one") from error
    except (TypeError, RuntimeError, OverflowError) as error:  # what other libraries' arrays raise
        kind = type(value).__name__
        raise TypeError(f"{name}: expected numbers that NumPy can read, got a {kind}: {shown(str(error))}") from error


def number_array(value: ArrayLike, name: str) -> Array:
    """Return `value` as an array of floating-point numbers, finite or not; an array of floats is returned as it is.

    Raises:
        TypeError: If `value` is not numeric or is complex.
        ValueError: If it is ragged.
    """
    if type(value) is np.ndarray and value.dtype.kind == "f":
        return value
    array = plain_array(value, name)
    if array.dtype.kind == "O":
        given = "an array of Python objects: try numpy.array(…, float)" if array.ndim else shown(value)
        raise TypeError(f"{name}: expected real numbers, got {given}")
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name}: expected real numbers, got an array of type {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def real_array(value: ArrayLike, name: str, dtype: np.dtype[Any] | None = None) -> Array:
    """Return `value` as an array of finite floating-point numbers.

    Args:
        value: Anything NumPy can read as numbers.
        name: The argument's name, for the error.
        dtype: The type to convert to; by default floats keep their type and integers become float64.

    Raises:
        TypeError: If `value` is not numeric or is complex.
        ValueError: If it is ragged, holds NaN or infinity, or a number too large for `dtype`.
    """
    array = number_array(value, name)
    dtype = array.dtype if dtype is None else dtype
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, copy=False)
    finite = np.isfinite(converted)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        kind = f"numbers that {dtype} can hold" if np.isfinite(array[where]) else "finite numbers"
        raise ValueError(f"{name}: expected {kind}, got {array[where]} at index {where}")
    return converted


def given_array(value: ArrayLike, name: str) -> Array:
    """Return an array as it is, and anything else that is numeric as one, for where every nanosecond counts."""
    return value if type(value) is np.ndarray else number_array(value, name)


def column_array(value: ArrayLike, name: str) -> Array:
    """Return `value` as an array that has a column for each example; such an array is returned as it is.

    Raises:
        TypeError: If `value` is not numeric or is complex.
        ValueError: If it has not two axes.
    """
    if type(value) is np.ndarray and value.ndim == 2:
        return value
    array = number_array(value, name)
    if array.ndim != 2:
        raise ValueError(f"{name}: expected a column for each example, shape (n, N), got {array.shape}")
    return array


def image_array(value: ArrayLike, name: str) -> Array:
    """Return `value` as an array of floating-point numbers that holds a batch of images.

    Raises:
        TypeError: If `value` is not numeric or is complex.
        ValueError: If it has not four axes.
    """
    array = number_array(value, name)
    if array.ndim != 4:
        raise ValueError(f"{name}: expected images, shape (C, H, W, N), got {array.shape}")
    return array


def examples(value: ArrayLike, shape: tuple[int, ...], name: str, dtype: np.dtype[Any]) -> Array:
    """Return `value` as a batch of examples, one example along the first axis.

    Args:
        value: A batch of shape (N, *shape), or a single example of that shape.
        shape: The shape of one example.
        name: The argument's name, for the error.
        dtype: The type to convert to.

    Raises:
        TypeError: If `value` is not numeric.
        ValueError: If the shape does not fit, the batch is empty, or a number is not finite.
    """
    array = real_array(value, name, dtype)
    if array.shape == shape:
        return array[np.newaxis]
    if array.shape[1:] != shape or array.ndim != len(shape) + 1:
        batch = ", ".join(["N", *map(str, shape)])
        raise ValueError(f"{name}: expected shape ({batch}) or one example {shape}, got {array.shape}")
    if len(array) == 0:
        raise ValueError(f"{name}: expected at least one example, got an empty batch of shape {array.shape}")
    return array


def class_labels(value: ArrayLike, classes: int, name: str) -> Labels:
    """Return `value` as class labels 0 … classes − 1.

    Raises:
        TypeError: If the labels are not integers.
        ValueError: If they are not a vector, or one is out of range.
    """
    labels = plain_array(value, name)
    if labels.dtype.kind == "O":
        raise TypeError(f"{name}: expected integer labels, got an array of Python objects: try numpy.array(…, int)")
    if labels.dtype.kind not in "ui":
        raise TypeError(f"{name}: expected integer labels, got an array of type {labels.dtype}")
    if labels.ndim > 1:
        raise ValueError(f"{name}: expected one label per example, shape (N,), got {labels.shape}")
    outside = labels[(labels < 0) | (labels >= classes)]
    if outside.size:
        raise ValueError(f"{name}: expected labels from 0 to {classes - 1}, got {outside.flat[0]}")
    return np.atleast_1d(labels).astype(np.intp, copy=False)


def whole_number(value: object, name: str, least: int = 1, most: int = 2**64 - 1) -> int:
    """Return `value` as a Python integer, at least `least` and at most `most`.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is too small or too large.
    """
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected a whole number, got {shown(value)}")
    number = int(value)
    if number < least:
        raise ValueError(f"{name}: expected at least {least}, got {_said(number)}")
    if number > most:
        raise ValueError(f"{name}: expected at most {most}, got {_said(number)}")
    return number


def _said(number: int) -> str:
    """Return a whole number in digits, or how many digits it has if Python will not write them all."""
    digits = int(abs(number).bit_length() * math.log10(2))
    return str(number) if digits < 40 else f"a number of some {digits} digits"


def array_size(shape: Sequence[int], name: str) -> None:
    """Raise a `ValueError` if an array of doubles of that shape would be larger than any memory."""
    if math.prod(shape) * 8 > MOST_MEMORY:
        sizes = " × ".join(_said(size) for size in shape)
        raise ValueError(f"{name}: expected less than a tebibyte of numbers, got {sizes} of them")


def real_number(value: object, name: str) -> float:
    """Return `value` as a float, which may be infinite or NaN.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is an integer too large for a float.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name}: expected a number, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}: expected a number that a float can hold, got {_said(int(value))}") from None


def positive(value: object, name: str) -> float:
    """Return `value` as a finite number above zero.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is zero, negative, infinite or NaN.
    """
    number = real_number(value, name)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name}: expected a finite number above zero, got {value}")
    return number


def not_negative(value: object, name: str) -> float:
    """Return `value` as a finite number that is zero or above.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is negative, infinite or NaN.
    """
    number = real_number(value, name)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{name}: expected a finite number that is zero or above, got {value}")
    return number


def share_below_one(value: object, name: str) -> float:
    """Return `value` as a number from 0 to below 1.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is out of that range.
    """
    number = real_number(value, name)
    if not 0 <= number < 1:
        raise ValueError(f"{name}: expected a number from 0 to below 1, got {value}")
    return number


def named(value: Named | str, known: Mapping[str, Named], name: str) -> Named:
    """Return `value` itself, or what `known` holds under that name.

    Raises:
        ValueError: If the name is unknown.
        TypeError: If `value` is neither a name nor an object of the right kind.
    """
    if isinstance(value, str):
        if value not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}, got {shown(value)}")
        return known[value]
    kind = type(next(iter(known.values())))
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {kind.__name__} or one of {', '.join(known)}, got {shown(value)}")
    return value


def generator(value: object, name: str = "rng") -> np.random.Generator:
    """Return `value` if it is a NumPy random generator.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name}: expected a numpy.random.Generator such as default_rng(0), got {shown(value)}")
    return value


def float_type(value: object, name: str = "dtype") -> np.dtype[Any]:
    """Return `value` as NumPy's float32 or float64.

    Raises:
        TypeError: If it is any other type.
    """
    try:
        dtype = np.dtype(value)  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: expected float32 or float64, got {shown(value)}") from error
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: expected float32 or float64, got {dtype}")
    return dtype


def columns(rows: Array) -> Array:
    """Return a view of a batch with the examples along the last axis instead of the first."""
    return rows.T if rows.ndim == 2 else np.moveaxis(rows, 0, -1)  # .T is the faster of the two
