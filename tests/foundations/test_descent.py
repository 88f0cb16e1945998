"""Gradient descent: the rule, its promise on any cost, its exact behaviour on quadratics, and when to stop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from backproplab import gradient_descent
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.calculus import bowl, parabola

ETA, LAMBDA, W0, STAR = sp.symbols("eta lambda w_0 w_star", real=True)


@pytest.mark.equation("GD")
def test_the_path_follows_the_rule() -> None:
    r"""On $\frac14 (x^4 + y^4) + xy$, each point is the one before less $\eta$ times the derivatives that SymPy takes there."""
    formula("GD").holds(bowl(0.8, 3.2))
    x, y = sp.symbols("x y", real=True)
    cost = (x**4 + y**4) / 4 + x * y
    slopes = [sp.diff(cost, letter) for letter in (x, y)]
    path = gradient_descent(lambda w: (w[0] ** 4 + w[1] ** 4) / 4 + w[0] * w[1], [1.5, 0.7], 0.1, 8)
    assert path.points.shape == path.gradients.shape == (9, 2)
    expected = [sp.Rational(3, 2), sp.Rational(7, 10)]
    for point, value in zip(path.points, path.values, strict=True):
        np.testing.assert_allclose(point, [float(number) for number in expected], atol=1e-9)
        at = dict(zip((x, y), expected, strict=True))
        assert value == pytest.approx(float(cost.subs(at)), abs=1e-9)
        expected = [sp.N(here - slope.subs(at) / 10, 30) for here, slope in zip(expected, slopes, strict=True)]


@pytest.mark.equation("GD")
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_one_step_is_the_most_downhill(seed: int) -> None:
    r"""No other short step of the same length lowers the cost by more than the step $-\eta\,\nabla C$ does."""
    rng = np.random.default_rng(seed)
    matrix, start = rng.standard_normal((3, 4)), rng.standard_normal(4)

    def cost(w: np.ndarray) -> float:
        return float(np.log1p(np.exp(matrix @ w)).sum())

    path = gradient_descent(cost, start, 1e-5, 1)
    length = np.linalg.norm(path.points[1] - path.points[0])
    others = rng.standard_normal((50, 4))
    others *= length / np.linalg.norm(others, axis=1, keepdims=True)
    assert path.values[1] < path.values[0]
    slack = 3 * length**2 * np.linalg.norm(matrix) ** 2 + 1e-13
    assert path.values[1] <= min(cost(start + other) for other in others) + slack


@pytest.mark.equation("GDQUAD")
def test_a_parabola_has_one_factor() -> None:
    r"""Ten steps of the rule on $\frac12 \lambda (w - w^*)^2$, taken as symbols, give $(1 - \eta\lambda)^{10} (w_0 - w^*)$."""
    formula("GDQUAD").holds(parabola(0.3))
    letter = sp.Symbol("w", real=True)
    slope = sp.diff(LAMBDA * (letter - STAR) ** 2 / 2, letter)
    w = W0
    for steps in range(1, 11):
        w = sp.factor(w - ETA * slope.subs(letter, w) - STAR) + STAR
        assert sp.expand(w - STAR - (1 - ETA * LAMBDA) ** steps * (W0 - STAR)) == 0
    path = gradient_descent(lambda v: 1.5 * (v - 2) ** 2, -1, 0.3, 10)
    np.testing.assert_allclose(path.points - 2, [(1 - 0.3 * 3) ** t * -3 for t in range(11)], atol=1e-9)


@pytest.mark.equation("STABLE")
@given(curvature=st.floats(0.01, 100), share=st.floats(-2, 4), start=st.floats(0.1, 10))
@settings(deadline=None)
def test_it_converges_below_the_border(curvature: float, share: float, start: float) -> None:
    r"""After 60 steps one is nearer than at the start for $0 < \eta < 2/\lambda$, and for no other $\eta$."""
    eta = share * 2 / curvature
    w = start
    for _ in range(60):
        w = w - eta * curvature * w
    if abs(abs(1 - 2 * share) - 1) > 1e-3:
        assert (abs(w) < start) == (0 < eta < 2 / curvature)
    if eta > 0:
        path = gradient_descent(lambda v: curvature * v**2 / 2, start, eta, 60, gradient=lambda v: curvature * v)
        if len(path.points) == 61:
            assert path.points[-1] == pytest.approx(w, rel=1e-9)


@pytest.mark.equation("STABLE")
def test_the_border_itself_jumps() -> None:
    r"""$\lvert 1 - 4\eta \rvert < 1$ solved for $\eta$ is the open interval from 0 to $2/4$; at its end the path keeps its distance."""
    formula("STABLE").holds(*map(parabola, (0.3, -0.3, 1.6, 1.25, 0.0, 2 / 1.4)), parabola(1.42, steps=2000))
    inside = sp.solve_univariate_inequality(sp.Abs(1 - 4 * ETA) < 1, ETA, relational=False)
    assert inside == sp.Interval.open(0, sp.Rational(2, 4))
    border = gradient_descent(lambda v: 2 * v**2, 3, 0.5, 5, gradient=lambda v: 4 * v)
    np.testing.assert_array_equal(border.points, [3, -3, 3, -3, 3, -3])


@pytest.mark.equation("FALL")
@given(start=st.floats(-6, 6), eta=st.floats(0.01, 1.99))
@settings(deadline=None)
def test_every_step_keeps_its_promise(start: float, eta: float) -> None:
    r"""For $\ln\cosh w$, with $\Lambda = 1$, each step lowers the cost at least by $\eta (1 - \eta\Lambda/2) C'(w)^2$."""
    path = gradient_descent(lambda w: np.log(np.cosh(w)), start, eta, 10, gradient=np.tanh)
    least = eta * (1 - eta / 2) * path.gradients[:-1] ** 2
    assert np.all(path.values[:-1] - path.values[1:] >= least - 1e-14)


