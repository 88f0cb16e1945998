"""Chapter 4: stationary points, curvature, saddles and plateaus."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, strategies as st

from backproplab import Dense, Network, hessian, sigmoid
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.calculus import bowl, hillside, student, uneven

if TYPE_CHECKING:
    from backproplab.checks import Array

X, Y, T, Z = sp.symbols("x y t z", real=True)
SURFACES = (X**2 + Y**2, X**2 - Y**2, X**3 - 3 * X + Y**2, sp.exp(X) * sp.sin(Y) + X**3 * Y)


@pytest.mark.equation("STATIONARY")
@pytest.mark.parametrize("surface", SURFACES, ids=str)
def test_no_point_with_a_gradient_is_a_minimum(surface: sp.Expr) -> None:
    """Wherever the gradient, derived with symbols, is not zero, a short enough step against it ends lower."""

    def height(x: Array) -> Any:
        return 2 * (x[0] - 1) ** 2 + (x[1] + 2) ** 4

    def lowest(x: Array) -> bool:
        steps = np.random.default_rng(2).normal(size=(50, len(x)))
        return all(height(np.ravel(x) + step) > height(np.ravel(x)) for step in steps)

    formula("STATIONARY").holds(World({"f": height, "x": np.array([1.0, -2.0])}, words={"is a minimum": lowest}))
    f = sp.lambdify((X, Y), surface, "math")
    slopes = sp.lambdify((X, Y), [sp.diff(surface, X), sp.diff(surface, Y)], "math")
    for x, y in np.random.default_rng(0).uniform(-2, 2, size=(40, 2)):
        gx, gy = slopes(x, y)
        assert gx * gx + gy * gy > 0
        assert min(f(x - step * gx, y - step * gy) for step in (1e-2, 1e-3, 1e-4)) < f(x, y)


@pytest.mark.equation("STATIONARY")
@pytest.mark.parametrize(
    ("surface", "place"),
    [
        ((X - 1) ** 2 + (Y + 2) ** 2, (1, -2)),
        (X**4 + (X - Y) ** 2, (0, 0)),
        (sp.cosh(X - 3) + Y**6, (3, 0)),
        (-sp.exp(-(X**2) - Y**2), (0, 0)),
    ],
    ids=str,
)
def test_the_gradient_vanishes_at_minima_that_are_known(surface: sp.Expr, place: tuple[int, int]) -> None:
    """At the lowest point of four surfaces whose lowest point can be read off, both partial derivatives are zero."""
    f = sp.lambdify((X, Y), surface, "math")
    for x, y in np.random.default_rng(1).normal(size=(200, 2)):
        assert f(place[0] + x, place[1] + y) > f(*place)
    here = {X: place[0], Y: place[1]}
    assert sp.diff(surface, X).subs(here) == sp.diff(surface, Y).subs(here) == 0


@pytest.mark.equation("LINEFIT")
def test_the_line_that_misses_the_least() -> None:
    """Solved with symbols for four points, the two conditions have one solution, and it is the formula's."""
    points = {"x": np.array([1.0, 2.5, -0.7, 3.1]), "y": np.array([0.2, 1.9, 0.4, -1.0])}
    best_w, best_b = np.polyfit(points["x"], points["y"], 1)
    formula("LINEFIT").holds(World({**points, "w": float(best_w), "b": float(best_b)}))
    xs, ys = sp.symbols("x1:5", real=True), sp.symbols("y1:5", real=True)
    w, b = sp.symbols("w b", real=True)
    cost = sum((w * x + b - y) ** 2 / 2 for x, y in zip(xs, ys, strict=True)) / 4
    (solution,) = sp.solve([sp.diff(cost, w), sp.diff(cost, b)], [w, b], dict=True)

    def mean(values: object) -> sp.Expr:
        return sum(values) / 4  # type: ignore[call-overload]

    slope = (mean(x * y for x, y in zip(xs, ys, strict=True)) - mean(xs) * mean(ys)) / (
        mean(x**2 for x in xs) - mean(xs) ** 2
    )
    assert sp.simplify(solution[w] - slope) == 0
    assert sp.simplify(solution[b] - (mean(ys) - slope * mean(xs))) == 0


@pytest.mark.equation("LINEFIT")
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=3, max_size=12))
def test_no_other_line_misses_less(points: list[tuple[float, float]]) -> None:
    """Whatever the points are, moving slope or intercept of the fitted line away never lowers the cost."""
    count = len(points)
    x, y = (sum(values) / count for values in zip(*points, strict=True))
    spread = sum(a * a for a, _ in points) / count - x * x
    if spread < 1e-3:
        return
    w = (sum(a * b for a, b in points) / count - x * y) / spread
    b = y - w * x

    def cost(w: float, b: float) -> float:
        return sum((w * p + b - q) ** 2 for p, q in points) / (2 * count)

    for dw, db in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1), (0.1, -0.1 * x)):
        assert cost(w + dw, b + db) >= cost(w, b)


