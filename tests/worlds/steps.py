"""Worlds of the chapters on the algorithm, on mini-batches and on conventions: parameters that move, batches, two costs."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.calculus import slope_of, uneven
from tests.worlds.network import layers, sigma

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array


def neuron_cost(x: Array, y: float) -> Callable[[Any], Any]:
    """Half the squared error of a sigmoid neuron without a bias, as a function of its weights."""
    return lambda theta: (sigma(sum(theta[k] * x[k] for k in range(len(x)))) - y) ** 2 / 2


def descent(x: Array, y: Array, eta: float) -> World:
    r"""One step per example from $\theta_0$ on, with measured slopes; $C_i$ is the cost of one example as a function."""
    costs = {i: neuron_cost(x[i], y[i]) for i in range(len(x))}
    order = {t: (2 * t + 1) % len(x) for t in range(len(x))}
    theta = {0: np.array([0.4, -0.3])}
    for t, i in order.items():
        theta[t + 1] = theta[t] - eta * slope_of(costs[i])(theta[t])
    met = sum(costs[order[t]](theta[t]) for t in range(len(x))) / len(x)
    return World({"theta": theta, "eta": eta, "C": costs, "B": order, "i": order, "N": len(x), "bar_C": met})


def step(eta: float, theta: Array, moved: Array) -> World:
    """A cost of three parameters, and where they have moved."""

    def program(let: Let) -> None:
        let("eta", eta), let("new theta", moved)
        let("C", uneven(let("theta", theta)))

    return World(program)


def forward_difference() -> World:
    """A cost as a function of three parameters, and the directions of their axes."""
    values = {"C": uneven, "theta": np.array([0.4, -0.3, 0.8]), "h": 0.01, "e": dict(enumerate(np.eye(3), 1))}
    return World(values, at={"C": "theta"})


def batch(members: tuple[int, ...]) -> World:
    """Four examples with a cost each, and a batch of some of them."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(2)
        theta = let("theta", rng.standard_normal(3))
        let("B", set(members)), let("m", len(members))
        for i in range(1, 5):
            let("C", neuron_cost(rng.standard_normal(3), rng.random())(theta), i)

    return World(program)


def draws(slopes: Sequence[float], m: int, *, again: bool) -> World:
    """The mean slopes of all batches of m examples, drawn with or without replacement, and the cost with these slopes."""

    def program(let: Let) -> None:
        N = let("N", len(slopes))
        theta = let("theta", 0.5)
        let("C", sum(slope * theta for slope in slopes) / N)
        chosen = product(slopes, repeat=m) if again else combinations(slopes, m)
        let("m", m), let("g_B", np.array([sum(batch) / m for batch in chosen]))
        mean = sum(slopes) / N
        let("sigma", np.sqrt(sum((slope - mean) ** 2 for slope in slopes) / N))
        let("E", np.mean), let("Var", lambda g: np.mean((g - np.mean(g)) ** 2))

    return World(program, nabla={"": ("theta",)})


def waiting(costs: Sequence[float], e: int, p: int) -> World:
    """The cost on other examples after each epoch, up to e, and whether the best is p epochs old or older."""
    best, waited = costs[0], 0
    for cost in costs[1:e]:
        best, waited = (cost, 0) if cost < best else (best, waited + 1)
    values = {"C_val": lambda epoch: costs[epoch - 1], "e": e, "p": p}
    words = {"patience is over after": lambda _e: waited >= p}
    return World(values, words=words, ranges={"e'": range(1, len(costs) + 1)})


def two_costs(c: float, other: float) -> World:
    """One sum of squares under two factors."""

    def program(let: Let) -> None:
        squares = uneven(let("w", np.array([0.4, -0.3, 0.8])))
        let("C", let("c", c) * squares), let("C'", let("c'", other) * squares)

    return World(program, nabla={"": ("w",)})


def as_rows(name: str = "W", *, seed: int = 0) -> World:
    """Two layers and a batch of examples as rows; a matrix W is (out, in) and a matrix M (in, out)."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("sigma", sigma), let("bold_1", np.ones(3))
        A, y = let("A", rng.standard_normal((3, 3)), 0), let("y", rng.random((3, 3)))
        for l in (1, 2):
            W, b = let(name, rng.standard_normal((3, 3)), l), let("b", rng.standard_normal(3), l)
            Z = np.stack([(W @ row if name == "W" else W.T @ row) + b for row in A])
            A = let("A", sigma(let("Z", Z, l)), l)
        let("C", sum((A[place] - y[place]) ** 2 for place in np.ndindex(3, 3)) / 6)

    return with_slopes(program, "Delta", "Z", (1, 2), rows=True)


def blamed() -> World:
    r"""The layers of a network with $\gamma^l = \partial C / \partial a^l$ beside $\delta^l$."""
    return with_slopes(layers().program, "gamma", "a", (1, 2, 3))


def with_slopes(program: Callable[[Let], object], name: str, of: str, numbers: tuple[int, ...], **more: Any) -> World:
    """Add the slopes of the cost in every number of some layers, measured by imaginary steps."""
    before, size = World(program), 1e-30

    def after(let: Let) -> None:
        program(let)
        for l in numbers:
            shape = np.shape(before[of][l])
            nudged = [before.nudged((((of, (l,), place), 1j * size),))["C"] for place in np.ndindex(*shape)]
            let(name, np.reshape(np.imag(nudged) / size, shape), l)

    return World(after, **more)


def edges() -> World:
    r"""The slopes $e^l_{kj}$ of $z^l_k$ in $z^{l-1}_j$, measured, with the errors of all layers."""
    world, size = layers(), 1e-30
    values: dict[str, Any] = {"delta": world["delta"], "e": {}}
    for l in (2, 3):
        columns = [world.nudged(((("z", (l - 1,), (j,)), 1j * size),))["z"][l] for j in range(3)]
        values["e"][l] = np.imag(np.stack(columns, axis=1)) / size
    return World(values)
