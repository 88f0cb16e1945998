"""Windows on images: where they lie, and two ways of looking through all of them at once."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backproplab.checks import Array, whole_number

__all__ = ["shifts", "window_rows"]

Pair = tuple[int, int]  # down and across


def pair(value: object, name: str, least: int = 1) -> Pair:
    """Return a whole number twice, or a pair of them as it is.

    Raises:
        TypeError: If a number is not whole.
        ValueError: If one is too small, or there are not two of them.
    """
    if not isinstance(value, tuple | list):
        number = whole_number(value, name, least)
        return number, number
    if len(value) != 2:
        raise ValueError(f"{name}: expected a whole number or a pair of them, got {value!r}")
    down, across = (whole_number(number, name, least) for number in value)
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

    $$s_{v,j} = a_{j s + v}, \qquad v = 0, \dots, K - 1$$

    Args:
        a: An array.
        axis: The axis along which the windows lie.
        window: Entries in a window, $K$.
        stride: The step $s$ from window to window.

    Returns:
        K views of `a`, in which the axis has an entry for each window.
    """
    places_before = (slice(None),) * axis
    beyond = a.shape[axis] - window + 1  # where no window begins any more
    return [a[(*places_before, slice(v, beyond + v, stride))] for v in range(window)]


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

    Source: Chellapilla, Puri and Simard 2006, *High Performance Convolutional Neural Networks for Document Processing*.
    """
    channels, image_height = a.shape[:2]
    across = sliding_window_view(a, kernel[1], axis=2)[:, :, :: stride[1]]  # (C, H, width, N, K')
    lines = np.ascontiguousarray(across.transpose(1, 0, 4, 2, 3))  # (H, C, K', width, N)
    lines = lines.reshape(image_height, channels * kernel[1], -1)
    down = sliding_window_view(lines, kernel[0], axis=0)[:: stride[0]]  # (height, C·K', width·N, K)
    return down.transpose(0, 3, 1, 2).reshape(len(down), kernel[0] * channels * kernel[1], -1)
