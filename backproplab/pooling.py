"""Pooling: one number for each window of a feature map, its largest or its mean."""

import math
from functools import reduce

import numpy as np

from backproplab.checks import Array
from backproplab.layers import Layer
from backproplab.windows import Pair, brief, pair, places, put_back, shifts

__all__ = ["AvgPool2d", "MaxPool2d"]


class _Pool2d(Layer):
    """What the two kinds of pooling share: the geometry of their windows."""

    def __init__(self, window: int | Pair, *, stride: int | Pair | None = None) -> None:
        self.window = pair(window, "window")
        self.stride = self.window if stride is None else pair(stride, "stride")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({brief(self.window)}, stride={brief(self.stride)})"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (C, height, width), or raise a `ValueError` unless the input is (C, H, W) and holds a window."""
        if len(input_shape) != 3:
            raise ValueError(f"{self!r}: expected an input of shape (channels, height, width), got {input_shape}")
        return (input_shape[0], *places(input_shape[1:], self.window, self.stride, repr(self)))

    def _shifts(self, a: Array, axis: int) -> list[Array]:
        """Return the shifts down (axis 1) or across (axis 2) images of shape (C, H, W, N)."""
        return shifts(a, axis, self.window[axis - 1], self.stride[axis - 1])

    def _put_back(self, parts: list[Array], shape: tuple[int, ...], axis: int) -> Array:
        """Put back what belongs to each shift."""
        return put_back(parts, shape, axis, self.stride[axis - 1])


class MaxPool2d(_Pool2d):
    r"""Max-pooling: of every window only the largest activation goes on, and only to it the error comes back.

    $$z_{c,i,j} = \max_{u,v}\; a^{l-1}_{c,\;i s + u,\;j s' + v}$$

    Of equal largest ones the first takes the whole error, row by row from the left, as in PyTorch. Rows and
    columns at the border that fill no window are left out. The activation is the identity.

    Args:
        window: The window's size, a number or a pair (height, width).
        stride: The step from window to window, a number or a pair; by default the window's size.

    Attributes:
        window: The pair (height, width).
        stride: The pair (down, across).

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If a size is below one.

    Source: Ranzato, Huang, Boureau and LeCun 2007, *Unsupervised Learning of Invariant Feature Hierarchies*.
    """

    def forward(self, a_prev: Array) -> Array:
        """Return z, the largest along the rows and of these down the columns, shape (C, height, width, N)."""
        return self._largest(self._largest(a_prev, 2), 1)

    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        """Return ∂C/∂a_prev: the way of `forward` back, first down the columns and then along the rows."""
        across = self._largest(a_prev, 2)
        grad_across = self._routed(across, self._largest(across, 1), delta, 1)
        return self._routed(a_prev, across, grad_across, 2)

    def _largest(self, a: Array, axis: int) -> Array:
        """Return the largest of each window along an axis."""
        return reduce(np.maximum, self._shifts(a, axis))

    def _routed(self, a: Array, largest: Array, delta: Array, axis: int) -> Array:
        """Send the error of each window to the first of its entries that is the largest."""
        parts = []
        for entry in self._shifts(a, axis)[:-1]:
            parts.append(delta * (entry == largest))
            delta = delta - parts[-1]
        return self._put_back([*parts, delta], a.shape, axis)  # what is left is for the last


class AvgPool2d(_Pool2d):
    r"""Average-pooling: every window sends on its mean, and its error comes back in equal shares.

    $$z_{c,i,j} = \frac{1}{K K'} \sum_{u,v} a^{l-1}_{c,\;i s + u,\;j s' + v}$$

    Rows and columns at the border that fill no window are left out. The activation is the identity.

    Args:
        window: The window's size, a number or a pair (height, width).
        stride: The step from window to window, a number or a pair; by default the window's size.

    Attributes:
        window: The pair (height, width).
        stride: The pair (down, across).

    Raises:
        TypeError: If a size is not a whole number.
        ValueError: If a size is below one.

    Source: LeCun et al. 1989, *Handwritten Digit Recognition with a Back-Propagation Network*.
    """

    def forward(self, a_prev: Array) -> Array:
        """Return z, the sum of each window, along the rows and then down the columns, over its size."""
        across = reduce(np.add, self._shifts(a_prev, 2))
        return reduce(np.add, self._shifts(across, 1)) / math.prod(self.window)

    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        """Return ∂C/∂a_prev: to every entry of a window an equal share; what several windows send adds up."""
        share = delta / math.prod(self.window)
        down, across = self.window
        columns = self._put_back([share] * down, (*a_prev.shape[:2], *share.shape[2:]), 1)
        return self._put_back([columns] * across, a_prev.shape, 2)
