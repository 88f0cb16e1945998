"""The chapter on losses: each value and gradient as a formula, in algebra, by index and against nudges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy
from sympy import diff, exp, log, pi, simplify, sqrt, symbols

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

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.checks import Array

a, y, z = symbols("a y z", real=True)
SIGMOID = 1 / (1 + exp(-z))
RNG = np.random.default_rng(4)
OUTPUTS = RNG.uniform(0.05, 0.95, (3, 5))
TARGETS = RNG.uniform(0, 1, (3, 5))
LOGITS = 3 * RNG.standard_normal((3, 5))
SHARES = TARGETS / TARGETS.sum(axis=0)
PLACES = list(np.ndindex(3, 5))


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
    s = sympy.Symbol("s", positive=True)
    density = exp(-((y - a) ** 2) / (2 * s**2)) / (s * sqrt(2 * pi))
    assert simplify(sympy.integrate(density, (y, -sympy.oo, sympy.oo))) == 1
    formula = (a - y) ** 2 / (2 * s**2) + log(s * sqrt(2 * pi))
    assert simplify(sympy.expand_log(-log(density) - formula, force=True)) == 0


@pytest.mark.equation("HSE")
def test_gradient_of_half_the_squared_error() -> None:
    r"""The slope of $\frac12 \sum_k (a_k - y_k)^2$ in $a_j$ is $a_j - y_j$, and with $N$ examples $(a_j - y_j)/N$."""
    outputs, targets = symbols("a1:4", real=True), symbols("y1:4", real=True)
    cost = sum((out - target) ** 2 for out, target in zip(outputs, targets, strict=True)) / 2
    for out, target in zip(outputs, targets, strict=True):
        assert sympy.expand(diff(cost, out) - (out - target)) == 0
    formula = np.array([(OUTPUTS[place] - TARGETS[place]) / 5 for place in PLACES]).reshape(3, 5)
    np.testing.assert_allclose(half_squared_error.gradient(OUTPUTS, TARGETS), formula, rtol=1e-13)
    np.testing.assert_allclose(nudged(lambda at: half_squared_error.value(at, TARGETS), OUTPUTS), formula, atol=1e-9)


@pytest.mark.equation("MSE")
def test_mean_squared_error_by_index() -> None:
    r"""The mean squared error divides by outputs and examples, $nN$, and its gradient is $\frac{2}{nN} (a_{ji} - y_{ji})$."""
    value = sum((OUTPUTS[place] - TARGETS[place]) ** 2 for place in PLACES) / (3 * 5)
    assert mean_squared_error.value(OUTPUTS, TARGETS) == pytest.approx(value, rel=1e-13)
    formula = np.array([2 / (3 * 5) * (OUTPUTS[place] - TARGETS[place]) for place in PLACES]).reshape(3, 5)
    np.testing.assert_allclose(mean_squared_error.gradient(OUTPUTS, TARGETS), formula, rtol=1e-13)
    np.testing.assert_allclose(nudged(lambda at: mean_squared_error.value(at, TARGETS), OUTPUTS), formula, atol=1e-9)


@pytest.mark.equation("SQUASHED")
def test_squared_error_behind_a_sigmoid() -> None:
    r"""Behind a sigmoid the slope of half the squared error in $z$ is $(a - y)\,a\,(1 - a)$."""
    assert simplify(diff((SIGMOID - y) ** 2 / 2, z) - (SIGMOID - y) * SIGMOID * (1 - SIGMOID)) == 0
    step = Network([Dense.from_parameters([[1.0]], [0.0], "sigmoid")]).trace([-5.0], [[1.0]]).steps[0]
    answer = 1 / (1 + math.exp(5))
    assert step.delta[0, 0] == pytest.approx((answer - 1) * answer * (1 - answer), rel=1e-12)
    assert abs(step.delta[0, 0]) < 0.01 < 0.99 < abs(step.a[0, 0] - 1)


@pytest.mark.equation("BCE")
def test_binary_cross_entropy_in_algebra() -> None:
    r"""The slope of $-[y \ln a + (1 - y) \ln (1 - a)]$ in $a$ is $\frac{a - y}{a (1 - a)}$."""
    cost = -(y * log(a) + (1 - y) * log(1 - a))
    assert simplify(diff(cost, a) - (a - y) / (a * (1 - a))) == 0
    assert (cost.subs({y: 1}) + log(a), cost.subs({y: 0}) + log(1 - a)) == (0, 0)
    total = 0.0
    for place in PLACES:
        share = 1 / (1 + math.exp(-LOGITS[place]))
        target = float(TARGETS[place])
        total -= target * math.log(share) + (1 - target) * math.log(1 - share)
    assert binary_cross_entropy.value(LOGITS, TARGETS) == pytest.approx(total / 5, rel=1e-12)


@pytest.mark.equation("BCELOGIT")
def test_binary_cross_entropy_on_logits() -> None:
    r"""The slope of the binary cross-entropy in the logit is $\sigma(z) - y$."""
    cost = -(y * log(SIGMOID) + (1 - y) * log(1 - SIGMOID))
    assert simplify(diff(cost, z) - (SIGMOID - y)) == 0
    formula = np.array([(1 / (1 + math.exp(-LOGITS[place])) - TARGETS[place]) / 5 for place in PLACES]).reshape(3, 5)
    np.testing.assert_allclose(binary_cross_entropy.gradient(LOGITS, TARGETS), formula, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(nudged(lambda at: binary_cross_entropy.value(at, TARGETS), LOGITS), formula, atol=1e-8)


@pytest.mark.equation("SOFTMAX")
def test_softmax_by_index() -> None:
    r"""Each share is $e^{z_j} / \sum_k e^{z_k}$; they add up to 1, and do not change if a number is added to every $z_k$."""
    for i in range(5):
        total = sum(math.exp(LOGITS[k, i]) for k in range(3))
        for j in range(3):
            assert softmax(LOGITS)[j, i] == pytest.approx(math.exp(LOGITS[j, i]) / total, rel=1e-13)
    np.testing.assert_allclose(softmax(LOGITS).sum(axis=0), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(LOGITS + 1000), softmax(LOGITS), rtol=1e-11)


def symbolic_shares() -> tuple[tuple[sympy.Symbol, ...], list[sympy.Expr]]:
    logits = symbols("z1:4", real=True)
    total = sum(exp(logit) for logit in logits)
    return logits, [exp(logit) / total for logit in logits]


@pytest.mark.equation("JACSOFTMAX")
def test_softmax_jacobian_in_algebra() -> None:
    r"""In algebra $\partial a_j / \partial z_k = a_j\,([j = k] - a_k)$ for every $j$ and $k$; the function returns just that."""
    logits, shares = symbolic_shares()
    point = LOGITS[:, 0]
    powers = [math.exp(value) for value in point]
    jacobian = softmax_jacobian(point)
    for j in range(3):
        for k in range(3):
            equal = 1 if j == k else 0
            assert simplify(diff(shares[j], logits[k]) - shares[j] * (equal - shares[k])) == 0
            by_index = powers[j] / sum(powers) * (equal - powers[k] / sum(powers))
            assert jacobian[j, k] == pytest.approx(by_index, rel=1e-11)
    np.testing.assert_allclose(jacobian.sum(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0, atol=1e-15)


@pytest.mark.equation("CE")
def test_cross_entropy_by_index() -> None:
    r"""The cross-entropy is $-\sum_j y_j \ln a_j$, the mean over the examples; its slope in $a_j$ is $-y_j / a_j$."""
    total = 0.0
    for i in range(5):
        powers = [math.exp(value) for value in LOGITS[:, i]]
        total -= sum(SHARES[j, i] * math.log(powers[j] / sum(powers)) for j in range(3))
    assert softmax_cross_entropy.value(LOGITS, SHARES) == pytest.approx(total / 5, rel=1e-12)
    outputs, targets = symbols("a1:4", positive=True), symbols("y1:4", real=True)
    cost = -sum(target * log(out) for out, target in zip(outputs, targets, strict=True))
    for out, target in zip(outputs, targets, strict=True):
        assert diff(cost, out) == -target / out


@pytest.mark.equation("CELOGIT")
def test_softmax_minus_target_in_algebra() -> None:
    r"""If the targets add up to 1, the slope of the cross-entropy in the logits is $\operatorname{softmax}(z) - y$."""
    logits, shares = symbolic_shares()
    free = symbols("y1:3", real=True)
    targets = [*free, 1 - sum(free)]
    cost = -sum(target * log(share) for target, share in zip(targets, shares, strict=True))
    for k in range(3):
        assert simplify(diff(cost, logits[k]) - (shares[k] - targets[k])) == 0
    formula = np.empty_like(LOGITS)
    for k, i in PLACES:
        powers = [math.exp(value) for value in LOGITS[:, i]]
        formula[k, i] = (powers[k] / sum(powers) - SHARES[k, i]) / 5
    np.testing.assert_allclose(softmax_cross_entropy.gradient(LOGITS, SHARES), formula, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(nudged(lambda at: softmax_cross_entropy.value(at, SHARES), LOGITS), formula, atol=1e-8)
