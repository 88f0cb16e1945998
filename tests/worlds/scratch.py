"""Worlds of the chapter on MNIST from scratch: first weights drawn in every way, outputs that are stuck, runs in pairs."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from backproplab.book.formulas.world import World


def paired(seed: int = 3) -> World:
    """The standard deviations of two measured lists and of their differences, and how far the two go together."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal(7)
    B = 0.6 * A + 0.5 * rng.standard_normal(7)
    standard = [(values - values.mean()) / values.std() for values in (A, B)]
    r = float(np.mean(standard[0] * standard[1]))
    return World({"s_A": A.std(), "s_B": B.std(), "s_D": (A - B).std(), "r": r})


def shrinking(curvature: float = 0.7, tau: float = 1.3) -> World:
    """A walk down a parabola, with steps that shall be short."""
    return World({"eta": 0.02, "lambda": curvature, "tau": tau})


def first_inputs(n: int = 4) -> World:
    """The weighted inputs of images under all signs of weights and a bias of size 1, and the images' pixels."""
    x = np.random.default_rng(n).uniform(0, 1, (3, n))
    z = np.array([np.dot(signs[:-1], image) + signs[-1] for image in x for signs in product((-1, 1), repeat=n + 1)])
    return World({"v": np.mean(z**2), "n": n, "m": x.mean(), "s": x.std()})


def gates(v: float) -> World:
    """The mean slope of a sigmoid whose weighted inputs are spread normally with variance v, summed on a fine grid."""
    z = np.linspace(-60, 60, 200_001)
    density = np.exp(-(z**2) / (2 * v))
    slopes = 1 / (4 * np.cosh(z / 2) ** 2)
    wide = 12 * np.sqrt(v)
    whole = np.linspace(-wide, wide, 200_001)
    area = np.exp(-(whole**2) / (2 * v)).sum() * (whole[1] - whole[0])
    return World({"g": (density * slopes).sum() * (z[1] - z[0]) / area, "v": v})


def first_costs(K: int, d: tuple[float, ...]) -> World:
    """Outputs that lie above ½ as often as below it, by the distances d: the mean cost of all their combinations."""
    values = [0.5 + sign * size for size in d for sign in (-1, 1)]
    y = np.eye(K)[0]
    costs = [sum((a - t) ** 2 for a, t in zip(outputs, y, strict=True)) / 2 for outputs in product(values, repeat=K)]
    return World({"K": K, "u": np.var(values), "bar_C": np.mean(costs)})


def stuck(a: float, push: float, steps: int, hidden: Any = (0.4, 0.7)) -> World:
    """One output that should say 1 and starts at a, pulled up step by step by its weights and its bias."""
    below = np.array(hidden)
    w, b, eta = np.zeros(len(below)), np.log(a / (1 - a)), push
    outputs = {}
    for t in range(steps + 1):
        outputs[t] = 1 / (1 + np.exp(-(w @ below + b)))
        delta = (outputs[t] - 1) * outputs[t] * (1 - outputs[t])
        w, b = w - eta * delta * below, b - eta * delta
    return World({"a": outputs, "eta": eta, "c": 1 + below @ below})
