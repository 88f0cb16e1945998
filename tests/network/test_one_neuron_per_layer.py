"""The formulas of the chapter on chains of single neurons, each checked apart from the package."""

from __future__ import annotations

from functools import cache
from math import exp, prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy as sp

from backproplab import Dense, Network

if TYPE_CHECKING:
    from collections.abc import Callable

RNG_SEEDS = range(20)


def sigma(z: float) -> float:
    return 1 / (1 + exp(-z))


def sigma_prime(z: float) -> float:
    return exp(-z) / (1 + exp(-z)) ** 2


def cost(x: float, y: float, w: list[float], b: list[float]) -> float:
    """(a^L − y)² of a chain of sigmoid neurons."""
    a = x
    for w_l, b_l in zip(w, b, strict=True):
        a = sigma(w_l * a + b_l)
    return (a - y) ** 2


def walk(x: float, w: list[float], b: list[float]) -> tuple[list[float], list[float]]:
    """All z, and all a from a⁰ = x on."""
    a, z = [x], []
    for w_l, b_l in zip(w, b, strict=True):
        z.append(w_l * a[-1] + b_l)
        a.append(sigma(z[-1]))
    return z, a


def some_chain(seed: int, layers: int = 3) -> tuple[float, float, list[float], list[float]]:
    rng = np.random.default_rng(seed)
    return rng.normal(), rng.random(), [*rng.normal(0, 1.5, layers)], [*rng.normal(size=layers)]


def network_of(w: list[float], b: list[float]) -> Network:
    layers = [Dense.from_parameters([[w_l]], [b_l], "sigmoid") for w_l, b_l in zip(w, b, strict=True)]
    return Network(layers, "squared_error")


@cache
def last_neuron() -> dict[str, sp.Expr]:
    """The symbols of the last neuron and its cost, (σ(w a′ + b) − y)², with σ written out."""
    w, b, a_prev, y = sp.symbols("w b a_prev y", real=True)
    z = w * a_prev + b
    a = 1 / (1 + sp.exp(-z))
    prime = sp.exp(-z) / (1 + sp.exp(-z)) ** 2
    return {"w": w, "b": b, "a_prev": a_prev, "y": y, "z": z, "a": a, "prime": prime, "C": (a - y) ** 2}


@pytest.mark.equation("CHAIN1")
@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_three_ratios_multiply_to_the_slope(seed: int) -> None:
    r"""Three measured slopes, of $z^L$ over $w^L$, of $a^L$ over $z^L$ and of $C_0$ over $a^L$, multiply to the measured slope of $C_0$ over $w^L$."""
    x, y, w, b = some_chain(seed)
    z, a = walk(x, w, b)
    h = 1e-5

    def slope(f: Callable[[float], float], at: float) -> float:
        return (f(at + h) - f(at - h)) / (2 * h)

    factors = (
        slope(lambda weight: weight * a[2] + b[2], w[2]),
        slope(sigma, z[2]),
        slope(lambda activation: (activation - y) ** 2, a[3]),
    )
    whole = slope(lambda weight: cost(x, y, [*w[:2], weight], b), w[2])
    assert prod(factors) == pytest.approx(whole, rel=1e-6, abs=1e-11)


@pytest.mark.equation("DCDW")
def test_slope_of_the_weight() -> None:
    r"""Differentiated by SymPy, $C_0 = (\sigma(w^L a^{L-1} + b^L) - y)^2$ has the slope $a^{L-1}\,\sigma'(z^L)\,2(a^L - y)$ over $w^L$."""
    s = last_neuron()
    formula = s["a_prev"] * s["prime"] * 2 * (s["a"] - s["y"])
    assert sp.simplify(sp.diff(s["C"], s["w"]) - formula) == 0


@pytest.mark.equation("DCDB")
def test_slope_of_the_bias() -> None:
    r"""Differentiated by SymPy, the same cost has the slope $\sigma'(z^L)\,2(a^L - y)$ over $b^L$."""
    s = last_neuron()
    assert sp.simplify(sp.diff(s["C"], s["b"]) - s["prime"] * 2 * (s["a"] - s["y"])) == 0


@pytest.mark.equation("DCDA")
def test_slope_of_the_activation_before() -> None:
    r"""Differentiated by SymPy, the same cost has the slope $w^L\,\sigma'(z^L)\,2(a^L - y)$ over $a^{L-1}$."""
    s = last_neuron()
    assert sp.simplify(sp.diff(s["C"], s["a_prev"]) - s["w"] * s["prime"] * 2 * (s["a"] - s["y"])) == 0


@pytest.mark.equation("SECOND")
def test_curvature_of_the_weight() -> None:
    r"""Differentiated twice by SymPy, the cost bends over $w^L$ by $(a^{L-1})^2\,(2\,\sigma'(z^L)^2 + 2(a^L - y)\,\sigma''(z^L))$, with $\sigma'' = \sigma'(1 - 2\sigma)$."""
    s = last_neuron()
    double_prime = s["prime"] * (1 - 2 * s["a"])
    formula = s["a_prev"] ** 2 * (2 * s["prime"] ** 2 + 2 * (s["a"] - s["y"]) * double_prime)
    assert sp.simplify(sp.diff(s["C"], s["w"], 2) - formula) == 0