@pytest.mark.equation("FALL")
def test_a_parabola_keeps_no_more() -> None:
    r"""On $\frac12 \lambda w^2$ the cost falls by exactly $\eta (1 - \eta\lambda/2) C'(w)^2$; and $\ln\cosh w$ is nowhere curved by more than 1."""
    world = bowl(0.8, 3.2)
    at, steepest = (world["w^*"] + 2 * world["q"][k] for k in (2, 3))
    formula("FALL").holds(bowl(0.8, 3.2, w=at), reached=[bowl(0.8, 3.2, w=steepest)])
    w = sp.Symbol("w", real=True)
    assert sp.simplify(sp.diff(sp.log(sp.cosh(w)), w) - sp.tanh(w)) == 0
    assert sp.simplify(sp.diff(sp.tanh(w), w) - (1 - sp.tanh(w) ** 2)) == 0
    cost = LAMBDA * w**2 / 2
    slope = sp.diff(cost, w)
    fall = cost - cost.subs(w, w - ETA * slope)
    assert sp.expand(fall - ETA * (1 - ETA * LAMBDA / 2) * slope**2) == 0


@pytest.mark.equation("FALL")
def test_the_curvature_along_the_walk() -> None:
    r"""On $\frac12 (3x^2 + 4xy + 6y^2)$, curved by at most $\Lambda = 7$, $\varphi(s) = C(w - s \nabla C)$ has $\varphi'(0) = -\lVert\nabla C\rVert^2$ and $\varphi'' \le \Lambda \lVert\nabla C\rVert^2$."""
    x, y, s = sp.symbols("x y s", real=True)
    cost = (3 * x**2 + 4 * x * y + 6 * y**2) / 2
    gradient = [sp.diff(cost, letter) for letter in (x, y)]
    squared = sum(part**2 for part in gradient)
    walk = cost.subs({x: x - s * gradient[0], y: y - s * gradient[1]}, simultaneous=True)
    assert sp.expand(sp.diff(walk, s).subs(s, 0) + squared) == 0
    largest = max(sp.Matrix([[3, 2], [2, 6]]).eigenvals())
    assert largest == 7
    gap = sp.Poly(sp.expand(largest * squared - sp.diff(walk, s, 2)), x, y)
    form = sp.Matrix([[gap.nth(2, 0), gap.nth(1, 1) / 2], [gap.nth(1, 1) / 2, gap.nth(0, 2)]])
    assert form.is_positive_semidefinite


