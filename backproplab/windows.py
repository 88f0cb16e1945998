"""Windows on images: where they lie, and two ways of looking through all of them at once."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided

from backproplab.checks import Array, array_size, image_array, number_array, shown, whole_number
from backproplab.options import sequence, whole_numbers

__all__ = ["put_back", "shifts", "window_rows"]

Pair = tuple[int, int]  # down and across
MOST = 2**31 - 1  # rows or columns


def pair(value: object, name: str, least: int = 1) -> Pair:
    """Return a whole number twice, or a pair of them as it is.

    Raises:
        TypeError: If a number is not whole.
        ValueError: If one is too small, or there are not two of them.
    """
    if not isinstance(value, tuple | list):
        number = whole_number(value, name, least, MOST)
        return number, number
    if len(value) != 2:
        raise ValueError(f"{name}: expected a whole number or a pair of them, got {shown(value)}")
    down, across = (whole_number(number, name, least, MOST) for number in value)
    return down, across


def brief(sizes: Pair) -> str:
    """Return a pair as one may write it: as a single number if its two are equal."""
    return str(sizes[0] if sizes[0] == sizes[1] else sizes)


def places(size: Sequence[int], window: Pair, stride: Pair, name: str, padding: Pair = (0, 0)) -> Pair:
    r"""Return how many windows an image holds, down and across.

    $$\left\lfloor \frac{H + 2p - K}{s} \right\rfloor + 1$$

    Args:
        size: The image's size (H, W).
        window: The window's size (K, K').
        stride: The steps from window to window.
        name: Whose windows they are, for the error.
        padding: Rows and columns of zeros around the image.

    Raises:
        ValueError: If not one window fits.
    """
    least = [max(1, part - 2 * zeros) for part, zeros in zip(window, padding, strict=True)]
    if size[0] < least[0] or size[1] < least[1]:
        raise ValueError(f"{name}: expected an image of at least {least[0]} × {least[1]}, got {size[0]} × {size[1]}")
    down, across = (
        (side + 2 * zeros - part) // step + 1
        for side, part, step, zeros in zip(size, window, stride, padding, strict=True)
    )
    return down, across


def shifts(a: Array, axis: int, window: int, stride: int) -> list[Array]:
    r"""Return what the windows along one axis hold: first all their first entries, then all their second, and so on.

    $$r_{v,j} = a_{j s + v}, \qquad v = 0, \dots, K - 1$$

    Args:
        a: An array.
        axis: The axis along which the windows lie.
        window: Entries in a window, $K$.
        stride: The step $s$ from window to window.

    Returns:
        K views of `a`, in which the axis has an entry for each window.

    Raises:
        TypeError: If `a` is not numeric, or one of the others is not a whole number.
        ValueError: If `a` has no such axis, or not one window fits into it.
    """
    a = number_array(a, "a")
    axis = whole_number(axis, "axis", least=0)
    if axis >= a.ndim:
        raise ValueError(f"axis: expected one that a {a.shape} has, got {axis}")
    window, stride = whole_number(window, "window"), whole_number(stride, "stride")
    if window > a.shape[axis]:
        raise ValueError(f"window: expected one that fits into axis {axis} of a {a.shape}, got {window}")
    places_before = (slice(None),) * axis
    beyond = a.shape[axis] - window + 1  # where no window begins any more
    return [a[(*places_before, slice(v, beyond + v, stride))] for v in range(window)]


def put_back(parts: Sequence[Array], shape: tuple[int, ...], axis: int, stride: int) -> Array:
    r"""Put numbers back to where `shifts` takes them from, and add up what several windows send to one place.

    $$a_i = \sum_{v,\,j:\ j s + v = i} r_{v,j}$$

    Args:
        parts: What belongs to the first entries of all windows, to their second entries, and so on.
        shape: The shape of the result.
        axis: The axis along which the windows lie.
        stride: The step $s$ from window to window.

    Returns:
        An array of that shape, zero where no window reaches.

    Raises:
        TypeError: If a part is not numeric, or one of the others is not a whole number.
        ValueError: If there is no part, or the parts do not fit into the shape.
    """
    parts = [number_array(part, "parts") for part in sequence(parts, "parts")]
    if not parts:
        raise ValueError("parts: expected at least one, got none")
    shape = whole_numbers(shape, "shape")
    if not shape:
        raise ValueError("shape: expected at least one axis, got none")
    array_size(shape, "shape")
    result = np.zeros(shape, parts[0].dtype)
    for v, (shift, part) in enumerate(zip(shifts(result, axis, len(parts), stride), parts, strict=True)):
        if part.shape != shift.shape:
            raise ValueError(f"parts: expected shape {shift.shape} with stride {stride}, got {part.shape}")
        if v < stride:
            shift[...] = part  # no window has been here before
        else:
            shift += part
    return result


def window_rows(a: Array, kernel: Pair, stride: Pair = (1, 1)) -> Array:
    r"""Lay every window of the images out as a column, one matrix for each row of windows.

    $$r_{i,\;(u,c,v),\;(j,n)} = a_{c,\;i s + u,\;j s' + v,\;n}$$

    Only the shifts across are copied. Windows that lie below each other share their rows of the image, and so
    the matrices overlap in memory.

    Args:
        a: Images, shape (C, H, W, N).
        kernel: The window's size (K, K').
        stride: The steps $s$ and $s'$.

    Returns:
        Matrices, shape (height, K·C·K', width·N); read them only.

    Raises:
        TypeError: If `a` is not numeric, or a size is not a whole number.
        ValueError: If `a` has not four axes, or not one window fits.

    Source: Chellapilla, Puri and Simard 2006, *High Performance Convolutional Neural Networks for Document Processing*.
    """
    a, kernel, stride = image_array(a, "a"), pair(kernel, "kernel"), pair(stride, "stride")
    channels, lines, _, examples = a.shape
    height, width = places(a.shape[1:3], kernel, stride, "a")
    across = np.empty((lines, channels, kernel[1], width, examples), a.dtype)
    for v, shift in enumerate(shifts(a, 2, kernel[1], stride[1])):
        across[:, :, v] = shift.swapaxes(0, 1)
    line, row, number = across.strides[0], across.strides[2], across.itemsize
    shape = (height, kernel[0] * channels * kernel[1], width * examples)
    return as_strided(across, shape, (stride[0] * line, row, number), writeable=False)  # matrix i begins at line i s
