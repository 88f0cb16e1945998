"""Chapter 3: partial derivatives, directions, steepest ascent and the shapes of derivatives."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy as sp

from backproplab import gradient, jacobian, softmax, softmax_jacobian
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.calculus import hillside, jacobian_of, uneven

if TYPE_CHECKING:
    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array

X, Y = sp.symbols("x y", real=True)
POINTS = ((3.0, 4.0), (-0.7, 0.2), (0.0, 1.5))


@pytest.mark.equation("PARTIAL")
def test_partial_derivative_is_a_derivative_with_the_others_held_still() -> None:
    r"""The limit of $(f(x + he_i) - f(x))/h$ is the slope in $x_i$ alone, measured for each of three inputs."""
    formula("PARTIAL").holds(hillside())


@pytest.mark.equation("GRAD")
def test_gradient_collects_the_partial_derivatives() -> None:
    r"""The gradient is the column of the $\partial f/\partial x_i$, and the one that the package measures is within its stated error."""
    world = hillside()
    formula("GRAD").holds(world)
    measured = gradient(uneven, world["x"])
    assert measured.value.shape == (3,)
    assert np.all(np.abs(measured.value - world["g"]) <= measured.error + 1e-14)


def test_gradient_has_the_shape_of_what_it_is_taken_by() -> None:
    """For a matrix of weights, entry $(j, k)$ of the gradient is the slope with respect to entry $(j, k)$."""
    x, W = np.array([0.9, -0.4, 0.3]), np.arange(6.0).reshape(2, 3)
    measured = gradient(lambda W: 0.5 * float(np.sum((W @ x) ** 2)), W).value
    assert measured.shape == W.shape
    for j in range(2):
        for k in range(3):
            assert measured[j, k] == pytest.approx(sum(W[j, i] * x[i] for i in range(3)) * x[k])


@pytest.mark.equation("DIRDER")
def test_slope_in_any_direction_is_gradient_times_direction() -> None:
    r"""The slope of $f$ along $u$, measured by walking that way, is $\nabla f(x)^T u$, in two directions."""
    formula("DIRDER").holds(hillside(), hillside(u=np.array([-3.0, 4.0, 12.0]) / 13))


@pytest.mark.equation("STEEPEST")
def test_no_direction_is_steeper_than_the_gradient() -> None:
    r"""The slope along $u$ is $\lVert g\rVert(1 - \frac12\lVert\hat g - u\rVert^2)$; of 500 directions none goes beyond $\pm\lVert g\rVert$."""
    g = hillside()["g"]
    length = np.linalg.norm(g)
    formula("STEEPEST").holds(
        hillside(hat_g=g / length), hillside(hat_g=g / length, u=np.array([-3.0, 4.0, 12.0]) / 13)
    )
    for u in np.random.default_rng(0).normal(size=(500, 3)):
        assert abs(g @ u) <= length * np.linalg.norm(u)


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
def test_cauchy_schwarz() -> None:
    r"""No product $g^T v$ lies beyond $\pm\lVert g\rVert\lVert v\rVert$, and both ends are reached, by $v = 2g$ and $v = -2g$."""
    world = hillside()
    formula("CAUCHY").holds(world, reached=[hillside(v=2 * world["g"]), hillside(v=-2 * world["g"])])


@pytest.mark.equation("CAUCHY")
def test_cauchy_schwarz_is_a_sum_of_squares() -> None:
    r"""$\lVert g\rVert^2\lVert v\rVert^2 - (g^T v)^2$ is the sum of all $(g_i v_j - g_j v_i)^2$ with $i < j$, so never negative."""
    g, v = sp.symbols("g:4", real=True), sp.symbols("v:4", real=True)
    left = sum(a**2 for a in g) * sum(b**2 for b in v) - sum(a * b for a, b in zip(g, v, strict=True)) ** 2
    right = sum((g[i] * v[j] - g[j] * v[i]) ** 2 for j in range(4) for i in range(j))
    assert sp.expand(left - right) == 0


@pytest.mark.equation("LEVEL")
def test_gradient_stands_at_a_right_angle_on_a_line_of_equal_height() -> None:
    r"""On a walk $c(t)$ with $f(c(t)) = 9$ throughout, $\nabla f(c(t))^T c'(t)$ is zero, with both slopes measured."""

    def f(x: Array) -> Any:
        return (x[0] - 1) ** 2 + 4 * x[1] ** 2

    def walk(t: Any) -> Array:
        return np.array([1 + 3 * np.cos(t), 1.5 * np.sin(t)])

    def constant(height: Any) -> bool:
        return np.ndim(height) == 0 and all(abs(f(walk(t)) - height) < 1e-9 for t in np.linspace(-1, 1, 21))

    places = [World({"f": f, "c": walk, "t": t}, words={"is constant": constant}) for t in (0.3, -0.8)]
    zero = "(∇ f(c(t)))^T c'(t) = 0 → -(∇ f(c(t)))^T c'(t) = 0"
    formula("LEVEL").holds(*places, same={zero: "minus zero is zero"})


@pytest.mark.equation("JACOBIAN")
def test_jacobian_has_a_row_for_each_output_and_a_column_for_each_input() -> None:
    r"""Entry $(i, j)$ of a measured Jacobian, with three outputs and two inputs, is $\partial F_i/\partial x_j$, derived with symbols."""

    def outputs_of(x: Array) -> Array:
        return np.array([x[0] ** 2 * x[1] + x[2] ** 3, np.sin(x[0]) + 2 * x[1] * x[2]])

    def program(let: Let) -> None:
        x = let("x", np.array([0.4, -0.3, 0.8]))
        let("m", 2)
        let("n", 3)
        let("F", outputs_of(x))
        let("J", jacobian_of(outputs_of, np.real(x)))

    formula("JACOBIAN").holds(World(program))
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
