"""Mini-batches: what a random batch's gradient is on average, how far off, and what draws leave out."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest

from backproplab import Dense, Network, minibatches
from backproplab.book.formulas.check import Manner
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.counts import missed, poll, settled
from tests.worlds.steps import batch, draws

SLOPES = [Fraction(4), Fraction(-1), Fraction(3), Fraction(0), Fraction(-2)]
N = len(SLOPES)
MEAN = sum(SLOPES, Fraction(0)) / N
SIGMA2 = sum(((g - MEAN) * (g - MEAN) for g in SLOPES), Fraction(0)) / N


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def variance(values: list[Fraction]) -> Fraction:
    centre = mean(values)
    return mean([(value - centre) * (value - centre) for value in values])


@pytest.mark.equation("MEANGRAD2")
def test_gradient_of_a_mean() -> None:
    r"""The gradient of $\frac1m\sum_{i \in B} C_i$, by central differences, is $\frac1m\sum_{i \in B} \nabla C_i$ for every batch of four examples."""
    formula("MEANGRAD2").holds(batch((1, 3, 4)), batch((2, 3)))
    rng = np.random.default_rng(0)
    network = Network([Dense(3, 4, "sigmoid", rng=rng), Dense(4, 2, "sigmoid", rng=rng)])
    x, y = rng.standard_normal((4, 3)), rng.random((4, 2))
    for m in range(1, 5):
        for chosen in map(list, combinations(range(4), m)):
            for name, array in network.parameters.items():
                each = np.mean([network.trace(x[i], y[i]).gradients[name] for i in chosen], axis=0)
                np.testing.assert_allclose(network.trace(x[chosen], y[chosen]).gradients[name], each, atol=1e-15)
                index = (0,) * array.ndim
                kept, sides = array[index], []
                for h in (1e-5, -1e-5):
                    array[index] = kept + h
                    sides.append(sum(network.cost(x[i], y[i]) for i in chosen) / m)
                array[index] = kept
                assert (sides[0] - sides[1]) / 2e-5 == pytest.approx(each[index], rel=1e-6, abs=1e-9)


@pytest.mark.equation("UNBIASED")
def test_a_batch_is_right_on_average() -> None:
    r"""The mean of $g_B$ over *every* batch of $m$, with and without replacement, is $\nabla C$."""
    every = [draws([float(g) for g in SLOPES], m, again=again) for m in (2, 3, 1, 4, 5) for again in (True, False)]
    formula("UNBIASED").holds(*every)


def test_a_short_last_batch_makes_the_mean_of_means_wrong() -> None:
    batches = [SLOPES[:2], SLOPES[2:4], SLOPES[4:]]
    means = [mean(batch) for batch in batches]
    assert mean(means) != MEAN
    assert sum(len(batch) * value for batch, value in zip(batches, means, strict=True)) / N == MEAN


@pytest.mark.equation("VARIANCE")
def test_variance_with_replacement() -> None:
    r"""The variance of $g_B$ over all $N^m$ draws is $\sigma^2/m$."""
    formula("VARIANCE").holds(*(draws([float(g) for g in SLOPES], m, again=True) for m in (2, 3, 1, 4, 5)))


@pytest.mark.equation("FINITEPOP")
def test_variance_without_replacement() -> None:
    r"""The variance of $g_B$ over all batches of $m$ different examples is $\frac{\sigma^2}{m}\cdot\frac{N-m}{N-1}$, and zero for $m = N$."""
    formula("FINITEPOP").holds(*(draws([float(g) for g in SLOPES], m, again=False) for m in (2, 3, 1, 4, N)))


def test_covariance_of_two_draws_without_replacement() -> None:
    """The number κ of the derivation is −σ²/(N − 1)."""
    pairs = [*permutations(SLOPES, 2)]
    covariance = mean([(g - MEAN) * (h - MEAN) for g, h in pairs])
    assert covariance == -SIGMA2 / (N - 1)


@pytest.mark.equation("POLL")
def test_the_error_of_a_poll() -> None:
    r"""The standard deviation of the share of yes among $m$ voters, over all their answers, is $\sqrt{p(1-p)/m}$, at most $\frac{1}{2\sqrt m}$."""
    formula("POLL").holds(*(poll(p, m) for p in (0.1, 0.53, 0.9) for m in (3, 8)), reached=[poll(0.5, 3), poll(0.5, 8)])


@pytest.mark.equation("EPOCHSTEPS")
def test_steps_per_epoch() -> None:
    r"""An epoch of $N$ examples in batches of $m$ has $\lceil N/m \rceil$ steps."""
    for examples in range(1, 25):
        for m in range(1, 30):
            left, steps = examples, 0
            while left > 0:
                left, steps = left - m, steps + 1
            batches = [*minibatches(examples, m, np.random.default_rng(0))]
            assert len(batches) == steps
            formula("EPOCHSTEPS").is_true([(World({"N": examples, "m": m, "steps": steps}), Manner())], None)
    formula("EPOCHSTEPS").holds(World({"N": 10, "m": 4, "steps": 3}))


@pytest.mark.equation("MISSED")
def test_share_of_missed_examples() -> None:
    r"""Of all $N^N$ ways to draw, a share of $(1 - \frac1N)^N$ misses a given example, and the limit is $1/e$, approached from below."""
    formula("MISSED").holds(*(missed(examples) for examples in (5, 2, 3, 4)), grows="N")
    shares = [(1 - 1 / n) ** n for n in range(1, 200)]
    assert all(before < after < math.exp(-1) for before, after in pairwise(shares))


def test_shuffled_batches_miss_nothing() -> None:
    """The batches of an epoch hold every example exactly once, whatever the batch size."""
    for m in (1, 3, 10, 64, 100):
        batches = [*minibatches(64, m, np.random.default_rng(m))]
        assert sorted(np.concatenate(batches)) == [*range(64)]
        assert all(len(batch) == m for batch in batches[:-1])


@pytest.mark.equation("NOISEFLOOR")
def test_cloud_about_the_minimum() -> None:
    r"""$v = \frac{\eta}{2-\eta}\cdot\frac{\sigma^2}{m}$ is the variance at which steps $d' = (1-\eta)\,d - \eta\,\xi$ settle."""
    formula("NOISEFLOOR").holds(settled(0.3, 1.3, 4), settled(0.05, 0.7, 9))


def test_the_cloud_of_a_two_sided_noise() -> None:
    """With ξ = ±s, a step on all the places that n steps can reach gives the variance of the recursion, by enumeration."""
    eta, s = Fraction(2, 5), Fraction(1)
    places = [Fraction(0)]
    expected = Fraction(0)
    for _ in range(8):
        places = [(1 - eta) * place + sign * eta * s for place in places for sign in (1, -1)]
        expected = (1 - eta) ** 2 * expected + eta**2 * s**2
        assert variance(places) == expected
    assert float(expected) == pytest.approx(float(eta / (2 - eta)), rel=1e-3)
