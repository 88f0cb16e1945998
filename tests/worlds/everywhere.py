"""Worlds of the chapter on language models: a lookup, frequencies and shares, the score of random numbers, an attention head."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.stalls import WEIGHTS, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backproplab.book.formulas.world import Let


def one_lookup(w: int, *, seed: int = 0) -> World:
    """An embedding of four words, and one of them as a one-hot column."""
    E = np.random.default_rng(seed).standard_normal((3, 4))
    return World({"E": E, "j": w, "x": np.array([float(v == w) for v in range(1, 5)])})


def sentence(w: Sequence[int], *, seed: int = 0) -> World:
    """The columns of the words of a sentence, looked up one by one, and a cost that mixes them all."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        E, places = let("E", rng.standard_normal((4, 4))), range(len(w))
        let("j", np.array(w))
        e = let("e", [[E[i, w[t] - 1] for t in places] for i in range(4)])
        mix = rng.standard_normal((4, len(w)))
        sums = [sum(mix[i, t] * e[i, t] for i in range(4) for t in range(last + 1)) for last in places]
        let("C", sum(np.sin(one) for one in sums))

    return World(program)


def guesses(p: Sequence[float], a: Sequence[float]) -> World:
    """How often each word follows, and the shares that a model gives them."""
    return World({"p": np.array(p), "a": np.array(a)})


def random_score(d: int) -> World:
    """The dot product of a key and a query for every outcome of their entries, which are independent with a mean of zero."""
    keys, queries = WEIGHTS[1:3], WEIGHTS[[0, 3]]
    scores = [
        sum(k * q for k, q in zip(ks, qs, strict=True))
        for ks in product(keys, repeat=d)
        for qs in product(queries, repeat=d)
    ]
    return World({"s": np.array(scores), "k_1": keys, "q_1": queries, "d": d, "Var": spread})


def head(size: int = 3, *, seed: int = 0) -> World:
    """An attention head over some words, in plain loops, and a cost of what it hears; all sizes are equal.

    Matrices have their capital letters, and their entries small ones.
    """

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        each = range(let("d", size))
        X = let("X", rng.standard_normal((size, size)))

        def layer(name: str) -> Any:
            W = let(f"W_{name}", rng.standard_normal((size, size)))
            return let(name, [[sum(W[i, j] * X[j, t] for j in each) for t in each] for i in each])

        q, k, v = let("q", layer("Q")), let("k", layer("K")), let("v", layer("V"))
        s = [[sum(k[i, t] * q[i, u] for i in each) / size**0.5 for u in each] for t in each]
        s = let("S", let("s", s))
        totals = [sum(np.exp(s[t, u]) for t in range(u + 1)) for u in each]
        a = [[np.exp(s[t, u]) / totals[u] if t <= u else 0 for u in each] for t in each]
        a = let("A", let("a", a))
        h = let("H", let("h", [[sum(v[i, t] * a[t, u] for t in each) for u in each] for i in each]))
        goal = rng.standard_normal((size, size))
        let("C", sum((h[place] - goal[place]) ** 2 * (1 + place[0]) for place in np.ndindex(size, size)))

    return World(program)
