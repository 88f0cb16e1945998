"""Resampling: pictures at another size, by the areas that pixels cover, and windows of pixels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, array_size, real_array, shown
from backproplab.options import whole_numbers

__all__ = ["area_average", "centre_of_mass"]


def area_average(picture: ArrayLike, shape: Sequence[int]) -> Array:
    r"""Return a picture at another size: each new pixel is the mean of the old ones, weighted by the area it covers.

    $$S = P\,C\,Q^\mathsf{T}, \qquad P_{ki} = \frac{m}{h}\,
    \Bigl|\bigl[k\tfrac{h}{m},\,(k + 1)\tfrac{h}{m}\bigr] \cap [i,\,i + 1]\Bigr|$$

    for the $h$ rows of $C$ that become $m$; $Q$ likewise for the columns.

    Args:
        picture: Shape (height, width).
        shape: The new height and width.

    Raises:
        TypeError: If `picture` is not numeric, or `shape` is no pair of whole numbers.
        ValueError: If `picture` has not two axes or no pixel, or a side of `shape` is below one.

    Source: Schumacher 1992, "General Filtered Image Rescaling", in *Graphics Gems III*, with the box as filter.
    """
    c = grey_picture(picture)
    sizes = whole_numbers(shape, "shape")
    if len(sizes) != 2:
        raise ValueError(f"shape: expected a height and a width, got {shown(shape)}")
    array_size(sizes, "shape")
    rows, columns = (_overlaps(old, new) for old, new in zip(c.shape, sizes, strict=True))
    return rows @ c @ columns.T


def grey_picture(value: ArrayLike, name: str = "picture") -> Array:
    """Return `value` as a picture of finite numbers, shape (height, width).

    Raises:
        TypeError: If it is not numeric.
        ValueError: If it has not two axes, or no pixel.
    """
    picture = real_array(value, name)
    if picture.ndim != 2 or picture.size == 0:
        raise ValueError(f"{name}: expected shape (height, width), got {picture.shape}")
    return picture


def _overlaps(old: int, new: int) -> Array:
    """Return which share of each new pixel, a row, lies in each old one, a column."""
    edges = np.arange(new + 1)[:, np.newaxis] * old / new
    covered = np.clip(edges - np.arange(old), 0, 1)
    return np.diff(covered, axis=0) * new / old


def centre_of_mass(picture: ArrayLike) -> tuple[float, float]:
    r"""Return the row and the column of the centre of mass, counted from the middle of the first pixel.

    $$\bar r = \frac{\sum_{ij} i\,a_{ij}}{\sum_{ij} a_{ij}}, \qquad
    \bar c = \frac{\sum_{ij} j\,a_{ij}}{\sum_{ij} a_{ij}}$$

    Args:
        picture: How much ink there is in each pixel, shape (height, width).

    Raises:
        TypeError: If `picture` is not numeric.
        ValueError: If it has not two axes, holds a negative number, or there is no ink.

    Source: LeCun, Bottou, Bengio and Haffner 1998, *Gradient-Based Learning Applied to Document Recognition*, section
    III.A, for what it is good for.
    """
    a = grey_picture(picture)
    total = a.sum()
    if a.min() < 0 or not 0 < total < np.inf:
        raise ValueError(
            f"picture: expected ink, of which there is some and nowhere less than none, got {total:g} in all"
        )
    return float(a.sum(axis=1) @ np.arange(a.shape[0]) / total), float(a.sum(axis=0) @ np.arange(a.shape[1]) / total)


def filtered(picture: Array, window: int, reduce: Callable[..., Any]) -> Array:
    """Return what `reduce`, such as `np.max`, makes of the window around each pixel, along rows and then columns."""
    for axis in (0, 1):
        margin = [(window // 2, window // 2) if axis == side else (0, 0) for side in (0, 1)]
        padded = np.pad(picture, margin, "edge")
        picture = reduce(np.lib.stride_tricks.sliding_window_view(padded, window, axis), axis=-1)
    return picture


def stretched(coarse: Array, shape: tuple[int, ...]) -> Array:
    """Return a small picture at a larger size, with straight lines between the centres of its pixels."""
    for axis, size in enumerate(shape):
        last = coarse.shape[axis] - 1
        at = np.clip((np.arange(size) + 0.5) * (last + 1) / size - 0.5, 0, last)
        low = np.minimum(at.astype(int), max(last - 1, 0))
        share = (at - low).reshape(-1, 1) if axis == 0 else at - low
        coarse = (1 - share) * coarse.take(low, axis) + share * coarse.take(np.minimum(low + 1, last), axis)
    return coarse
