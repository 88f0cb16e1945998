"""Worlds of the chapter on better steps: walks with a velocity, with moments, and rates that change."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproplab.book.formulas.world import World


def rolling(mu: float = 0.7, eta: float = 0.3, start: float = 0.0) -> World:
    """A walk with momentum down a tilted quadratic cost of three parameters, from a velocity on."""
    H, star = np.array([[1.3, 0.4, -0.2], [0.4, 0.9, 0.3], [-0.2, 0.3, 1.7]]), np.array([0.3, -0.2, 0.9])
    w, v = {0: np.array([1.2, 0.4, -0.8])}, {0: start * np.array([0.6, -0.5, 0.2])}
    for t in range(4):
        v[t + 1] = mu * v[t] + H @ (w[t] - star)
        w[t + 1] = w[t] - eta * v[t + 1]
    return World({"C": lambda x: (x - star) @ H @ (x - star) / 2, "w": w, "v": v, "mu": mu, "eta": eta})


def constant_pull(mu: float) -> World:
    """The velocity under one gradient that never changes, gathered step by step."""
    g, v = np.array([0.7, -1.1, 0.4]), {0: np.zeros(3)}
    for t in range(5):
        v[t + 1] = mu * v[t] + g
    return World({"g": g, "v": v, "mu": mu})


def narrowest(slow: float, steep: float) -> World:
    """The learning rate and the momentum of all on a grid that shrink two curvatures fastest, searched and not computed."""

    def slowest(eta: float, mu: float) -> float:
        return max(abs(np.roots([1, eta * curvature - 1 - mu, mu])).max() for curvature in (slow, steep))

    low, high = np.array([1e-3, 0.0]), np.array([4 / steep, 0.999])
    best = (low + high) / 2
    for _ in range(60):  # the grid closes in on its best point
        places = [np.linspace(a, b, 9) for a, b in zip(low, high, strict=True)]
        best = np.array(min(((e, m) for e in places[0] for m in places[1]), key=lambda place: slowest(*place)))
        width = (high - low) * 0.4
        low, high = np.maximum(best - width, [1e-3, 0]), np.minimum(best + width, [4 / steep, 0.999])
    values = {"eta": best[0], "mu": best[1], "lambda_min": slow, "lambda_max": steep, "kappa": steep / slow}
    return World(values)


def moments(steps: int = 4) -> World:
    """Fading means of three changing gradients, their share of what they are means of, and the walk they lead to."""
    rng = np.random.default_rng(4)
    b1, b2, eta, epsilon = 0.7, 0.85, 0.3, 0.02
    g = rng.standard_normal(steps)
    values: dict[str, Any] = {
        "beta_1": b1, "beta_2": b2, "eta": eta, "varepsilon": epsilon, "g": g, "m": {0: 0.0}, "s": {0: 0.0},
        "hat_m": {}, "hat_s": {}, "w": {0: 1.3},
    }  # fmt: skip
    for t in range(1, steps + 1):
        ages = range(t)
        weights = [np.array([b**age for age in ages]) for b in (b1, b2)]
        sums = [
            sum(weights[0][age] * g[t - age - 1] for age in ages),
            sum(weights[1][age] * g[t - age - 1] ** 2 for age in ages),
        ]
        values["m"][t], values["s"][t] = (1 - b1) * sums[0], (1 - b2) * sums[1]
        values["hat_m"][t], values["hat_s"][t] = sums[0] / weights[0].sum(), sums[1] / weights[1].sum()
        values["w"][t] = values["w"][t - 1] - eta * values["hat_m"][t] / (np.sqrt(values["hat_s"][t]) + epsilon)
    return World(values)


def stairs(k: int) -> World:
    """A rate that is multiplied by γ after every k steps, stair by stair."""
    gamma, rate, rates = 0.6, 0.8, {}
    for t in range(9):
        if t and not t % k:
            rate *= gamma
        rates[t] = rate
    return World({"eta": rates, "gamma": gamma, "k": k})


def wave(T: int) -> World:
    """A rate that falls as the height of a point that goes half around a circle, turned by equal angles."""
    first, last = 0.8, 0.1
    place, turn = 1 + 0j, np.exp(1j * np.pi / T)
    rates = {}
    for t in range(T + 1):
        rates[t] = last + (first - last) * (place.real + 1) / 2
        place *= turn
    return World({"eta": rates, "T": T, "cos": np.cos})


def warming(k: int) -> World:
    """A rate that grows by equal amounts and then follows another schedule."""
    other = {t: 0.9 / (t + 1) ** 0.5 for t in range(8)}
    rates = {k - 1: other[0]}
    for t in range(k - 1, 0, -1):
        rates[t - 1] = rates[t] - other[0] / k
    rates |= {k + t: rate for t, rate in other.items() if k + t < 8}
    return World({"eta": rates, "eta'": other, "k": k}, ranges={"t": range(8)})
