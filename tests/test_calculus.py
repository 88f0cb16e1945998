"""Slopes as numbers: central differences against derivatives known in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy

from backproplab import CENTRAL_STEP, derivative, gradient

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = [
    # f, f′, where
    (lambda x: x**2 + x, lambda x: 2 * x + 1, [5, -5, 0, 1e6, -1e-9]),
    (math.exp, math.exp, [0, 1, -20, 5]),
    (math.sin, math.cos, [0, 0.5, 3]),
    (lambda x: 1 / x, lambda x: -1 / x**2, [0.1, -3, 1e4]),
    (abs, lambda x: math.copysign(1, x), [1e-3, -4]),
]


@pytest.mark.parametrize(("f", "prime", "points"), FUNCTIONS, ids=["x² + x", "exp", "sin", "1/x", "|x|"])
def test_slopes(f: Callable[[float], float], prime: Callable[[float], float], points: list[float]) -> None:
    """The central difference meets the derivative to about ten digits, near zero and far from it."""
    for x in points:
        assert derivative(f, x) == pytest.approx(prime(x), rel=3e-8, abs=1e-9)
        assert type(derivative(f, x)) is float


def test_gradient_has_the_shape_of_its_point() -> None:
    """All partial derivatives of a function of a matrix, as SymPy finds them, in the shape of the matrix."""
    symbols = sympy.Matrix(2, 2, sympy.symbols("a b c d"))
    a, b, c, d = symbols
    f = a * b + sympy.sin(c) * d**2 + a**3
    point = np.array([[0.3, -1.2], [2.0, 0.7]])
    at = dict(zip(symbols, point.flat, strict=True))
    formula = [[float(sympy.diff(f, symbols[j, k]).subs(at)) for k in range(2)] for j in range(2)]
    call = sympy.lambdify([a, b, c, d], f, "math")
    measured = gradient(lambda x: call(*x.flat), point)
    np.testing.assert_allclose(measured, formula, rtol=1e-9)
    np.testing.assert_array_equal(point, [[0.3, -1.2], [2.0, 0.7]])


def test_the_step_decides_the_error() -> None:
    """Of a third power the difference is off by the square of the step, and tenfold steps err a hundredfold."""
    for h in (1e-1, 1e-2, 1e-3):
        assert derivative(lambda x: x**3, 1, h) - 3 == pytest.approx(h**2, rel=1e-6)


def test_the_default_step_is_near_the_best() -> None:
    """Neither a hundred times larger nor a hundred times smaller does the step do better than by default."""
    error = {k: abs(derivative(math.exp, 1, CENTRAL_STEP * k) - math.e) for k in (0.01, 1, 100)}
    assert error[1] < min(error[0.01], error[100])


def test_whole_numbers_may_be_given() -> None:
    """A point of integers is a point like any other."""
    np.testing.assert_allclose(gradient(lambda x: float(x @ x), [1, 2]), [2, 4], rtol=1e-9)
    assert derivative(lambda x: x * x, 3) == pytest.approx(6)