@pytest.mark.equation("MODES")
def test_a_quadratic_is_many_parabolas() -> None:
    r"""In a bowl with three curvatures the walk is $w^* + \sum_i (1 - \eta\lambda_i)^t c_i q_i$, and the package walks the same way."""
    world = bowl(0.8, 3.2)
    H, star, eta = world["H"], world["w^*"], world["eta"]
    path = gradient_descent(world["C"], world["w"][0], eta, 3, gradient=lambda w: H @ (w - star))
    formula("MODES").holds(world, package=lambda t: path.points[t] - star)


@pytest.mark.equation("RATE")
def test_no_rate_beats_the_best_one() -> None:
    r"""At $\eta = 2/(\lambda_{\min} + \lambda_{\max})$ both ends have the factor $\frac{\kappa - 1}{\kappa + 1}$; every other $\eta$ is worse at one of them."""
    ends: dict[str, Any] = {"lambda": np.array([0.8, 1.7, 3.2]), "lambda_min": 0.8, "lambda_max": 3.2, "kappa": 4.0}
    rates: list[Any] = [0.1, 0.3, 0.45, 0.5, 0.55, 0.6, 0.7]
    formula("RATE").holds(World(ends, ranges={"eta": rates}))
    low, high, off = sp.symbols("low high off", positive=True)
    best, kappa = 2 / (low + high), high / low
    rate = (kappa - 1) / (kappa + 1)
    assert sp.simplify(1 - best * low - rate) == 0
    assert sp.simplify(best * high - 1 - rate) == 0
    assert sp.simplify(1 - (best - off) * low - rate) == low * off  # a smaller η is worse at the gentle end
    assert sp.simplify((best + off) * high - 1 - rate) == high * off  # a larger one at the steep end
    curvatures = np.linspace(1, 10, 40)
    worst = [np.abs(1 - eta * curvatures).max() for eta in np.linspace(0.001, 0.3, 3001)]
    assert min(worst) == pytest.approx(9 / 11, abs=1e-3)
    assert min(worst) >= 9 / 11 - 1e-12


@pytest.mark.equation("STOP")
def test_the_gradient_bounds_distance() -> None:
    r"""For a quadratic the distance is at most $\lVert\nabla C\rVert / \lambda_{\min}$, and exactly that along the gentlest direction."""
    world = bowl(0.8, 3.2)
    at, gentlest = (world["w^*"] + 2 * world["q"][k] for k in (2, 1))
    formula("STOP").holds(bowl(0.8, 3.2, w=at), reached=[bowl(0.8, 3.2, w=gentlest)])


def test_a_tiny_rate_looks_converged() -> None:
    r"""On $5b^2$ with $\eta = 10^{-5}$, a step is shorter than a thousandth at every one of 1000 points, and none of them is near."""
    path = gradient_descent(lambda b: 5 * b**2, -5, 1e-5, 1000, gradient=lambda b: 10 * b)
    assert np.all(np.abs(np.diff(path.points)) < 1e-3)
    assert np.all(np.abs(path.gradients) > 45)


def test_each_start_ends_in_its_valley() -> None:
    r"""$\frac14 w^4 - \frac12 w^2 + \frac{3}{20} w$ has three stationary points; the middle one, a maximum, parts the starts."""
    w = sp.Symbol("w", real=True)
    cost = w**4 / 4 - w**2 / 2 + sp.Rational(3, 20) * w
    left, ridge, right = (float(root) for root in sp.Poly(sp.diff(cost, w), w).nroots())
    second = sp.lambdify(w, sp.diff(cost, w, 2))
    assert second(left) > 0 > second(ridge)
    assert second(right) > 0
    height, slope = sp.lambdify(w, cost), sp.lambdify(w, sp.diff(cost, w))
    assert height(left) < height(right)
    for start in np.linspace(-2, 2, 41):
        end = gradient_descent(height, start, 0.1, 600, gradient=slope).points[-1]
        assert end == pytest.approx(left if start < ridge else right, abs=1e-6)
