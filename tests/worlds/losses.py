"""Worlds of the chapter on losses: outputs, targets, weighted inputs and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.network import sigma

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.world import Let


def shares(z: Any) -> Any:
    """The softmax, of complex numbers too."""
    powers = [np.exp(value) for value in z]
    return np.array(powers) / sum(powers)


def squares(a: Any, y: Any) -> Any:
    """Half the squared error of one example."""
    return sum((a[j] - y[j]) ** 2 for j in range(len(y))) / 2


def surprise(a: Any, y: Any) -> Any:
    """The cross-entropy of one example."""
    return -sum(y[j] * np.log(a[j]) for j in range(len(y)))


def outputs(
    cost: Callable[[Any, Any], Any] = squares, activation: Callable[[Any], Any] = sigma, *, size: int = 3, seed: int = 4
) -> World:
    """The outputs of one example, from weighted inputs, with targets that add up to 1, and what they cost."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("sigma", sigma), let("softmax", shares)
        y = rng.uniform(0.1, 1, size)
        y = let("y", y / y.sum())
        z = let("z", rng.standard_normal(size))
        let("C", cost(let("a", activation(z)), y))

    return World(program)


def yes_or_no(z: float = 0.7, y: float = 0.2) -> World:
    """One output that says how probable a yes is, and its binary cross-entropy."""

    def program(let: Let) -> None:
        let("sigma", sigma)
        target = let("y", y)
        a = let("a", sigma(let("z", z)))
        let("C", -target * np.log(a) - (1 - target) * np.log(1 - a))

    return World(program)


def table(c: float | None = None, sizes: tuple[int, int] = (3, 4), *, seed: int = 5) -> World:
    """Outputs and targets of a batch, one column for each example, and c times the sum of all squares."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        n, N = let("n", sizes[0]), let("N", sizes[1])
        factor = let("c", 1 / (n * N) if c is None else c)
        a, y = let("a", rng.uniform(0, 1, sizes)), let("y", rng.uniform(0, 1, sizes))
        let("C", factor * sum((a[place] - y[place]) ** 2 for place in np.ndindex(*sizes)))

    return World(program)
