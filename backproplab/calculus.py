"""Derivatives as numbers: what a slope is when all one has is the function."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, positive, real_array

__all__ = ["CENTRAL_STEP", "derivative", "gradient"]

CENTRAL_STEP = float(np.finfo(np.float64).eps ** (1 / 3))
r"""The relative step of a central difference, $\sqrt[3]{\varepsilon}$.

There the truncation error, which shrinks with $h^2$, meets the rounding error, which grows with $1/h$.
"""


def derivative(f: Callable[[float], float], x: float, h: float | None = None) -> float:
    r"""Return the slope of a function of one number by a central difference.

    $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}$$

    Args:
        f: The function.
        x: Where to take the slope.
        h: The step; by default $\sqrt[3]{\varepsilon}\,\max(1, |x|)$.

    Raises:
        TypeError: If `x` or `h` is not a number.
        ValueError: If `x` is not finite, or `h` is not finite and above zero.

    Source: Nocedal and Wright 2006, *Numerical Optimization*, section 8.1.
    """
    point = real_array(x, "x")
    if point.ndim:
        raise TypeError(f"x: expected one number, got an array of shape {point.shape}")
    return float(gradient(lambda point: f(float(point)), point, h))


def gradient(f: Callable[[Array], float], x: ArrayLike, h: float | None = None) -> Array:
    r"""Return all partial derivatives of a function of an array by central differences.

    $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + h e_i) - f(x - h e_i)}{2h}$$

    Args:
        f: Maps an array of the shape of `x` to one number.
        x: Where to take the gradient, any shape.
        h: The step; by default $\sqrt[3]{\varepsilon}\,\max(1, |x_i|)$.

    Returns:
        The gradient, the shape of `x`.

    Raises:
        TypeError: If `x` is not numeric.
        ValueError: If `x` is not finite, or `h` is not finite and above zero.

    Source: Nocedal and Wright 2006, *Numerical Optimization*, section 8.1.
    """
    point = np.array(real_array(x, "x", np.dtype(np.float64)))
    result = np.empty_like(point)
    for index in np.ndindex(point.shape):
        centre = float(point[index])
        step = positive(h, "h") if h is not None else CENTRAL_STEP * max(1.0, abs(centre))
        point[index] = centre + step
        above = f(point)
        point[index] = centre - step
        below = f(point)
        point[index] = centre
        result[index] = (above - below) / (2 * step)
    return result
