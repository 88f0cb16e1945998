"""The chapter on Taylor's theorem: each of its equations as a formula, in algebra and in numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from sympy import Symbol, exp, integrate, log

from backproplab import Dense, Network, digits, hessian
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.calculus import hillside, line, mean_bend

h, s = Symbol("h", positive=True), Symbol("s", positive=True)


def two_layer_cost(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Half the squared error of a network of two inputs, two hidden sigmoids and one output, written out."""

    def sigma(z: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-z))

    hidden = [sigma(w[2 * j] * x[0] + w[2 * j + 1] * x[1] + w[4 + j]) for j in range(2)]
    output = sigma(w[6] * hidden[0] + w[7] * hidden[1] + w[8])
    return float(np.mean((output - y) ** 2) / 2)


def slopes(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of that cost, by nudges of each parameter."""
    nudge = 1e-5
    return np.array(
        [(two_layer_cost(w + nudge * e, x, y) - two_layer_cost(w - nudge * e, x, y)) / (2 * nudge) for e in np.eye(9)]
    )


@pytest.fixture
def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=9), rng.normal(size=(2, 4)), np.array([0.0, 1, 1, 0])


@pytest.mark.equation("TAYLOR1")
def test_first_order_with_its_remainder() -> None:
    r"""$f(a) + f'(a)h + \int_0^h (h - s) f''(a + s)\,ds$ is $f(a + h)$: to the right, to the left, far and near."""
    formula("TAYLOR1").holds(line(), line(h=-0.4), line(a=-1.0, h=1.6))


@pytest.mark.equation("REMAINDER")
def test_the_remainder_has_a_bound() -> None:
    r"""The error of the tangent is at most $\frac12 M h^2$ where $|f''| \le M$, also at its tightest, the parabola $\frac12 M x^2$."""
    exponential = World({"f": lambda x: np.exp(x) + x / 3, "a": 0.7, "h": 0.4, "M": math.exp(1.1)})
    parabolas = [World({"f": lambda x, M=M: M * x**2 / 2 + x, "a": 0.7, "h": 0.4, "M": 3.5}) for M in (3.5, -3.5)]
    formula("REMAINDER").holds(exponential, reached=parabolas)
    assert integrate(h - s, (s, 0, h)) == h**2 / 2
    for f, prime, second in (
        (math.exp, math.exp, math.exp),
        (math.sin, math.cos, lambda x: -math.sin(x)),
        (lambda x: 3.5 * x * x, lambda x: 7 * x, lambda _: 7.0),
    ):
        for at in (-2.0, 0.3, 4.0):
            for step in (1.0, 0.5, 0.01):
                bend = max(abs(second(at + step * k / 1000)) for k in range(1001))
                error = abs(f(at + step) - f(at) - prime(at) * step)
                assert error <= bend * step**2 / 2 * (1 + 1e-6) + 1e-13 * max(1, abs(f(at)))


@pytest.mark.equation("LAGRANGE", "THIRD")
def test_between_is_one_third() -> None:
    r"""Some $\xi$ between turns $\frac12 f''(\xi)h^2$ into the remainder, and it lies at a third of the way as $h \to 0$."""
    curve = {"f": lambda x: np.exp(2 * x) + x + 1 / 3, "a": 0.7, "h": 0.4}
    formula("LAGRANGE").holds(World({**curve, "xi": mean_bend(0.4)}))
    formula("THIRD").holds(World({**curve, "xi": mean_bend}, at={"xi": "h"}))
    xi = log(2 * (exp(h) - 1 - h) / h**2)
    assert sympy.limit(xi / h, h, 0) == sympy.Rational(1, 3)
    assert integrate(s * (h - s), (s, 0, h)) / integrate(h - s, (s, 0, h)) == h / 3
    for at in (0.2, 1.0):  # sin, whose bend −sin(ξ) is monotonic between 0.2 and 1.5: find ξ by bisection
        for step in (0.5, 0.1, 0.01):
            wanted = (math.sin(at + step) - math.sin(at) - math.cos(at) * step) / (step**2 / 2)
            low, high = at, at + step
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if -math.sin(middle) > wanted else (low, middle)
            assert at < low < at + step
            assert (low - at) / step == pytest.approx(1 / 3, abs=0.2 * step)


@pytest.mark.equation("TAYLOR2")
def test_second_order_with_its_remainder() -> None:
    r"""With $\frac12 f''(a)h^2$ too, the rest is $\int_0^h \frac12 (h - r)^2 f'''(a + r)\,dr$, to the right and to the left."""
    formula("TAYLOR2").holds(line(), line(h=-0.4), line(a=-1.0, h=1.6))


@pytest.mark.equation("TAYLORN")
def test_small_moves_add_up(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    r"""Slope times move, added up over all parameters, misses the change of the cost by what falls fourfold with the move."""
    formula("TAYLORN").holds(hillside(), small="d")
    w, x, y = problem
    move = np.random.default_rng(2).normal(size=9)
    forecast = slopes(w, x, y) @ move
    errors = [
        abs(two_layer_cost(w + t * move, x, y) - two_layer_cost(w, x, y) - t * forecast) for t in (0.04, 0.02, 0.01)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


@pytest.mark.equation("HVP")
def test_two_gradients_give_a_curvature(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    r"""Two gradients, at $w \pm hv$, give $Hv$; what is missing is of second order in $h$."""
    formula("HVP").holds(hillside(), small="h")
    w, x, y = problem
    direction = np.random.default_rng(2).normal(size=9)
    whole = hessian(lambda point: two_layer_cost(point, x, y), w).value
    two = (slopes(w + 1e-3 * direction, x, y) - slopes(w - 1e-3 * direction, x, y)) / 2e-3
    np.testing.assert_allclose(two, whole @ direction, atol=1e-5)


def test_a_hessian_has_n_squared_numbers(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The Hessian of a 2-2-1 network is 9 × 9 and symmetric: its diagonal and 36 pairs."""
    w, x, y = problem
    whole = hessian(lambda point: two_layer_cost(point, x, y), w).value
    assert whole.shape == (9, 9)
    for i, j in ((0, 0), (0, 8), (3, 6), (7, 7)):
        e, f = 1e-4 * np.eye(9)[[i, j]]
        corners = [two_layer_cost(w + p * e + q * f, x, y) * p * q for p in (1, -1) for q in (1, -1)]
        assert whole[i, j] == pytest.approx(sum(corners) / 4e-8, abs=1e-6)
        assert whole[i, j] == whole[j, i]


@pytest.mark.equation("DESCENT")
def test_descent_by_squared_length(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    r"""A step against the gradient lowers the cost by $\eta\lVert\nabla C\rVert^2$, the better the smaller $\eta$, here and on digits."""
    formula("DESCENT").holds(hillside(), small="eta", order=2)
    w, x, y = problem
    g = slopes(w, x, y)
    shares = [
        (two_layer_cost(w, x, y) - two_layer_cost(w - eta * g, x, y)) / (eta * g @ g) for eta in (0.1, 0.01, 1e-3)
    ]
    np.testing.assert_allclose(np.subtract(1, shares[:-1]) / np.subtract(1, shares[1:]), 10, rtol=0.1)
    data = digits()
    network = Network(
        [Dense(64, 30, "sigmoid", rng=(rng := np.random.default_rng(0))), Dense(30, 10, "sigmoid", rng=rng)]
    )
    before, grads = network.cost(data.x_train, data.y_train), network.trace(data.x_train, data.y_train).gradients
    for name, array in network.parameters.items():
        array -= 1e-3 * grads[name]
    promised = 1e-3 * sum(float((grad**2).sum()) for grad in grads.values())
    assert before - network.cost(data.x_train, data.y_train) == pytest.approx(promised, rel=1e-3)


@pytest.mark.equation("BEND")
def test_the_bend_along_the_gradient(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    r"""Along $-g$ the second derivative of the cost is $g^T H g$: what is then missing falls eightfold when $\eta$ halves."""
    formula("BEND").holds(hillside(), small="eta", order=3)
    w, x, y = problem
    grad = slopes(w, x, y)
    bend = grad @ hessian(lambda point: two_layer_cost(point, x, y), w).value @ grad
    missing = [
        two_layer_cost(w - eta * grad, x, y) - (two_layer_cost(w, x, y) - eta * grad @ grad + eta**2 * bend / 2)
        for eta in (0.4, 0.2, 0.1)
    ]
    assert missing[1] / missing[2] == pytest.approx(8, rel=0.1)


@pytest.mark.equation("TURN")
def test_half_the_promise_at_the_turn() -> None:
    r"""At $\eta^* = \lVert g\rVert^2 / g^T H g$ the parabola is lowest and keeps half the promise; at $2\eta^*$ it keeps nothing."""
    eta, square, bend = sympy.symbols("eta G B", positive=True)
    parabola = -eta * square + eta**2 * bend / 2
    turn = square / bend
    assert sympy.solve(parabola.diff(eta), eta) == [turn]
    assert sympy.simplify(parabola.subs(eta, turn) + turn * square / 2) == 0
    assert parabola.subs(eta, 2 * turn) == 0
    H = np.array([[5.0, 1.0], [1.0, 2.0]])  # on a quadratic it is exact
    w = np.array([1.0, -3.0])
    g = H @ w
    high, start, low = ((w - step * g) @ H @ (w - step * g) / 2 for step in (-1, 0, 1))
    best = (high - low) / (high - 2 * start + low) / 2  # the lowest point of the parabola through three costs
    formula("TURN").holds(World({"g": g, "H": H, "eta^*": best}))
    costs = [(w - step * g) @ H @ (w - step * g) / 2 for step in (0, 0.9 * best, best, 1.1 * best, 2 * best)]
    assert min(costs) == costs[2]
    assert costs[0] - costs[2] == pytest.approx(best * g @ g / 2)
    assert costs[4] == pytest.approx(costs[0])
