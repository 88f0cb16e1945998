"""Taylor's polynomial: the value and the first slopes of a function at one point, made into a function again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.calculus.derivatives import gradient, hessian
from backproplab.calculus.extrapolation import value_at
from backproplab.checks import Array, real_array, whole_number

__all__ = ["TaylorPolynomial", "taylor_polynomial"]


@dataclass(frozen=True)
class TaylorPolynomial:
    """A polynomial of degree 0, 1 or 2 that touches a function at one point; call it like the function.

    Attributes:
        centre: The point a, a number or shape (n,).
        value: The polynomial's value at a.
        gradient: Its first derivative at a, of the shape of a; zero if the degree is 0.
        hessian: Its second derivative at a, a number or shape (n, n); zero unless the degree is 2.
    """

    centre: Array
    value: float
    gradient: Any
    hessian: Any

    def __call__(self, x: ArrayLike) -> float:
        """Return the value of the polynomial at a point of the shape of its centre."""
        point = real_array(x, "x")
        if point.shape != self.centre.shape:
            raise ValueError(f"x: expected the shape of the centre, {self.centre.shape}, got {point.shape}")
        d = np.atleast_1d(point - self.centre)
        return float(self.value + np.atleast_1d(self.gradient) @ d + d @ np.atleast_2d(self.hessian) @ d / 2)


def taylor_polynomial(f: Callable[[Any], float], a: ArrayLike, order: int) -> TaylorPolynomial:
    r"""Measure the polynomial that agrees with a function in its value and its first derivatives at one point.

    $$p(x) = f(a) + \nabla f(a)^T (x - a) + \tfrac12 (x - a)^T H(a)\,(x - a)$$

    Args:
        f: Maps a number, or a vector, to one number.
        a: The point, a number or shape (n,).
        order: How many orders of derivatives to take: 0, 1 or 2.

    Raises:
        TypeError: If `a` or a value of `f` is not real, or `order` is not a whole number.
        ValueError: If `a` is a matrix, a value is not finite, or `order` is not 0, 1 or 2.

    Source: Nocedal and Wright 2006, *Numerical Optimization*, theorem 2.1.
    """
    centre = real_array(a, "a", np.dtype(np.float64))
    if centre.ndim > 1:
        raise ValueError(f"a: expected a number or a vector, got shape {centre.shape}")
    if whole_number(order, "order", least=0) > 2:
        raise ValueError(f"order: expected 0, 1 or 2, got {order}")
    return TaylorPolynomial(
        centre,
        float(value_at(f, centre, ())),
        gradient(f, centre).value if order >= 1 else np.zeros(centre.shape)[()],
        hessian(f, centre).value if order == 2 else np.zeros(centre.shape * 2)[()],
    )
