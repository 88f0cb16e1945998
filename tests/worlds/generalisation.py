"""Worlds of the chapter on generalisation: penalised costs, shifted images, and the luck of a test."""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from backproplab.book.formulas.world import World

if TYPE_CHECKING:
    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array

H = np.array([[1.3, 0.4, -0.2], [0.4, 0.9, 0.3], [-0.2, 0.3, 1.7]])
STAR = np.array([0.3, -0.2, 0.9])


def penalised(decay: float) -> World:
    """A cost of three weights, and the same cost with a charge for what they weigh, square by square."""

    def program(let: Let) -> None:
        w = let("w", np.array([1.2, 0.4, -0.8]))
        C = let("C", (w - STAR) @ H @ (w - STAR) / 2)
        let("R", C + sum(let("lambda", decay) * weight * weight / 2 for weight in w))

    return World(program)


def shrinking(eta: float = 0.3, decay: float = 0.4) -> World:
    """A walk down the penalised cost: its whole gradient at every step."""
    w = {0: np.array([1.2, 0.4, -0.8])}
    for t in range(4):
        w[t + 1] = w[t] - eta * (H @ (w[t] - STAR) + decay * w[t])
    return World({"C": lambda x: (x - STAR) @ H @ (x - STAR) / 2, "w": w, "eta": eta, "lambda": decay})


def lowest(decay: float) -> World:
    """Where a bowl with a penalty is lowest along each of its axes, found by going down it."""
    h, star = np.array([2.3, 0.7, 0.2]), np.array([1.1, -0.8, 0.6])
    w = np.zeros(3)
    for _ in range(2000):
        w -= 0.3 * (h * (w - star) + decay * w)
    return World({"h": h, "hat_w": w, "w^*": star, "lambda": decay})


def moved(x: Array, d: int, e: int) -> World:
    """An image that is put down d rows lower and e columns to the right, pixel by pixel."""
    new = np.zeros_like(x)
    for (i, j), ink in np.ndenumerate(x):
        if 0 <= i + d < len(x) and 0 <= j + e < len(x[0]):
            new[i + d, j + e] = ink
    return World({"x": x, "x'": new, "d": d, "e": e}, first=0, padded=("x",))


def two_tests(p: float, n: int) -> World:
    """All outcomes of two tests of n images each, and two standard errors of the difference of their shares."""
    spread = 0.0
    for outcome in product((0, 1), repeat=2 * n):
        chance = float(np.prod([p if right else 1 - p for right in outcome]))
        spread += chance * ((sum(outcome[:n]) - sum(outcome[n:])) / n) ** 2
    return World({"p": p, "n": n, "Delta": 2 * sqrt(spread)})


def one_test(signs: list[int]) -> World:
    """The standard error of a mean of numbers, +1 where only the first is right and −1 where only the second is."""
    values = {"n": len(signs), "n_1": signs.count(1), "n_2": signs.count(-1)}
    return World({**values, "se": float(np.std(signs)) / sqrt(len(signs))})


def best_of(k: int) -> World:
    """All results of k networks that get 0 to 3 images right, and how often the best of them scores at most s."""
    chances = (0.2, 0.1, 0.4, 0.3)
    best = [0.0] * len(chances)
    for results in product(range(len(chances)), repeat=k):
        best[max(results)] += float(np.prod([chances[result] for result in results]))
    values = {"F": lambda s: sum(chances[: s + 1]), "F_best": lambda s: sum(best[: s + 1]), "k": k}
    return World(values, ranges={"s": range(len(chances))})
