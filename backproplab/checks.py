"""The checks at every boundary: what was given, what was expected, said in one sentence."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Labels = NDArray[np.intp]

Named = TypeVar("Named")


def plain_array(value: ArrayLike, name: str) -> Array:
    """Return `value` as an array.

    Raises:
        ValueError: If it is ragged.
    """
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected a rectangular array of numbers, got a ragged one") from error


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
    array = plain_array(value, name)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name}: expected real numbers, got an array of type {array.dtype}")
    if dtype is None:
        dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, copy=False)
    finite = np.isfinite(converted)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        kind = f"numbers that {dtype} can hold" if np.isfinite(array[where]) else "finite numbers"
        raise ValueError(f"{name}: expected {kind}, got {array[where]} at index {where}")
    return converted


def two_axes(value: Array, name: str) -> None:
    """Raise a `ValueError` unless an array has columns."""
    if value.ndim != 2:
        raise ValueError(f"{name}: expected a column for each example, shape (n, N), got {value.shape}")


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
    if labels.dtype.kind not in "ui":
        raise TypeError(f"{name}: expected integer labels, got an array of type {labels.dtype}")
    if labels.ndim > 1:
        raise ValueError(f"{name}: expected one label per example, shape (N,), got {labels.shape}")
    outside = labels[(labels < 0) | (labels >= classes)]
    if outside.size:
        raise ValueError(f"{name}: expected labels from 0 to {classes - 1}, got {outside.flat[0]}")
    return np.atleast_1d(labels).astype(np.intp, copy=False)


def whole_number(value: object, name: str, least: int = 1) -> int:
    """Return `value` as an integer that is at least `least`.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
    return int(value)


def example_shape(value: object, name: str) -> tuple[int, ...]:
    """Return `value` as the shape of one example.

    Raises:
        TypeError: If it is no tuple of whole numbers.
        ValueError: If one of them is below one.
    """
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name}: expected a tuple of whole numbers, got {value!r}")
    return tuple(whole_number(size, name) for size in value)


def positive(value: object, name: str) -> float:
    """Return `value` as a finite number above zero.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is zero, negative, infinite or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name}: expected a finite number above zero, got {value}")
    return float(value)


def named(value: Named | str, known: Mapping[str, Named], name: str) -> Named:
    """Return `value` itself, or what `known` holds under that name.

    Raises:
        ValueError: If the name is unknown.
        TypeError: If `value` is neither a name nor an object of the right kind.
    """
    if isinstance(value, str):
        if value not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")
        return known[value]
    kind = type(next(iter(known.values())))
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {kind.__name__} or one of {', '.join(known)}, got {value!r}")
    return value


def generator(value: object, name: str = "rng") -> np.random.Generator:
    """Return `value` if it is a NumPy random generator.

    Raises:
        TypeError: If it is anything else.
    """
    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{name}: expected a numpy.random.Generator such as default_rng(0), got {value!r}")
    return value


def float_type(value: object, name: str = "dtype") -> np.dtype[Any]:
    """Return `value` as NumPy's float32 or float64.

    Raises:
        TypeError: If it is any other type.
    """
    try:
        dtype = np.dtype(value)  # type: ignore[call-overload]
    except TypeError as error:
        raise TypeError(f"{name}: expected float32 or float64, got {value!r}") from error
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: expected float32 or float64, got {dtype}")
    return dtype


def columns(rows: Array) -> Array:
    """Return a view of a batch with the examples along the last axis instead of the first."""
    return rows.T if rows.ndim == 2 else np.moveaxis(rows, 0, -1)  # .T is the faster of the two
