"""Worlds of the chapter on arrays: what is copied, added up and multiplied on the way to one number, in plain loops."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.losses import shares, surprise
from tests.worlds.stalls import relu, spread

if TYPE_CHECKING:
    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array


def uneven(z: Any) -> Any:
    """One number that depends on each entry of an array in another way."""
    return sum((place[0] + 2) * np.sin(z[place] + place[-1]) for place in np.ndindex(*np.shape(z)))


def copied(operation: Any) -> World:
    """A row b = s that an operation copies to each row of x."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(6)
        x = let("x", rng.standard_normal((3, 3)))
        row = let("b", let("s", rng.standard_normal(3)))
        z = np.array([[operation(x[i, j], row[j]) for j in range(3)] for i in range(3)])
        let("L", uneven(let("z", z)))

    return World(program)


def reduced() -> World:
    """The sums of the rows of x and the means of the rows of y."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(7)
        n = let("n", 3)
        x, y = (let(name, rng.standard_normal((3, n))) for name in ("x", "y"))
        s = let("s", [sum(x[i, j] for j in range(n)) for i in range(3)])
        m = let("m", [sum(y[i, j] for j in range(n)) / n for i in range(3)])
        let("L", uneven(s) + uneven(m) * s[0])

    return World(program)


def matrices() -> World:
    """A product of two matrices, in capitals and by entries."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(8)
        x, y = (let(name, let(name.upper(), rng.standard_normal((3, 3)))) for name in ("x", "y"))
        z = np.array([[sum(x[i, k] * y[k, j] for k in range(3)) for j in range(3)] for i in range(3)])
        let("L", uneven(let("z", let("Z", z))))

    return World(program)


def rows_of_logits() -> World:
    """Logits and shares in rows, and the mean of the cross-entropies."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(9)
        N = let("N", 3)
        y = rng.uniform(0.1, 1, (N, 3))
        y = let("y", y / y.sum(axis=1, keepdims=True))
        z = let("z", rng.standard_normal((N, 3)))
        let("C", sum(surprise(shares(z[i]), y[i]) for i in range(N)) / N)

    return World(program)


def pairs() -> World:
    """The mean squared difference of each prediction from each target."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(10)
        N = let("N", 4)
        p, y = let("p", rng.standard_normal(N)), let("y", rng.standard_normal(N))
        let("bar_y", sum(y) / N)
        let("C", sum((p[i] - y[j]) ** 2 for i in range(N) for j in range(N)) / N**2)

    return World(program)


def two_layers(x: Array, n_1: int) -> World:
    """A logit after one layer of ReLUs, for each choice of signs of all the weights, which have the variance 1."""
    n_0 = len(x)
    logits = [
        sum(v[k] * relu(sum(w[k * n_0 + i] * x[i] for i in range(n_0))) for k in range(n_1))
        for w in product([-1, 1], repeat=n_0 * n_1)
        for v in product([-1, 1], repeat=n_1)
    ]
    q = sum(number**2 for number in x) / n_0
    return World({"z": np.array(logits), "n_0": n_0, "n_1": n_1, "q": q, "Var": spread})
