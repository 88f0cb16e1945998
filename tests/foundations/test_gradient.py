"""Chapter 3: partial derivatives, directions, steepest ascent and the shapes of derivatives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, strategies as st

from backproplab import gradient, jacobian, softmax, softmax_jacobian

if TYPE_CHECKING:
    from backproplab.checks import Array

X, Y, H, T = sp.symbols("x y h t", real=True)
SURFACES = (X**2 + Y**2, X * Y, sp.exp(X) * sp.sin(Y) + X**3 * Y, (X - Y) ** 2 / 2 + (X + Y) ** 2 / 20)
POINTS = ((3.0, 4.0), (-0.7, 0.2), (0.0, 1.5))


@pytest.mark.equation("PARTIAL")
@pytest.mark.parametrize("surface", SURFACES, ids=str)
def test_partial_derivative_is_a_derivative_with_the_others_held_still(surface: sp.Expr) -> None:
    r"""The limit of $(f(x + he_i) - f(x))/h$, worked out with symbols, is the derivative with the other input constant."""
    for symbol in (X, Y):
        quotient = (surface.subs(symbol, symbol + H) - surface) / H
        assert sp.simplify(sp.limit(quotient, H, 0) - sp.diff(surface, symbol)) == 0


@pytest.mark.equation("GRAD")
@pytest.mark.parametrize("surface", SURFACES, ids=str)
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_gradient_collects_the_partial_derivatives(surface: sp.Expr, point: tuple[float, float]) -> None:
    r"""Entry $i$ of the measured gradient is $\partial f/\partial x_i$, derived with symbols, within the stated error."""
    f = sp.lambdify((X, Y), surface, "math")
    exact = [float(sp.diff(surface, symbol).subs({X: point[0], Y: point[1]})) for symbol in (X, Y)]
    measured = gradient(lambda p: f(p[0], p[1]), point)
    assert measured.value.shape == (2,)
    for i in range(2):
        assert abs(measured.value[i] - exact[i]) <= measured.error[i] + 1e-15
    assert measured.value == pytest.approx(exact, rel=1e-8, abs=1e-8)


def test_gradient_has_the_shape_of_what_it_is_taken_by() -> None:
    """For a matrix of weights, entry $(j, k)$ of the gradient is the slope with respect to entry $(j, k)$."""
    x, W = np.array([0.9, -0.4, 0.3]), np.arange(6.0).reshape(2, 3)
    measured = gradient(lambda W: 0.5 * float(np.sum((W @ x) ** 2)), W).value
    assert measured.shape == W.shape
    for j in range(2):
        for k in range(3):
            assert measured[j, k] == pytest.approx(sum(W[j, i] * x[i] for i in range(3)) * x[k])


@pytest.mark.equation("DIRDER")
@pytest.mark.parametrize("surface", SURFACES, ids=str)
def test_slope_in_any_direction_is_gradient_times_direction(surface: sp.Expr) -> None:
    r"""The derivative of $f(x + hu)$ by $h$ at zero is $\sum_i \partial f/\partial x_i \cdot u_i$, with symbols, at any angle."""
    angle = sp.symbols("phi", real=True)
    u = (sp.cos(angle), sp.sin(angle))
    along = surface.subs({X: X + H * u[0], Y: Y + H * u[1]}, simultaneous=True)
    slope = sp.diff(along, H).subs(H, 0)
    assert (
        sp.simplify(slope - sum(sp.diff(surface, symbol) * part for symbol, part in zip((X, Y), u, strict=True))) == 0
    )


def unit(angles: list[float]) -> Array:
    vector = np.array(angles)
    return vector / np.linalg.norm(vector)


vectors = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        *[
            st.lists(st.floats(-9, 9), min_size=n, max_size=n).filter(lambda v: sum(x * x for x in v) > 1e-4)
            for _ in "gu"
        ]
    )
)


@pytest.mark.equation("STEEPEST")
@given(vectors)
def test_no_direction_is_steeper_than_the_gradient(pair: tuple[list[float], list[float]]) -> None:
    r"""The slope along $u$ is $\lVert g\rVert(1 - \frac12\lVert\hat g - u\rVert^2)$, never beyond $\pm\lVert g\rVert$, with sums written out."""
    g, u = np.array(pair[0]), unit(pair[1])
    length = sum(entry**2 for entry in g) ** 0.5
    distance = sum((entry / length - other) ** 2 for entry, other in zip(g, u, strict=True))
    slope = sum(entry * other for entry, other in zip(g, u, strict=True))
    assert slope == pytest.approx(length * (1 - distance / 2), abs=1e-12 * length)
    assert slope <= length * (1 + 1e-12)
    assert g @ (g / length) == pytest.approx(length)
    assert g @ (-g / length) == pytest.approx(-length)


@pytest.mark.equation("STEEPEST")
def test_the_identity_behind_steepest_ascent_holds_with_symbols() -> None:
    r"""For any $g$ and any $u$ of length one in the plane, $g^T u = \lVert g\rVert(1 - \frac12\lVert\hat g - u\rVert^2)$."""
    length = sp.symbols("r", positive=True)
    alpha, beta = sp.symbols("alpha beta", real=True)
    g, u = length * sp.Matrix([sp.cos(alpha), sp.sin(alpha)]), sp.Matrix([sp.cos(beta), sp.sin(beta)])
    apart = (g / length - u).dot(g / length - u)
    assert sp.simplify(g.dot(u) - length * (1 - apart / 2)) == 0
    assert sp.simplify(g.dot(u) - length * sp.cos(alpha - beta)) == 0


@pytest.mark.equation("CAUCHY")
@given(vectors)
def test_cauchy_schwarz(pair: tuple[list[float], list[float]]) -> None:
    r"""No product $g^T v$ lies beyond $\pm\lVert g\rVert\lVert v\rVert$, and both ends are reached, by $v = g$ and $v = -g$."""
    g = pair[0]
    for v, reached in ((pair[1], None), (g, 1), ([-a for a in g], -1)):
        product = sum(a * b for a, b in zip(g, v, strict=True))
        bound = (sum(a * a for a in g) * sum(b * b for b in v)) ** 0.5
        assert -bound * (1 + 1e-12) <= product <= bound * (1 + 1e-12)
        assert reached is None or product == pytest.approx(reached * bound)


@pytest.mark.equation("CAUCHY")
def test_cauchy_schwarz_is_a_sum_of_squares() -> None:
    r"""$\lVert g\rVert^2\lVert v\rVert^2 - (g^T v)^2$ is the sum of all $(g_i v_j - g_j v_i)^2$ with $i < j$, so never negative."""
    g, v = sp.symbols("g:4", real=True), sp.symbols("v:4", real=True)
    left = sum(a**2 for a in g) * sum(b**2 for b in v) - sum(a * b for a, b in zip(g, v, strict=True)) ** 2
    right = sum((g[i] * v[j] - g[j] * v[i]) ** 2 for j in range(4) for i in range(j))
    assert sp.expand(left - right) == 0


@pytest.mark.equation("LEVEL")
@pytest.mark.parametrize(
    ("surface", "walk"),
    [
        (X**2 + Y**2, (5 * sp.cos(T), 5 * sp.sin(T))),
        (X * Y, (sp.exp(T), 2 * sp.exp(-T))),
        (Y - X**3 + X, (T, T**3 - T + 7)),
        (X**2 / 9 + Y**2 / 4, (3 * sp.cos(T**3), 2 * sp.sin(T**3))),
    ],
    ids=str,
)
def test_gradient_stands_at_a_right_angle_on_a_line_of_equal_height(
    surface: sp.Expr, walk: tuple[sp.Expr, sp.Expr]
) -> None:
    r"""On a walk $c(t)$ along a line of equal height, with symbols, $\nabla f(c(t))^T c'(t)$ is zero at every $t$."""
    here = {X: walk[0], Y: walk[1]}
    assert sp.simplify(sp.diff(surface.subs(here, simultaneous=True), T)) == 0
    product = sum(
        sp.diff(surface, symbol).subs(here, simultaneous=True) * sp.diff(part, T)
        for symbol, part in zip((X, Y), walk, strict=True)
    )
    assert sp.simplify(product) == 0


