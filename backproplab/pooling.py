"""Pooling: one number for each window of a feature map, its largest or its mean."""

import math
from functools import reduce

import numpy as np

from backproplab.checks import Array
from backproplab.layers import Layer
from backproplab.windows import Pair, brief, pair, places, shifts

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
        """Return the shifts along the rows' axis 1 or the columns' axis 2 of images (C, H, W, N)."""
        return shifts(a, axis, self.window[axis - 1], self.stride[axis - 1])


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
        return self._routed(a_prev, across, self._routed(across, self._largest(across, 1), delta, 1), 2)

    def _largest(self, a: Array, axis: int) -> Array:
        """Return the largest of each window along an axis."""
        return reduce(np.maximum, self._shifts(a, axis))

    def _routed(self, a: Array, largest: Array, delta: Array, axis: int) -> Array:
        """Send each window's error to the first of its entries that is the largest; what several send adds up."""
        grad = np.zeros_like(a)
        *earlier, (_, last_grad) = zip(self._shifts(a, axis), self._shifts(grad, axis), strict=True)
        for entry, entry_grad in earlier:
            taken = delta * (entry == largest)
            entry_grad += taken
            delta = delta - taken  # what is left looks on
        last_grad += delta
        return grad


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
        grad = np.zeros_like(a_prev)
        share = delta / math.prod(self.window)
        for row in self._shifts(grad, 1):
            for entry in self._shifts(row, 2):
                entry += share
        return grad
