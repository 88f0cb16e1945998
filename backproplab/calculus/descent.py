"""Gradient descent on any function, with the whole path kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backproplab.calculus import derivatives
from backproplab.checks import Array, positive, real_array, whole_number

__all__ = ["Descent", "gradient_descent"]


class Descent(NamedTuple):
    """The path of a gradient descent, k steps long.

    Attributes:
        points: Where it went, from the start on, shape (k + 1, *shape of the start).
        values: The function there, shape (k + 1,).
        gradients: The gradient there, the shape of `points`.
    """

    points: Array
    values: Array
    gradients: Array


def gradient_descent(
    f: Callable[[Any], float],
    start: ArrayLike,
    learning_rate: float,
    steps: int,
    gradient: Callable[[Any], ArrayLike] | None = None,
    tolerance: float = 0.0,
) -> Descent:
    r"""Walk downhill, each step against the gradient and in proportion to it, and return the whole path.

    $$x_{k+1} = x_k - \eta\,\nabla f(x_k)$$

    The path ends early where the gradient is no longer than `tolerance`, and if it runs away, at its last finite point.

    Args:
        f: Maps a number or an array to one number.
        start: Where to begin, a number or an array of any shape.
        learning_rate: The η of the formula, above zero.
        steps: How many steps to take at most.
        gradient: The gradient of `f`; if not given it is measured, as by the function of that name.
        tolerance: The length of the gradient at which to stop.

    Raises:
        TypeError: If an argument is not a number where one is expected.
        ValueError: If `start` is not finite, a number is not positive, or `gradient` gives another shape.

    Source: Cauchy 1847, *Méthode générale pour la résolution des systèmes d'équations simultanées*.
    """
    point = real_array(start, "start", np.dtype(np.float64))
    eta, steps = positive(learning_rate, "learning_rate"), whole_number(steps, "steps", least=0)
    least = positive(tolerance, "tolerance") if tolerance else 0.0

    path: list[tuple[Array, Array, Array]] = []
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            value = np.asarray(f(point.copy()[()]), np.float64)
            if path and not (np.isfinite(point).all() and np.isfinite(value).all()):
                break
            slope = derivatives.gradient(f, point).value if gradient is None else np.asarray(gradient(point.copy()[()]))
            if slope.shape != point.shape:
                raise ValueError(f"gradient: expected the shape of start, {point.shape}, got {slope.shape}")
            path.append((point, value, slope))
            if len(path) > steps or np.linalg.norm(slope) <= least:
                break
            point = point - eta * slope
    return Descent(*(np.array(column, np.float64) for column in zip(*path, strict=True)))