@pytest.mark.equation("HESSIAN")
def test_hessian_holds_the_second_derivatives() -> None:
    r"""Entry $(i, j)$ of a Hessian is $\partial^2 f / \partial x_i \partial x_j$ in either order, and so is what the package measures."""
    world, swapped = hillside(), "the order makes no difference: that is what the formula says"
    formula("HESSIAN").holds(world, same={"H_{i,j} → H_{j,i}": swapped, "H_{j,i} → H_{i,j}": swapped})
    np.testing.assert_allclose(hessian(uneven, world["x"]).value, world["H"], rtol=1e-5, atol=1e-5)


@pytest.mark.equation("CURVATURE")
def test_curvature_in_a_direction() -> None:
    r"""The second slope of $g(t) = f(x + tu)$ at zero, measured along the walk, is $u^T H u$, in two directions."""
    place = hillside()["x"]
    directions = np.array([2.0, -1.0, 2.0]) / 3, np.array([-3.0, 4.0, 12.0]) / 13
    formula("CURVATURE").holds(*(hillside(u=u, g=lambda t, u=u: uneven(place + t * u)) for u in directions), rtol=1e-6)


def symmetric(n: int) -> st.SearchStrategy[Array]:
    return st.integers(0, 2**32 - 1).map(lambda seed: _symmetric(np.random.default_rng(seed), n))


def _symmetric(rng: np.random.Generator, n: int) -> Array:
    A = rng.normal(size=(n, n))
    return A + A.T


@pytest.mark.equation("EIGEN")
def test_curvature_is_an_average_of_the_eigenvalues() -> None:
    r"""For $u$ of length one, $u^T H u$ is $\sum_k \lambda_k c_k^2$, with $\sum_k c_k^2 = 1$, and so lies between the extremes."""
    Q = bowl(0.8, 3.2)["q"]
    for u in (np.array([2.0, -1.0, 2.0]) / 3, np.array([-3.0, 4.0, 12.0]) / 13):
        world = bowl(0.8, 3.2, u=u, c=np.array([Q[k] @ u for k in (1, 2, 3)]))
        formula("EIGEN").holds(world)
        assert 0.8 <= u @ world["H"] @ u <= 3.2


@pytest.mark.parametrize(
    ("surface", "signs", "lowest"),
    [
        (X**2 + Y**2, (1, 1), True),
        (-(X**2) - 3 * Y**2, (-1, -1), False),
        (X**2 - Y**2, (-1, 1), False),
        (X**2 + Y**4, (0, 1), True),
        (X**2 - Y**4, (0, 1), False),
        (X**3 - 3 * X * Y**2, (0, 0), False),
    ],
    ids=str,
)
def test_eigenvalues_tell_minimum_from_saddle(surface: sp.Expr, signs: tuple[int, int], lowest: bool) -> None:
    """All positive is a minimum, both signs are a saddle, and with a zero among them it may be either."""
    exact = sp.hessian(surface, (X, Y)).subs({X: 0, Y: 0}).eigenvals(multiple=True)
    assert sorted(sp.sign(value) for value in exact) == list(signs)
    f = sp.lambdify((X, Y), surface, "math")
    around = [f(0.01 * np.cos(angle), 0.01 * np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 73)[:-1]]
    assert (min(around) > 0) == lowest


@pytest.mark.equation("ESCAPE")
def test_a_network_of_zeros_stands_on_a_saddle() -> None:
    r"""One example's cost, expanded with symbols as the network leaves zero, is $\frac12 y^2 - \frac14 t^2\,a^T x\,y$, and has no term in $t^3$."""
    formula("ESCAPE").holds(student(), small="t")
    a, b, mark1, mark2, target = sp.symbols("a b m1 m2 y", real=True)
    hidden = 1 / (1 + sp.exp(-T * (a * mark1 + b * mark2)))
    output = T * hidden - T / 2
    series = sp.series((output - target) ** 2 / 2, T, 0, 4).removeO()
    expected = target**2 / 2 - T**2 * (a * mark1 + b * mark2) * target / 4
    assert sp.simplify(series - expected) == 0


