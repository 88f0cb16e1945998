"""Slopes as numbers: what can be known of a derivative when all one has is the function."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from backproplab.calculus.extrapolation import (
    EPS,
    LEAST,
    STEPS,
    Estimate,
    limit,
    partials,
    scale_of,
    shortening,
    value_at,
)
from backproplab.checks import Array, positive, real_array

__all__ = ["central_difference", "derivative", "forward_difference", "gradient", "hessian", "jacobian"]


def forward_difference(
    f: Callable[[float], float],
    x: float,
    h: float,
) -> float:
    r"""Return the slope of the line through a point of a curve and a point to its right.

    $$\frac{f(x + h) - f(x)}{h} = f'(x) + O(h)$$

    Args:
        f: A function of one number.
        x: Where to take the slope.
        h: How far to step, above zero.

    Raises:
        TypeError: If a value is not a real number.
        ValueError: If a value is not finite or is an array, or `h` is not above zero.

    Source: Nocedal and Wright 2006, *Numerical Optimization*, section 8.1.
    """
    x, h = _number(x, "x"), positive(h, "h")
    ahead = _number(f(x + h), "f(x + h)")
    here = _number(f(x), "f(x)")
    return (ahead - here) / h


def central_difference(
    f: Callable[[float], float],
    x: float,
    h: float,
) -> float:
    r"""Return the slope of the line through a point on the left and a point on the right.

    $$\frac{f(x + h) - f(x - h)}{2h} = f'(x) + O(h^2)$$

    Args:
        f: A function of one number.
        x: Where to take the slope.
        h: How far to step to either side, above zero.

    Raises:
        TypeError: If a value is not a real number.
        ValueError: If a value is not finite or is an array, or `h` is not above zero.

    Source: Nocedal and Wright 2006, *Numerical Optimization*, section 8.1.
    """
    x, h = _number(x, "x"), positive(h, "h")
    right = _number(f(x + h), "f(x + h)")
    left = _number(f(x - h), "f(x - h)")
    return (right - left) / (2 * h)


def derivative(f: Callable[[float], float], x: float) -> Estimate:
    r"""Measure the slope of a function of one number, to ten digits and more.

    Central differences at seven steps or more, each a quarter of the one before, are extrapolated to $h = 0$:

    $$D_{i,0} = \frac{f(x + h_i) - f(x - h_i)}{2h_i}, \qquad D_{i,k} = D_{i,k-1} + \frac{D_{i,k-1} - D_{i-1,k-1}}{16^k - 1}$$

    Args:
        f: A function of one number.
        x: Where to take the slope; the steps reach from $x - 1/128$ to $x + 1/128$, and in proportion for $|x| > 1$.
            Where `f` has no value that far away, they are shortened.

    Returns:
        The extrapolation with the smallest error, and an estimate of its error; two floats. A feature narrower than
        $2^{-13}$, and in proportion for $|x| > 1$, can escape both.

    Raises:
        TypeError: If `x` or a value of `f` is not a real number.
        ValueError: If one of them is not finite or is an array, or `f` has no value on one side however small the step.

    Source: Ridders 1982, *Accurate computation of F′(x) and F′(x)F″(x)*.
    """
    value, error = partials(f, np.array(_number(x, "x")), ())
    return Estimate(float(value), float(error))


def gradient(f: Callable[[Array], float], x: ArrayLike) -> Estimate:
    r"""Measure all partial derivatives of a function of an array, each as `derivative` does.

    $$(\nabla f)_i = \frac{\partial f}{\partial x_i}$$

    Args:
        f: Maps an array of the shape of `x` to one number.
        x: Where to take the gradient, any shape.

    Returns:
        The gradient and its error, two arrays of the shape of `x`.

    Raises:
        TypeError: If `x` or a value of `f` is not real.
        ValueError: If one of them is not finite, or `f` gives an array.

    Source: Ridders 1982, *Accurate computation of F′(x) and F′(x)F″(x)*.
    """
    return partials(f, real_array(x, "x", np.dtype(np.float64)), ())


def jacobian(f: Callable[[Array], ArrayLike], x: ArrayLike) -> Estimate:
    r"""Measure how each output of a function moves with each of its inputs.

    $$J_{ij} = \frac{\partial f_i}{\partial x_j}$$

    Args:
        f: Maps a vector to a vector, or to a number, which counts as one output.
        x: Where to take the Jacobian, shape (inputs,).

    Returns:
        The Jacobian and its error, shape (outputs, inputs): a row for each output, a column for each input.

    Raises:
        TypeError: If `x` or a value of `f` is not real.
        ValueError: If one of them is not finite or is no vector.

    Source: Nocedal and Wright 2006, *Numerical Optimization*, section 8.1, with the extrapolation of Ridders 1982.
    """
    point = real_array(x, "x", np.dtype(np.float64))
    outputs = np.atleast_1d(real_array(f(point.copy()), "f(x)"))
    for name, array in (("x", point), ("f(x)", outputs)):
        if array.ndim != 1:
            raise ValueError(f"{name}: expected a vector, got shape {array.shape}")
    value, error = partials(lambda moved: np.atleast_1d(f(moved)), point, outputs.shape)
    return Estimate(value.T, error.T)


def hessian(f: Callable[[Array], float], x: ArrayLike) -> Estimate:
    r"""Measure all second derivatives of a function of a vector, or of one number.

    $$H_{ij} = \frac{\partial^2 f}{\partial x_i\,\partial x_j} \approx \frac{1}{4h^2} \sum_{p,\,q\,=\,\pm 1} pq\, f(x + p\,h e_i + q\,h e_j)$$

    Args:
        f: Maps a vector, or a number, to one number.
        x: Where to take the Hessian, shape (n,) or a number.

    Returns:
        The Hessian and its error, shape (n, n) or numbers, both symmetric.

    Raises:
        TypeError: If `x` or a value of `f` is not real.
        ValueError: If one of them is not finite, `x` is a matrix, `f` gives an array, or has no value around `x`
            however small the step.

    Source: Abramowitz and Stegun 1964, formula 25.3.26, with the extrapolation of Ridders 1982.
    """
    point = real_array(x, "x", np.dtype(np.float64))
    if point.ndim > 1:
        raise ValueError(f"x: expected a number or a vector, got shape {point.shape}")
    scale, n = np.array([scale_of(x) for x in point.flat]), point.size
    value, error = np.empty((2, n, n))
    units = (np.eye(n) * scale).reshape(n, *point.shape)
    noise = 4 * EPS * (abs(value_at(f, point, ())) + scale @ np.abs(gradient(f, point).value).ravel())
    for i, j in zip(*np.tril_indices(n), strict=True):
        over, under = units[i] + units[j], units[i] - units[j]
        corners = np.array([over, under, -under, -over])
        short = shortening(f, point, STEPS[0] * corners, ())
        steps, areas = short * STEPS[:LEAST], 4 * (short * STEPS[:LEAST]) ** 2 * scale[i] * scale[j]
        quotients = []
        for h, area in zip(steps, areas, strict=True):
            a, b, c, d = (value_at(f, point + h * corner, ()) for corner in corners)
            quotients.append((a - b - c + d) / area)
        value[i, j], error[i, j] = limit(quotients, 4 * noise / areas)
        value[j, i], error[j, i] = value[i, j], error[i, j]
    return Estimate(value.reshape(point.shape * 2)[()], error.reshape(point.shape * 2)[()])


def _number(value: ArrayLike, name: str) -> float:
    """Return `value` as one finite float."""
    array = real_array(value, name)
    if array.ndim:
        raise ValueError(f"{name}: expected one number, got shape {array.shape}")
    return float(array)
