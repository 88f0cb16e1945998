"""The chain rule in series, with Jacobians, over several paths, and counted along a chain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from backproplab import derivative, jacobian

X, Y, Z = sp.symbols("x y z", real=True)


@pytest.mark.equation("NUDGE")
@given(x=st.floats(-2, 2), dx=st.floats(-0.5, 0.5).filter(lambda dx: abs(dx) > 1e-4))
@settings(deadline=None)
def test_the_remainder_has_a_bound(x: float, dx: float) -> None:
    r"""For $\sin$ after $x^3 - x$ the remainder $r$ is at most $K\,\Delta x^2$; for the page's parabolas it is exactly that."""

    def g(x: float) -> float:
        return x**3 - x

    slope_f, slope_g = np.cos(g(x)), 3 * x**2 - 1
    r = np.sin(g(x + dx)) - np.sin(g(x)) - slope_f * slope_g * dx
    most_g, most_f = 6 * max(abs(x), abs(x + dx)), 1
    K = abs(slope_f) * most_g / 2 + most_f / 2 * (abs(slope_g) + most_g / 2 * abs(dx)) ** 2
    assert abs(r) <= K * dx**2 + 1e-14

    h = sp.Symbol("h", positive=True)
    parabola = X**2 + X
    after = (parabola - 28) ** 2 / 2
    slope = (parabola - 28) * (2 * X + 1)
    r_exact = (after.subs(X, X + h) - after - slope * h).subs(X, 5)
    K_exact = (parabola - 28).subs(X, 5) * sp.Rational(2, 2) + sp.Rational(1, 2) * (11 + h) ** 2
    assert sp.expand(r_exact - K_exact * h**2) == 0


@pytest.mark.equation("CHAIN")
def test_slopes_in_series_multiply() -> None:
    r"""SymPy's derivative of $f(g(x))$ is $f'(g(x))\,g'(x)$ for nine pairs of functions, and so is the measured slope."""
    at = 0.7
    shapes = (sp.sin(X), X**2 + X, sp.exp(-X))
    for outer in shapes:
        for inner in shapes:
            product = sp.diff(outer, X).subs(X, inner) * sp.diff(inner, X)
            assert sp.simplify(sp.diff(outer.subs(X, inner), X) - product) == 0
            measured = derivative(sp.lambdify(X, outer.subs(X, inner)), at)
            assert measured.value == pytest.approx(float(product.subs(X, at)), abs=max(measured.error, 1e-12))


@pytest.mark.equation("CHAINVEC")
def test_jacobians_in_series_multiply() -> None:
    r"""Each entry of $J_{f \circ g}$ is $\sum_k \partial C_i / \partial u_k \cdot \partial u_k / \partial x_j$, by SymPy and by measurement."""
    inner = [X * Y, sp.sin(X), Y**2 + X]
    u = sp.symbols("u:3", real=True)
    outer = [u[0] + u[1] * u[2], u[0] * sp.exp(u[2] / 5)]
    replaced = dict(zip(u, inner, strict=True))
    exact = np.empty((2, 2))
    for i, output in enumerate(outer):
        for j, letter in enumerate((X, Y)):
            direct = sp.diff(output.subs(replaced), letter)
            over_the_middle = sum(
                sp.diff(output, u[k]).subs(replaced) * sp.diff(inner[k], letter) for k in range(len(u))
            )
            assert sp.simplify(direct - over_the_middle) == 0
            exact[i, j] = direct.subs({X: 0.6, Y: -1.1})

    def g(x: np.ndarray) -> np.ndarray:
        return np.array([x[0] * x[1], np.sin(x[0]), x[1] ** 2 + x[0]])

    def f(u: np.ndarray) -> np.ndarray:
        return np.array([u[0] + u[1] * u[2], u[0] * np.exp(u[2] / 5)])

    point = np.array([0.6, -1.1])
    J_g, J_f, J = jacobian(g, point).value, jacobian(f, g(point)).value, jacobian(lambda x: f(g(x)), point).value
    np.testing.assert_allclose(J, exact, atol=1e-8)
    for i in range(2):
        for j in range(2):
            assert J[i, j] == pytest.approx(sum(J_f[i, k] * J_g[k, j] for k in range(3)), abs=1e-8)


def paths(arrows: dict[tuple[int, int], float], start: int, end: int) -> list[list[tuple[int, int]]]:
    """Every path, as a list of its arrows."""
    if start == end:
        return [[]]
    return [[arrow, *rest] for arrow in arrows if arrow[0] == start for rest in paths(arrows, arrow[1], end)]


@pytest.mark.equation("PATHS")
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 6))
@settings(max_examples=50, deadline=None)
def test_paths_add_up_on_random_graphs(seed: int, size: int) -> None:
    r"""On random graphs of sines, the measured $dC/dx$ is the sum over every path, listed one by one, of the product of its slopes."""
    rng = np.random.default_rng(seed)
    weights = {
        (p, c): float(rng.uniform(-1.5, 1.5))
        for c in range(1, size)
        for p in range(c)
        if rng.random() < 0.8 or p == c - 1
    }

    def run(x: float) -> tuple[list[float], list[float]]:
        sums, values = [0.0], [x]
        for c in range(1, size):
            sums.append(sum(weights.get((p, c), 0) * values[p] for p in range(c)))
            values.append(float(np.sin(sums[c])))
        return sums, values

    sums, _ = run(0.4)
    slopes = {(p, c): w * np.cos(sums[c]) for (p, c), w in weights.items()}
    added = sum(np.prod([slopes[arrow] for arrow in path]) for path in paths(slopes, 0, size - 1))
    measured = derivative(lambda x: run(x)[1][-1], 0.4)
    assert measured.value == pytest.approx(added, abs=1e-7)


