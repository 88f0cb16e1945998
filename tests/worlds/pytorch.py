"""Worlds of the chapter on PyTorch: a layer whose examples are rows, logits with class numbers, gradients that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backproplab.book.formulas.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backproplab.book.formulas.world import Let


def linear_rows() -> World:
    r"""Three examples as rows through a layer of three neurons; the cost bends every $z_{ij}$ by another sine."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(6)
        x, w = let("x", rng.standard_normal((3, 3))), let("w", rng.standard_normal((3, 3)))
        b, weights = let("b", rng.standard_normal(3)), rng.standard_normal((3, 3))
        z = let("z", np.array([[np.dot(w[j], x[i]) + b[j] for j in range(3)] for i in range(3)]))
        let("delta", weights * np.cos(z))
        let("C", sum(weights[place] * np.sin(z[place]) for place in np.ndindex(3, 3)))

    return World(program)


def logits(classes: Sequence[int] = (2, 1, 3), *, seed: int = 7) -> World:
    """The logits of some examples as rows, the number of each right class, and the mean of what its share costs."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        N = let("N", len(classes))
        y = let("y", dict(enumerate(classes, 1)))
        z = let("z", rng.standard_normal((N, N)))
        p = let("p", np.array([np.exp(row) / np.exp(row).sum() for row in z]))
        let("C", sum(-np.log(p[i, y[i + 1] - 1]) for i in range(N)) / N)

    return World(program)


def never_cleared(eta: float = 0.2) -> World:
    """A walk down a tilted quadratic cost of two parameters whose gradients are added to a total that is never cleared."""
    H, star = np.array([[1.3, 0.4], [0.4, 0.9]]), np.array([0.3, -0.7])
    w, total = {0: np.array([1.2, -0.4])}, np.zeros(2)
    for t in range(4):
        total = total + H @ (w[t] - star)
        w[t + 1] = w[t] - eta * total
    return World({"C": lambda x: (x - star) @ H @ (x - star) / 2, "w": w, "eta": eta})


def shares_as_logits(p: Sequence[float], y: int) -> World:
    """The probabilities of one example, and what a loss makes of them that takes them for logits."""

    def program(let: Let) -> None:
        shares = let("p", np.array(p))
        let("n", len(p)), let("y", y)
        powers = [np.exp(one) for one in shares]
        let("C", -np.log(powers[y - 1] / sum(powers)))

    return World(program)
