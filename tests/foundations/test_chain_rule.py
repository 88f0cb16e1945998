"""The chain rule in series, with Jacobians, over several paths, and counted along a chain."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from backproplab import derivative, jacobian
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.calculus import jacobian_of, line, machines, nudged

X, Y, Z = sp.symbols("x y z", real=True)


@pytest.mark.equation("NUDGE")
def test_the_remainder_has_a_bound() -> None:
    r"""For $\sin$ after $x^3 - x$ the remainder $r$ is at most $K\,\Delta x^2$; for two parabolas it is exactly that."""
    parabolas = [
        nudged(lambda u, sign=sign: sign * (1.5 * u**2 + u), lambda x: x**2 + x, 3.0, 2.0, x, dx)
        for sign in (1, -1)
        for x, dx in ((0.7, 0.3), (-0.7, -0.3))
    ]
    formula("NUDGE").holds(nudged(np.sin, lambda x: x**3 - x, 1.0, 6.0, 0.7, 0.3), reached=parabolas)


@pytest.mark.equation("CHAIN")
def test_slopes_in_series_multiply() -> None:
    r"""SymPy's derivative of $f(g(x))$ is $f'(g(x))\,g'(x)$ for nine pairs of functions, and so is the measured slope."""
    formula("CHAIN").holds(line())
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
    r"""The Jacobian of $f(g(x))$, measured as a whole, is $J_f(g(x))\,J_g(x)$, and so is what the package measures."""

    def g(x: np.ndarray) -> np.ndarray:
        return np.array([x[0] * x[1], np.sin(x[0]), x[1] ** 2 + x[0]])

    def f(u: np.ndarray) -> np.ndarray:
        return np.array([u[0] + u[1] * u[2], u[0] * np.exp(u[2] / 5)])

    point = np.array([0.6, -1.1])
    values = {"f": f, "g": g, "x": point, "J_f": lambda u: jacobian_of(f, u), "J_g": lambda x: jacobian_of(g, x)}
    whole = World({**values, "J_fcircg": lambda x: jacobian_of(lambda x: f(g(x)), x)})
    formula("CHAINVEC").holds(whole)
    J_g, J_f, J = jacobian(g, point).value, jacobian(f, g(point)).value, jacobian(lambda x: f(g(x)), point).value
    np.testing.assert_allclose(J, J_f @ J_g, atol=1e-8)


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
def test_brackets_do_not_matter() -> None:
    r"""Through four layers, $J_L \cdots J_1$ multiplied from either end is the Jacobian measured over the whole chain."""
    world = World(machines)
    formula("LONGCHAIN").holds(world)
    J = [world["J"][l] for l in (1, 2, 3, 4)]
    np.testing.assert_allclose(J[3] @ (J[2] @ (J[1] @ J[0])), ((J[3] @ J[2]) @ J[1]) @ J[0], rtol=1e-12)


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
def test_the_multiplications_are_counted() -> None:
    r"""Numbers that count their own products give $n_0 \sum_{l \ge 2} n_l n_{l-1}$ forward and $n_L \sum_{l < L} n_l n_{l-1}$ in reverse."""

    def multiplied(chain: list[np.ndarray], *, onto_the_left: bool) -> tuple[int, list[int]]:
        Counted.multiplications, result = 0, chain[0]
        for matrix in chain[1:]:
            result = np.dot(matrix, result) if onto_the_left else np.dot(result, matrix)
        return Counted.multiplications, [number.value for number in result.ravel()]

    def counted(widths: list[int]) -> World:
        rng = np.random.default_rng(0)
        make = np.frompyfunc(Counted, 1, 1)
        matrices = [make(rng.integers(-3, 4, (n, m)).astype(object)) for m, n in pairwise(widths)]
        forward, values = multiplied(matrices, onto_the_left=True)
        reverse, same = multiplied(matrices[::-1], onto_the_left=False)
        assert values == same
        sizes = dict(enumerate(widths))
        return World({"n": sizes, "L": len(widths) - 1, "forward": forward, "reverse": reverse})

    formula("COUNT").holds(*map(counted, ([2, 3, 5, 7], [4, 1, 3, 2, 6], [3, 4, 2])))
