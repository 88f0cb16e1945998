"""Worlds of the chapter on learning that stalls: every outcome of random weights, the lead of a logit, inputs and their units."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array

WEIGHTS = np.array([-1.5, -0.4, 0.4, 1.5])
"""Four values, equally likely, that a random weight may have."""
DEVIATION = float(np.sqrt(np.mean(WEIGHTS**2)))


def outcomes(terms: Sequence[float]) -> Array:
    """The weighted sums of some terms under all choices of their weights."""
    return np.array(
        [sum(w * term for w, term in zip(ws, terms, strict=True)) for ws in product(WEIGHTS, repeat=len(terms))]
    )


def spread(values: Array) -> float:
    """The variance of numbers that are equally likely."""
    return float(np.mean((values - np.mean(values)) ** 2))


def fan_in(a: Sequence[float]) -> World:
    """A neuron with random weights and given inputs: its weighted input for every outcome."""
    q = sum(one**2 for one in a) / len(a)
    return World({"a": np.array(a), "z": outcomes(a), "s": DEVIATION, "q": q, "n_in": len(a), "Var": spread})


def fan_out(delta: Sequence[float]) -> World:
    """Two activations that feed some neurons through random weights: the gradient at each for every outcome."""
    g = {k: sign * outcomes(delta) for k, sign in ((1, 1.0), (2, -1.0))}
    return World({"delta": np.array(delta), "g": g, "s": DEVIATION, "n_out": len(delta), "Var": spread})


def balanced(n_in: int, n_out: int) -> World:
    """The deviation at which what a layer does to the square of a signal and of an error is 1 on average, by bisection."""
    forward, backward = (spread(outcomes([1.0] * n)) / DEVIATION**2 for n in (n_in, n_out))
    low, high = 0.0, 2.0
    for _ in range(80):
        s = (low + high) / 2
        low, high = (s, high) if (s**2 * forward + s**2 * backward) / 2 < 1 else (low, s)
    return World({"s": low, "n_in": n_in, "n_out": n_out})


def relu(z: Any) -> Any:
    """What is above 0."""
    return np.where(np.real(z) > 0, z, 0)


def one_number(z: float) -> World:
    """A number that meets a ReLU."""
    return World({"z": z, "relu": lambda value: value if value > 0 else 0 * value})


def kept_by_relu(n_in: int) -> World:
    """The deviation at which a mean square comes through a ReLU and a layer unchanged, by bisection over all signs."""
    signs = np.array([*product([-1, 1], repeat=n_in)])
    size = np.arange(1, n_in + 1) / 2
    before, after = np.mean(size**2), np.mean([spread(outcomes(relu(sign * size))) for sign in signs]) / DEVIATION**2
    low, high = 0.0, 3.0
    for _ in range(80):
        s = (low + high) / 2
        low, high = (s, high) if s**2 * after < before else (low, s)
    return World({"s": low, "n_in": n_in})


def deep_relus(n: int, depth: int, weight: float) -> World:
    """The mean square of z in each layer of ReLUs, over all signs that the weights of the network may have."""
    signs = weight * np.array([*product([-1, 1], repeat=n * n)]).reshape(-1, n, n)
    z = np.array([signs_of_one @ np.array([0.8, 0.3, 1.1][:n]) for signs_of_one in signs])
    p = {1: np.mean(z**2)}
    for l in range(2, depth + 1):
        z = np.einsum("sij,aj->sai", signs, relu(z)).reshape(-1, n)
        p[l] = np.mean(z**2)
    return World({"p": p, "n": n, "s": weight, "L": depth})


def lead(z: Sequence[float], y: int) -> World:
    """The cross-entropy of one example with the right class y, from the share of that class."""

    def program(let: Let) -> None:
        logits = let("z", np.array(z))
        let("K", len(z)), let("y", y)
        powers = [np.exp(one) for one in logits]
        let("C", -np.log(powers[y - 1] / sum(powers)))

    return World(program)


def linear_neuron(x: Array, y: Array) -> World:
    """A linear neuron under half the mean squared error, example by example."""

    def program(let: Let) -> None:
        N, inputs = x.shape
        let("N", N), let("x", x)
        w = let("w", np.linspace(0.5, -0.8, inputs))
        misses = [sum(w[k] * x[i, k] for k in range(inputs)) - y[i] for i in range(N)]
        let("C", sum(miss**2 for miss in misses) / (2 * N))

    return World(program)


def standardized(x: Array) -> World:
    """Each input less its share of the ones, made as long as they are."""
    N = len(x)
    ones = np.ones(N)
    mu = np.array([np.linalg.lstsq(ones[:, None], column, rcond=None)[0][0] for column in x.T])
    rest = x - np.outer(ones, mu)
    length = np.array([np.linalg.norm(column) for column in rest.T])
    values = {
        "x": x,
        "mu": mu,
        "d": length / np.linalg.norm(ones),
        "N": N,
        "hat_x": rest / length * np.linalg.norm(ones),
    }
    return World(values)
