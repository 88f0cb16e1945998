"""Augmentation: more examples to learn from, made of those that there are by changes that leave the class as it is."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from backproplab.checks import Array, generator, number_array, whole_number

__all__ = ["shifted"]


def shifted(images: ArrayLike, rng: np.random.Generator, pixels: int = 1) -> Array:
    r"""Return images that are shifted by whole pixels, each by its own distance, and filled up with zeros.

    $$x'_{n,i,j} = x_{n,\,i - d_n,\,j - e_n}$$

    where $d_n$ and $e_n$ are drawn from $-p, \dots, p$, all equally likely, and $x$ is zero outside the image.

    Args:
        images: Square images as rows, shape (N, side²), or images of shape (N, H, W) or (N, C, H, W), whose channels
            are shifted together.
        rng: The generator that draws the distances.
        pixels: The largest distance, $p$.

    Returns:
        New images, of the same shape and precision.

    Raises:
        TypeError: If `images` is not numeric, `rng` is no generator, or `pixels` is not whole.
        ValueError: If the shape is none of these, or `pixels` is below zero or larger than the image.

    Source: Simard, Steinkraus and Platt 2003, *Best Practices for Convolutional Neural Networks Applied to Visual Document
    Analysis*, section 2.
    """
    given = number_array(images, "images")
    side = math.isqrt(given.shape[1]) if given.ndim == 2 else 0
    if given.ndim not in (2, 3, 4) or (given.ndim == 2 and side * side != given.shape[1]) or 0 in given.shape[1:]:
        shapes = "(N, side²), (N, H, W) or (N, C, H, W)"
        raise ValueError(f"images: expected a batch of them, shape {shapes}, got {given.shape}")
    count = len(given)
    height, width = (side, side) if side else given.shape[-2:]
    p = whole_number(pixels, "pixels", least=0, most=min(height, width))

    stack = given.reshape(count, -1 if count else 1, height, width)
    padded = np.zeros((count, stack.shape[1], height + 2 * p, width + 2 * p), given.dtype)
    padded[:, :, p : p + height, p : p + width] = stack
    windows = sliding_window_view(padded, (height, width), axis=(2, 3))  # (N, C, 2p + 1, 2p + 1, H, W)
    down, across = generator(rng).integers(0, 2 * p + 1, (2, count))
    return windows[np.arange(count), :, down, across].reshape(given.shape)
