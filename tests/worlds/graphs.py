"""Worlds of the chapter on graphs: single gates, a number that is used several times, a neuron taken apart, random programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab import Value
from backproplab.book.formulas.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array


def gate(operation: Callable[[Any, Any], Any], x: float, y: float) -> World:
    """One gate with two inputs, and something bent after it."""

    def program(let: Let) -> None:
        z = let("z", operation(let("x", x), let("y", y)))
        let("L", np.sin(z) + z * z / 3)

    return World(program)


def fork(x: float) -> World:
    """A number that three gates use, and a loss that mixes what they make of it."""

    def program(let: Let) -> None:
        start = let("x", x)
        z = let("z", [3 * start, start**2, np.sin(start)])
        let("L", z[0] * z[1] + np.exp(z[2]) - z[0] * z[2])

    return World(program)


def sum_times(x: float, y: float, z: float) -> World:
    """The formula of the chapter's first picture."""

    def program(let: Let) -> None:
        let("f", (let("x", x) + let("y", y)) * let("z", z))

    return World(program)


def neuron(w: list[float], x: list[float], b: float) -> World:
    """A sigmoid neuron down to its last gate."""

    def program(let: Let) -> None:
        weights, inputs = let("w", np.array(w)), let("x", np.array(x))
        z = let("z", sum(weights[k] * inputs[k] for k in range(len(w))) + let("b", b))
        p = let("p", np.exp(let("n", -z)))
        let("a", 1 / let("u", 1 + p))

    return World(program)


def drawn(seed: int, size: int) -> list[tuple[str, int, int]]:
    """Draw a program: for each step an operation and the numbers, counted from 0, that it uses; the first two are given."""
    rng = np.random.default_rng(seed)
    steps = []
    for j in range(2, size):
        operation = str(rng.choice(["+", "×", "tanh", "-"]))
        steps.append((operation, j - 1, j - 1 if j == 3 else int(rng.integers(j))))
    return steps


def run(steps: list[tuple[str, int, int]], first: float, second: float) -> tuple[list[Any], Array]:
    """Run a program on values of the package, and give them all, with the direct slope of each in each, worked out apart."""
    values = [Value(first), Value(second)]
    for operation, i, k in steps:
        x, y = values[i], values[k]
        values.append({"+": x + y, "×": x * y, "-": x - y, "tanh": (x + y).tanh()}[operation])
    s = np.zeros((len(values), len(values)))
    for j, (operation, i, k) in enumerate(steps, 2):
        left, right = values[i].data, values[k].data
        bent = 1 - np.tanh(left + right) ** 2
        slopes = {"+": (1, 1), "×": (right, left), "-": (1, -1), "tanh": (bent, bent)}[operation]
        s[j, i] += slopes[0]
        s[j, k] += slopes[1]
    return values, s


def programmed(steps: list[tuple[str, int, int]], first: float, second: float) -> World:
    """A program on plain numbers, each of which can be nudged."""
    _, s = run(steps, first, second)

    def program(let: Let) -> None:
        let("N", len(steps) + 2), let("s", s)
        v = [let("v", first, 1), let("v", second, 2)]
        for j, (operation, i, k) in enumerate(steps, 3):
            x, y = v[i], v[k]
            v.append(let("v", {"+": x + y, "×": x * y, "-": x - y, "tanh": np.tanh(x + y)}[operation], j))
        let("L", v[-1])

    return World(program)
