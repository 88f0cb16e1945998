"""The formulas of the chapter on chains of single neurons, each checked apart from the package."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import Dense, Network
from backproplab.book.formulas.formula import formula
from tests.worlds.network import chain, chains

if TYPE_CHECKING:
    from backproplab.book.formulas.world import World
    from backproplab.checks import Array

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


WORLD = chain()


def gradients(world: World = WORLD) -> dict[str, Array]:
    """What the package says of the chain of a world."""
    w, b = ([*world[name].values()] for name in "wb")
    return network_of(w, b).trace([world["x"]], [world["y"]]).gradients


@pytest.mark.equation("CHAIN1")
def test_three_ratios_multiply_to_the_slope() -> None:
    r"""Three measured slopes, of $z^L$ over $w^L$, of $a^L$ over $z^L$ and of $C_0$ over $a^L$, multiply to the measured slope of $C_0$ over $w^L$."""
    formula("CHAIN1").holds(WORLD, package=lambda: gradients()["W3"])


@pytest.mark.equation("DCDW")
def test_slope_of_the_weight() -> None:
    r"""The slope of $C_0 = (a^L - y)^2$ over $w^L$ is $a^{L-1}\,\sigma'(z^L)\,2(a^L - y)$."""
    formula("DCDW").holds(WORLD, package=lambda: gradients()["W3"])


@pytest.mark.equation("DCDB")
def test_slope_of_the_bias() -> None:
    r"""The slope of the same cost over $b^L$ is $\sigma'(z^L)\,2(a^L - y)$: the first of the three factors is 1."""
    one = {"1 · sigma'(z^{L}) → sigma'(z^{L})": "a factor 1 can be left out"}
    formula("DCDB").holds(WORLD, package=lambda: gradients()["b3"], same=one)


@pytest.mark.equation("DCDA")
def test_slope_of_the_activation_before() -> None:
    r"""The slope of the same cost over $a^{L-1}$ is $w^L\,\sigma'(z^L)\,2(a^L - y)$."""
    formula("DCDA").holds(WORLD)


@pytest.mark.equation("SECOND")
def test_curvature_of_the_weight() -> None:
    r"""The cost bends over $w^L$ by $(a^{L-1})^2\,(2\,\sigma'(z^L)^2 + 2(a^L - y)\,\sigma''(z^L))$: the slope of its slope, measured."""
    formula("SECOND").holds(WORLD)


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
@pytest.mark.parametrize("length", [3, 4, 5])
def test_slope_of_the_first_weight_is_one_long_product(length: int) -> None:
    r"""The slope over $w^1$ is $x\,\sigma'(z^1)$, times $w^l\,\sigma'(z^l)$ for each later layer, times $2(a^L - y)$."""
    world = chain(length)
    formula("ALONG").holds(world, package=lambda: gradients(world)["W1"])


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
def test_a_quarter_for_every_layer() -> None:
    r"""The slope over $b^1$ stays below $(1/4)^L\,\lvert w^2 \cdots w^L \rvert\,\lvert \partial C_0 / \partial a^L \rvert$, and reaches it when every $z^l$ is zero."""
    formula("QUARTER").holds(
        *(chain(length, seed=seed) for length in (3, 4) for seed in range(5)),
        reached=[chain(3, still=True), chain(4, still=True)],
    )


@pytest.mark.equation("MEANGRAD")
def test_slope_of_the_mean_is_the_mean_of_the_slopes() -> None:
    r"""The slope of the mean cost over $w^L$ is the mean $\frac1N \sum_i \partial C_i / \partial w^L$ of the slopes."""
    world = chains()
    w, b, x, y = ([*world[name].values()] for name in "wbxy")
    batch = network_of(w, b).trace(np.array(x)[:, np.newaxis], np.array(y)[:, np.newaxis])
    formula("MEANGRAD").holds(world, package=lambda: batch.gradients["W3"])