@pytest.mark.equation("ESCAPE")
def test_the_real_network_of_zeros_falls_as_the_expansion_says() -> None:
    r"""On random students, the package's network has no gradient at zero, and its cost falls by $\frac14 t^2\,a^T\,\overline{xy}$."""
    rng = np.random.default_rng(4)
    marks = rng.normal(size=(12, 2))
    target = marks @ [[0.8], [-0.3]] + 0.2 * rng.normal(size=(12, 1))
    target -= target.mean()

    def network(t: float, a: Array) -> Network:
        hidden = Dense.from_parameters(np.stack([t * a, 0 * a]), [0, 0], "sigmoid")
        return Network([hidden, Dense.from_parameters([[t, 0]], [-t / 2])], "half_squared_error")

    a = np.array([sum(marks[i, k] * target[i, 0] for i in range(12)) / 12 for k in range(2)])
    still = network(0, a)
    assert all(np.abs(grad).max() < 1e-15 for grad in still.trace(marks, target).gradients.values())
    before = still.cost(marks, target)
    assert before == pytest.approx(sum(value**2 for value in target[:, 0]) / 24)
    gaps = []
    for t in (0.2, 0.1, 0.05):
        expected = before - t**2 * (a[0] ** 2 + a[1] ** 2) / 4
        gaps.append(abs(network(t, a).cost(marks, target) - expected))
        assert network(t, a).cost(marks, target) < before
    for larger, smaller in pairwise(gaps):
        assert larger / smaller == pytest.approx(16, rel=0.1)


@pytest.mark.equation("SATURATE")
@given(st.floats(-700, 700))
def test_a_saturated_sigmoid_is_flatter_than_the_exponential(z: float) -> None:
    r"""The slope of the sigmoid is above zero and below $e^{-\lvert z \rvert}$, at every $z$, and the same at $-z$."""
    slope = float(sigmoid.derivative(np.array(z)))
    bound = float(np.exp(-abs(z)))
    assert 0 < slope <= bound * (1 + 4 * np.finfo(float).eps)  # both are rounded
    assert abs(z) > 30 or slope < bound
    assert slope == pytest.approx(float(sigmoid.derivative(np.array(-z))), rel=1e-12)


@pytest.mark.equation("SATURATE")
def test_the_bound_on_the_sigmoids_slope_holds_with_symbols() -> None:
    r"""The derivative of $1 / (1 + e^{-z})$ is even, and $e^{-z}$ divided by it is $(1 + e^{-z})^2$, which is above 1."""
    worlds = [World({"sigma": lambda z: 1 / (1 + np.exp(-z)), "z": z}) for z in (1.3, -0.7, 0.0)]
    tails = [World({"sigma": lambda z: 1 / (1 + np.exp(-z)), "z": z}) for z in (20.0, -20.0)]
    formula("SATURATE").holds(*worlds, reached=tails, rtol=1e-8)
    slope = sp.diff(1 / (1 + sp.exp(-Z)), Z)
    assert sp.simplify(slope - slope.subs(Z, -Z)) == 0
    assert sp.simplify(sp.exp(-Z) / slope - (1 + sp.exp(-Z)) ** 2) == 0


@pytest.mark.equation("CONE")
def test_two_random_eigenvalues_are_both_positive_in_a_cone() -> None:
    r"""Integrated with symbols over all directions of $(p, q, r)$, the part where both eigenvalues are positive is $\frac12 (1 - 1/\sqrt2)$."""
    p, q, r = sp.symbols("p q r", real=True)
    values = sp.Matrix([[p + q, r], [r, p - q]]).eigenvals(multiple=True)
    assert {sp.simplify(value - p) ** 2 for value in values} == {q**2 + r**2}
    tilt = sp.symbols("theta", real=True)
    inside = sp.integrate(2 * sp.pi * sp.sin(tilt), (tilt, 0, sp.pi / 4)) / (4 * sp.pi)
    assert sp.simplify(inside - (1 - 1 / sp.sqrt(2)) / 2) == 0


@pytest.mark.equation("CONE")
def test_random_matrices_agree_with_the_cone() -> None:
    """Of a hundred thousand symmetric 2×2 matrices with normal entries, that share has a positive trace and determinant."""
    A = np.random.default_rng(7).normal(size=(100_000, 2, 2))
    a, b, c = 2 * A[:, 0, 0], A[:, 0, 1] + A[:, 1, 0], 2 * A[:, 1, 1]
    share = np.mean((a + c > 0) & (a * c - b * b > 0))
    assert share == pytest.approx((1 - 0.5**0.5) / 2, abs=0.004)


def test_swapping_two_hidden_neurons_changes_nothing() -> None:
    """The cost of a network is the same when two hidden neurons change places with all their weights."""
    rng = np.random.default_rng(0)
    W1, b1, W2, b2 = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(1, 2)), rng.normal(size=1)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    costs = [
        Network(
            [Dense.from_parameters(W1[order], b1[order], "sigmoid"), Dense.from_parameters(W2[:, order], b2)],
            "half_squared_error",
        ).cost(x, y)
        for order in ([0, 1], [1, 0])
    ]
    assert costs[0] == pytest.approx(costs[1])