@pytest.mark.equation("SECOND")
@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_a_nudge_misses_the_slope_by_half_the_curvature(seed: int) -> None:
    r"""What $\Delta C_0 / h$ misses of the slope is $\frac12 h$ times the second derivative, and what is still missing then falls like $h^2$."""
    x, y, w, b = some_chain(seed)
    z, a = walk(x, w, b)
    prime = sigma_prime(z[2])
    slope = a[2] * prime * 2 * (a[3] - y)
    curvature = a[2] ** 2 * (2 * prime**2 + 2 * (a[3] - y) * prime * (1 - 2 * a[3]))
    rest = []
    for h in (0.02, 0.01):
        ratio = (cost(x, y, [*w[:2], w[2] + h], b) - cost(x, y, w, b)) / h
        rest.append(ratio - slope - curvature * h / 2)
    assert abs(rest[0]) <= 0.2 * 0.02**2
    assert rest[1] == pytest.approx(rest[0] / 4, rel=0.2, abs=2e-7)


@pytest.mark.equation("ALONG")
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_slope_of_the_first_weight_is_one_long_product(layers: int) -> None:
    r"""Differentiated by SymPy through the whole chain, the slope over $w^1$ is $x\,\sigma'(z^1)$, times $w^l\,\sigma'(z^l)$ for each later layer, times $2(a^L - y)$."""
    w, b = sp.symbols(f"w1:{layers + 1}"), sp.symbols(f"b1:{layers + 1}")
    x, y = sp.symbols("x y")
    z, a = [], [x]
    for w_l, b_l in zip(w, b, strict=True):
        z.append(w_l * a[-1] + b_l)
        a.append(1 / (1 + sp.exp(-z[-1])))
    primes = [sp.exp(-z_l) / (1 + sp.exp(-z_l)) ** 2 for z_l in z]
    formula = x * primes[0] * 2 * (a[-1] - y)
    for w_l, prime in zip(w[1:], primes[1:], strict=True):
        formula *= w_l * prime
    truth = sp.diff((a[-1] - y) ** 2, w[0])
    for seed in range(5):
        x_0, y_0, w_0, b_0 = some_chain(seed, layers)
        numbers = dict(zip((x, y, *w, *b), (x_0, y_0, *w_0, *b_0), strict=True))
        assert float(formula.subs(numbers)) == pytest.approx(float(truth.subs(numbers)), rel=1e-9)


@pytest.mark.equation("CHAIN1", "DCDW", "DCDB", "DCDA", "ALONG")
@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_the_loop_back_gives_every_slope_of_the_chain(seed: int) -> None:
    r"""The five lines that walk back find the same $\partial C_0 / \partial w^l$ and $\partial C_0 / \partial b^l$ as nudges of each parameter, and as the package."""
    x, y, w, b = some_chain(seed, layers=4)
    z, a = walk(x, w, b)
    gradients = network_of(w, b).trace([x], [y]).gradients
    slope, h = 2 * (a[4] - y), 1e-5
    for place in (3, 2, 1, 0):
        slope_z = slope * sigma_prime(z[place])
        for vector, claimed, name in ((w, slope_z * a[place], "W"), (b, slope_z, "b")):
            there = vector[place]
            costs = []
            for moved in (there + h, there - h):
                vector[place] = moved
                costs.append(cost(x, y, w, b))
            vector[place] = there
            assert claimed == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=1e-5, abs=1e-10)
            assert gradients[f"{name}{place + 1}"].item() == pytest.approx(claimed, rel=1e-9)
        slope = slope_z * w[place]


@pytest.mark.equation("QUARTER")
@pytest.mark.parametrize("layers", [1, 2, 5, 20])
def test_a_quarter_for_every_layer(layers: int) -> None:
    r"""The slope over $b^1$ stays below $(1/4)^L\,\lvert w^2 \cdots w^L \rvert\,\lvert \partial C_0 / \partial a^L \rvert$, and reaches it when every $z^l$ is zero."""
    for seed in RNG_SEEDS:
        x, y, w, b = some_chain(seed, layers)
        a = walk(x, w, b)[1]
        measured = network_of(w, b).trace([x], [y]).gradients["b1"].item()
        assert abs(measured) <= abs(prod(w[1:])) * abs(2 * (a[-1] - y)) / 4**layers * (1 + 1e-12)
    y, w = 0.9, [1.3] * layers
    b = [-1.3 / 2] * layers  # z = 1.3 · ½ − 0.65 = 0 at every neuron, so a = ½ again
    measured = network_of(w, b).trace([0.5], [y]).gradients["b1"].item()
    assert abs(measured) == pytest.approx(1.3 ** (layers - 1) * 2 * 0.4 / 4**layers)


@pytest.mark.equation("MEANGRAD")
@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_slope_of_the_mean_is_the_mean_of_the_slopes(seed: int) -> None:
    r"""The measured slope of $\frac1N \sum_i C_i$ over $w^L$ is the mean of the slopes $a^{L-1}_i\,\sigma'(z^L_i)\,2(a^L_i - y_i)$."""
    _, _, w, b = some_chain(seed)
    rng = np.random.default_rng(seed)
    inputs, targets, h = rng.normal(size=5), rng.random(5), 1e-5

    def mean_cost(weight: float) -> float:
        return sum(cost(x, y, [*w[:2], weight], b) for x, y in zip(inputs, targets, strict=True)) / 5

    slopes = []
    for x, y in zip(inputs, targets, strict=True):
        z, a = walk(x, w, b)
        slopes.append(a[2] * sigma_prime(z[2]) * 2 * (a[3] - y))
    assert sum(slopes) / 5 == pytest.approx((mean_cost(w[2] + h) - mean_cost(w[2] - h)) / (2 * h), rel=1e-6, abs=1e-11)
    batch = network_of(w, b).trace(inputs[:, np.newaxis], targets[:, np.newaxis])
    assert batch.gradients["W3"].item() == pytest.approx(sum(slopes) / 5)
