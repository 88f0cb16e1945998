"""Slopes as numbers: what can be known of a derivative when all one has is the function."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, positive, real_array

__all__ = ["Estimate", "central_difference", "derivative", "forward_difference", "gradient", "hessian", "jacobian"]

EPS = float(np.finfo(np.float64).eps)
STEPS = 2.0**-7 / 4.0 ** np.arange(7)


class Estimate(NamedTuple):
    """A measured derivative, and how far off it can be.

    The error adds up the spread between neighbouring extrapolations and the rounding of `f`, which is taken to be
    computed to the precision of the machine. At a kink the estimate reaches from the slope on one side to the other.

    Attributes:
        value: The derivative; a number, or an array.
        error: An estimate of its absolute error, of the same shape. It is no bound: what is narrower than the widest
            step, 1/128 and in proportion for large coordinates, can escape it.
    """

    value: Any
    error: Any


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

    Central differences at seven steps, each a quarter of the one before, are extrapolated to $h = 0$:

    $$D_{i,0} = \frac{f(x + h_i) - f(x - h_i)}{2h_i}, \qquad D_{i,k} = D_{i,k-1} + \frac{D_{i,k-1} - D_{i-1,k-1}}{16^k - 1}$$

    Args:
        f: A function of one number.
        x: Where to take the slope; the steps reach from $x - 1/128$ to $x + 1/128$, and in proportion for $|x| > 1$.

    Returns:
        The extrapolation with the smallest error, and the error; two floats.

    Raises:
        TypeError: If `x` or a value of `f` is not a real number.
        ValueError: If one of them is not finite or is an array.

    Source: Ridders 1982, *Accurate computation of F′(x) and F′(x)F″(x)*.
    """
    value, error = _partials(f, np.array(_number(x, "x")), ())
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
    return _partials(f, real_array(x, "x", np.dtype(np.float64)), ())


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
    value, error = _partials(lambda moved: np.atleast_1d(f(moved)), point, outputs.shape)
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
        ValueError: If one of them is not finite, `x` is a matrix, or `f` gives an array.

    Source: Abramowitz and Stegun 1964, formula 25.3.26, with the extrapolation of Ridders 1982.
    """
    point = real_array(x, "x", np.dtype(np.float64))
    if point.ndim > 1:
        raise ValueError(f"x: expected a number or a vector, got shape {point.shape}")
    scale, n = np.array([_scale(x) for x in point.flat]), point.size
    value, error = np.empty((2, n, n))
    units = (np.eye(n) * scale).reshape(n, *point.shape)
    noise = 4 * EPS * (abs(value_at(f, point, ())) + scale @ np.abs(gradient(f, point).value).ravel())
    for i, j in zip(*np.tril_indices(n), strict=True):
        quotients = []
        for h in STEPS:
            over, under = h * (units[i] + units[j]), h * (units[i] - units[j])
            corners = [value_at(f, point + move, ()) for move in (over, under, -under, -over)]
            quotients.append((corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h * scale[i] * scale[j]))
        value[i, j], error[i, j] = _limit(quotients, noise / (STEPS**2 * scale[i] * scale[j]))
        value[j, i], error[j, i] = value[i, j], error[i, j]
    return Estimate(value.reshape(point.shape * 2)[()], error.reshape(point.shape * 2)[()])


def _number(value: ArrayLike, name: str) -> float:
    """Return `value` as one finite float."""
    array = real_array(value, name)
    if array.ndim:
        raise ValueError(f"{name}: expected one number, got shape {array.shape}")
    return float(array)


def value_at(f: Callable[[Any], ArrayLike], point: Array, shape: tuple[int, ...]) -> Array:
    """Return what `f` makes of a copy of a point; a point without axes is given as a number."""
    value = real_array(f(point.copy()[()]), "f(x)", np.dtype(np.float64))
    if value.shape != shape:
        raise ValueError(f"f(x): expected {f'shape {shape}' if shape else 'one number'}, got shape {value.shape}")
    return value


def _scale(x: float) -> float:
    """Return the power of two next above |x|, or 1: steps of that size are added to x without rounding."""
    return float(2.0 ** np.ceil(np.log2(max(1.0, abs(x)))))


def _partials(f: Callable[[Any], ArrayLike], point: Array, shape: tuple[int, ...]) -> Estimate:
    """Measure the derivative by each entry of a point; shape (*point.shape, *shape)."""
    here = value_at(f, point, shape)
    estimates = [_partial(f, point, index, here) for index in np.ndindex(point.shape)]
    value, error = np.moveaxis(np.reshape(estimates, (point.size, 2, *shape)), 1, 0)
    return Estimate(value.reshape(point.shape + shape)[()], error.reshape(point.shape + shape)[()])


def _partial(f: Callable[[Any], ArrayLike], point: Array, index: tuple[int, ...], here: Array) -> Estimate:
    """Measure the derivative by one entry of a point, and see whether there is a kink."""
    steps = _scale(float(point[index])) * STEPS
    unit = np.zeros(point.shape)
    unit[index] = 1
    above, below = (np.array([value_at(f, point + sign * h * unit, here.shape) for h in steps]) for sign in (1, -1))
    h = steps.reshape(-1, *[1] * here.ndim)
    noise = 4 * EPS * (np.abs(here) + np.abs(above[0] - below[0]) / STEPS[0]) / h
    quotients = (above - below) / (2 * h)
    best = _limit(quotients, noise)
    gap = np.abs(above - 2 * here + below) / h  # between the slopes of the two sides: falls with h, but not at a kink
    kink = (gap[-1] > gap[-2] / 2) & (gap[-1] > 4 * noise[-1])
    return Estimate(np.where(kink, quotients[-1], best.value), np.where(kink, gap[-1] / 2 + noise[-1], best.error))


def _limit(quotients: Sequence[Array] | Array, noise: Array) -> Estimate:
    """Extrapolate quotients at `STEPS` whose errors are even powers of the step; keep the entries that err least."""
    row: list[Array] = []
    best = error = np.full(np.shape(quotients[0]), np.inf)
    for quotient, rounding in zip(quotients, noise, strict=True):
        before, row = row, [quotient]
        for k, old in enumerate(before, 1):
            last = row[-1]
            row.append(last + (last - old) / (16**k - 1))
            spread = np.maximum(np.abs(row[-1] - last), np.abs(row[-1] - old)) + rounding
            best, error = np.where(spread < error, row[-1], best), np.minimum(spread, error)
    return Estimate(best, error)