@pytest.mark.equation("PATHS")
def test_cancelling_fails_with_two_paths() -> None:
    r"""For $C = uv$ with $u = 3x$ and $v = x^2$, neither path alone is $dC/dx = 9x^2$; their sum is."""
    u, v = sp.symbols("u v", real=True)
    cost, inner = u * v, {u: 3 * X, v: X**2}
    through = {letter: sp.diff(cost, letter).subs(inner) * sp.diff(inner[letter], X) for letter in (u, v)}
    whole = sp.diff(cost.subs(inner), X)
    assert whole == 9 * X**2
    assert sp.expand(through[u] + through[v] - whole) == 0
    assert through[u] == 3 * X**2
    assert through[v] == 6 * X**2


@pytest.mark.equation("TRIPLE")
def test_the_triple_product_is_minus_one() -> None:
    r"""For $pV = T$, and for $x + y^3 + xz + 2z = 5$ solved for each letter in turn, the three slopes multiply to $-1$."""
    gas, tangle = X * Y - Z, X + Y**3 + X * Z + 2 * Z - 5
    for F, point in ((gas, {X: 15, Y: 20, Z: 300}), (tangle, {X: 1, Y: 1, Z: 1})):
        assert F.subs(point) == 0
        product = 1
        for letter, moved in ((X, Y), (Y, Z), (Z, X)):
            solutions = [one for one in sp.solve(F, letter) if sp.simplify(one.subs(point) - point[letter]) == 0]
            product *= sp.diff(solutions[0], moved).subs(point)
        assert sp.simplify(product) == -1
    F_x, F_y, F_z = sp.symbols("F_x F_y F_z", nonzero=True)
    assert sp.simplify((-F_y / F_x) * (-F_z / F_y) * (-F_x / F_z)) == -1


@pytest.mark.equation("LONGCHAIN")
@given(seed=st.integers(0, 2**32 - 1), widths=st.lists(st.integers(1, 4), min_size=3, max_size=5))
@settings(max_examples=25, deadline=None)
def test_brackets_do_not_matter(seed: int, widths: list[int]) -> None:
    r"""Through random layers, $J_L \cdots J_1$ multiplied from either end is the Jacobian measured over the whole chain."""
    rng = np.random.default_rng(seed)
    layers = [rng.standard_normal((n, m)) / 2 for m, n in pairwise(widths)]
    x = rng.standard_normal(widths[0])
    jacobians, a = [], x
    for W in layers:
        a = np.tanh(W @ a)
        jacobians.append((1 - a[:, np.newaxis] ** 2) * W)

    def chain(x: np.ndarray) -> np.ndarray:
        for W in layers:
            x = np.tanh(W @ x)
        return x

    from_right, from_left = jacobians[0], jacobians[-1]
    for later in jacobians[1:]:
        from_right = later @ from_right
    for earlier in jacobians[-2::-1]:
        from_left = from_left @ earlier
    np.testing.assert_allclose(from_left, from_right, atol=1e-12)
    np.testing.assert_allclose(jacobian(chain, x).value, from_left, atol=1e-7)


class Counted:
    """A number that counts how often its kind is multiplied."""

    multiplications = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __mul__(self, other: Counted) -> Counted:
        Counted.multiplications += 1
        return Counted(self.value * other.value)

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.value + other.value)


@pytest.mark.equation("COUNT")
@given(widths=st.lists(st.integers(1, 5), min_size=3, max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_multiplications_are_counted(widths: list[int]) -> None:
    r"""Numbers that count their own products give $n_0 \sum_{l \ge 2} n_l n_{l-1}$ forward and $n_L \sum_{l < L} n_l n_{l-1}$ in reverse."""
    rng = np.random.default_rng(0)
    make = np.frompyfunc(Counted, 1, 1)
    matrices = [make(rng.integers(-3, 4, (n, m)).astype(object)) for m, n in pairwise(widths)]
    L = len(widths) - 1

    def multiplied(chain: list[np.ndarray], *, onto_the_left: bool) -> tuple[int, list[int]]:
        Counted.multiplications, result = 0, chain[0]
        for matrix in chain[1:]:
            result = np.dot(matrix, result) if onto_the_left else np.dot(result, matrix)
        return Counted.multiplications, [number.value for number in result.ravel()]

    forward, values = multiplied(matrices, onto_the_left=True)
    reverse, same = multiplied(matrices[::-1], onto_the_left=False)
    assert values == same
    assert forward == widths[0] * sum(widths[k] * widths[k - 1] for k in range(2, L + 1))
    assert reverse == widths[-1] * sum(widths[k] * widths[k - 1] for k in range(1, L))