@pytest.mark.equation("JACOBIAN")
def test_jacobian_has_a_row_for_each_output_and_a_column_for_each_input() -> None:
    r"""Entry $(i, j)$ of a measured Jacobian, with three outputs and two inputs, is $\partial F_i/\partial x_j$, derived with symbols."""
    outputs = (X**2 * Y, sp.sin(X) + 2 * Y, sp.exp(X - Y))
    exact = sp.Matrix(outputs).jacobian([X, Y])
    functions = [sp.lambdify((X, Y), output, "math") for output in outputs]
    for point in POINTS:
        measured = jacobian(lambda p: np.array([f(p[0], p[1]) for f in functions]), point)
        assert measured.value.shape == (3, 2)
        for i in range(3):
            for j in range(2):
                assert measured.value[i, j] == pytest.approx(
                    float(exact[i, j].subs({X: point[0], Y: point[1]})), abs=1e-8
                )


@pytest.mark.equation("JACOBIAN")
def test_one_output_makes_the_jacobian_the_gradient_laid_down() -> None:
    """With one output the Jacobian is a row of the gradient's numbers; in general, row $i$ is the gradient of output $i$."""
    z = np.array([0.3, -1.2, 2.0, 0.1])
    matrix = jacobian(softmax, z).value
    assert matrix == pytest.approx(softmax_jacobian(z), abs=1e-8)
    for i in range(4):
        one = gradient(partial(lambda i, z: float(softmax(z)[i]), i), z).value
        row = jacobian(partial(lambda i, z: softmax(z)[i : i + 1], i), z).value
        assert row.shape == (1, 4)
        assert row[0] == pytest.approx(one, abs=1e-8)
        assert matrix[i] == pytest.approx(one, abs=1e-8)


def test_partial_derivatives_that_jump_say_nothing_about_other_directions() -> None:
    r"""The function $\min(|x|, |y|)$ is level along both axes and rises along the diagonal, so a jump breaks the sum."""

    def corner(t: float, u: tuple[float, float]) -> float:
        return min(abs(t * u[0]), abs(t * u[1]))

    for h in (1e-1, 1e-4, 1e-9):
        assert corner(h, (1, 0)) == corner(h, (0, 1)) == 0
        assert corner(h, (0.5**0.5, 0.5**0.5)) / h == pytest.approx(0.5**0.5)


def test_the_mean_square_share_of_a_random_direction_is_one_in_n() -> None:
    """The squared first entry of a random direction of length one has the mean $1/n$."""
    rng = np.random.default_rng(0)
    for n in (2, 10, 50):
        u = rng.normal(size=(20_000, n))
        shares = u[:, 0] ** 2 / np.sum(u**2, axis=1)
        assert shares.mean() == pytest.approx(1 / n, rel=0.05)
