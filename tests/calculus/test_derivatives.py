"""Slopes as numbers: against derivatives in closed form, with errors that hold what they promise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy
from hypothesis import given, strategies as st

from backproplab import (
    Estimate,
    central_difference,
    derivative,
    forward_difference,
    gradient,
    gradient_descent,
    hessian,
    jacobian,
    taylor_polynomial,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = st.floats(-3, 3).map(lambda x: round(x, 3))
CURVES = [
    # f, f′, where
    (lambda x: x**2 + x, lambda x: 2 * x + 1, [5, -5, 0, 1e6, -1e-9]),
    (math.exp, math.exp, [0, 1, -20, 5]),
    (math.sin, math.cos, [0, 0.5, 3, 1e3]),
    (lambda x: math.sin(1000 * x), lambda x: 1000 * math.cos(1000 * x), [0.1, 3]),
    (lambda x: 1 / x, lambda x: -1 / x**2, [0.1, -3, 1e4]),
    (math.log, lambda x: 1 / x, [0.01, 1, 1e5]),
    (abs, lambda x: math.copysign(1, x), [1e-3, -4, 1e-7]),
    (lambda _: 3.0, lambda _: 0.0, [0, 2]),
]
NAMES = ["x² + x", "exp", "sin", "sin 1000x", "1/x", "log", "|x|", "constant"]


@pytest.mark.parametrize(("f", "prime", "points"), CURVES, ids=NAMES)
def test_a_slope_lies_within_its_error(
    f: Callable[[float], float], prime: Callable[[float], float], points: list[float]
) -> None:
    """Where the curve is no narrower than the steps, the error covers the slope, and leaves ten digits and more."""
    for x in points:
        value, error = derivative(f, x)
        assert type(value) is type(error) is float
        assert abs(value - prime(x)) <= error
        assert abs(value - prime(x)) <= 1e-9 * max(1, abs(prime(x)))


@given(
    st.lists(NUMBER, min_size=1, max_size=6), NUMBER, st.integers(-3, 6), st.sampled_from(["polynomial", "exp", "sin"])
)
def test_the_error_covers_any_curve(coefficients: list[float], x: float, exponent: int, kind: str) -> None:
    """Whatever the curve, its place and its size, the measured slope is no further off than it says."""
    scale = 10.0**exponent
    polynomial = np.polynomial.Polynomial(coefficients)
    inner, slope = float(polynomial(x)), float(polynomial.deriv()(x))
    f, expected = {
        "polynomial": (lambda t: scale * polynomial(t), scale * slope),
        "exp": (lambda t: scale * np.exp(polynomial(t) / 50), scale * slope / 50 * math.exp(inner / 50)),
        "sin": (lambda t: scale * np.sin(polynomial(t) / 50), scale * slope / 50 * math.cos(inner / 50)),
    }[kind]
    largest = scale * float(np.abs(coefficients) @ np.abs(x) ** np.arange(len(coefficients)))
    value, error = derivative(f, x)
    # a polynomial that cancels is computed less exactly than its value tells; that is what the largest term stands for
    assert abs(value - expected) <= error + 1e-12 * largest


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (np.log, 0.005, 200),
        (math.log, 0.005, 200),
        (np.log, 1e-9, 1e9),
        (lambda u: u + np.exp(-((5000 * u) ** 2)), 2e-4, 1 - 1e4 * math.exp(-1)),
        (lambda u: np.tanh(1e8 * u), 1e-8, 1e8 / math.cosh(1) ** 2),
        (np.cbrt, 1e-6, 1e4 / 3),
        (lambda u: math.log(1.1 * u - 1_099_999), 1e6, 1.1),
    ],
)
def test_steps_become_as_short_as_the_function_asks(f: Callable[[float], float], x: float, slope: float) -> None:
    """They stay where the function has a value, and narrow steps that agree overrule wide ones."""
    value, error = derivative(f, x)
    assert abs(value - slope) <= error <= 1e-5 * abs(slope)


@given(st.integers(0, 2**32))
def test_a_bump_as_wide_as_is_said_does_not_escape(seed: int) -> None:
    """Bumps of a width of 1/8192 are seen, whatever their height, and those eight times narrower can escape."""
    rng = np.random.default_rng(seed)
    x, height, offset = rng.uniform(-1, 1), 10 ** rng.uniform(-6, 0), rng.uniform(-1.5, 1.5)

    def miss(width: float) -> tuple[float, float]:
        at = x + offset * width
        value, error = derivative(lambda u: np.sin(u) + height * np.exp(-(((u - x) / width) ** 2)), at)
        slope = math.cos(at) - 2 * height * offset / width * math.exp(-(offset**2))
        return abs(value - slope), error

    off, error = miss(2.0**-13)
    assert off <= error
    off, error = miss(2.0**-16)
    assert abs(offset) < 0.5 or height < 1e-3 or off > 100 * error


@given(st.floats(0.1, 3), st.sampled_from(["exp", "sin", "sqrt"]))
def test_the_error_knows_rounding_where_the_function_is_zero(x: float, name: str) -> None:
    """A function that is a small difference of larger numbers is rounded as they are, in proportion to the slope."""
    f = getattr(math, name)
    slope = {"exp": math.exp(x), "sin": math.cos(x), "sqrt": 0.5 / math.sqrt(x)}[name]
    value, error = derivative(lambda u: f(u) - f(x), x)
    assert abs(value - slope) <= error


def test_a_point_at_the_edge_of_the_domain_is_named() -> None:
    """Where the function has no value on one side, no step is short enough."""
    with pytest.raises(
        ValueError, match=r"every side of x = 0\.0, got none even at a step of 3e-14: math domain error"
    ):
        derivative(math.sqrt, 0)
    with pytest.raises(ValueError, match=r"every side of x = \[1\.0, 0\.0\], got none even at a step of"):
        gradient(lambda p: float(np.sqrt(p[1])), [1.0, 0.0])


def test_at_a_kink_the_estimate_reaches_from_side_to_side() -> None:
    """The slopes of |x| at 0 are −1 and 1, those of ReLU 0 and 1, and of three parameters only the bent one is in doubt."""
    assert derivative(abs, 0) == pytest.approx((0, 1))
    assert derivative(lambda x: max(x, 0), 0) == pytest.approx((0.5, 0.5))
    value, error = gradient(lambda x: float(x[0] ** 2 + abs(x[1]) + x[2]), [3, 0, 1])
    np.testing.assert_allclose(value, [6, 0, 1], atol=1e-9)
    assert error[1] == pytest.approx(1)
    assert max(error[0], error[2]) < 1e-9


def test_differences_are_their_formulas() -> None:
    """Forward: the step to the right. Central: the step to both sides."""
    assert forward_difference(lambda x: x**3, 1, 0.5) == (1.5**3 - 1) / 0.5
    assert central_difference(lambda x: x**3, 1, 0.5) == 1.5**3 - 0.5**3
    assert type(forward_difference(np.exp, 1, 0.5)) is type(central_difference(np.exp, 1, 0.5)) is float


def test_a_gradient_has_the_shape_of_its_point() -> None:
    """All partial derivatives of a function of a matrix, as SymPy finds them, in the shape of the matrix."""
    symbols = sympy.Matrix(2, 2, sympy.symbols("a b c d"))
    a, b, c, d = symbols
    f = a * b + sympy.sin(c) * d**2 + a**3
    point = np.array([[0.3, -1.2], [2.0, 0.7]])
    at = dict(zip(symbols, point.flat, strict=True))
    formula = [[float(sympy.diff(f, symbols[j, k]).subs(at)) for k in range(2)] for j in range(2)]
    call = sympy.lambdify([a, b, c, d], f, "math")
    value, error = gradient(lambda x: call(*x.flat), point)
    assert value.shape == error.shape == (2, 2)
    assert np.all(np.abs(value - formula) <= error)
    np.testing.assert_allclose(value, formula, rtol=1e-9)
    np.testing.assert_array_equal(point, [[0.3, -1.2], [2.0, 0.7]])


def test_a_function_that_spoils_its_argument_does_no_harm() -> None:
    """Each call gets a copy of the point."""

    def greedy(x: np.ndarray) -> float:
        x *= 2
        return float(x.sum())

    start = np.ones(3)
    np.testing.assert_allclose(gradient(greedy, start).value, [2, 2, 2])
    np.testing.assert_allclose(hessian(greedy, start).value, 0, atol=1e-9)
    assert gradient_descent(greedy, start, 0.5, 1).points[-1] == pytest.approx([0, 0, 0])
    np.testing.assert_array_equal(start, 1)


def test_a_jacobian_has_a_row_for_each_output() -> None:
    """Two inputs and three outputs give a table of three rows and two columns; one number out, one row."""
    value, error = jacobian(lambda x: np.array([x[0] * x[1], np.sin(x[0]), x[1] ** 2]), [0.5, 2.0])
    expected = np.array([[2.0, 0.5], [math.cos(0.5), 0], [0, 4]])
    assert value.shape == error.shape == (3, 2)
    assert np.all(np.abs(value - expected) <= error)
    np.testing.assert_allclose(value, expected, atol=1e-10)
    assert jacobian(lambda x: x @ x, [1, 2]).value == pytest.approx(np.array([[2, 4]]))


@given(st.lists(NUMBER, min_size=6, max_size=6), st.tuples(NUMBER, NUMBER, NUMBER))
def test_a_hessian_is_that_of_the_quadratic(entries: list[float], at: tuple[float, ...]) -> None:
    """Of ½ xᵀAx + sin(x₁x₂) the Hessian is A and what the sine adds; it is symmetric and its error covers it."""
    A = np.zeros((3, 3))
    A[np.tril_indices(3)] = entries
    A = A + A.T
    value, error = hessian(lambda x: float(x @ A @ x / 2 + np.sin(x[0] * x[1])), at)
    u, v, _ = at
    bend = -np.sin(u * v)
    extra = np.array([[v * v * bend, np.cos(u * v) + u * v * bend, 0], [0, u * u * bend, 0], [0, 0, 0]])
    expected = A + np.triu(extra) + np.triu(extra, 1).T
    np.testing.assert_array_equal(value, value.T)
    np.testing.assert_array_equal(error, error.T)
    assert np.all(np.abs(value - expected) <= error + 1e-9)
    np.testing.assert_allclose(value, expected, atol=1e-7)


def test_a_hessian_takes_steps_of_each_coordinate() -> None:
    """A large coordinate does not lengthen the steps of a small one."""
    value, error = hessian(lambda p: p[0] ** 2 + np.sin(p[1]), [1e4, 1.0])
    assert abs(value[1, 1] + math.sin(1)) <= error[1, 1] < 0.1


def test_a_hessian_stays_where_the_function_has_a_value() -> None:
    """Near the edge of the domain the steps are shortened, and a pair of coordinates together."""
    value, error = hessian(np.log, 0.01)
    assert abs(value + 1e4) <= error < 0.1
    value, error = hessian(lambda p: float(np.log(p[0] - p[1])), [1.0, 0.998])
    expected = 0.002**-2 * np.array([[-1, 1], [1, -1]])
    assert np.all(np.abs(value - expected) <= error)
    np.testing.assert_allclose(value, expected, rtol=1e-3)


def test_the_second_derivative_of_a_function_of_a_number() -> None:
    """It is a number."""
    value, error = hessian(np.exp, 1.0)
    assert np.shape(value) == np.shape(error) == ()
    assert abs(value - math.e) <= error < 1e-6


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_polynomial_of_that_degree_is_its_own(order: int) -> None:
    """The Taylor polynomial of a polynomial of its degree is the polynomial, for a number and for a vector."""
    rng = np.random.default_rng(order)
    A, c = rng.normal(size=(3, 3)) * (order == 2), rng.normal(size=3) * (order >= 1)

    def f(x: np.ndarray) -> float:
        return float(x @ A @ x + c @ x + 7)

    p = taylor_polynomial(f, [1, -2, 0.5], order)
    x = rng.normal(size=3)
    assert p(x) == pytest.approx(f(x))
    assert p.value == pytest.approx(f(np.array([1, -2, 0.5])))
    np.testing.assert_allclose(p.gradient, (A + A.T) @ [1, -2, 0.5] + c, atol=1e-8)
    np.testing.assert_allclose(p.hessian, A + A.T, atol=1e-7)
    q = taylor_polynomial(lambda t: 5 * t**order, -5, order)
    assert q(2.5) == pytest.approx(5 * 2.5**order)
    assert np.shape(q.gradient) == np.shape(q.hessian) == ()


def test_descent_follows_the_formula() -> None:
    """From 10 on x² with η = 0.1, each step leaves four fifths, and the path holds points, values and gradients."""
    walk = gradient_descent(lambda x: x**2, 10, 0.1, 10)
    np.testing.assert_allclose(walk.points, 10 * 0.8 ** np.arange(11))
    np.testing.assert_allclose(walk.values, walk.points**2)
    np.testing.assert_allclose(walk.gradients, 2 * walk.points)
    assert gradient_descent(lambda b: 5 * b**2, -5, 1, 1).points[-1] == pytest.approx(45)
    assert gradient_descent(lambda b: 5 * b**2, -5, 0.01, 1).points[-1] == pytest.approx(-4.5)
    assert gradient_descent(lambda x: x**2, 10, 0.1, 0).points.tolist() == [10]


def test_descent_takes_a_given_gradient_and_any_shape() -> None:
    """A given gradient is used as it is; a matrix goes down like a number."""
    start = np.arange(6.0).reshape(2, 3)
    walk = gradient_descent(lambda x: float((x**2).sum()), start, 0.25, 4, gradient=lambda x: 2 * x)
    assert walk.points.shape == walk.gradients.shape == (5, 2, 3)
    np.testing.assert_allclose(walk.points[-1], start / 16)
    np.testing.assert_allclose(gradient_descent(lambda x: float((x**2).sum()), start, 0.25, 4).points, walk.points)


def test_descent_stops_where_it_is_flat_or_no_longer_finite() -> None:
    """It ends at the tolerance, at once on a stationary point, and at the last finite point if it runs away."""
    walk = gradient_descent(lambda x: x**2, 10, 0.1, 1000, tolerance=1e-3)
    assert abs(walk.gradients[-1]) <= 1e-3 < abs(walk.gradients[-2])
    assert len(gradient_descent(lambda x: x**2, 0, 0.1, 9, gradient=lambda x: 2 * x).points) == 1
    away = gradient_descent(lambda x: x**2, 10, 1.5, 10_000, gradient=lambda x: 2 * x)
    assert len(away.points) < 1000
    assert np.isfinite(away.points).all() and np.isfinite(away.values).all()  # noqa: PT018
    assert away.values[-1] > 1e300
    blind = gradient_descent(lambda _: 0.0, 1, 1, 9, gradient=lambda x: -1e200 * x)
    assert blind.points == pytest.approx([1, 1e200])


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: derivative(math.exp, "1"), TypeError, "x: expected real numbers"),  # type: ignore[arg-type]
    (lambda: derivative(math.exp, [1, 2]), ValueError, r"x: expected one number, got shape \(2,\)"),  # type: ignore[arg-type]
    (lambda: derivative(math.exp, math.nan), ValueError, "x: expected finite numbers, got nan"),
    (lambda: derivative(lambda _: math.inf, 1), ValueError, r"f\(x\): expected finite numbers, got inf"),
    (lambda: forward_difference(math.exp, 1, 0), ValueError, "h: expected a finite number above zero, got 0"),
    (lambda: central_difference(math.exp, 1, -1), ValueError, "h: expected a finite number above zero, got -1"),
    (lambda: central_difference(math.exp, 1, "1"), TypeError, "h: expected a number"),  # type: ignore[arg-type]
    (lambda: gradient(lambda x: x, [1, 2]), ValueError, r"f\(x\): expected one number, got shape \(2,\)"),  # type: ignore[arg-type,return-value]
    (lambda: gradient(np.sum, [1j]), TypeError, "x: expected real numbers, got an array of type complex"),
    (lambda: jacobian(np.sin, [[1, 2]]), ValueError, r"x: expected a vector, got shape \(1, 2\)"),
    (lambda: jacobian(lambda x: np.outer(x, x), [1, 2]), ValueError, r"f\(x\): expected a vector, got shape \(2, 2\)"),
    (lambda: hessian(np.sum, [[1, 2]]), ValueError, "x: expected a number or a vector"),
    (lambda: taylor_polynomial(math.exp, 0, 3), ValueError, "order: expected 0, 1 or 2, got 3"),
    (lambda: taylor_polynomial(math.exp, 0, 1.5), TypeError, "order: expected a whole number"),  # type: ignore[arg-type]
    (lambda: taylor_polynomial(np.sum, [[0]], 1), ValueError, "a: expected a number or a vector"),
    (lambda: taylor_polynomial(np.sum, [0, 1], 1)(3), ValueError, r"x: expected the shape of the centre, \(2,\), got \(\)"),
    (lambda: gradient_descent(np.sum, 1, 0, 3), ValueError, "learning_rate: expected a finite number above zero"),
    (lambda: gradient_descent(np.sum, 1, 0.1, -1), ValueError, "steps: expected at least 0, got -1"),
    (lambda: gradient_descent(np.sum, 1, 0.1, 3, tolerance=-1), ValueError, "tolerance: expected a finite number above"),
    (lambda: gradient_descent(np.sum, [math.inf], 0.1, 3), ValueError, "start: expected finite numbers"),
    (lambda: gradient_descent(np.sum, [1, 2], 0.1, 3, gradient=np.sum), ValueError, r"gradient: .*\(2,\), got \(\)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "words"), WRONG)
def test_a_wrong_argument_is_named(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_an_estimate_is_a_pair() -> None:
    """It can be taken apart, and whole numbers may be given."""
    value, error = derivative(lambda x: x * x, 3)
    assert Estimate(value, error).value == pytest.approx(6)
