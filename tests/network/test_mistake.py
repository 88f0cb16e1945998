"""The chapter on losses: each value and gradient as a formula, in algebra, by index and against nudges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import (
    Dense,
    Network,
    binary_cross_entropy,
    half_squared_error,
    mean_squared_error,
    softmax,
    softmax_cross_entropy,
    softmax_jacobian,
)
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.losses import outputs, shares, surprise, table, yes_or_no

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.checks import Array

RNG = np.random.default_rng(4)
OUTPUTS = RNG.uniform(0.05, 0.95, (3, 5))
TARGETS = RNG.uniform(0, 1, (3, 5))
LOGITS = 3 * RNG.standard_normal((3, 5))
SHARES = TARGETS / TARGETS.sum(axis=0)
SHARED = outputs(surprise, shares)


def columns(world: World, *names: str) -> list[Array]:
    """Vectors of a world as the package takes one example: columns."""
    return [world[name][:, np.newaxis] for name in names]


def nudged(cost: Callable[[Array], float], at: Array, h: float = 1e-6) -> Array:
    """The central difference of a cost in every entry."""
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = h
        slopes[place] = (cost(at + step) - cost(at - step)) / (2 * h)
    return slopes


@pytest.mark.equation("LIKELIHOOD")
def test_squares_are_the_likelihood_of_normal_noise() -> None:
    r"""For normal noise $-\ln p(y)$ is $\frac{1}{s^2} \cdot \frac12 (a - y)^2$ plus a number that does not depend on $a$."""
    a, s = 0.8, 0.6

    def p(y: float) -> float:
        return math.exp(-((y - a) ** 2) / (2 * s * s)) / math.sqrt(2 * math.pi * s * s)

    places = np.linspace(a - 12 * s, a + 12 * s, 2001)
    assert sum(p(y) for y in places) * (places[1] - places[0]) == pytest.approx(1)  # p is a density
    formula("LIKELIHOOD").holds(World({"p": p, "a": a, "s": s, "y": 0.3}))


@pytest.mark.equation("HSE")
def test_gradient_of_half_the_squared_error() -> None:
    r"""The slope of $\frac12 \sum_k (a_k - y_k)^2$ in $a_j$ is $a_j - y_j$, and with $N$ examples $(a_j - y_j)/N$."""
    world = outputs()
    one = {"(1)/(2) · 2 (a_{j} - y_{j}) → (a_{j} - y_{j})": "a half and two cancel, as the next line says"}
    formula("HSE").holds(world, package=lambda: half_squared_error.gradient(*columns(world, "a", "y")), same=one)
    np.testing.assert_allclose(half_squared_error.gradient(OUTPUTS, TARGETS), (OUTPUTS - TARGETS) / 5, rtol=1e-13)
    measured = nudged(lambda at: half_squared_error.value(at, TARGETS), OUTPUTS)
    np.testing.assert_allclose(measured, (OUTPUTS - TARGETS) / 5, atol=1e-9)


@pytest.mark.equation("MSE")
def test_mean_squared_error_by_index() -> None:
    r"""The mean squared error divides by outputs and examples, $nN$, and its gradient is $\frac{2}{nN} (a_{ji} - y_{ji})$."""
    world = table()
    a, y = world["a"], world["y"]
    package = [lambda: mean_squared_error.value(a, y), lambda: mean_squared_error.gradient(a, y)]
    formula("MSE").holds(world, package=package)


@pytest.mark.equation("SQUASHED")
def test_squared_error_behind_a_sigmoid() -> None:
    r"""Behind a sigmoid the slope of half the squared error in $z$ is $(a - y)\,a\,(1 - a)$: small even where $a$ is far off."""
    world = outputs()
    step = Network([Dense.from_parameters(np.eye(3), np.zeros(3), "sigmoid")]).trace(world["z"], world["y"]).steps[0]
    formula("SQUASHED").holds(world, package=lambda: step.delta)
    far = Network([Dense.from_parameters([[1.0]], [0.0], "sigmoid")]).trace([-5.0], [[1.0]]).steps[0]
    assert abs(far.delta[0, 0]) < 0.01 < 0.99 < abs(far.a[0, 0] - 1)


@pytest.mark.equation("BCE")
def test_binary_cross_entropy() -> None:
    r"""The binary cross-entropy is $-y \ln a - (1 - y) \ln (1 - a)$; its slope in $a$ is $\frac{a - y}{a (1 - a)}$."""
    world = yes_or_no()
    z, y = np.array([[world["z"]]]), np.array([[world["y"]]])
    formula("BCE").holds(world, package=[lambda: binary_cross_entropy.value(z, y)])
    each = [
        binary_cross_entropy.value(LOGITS[j : j + 1, i : i + 1], TARGETS[j : j + 1, i : i + 1])
        for j, i in np.ndindex(3, 5)
    ]
    assert binary_cross_entropy.value(LOGITS, TARGETS) == pytest.approx(sum(each) / 5, rel=1e-12)


@pytest.mark.equation("BCELOGIT")
def test_binary_cross_entropy_on_logits() -> None:
    r"""The slope of the binary cross-entropy in the logit is $\sigma(z) - y$; of a batch, each is divided by $N$."""
    world = yes_or_no()
    z, y = np.array([[world["z"]]]), np.array([[world["y"]]])
    formula("BCELOGIT").holds(world, package=lambda: binary_cross_entropy.gradient(z, y))
    measured = nudged(lambda at: binary_cross_entropy.value(at, TARGETS), LOGITS)
    np.testing.assert_allclose(binary_cross_entropy.gradient(LOGITS, TARGETS), measured, atol=1e-8)


@pytest.mark.equation("SOFTMAX")
def test_softmax_by_index() -> None:
    r"""Each share is $e^{z_j} / \sum_k e^{z_k}$; they add up to 1, and do not change if a number is added to every $z_k$."""
    formula("SOFTMAX").holds(SHARED, package=lambda: softmax(columns(SHARED, "z")[0]))
    np.testing.assert_allclose(softmax(LOGITS).sum(axis=0), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(LOGITS + 1000), softmax(LOGITS), rtol=1e-11)


@pytest.mark.equation("JACSOFTMAX")
def test_softmax_jacobian() -> None:
    r"""The slope $\partial a_j / \partial z_k$ is $a_j\,([j = k] - a_k)$ for every $j$ and $k$; the function returns just that."""
    jacobian = softmax_jacobian(SHARED["z"])
    formula("JACSOFTMAX").holds(SHARED, package=lambda: jacobian)
    np.testing.assert_allclose(jacobian.sum(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0, atol=1e-15)


@pytest.mark.equation("CE")
def test_cross_entropy_by_index() -> None:
    r"""The cross-entropy is $-\sum_j y_j \ln a_j$; its slope in $a_j$ is $-y_j / a_j$. Of a batch we take the mean."""
    formula("CE").holds(SHARED, package=[lambda: softmax_cross_entropy.value(*columns(SHARED, "z", "y"))])
    each = [softmax_cross_entropy.value(LOGITS[:, i : i + 1], SHARES[:, i : i + 1]) for i in range(5)]
    assert softmax_cross_entropy.value(LOGITS, SHARES) == pytest.approx(sum(each) / 5, rel=1e-12)


@pytest.mark.equation("CELOGIT")
def test_softmax_minus_target() -> None:
    r"""If the targets add up to 1, the slope of the cross-entropy in the logits is $\operatorname{softmax}(z) - y$."""
    formula("CELOGIT").holds(SHARED, package=lambda: softmax_cross_entropy.gradient(*columns(SHARED, "z", "y")))
    measured = nudged(lambda at: softmax_cross_entropy.value(at, SHARES), LOGITS)
    np.testing.assert_allclose(softmax_cross_entropy.gradient(LOGITS, SHARES), measured, atol=1e-8)
