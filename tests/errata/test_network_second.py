"""Mistakes of the notes that belong to the part on the network, second half, each shown beside what is right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from backproplab import Dense, Network, minibatches, softmax
from tests.book import ROOT


@pytest.mark.erratum("001-random-row")
def test_random_rows_leave_a_third_out() -> None:
    """N draws with replacement miss a share of (1 − 1/N)^N of the rows, 36.8 % in the limit; a shuffled pass misses none."""
    n, rng = 1000, np.random.default_rng(0)
    expected = (1 - 1 / n) ** n
    assert expected == pytest.approx(np.exp(-1), rel=1e-3)
    missed = [1 - len(np.unique(rng.integers(n, size=n))) / n for _ in range(100)]
    assert np.mean(missed) == pytest.approx(expected, rel=0.01)
    assert len(np.unique(rng.permutation(n))) == n


@pytest.mark.erratum("002-same-minima")
def test_noise_can_end_in_another_minimum() -> None:
    """From one start, the whole gradient stays in its valley; of many walks with the gradients of single examples some leave it."""

    def slope(
        theta: np.ndarray,
    ) -> np.ndarray:  # of (θ² − 1)²/4 + θ/5, the mean of two examples that pull by ±2 as well
        return theta**3 - theta + 0.2

    rng = np.random.default_rng(0)
    exact, single = np.full(200, 1.2), np.full(200, 1.2)
    for _ in range(400):
        exact -= 0.1 * slope(exact)
        single -= 0.1 * (slope(single) + 2.0 * rng.choice([-1, 1], size=200))
    assert np.all(exact > 0.5)
    assert np.abs(slope(exact)).max() < 1e-6
    assert np.any(single < -0.5)
    assert np.std(single[single > 0]) > 0.01


@pytest.mark.erratum("002-sum-for-mean")
def test_the_sum_of_gradients_belongs_to_the_sum_of_costs() -> None:
    """Added up, the gradients of N examples are N times the gradient of the mean cost."""
    rng = np.random.default_rng(0)
    network = Network([Dense(2, 3, "sigmoid", rng=rng)])
    x, y = rng.standard_normal((6, 2)), rng.random((6, 3))
    summed = sum(network.trace(x[i], y[i]).gradients["W1"] for i in range(6))
    np.testing.assert_allclose(summed, 6 * network.trace(x, y).gradients["W1"])


@pytest.mark.erratum("003-small-rate")
def test_the_learning_rate_is_what_holds_program_two_back() -> None:
    """In the record, a larger rate alone is worth more than twenty points, and biases that learn less than one."""
    record = json.loads((ROOT / "experiments/records/program-two.json").read_text("utf-8"))
    ends = {each["name"]: np.array([run["correct"][-1] for run in each["runs"]]) / 100 for each in record["settings"]}
    published = ends["as published"]
    assert len(published) == 20
    assert np.median(ends["learning rate 3"] - published) > 20
    assert np.median(ends["smaller weights"] - published) > 15
    assert abs(np.median(ends["biases learn"] - published)) < 1


@pytest.mark.erratum("003-epochs")
def test_an_epoch_is_many_iterations() -> None:
    """A pass through 600 examples in batches of ten takes sixty iterations and meets each example once."""
    batches = [*minibatches(600, 10, np.random.default_rng(0))]
    assert len(batches) == 60
    assert sorted(np.concatenate(batches)) == list(range(600))


@pytest.mark.erratum("003-parameters")
def test_the_parameters_of_a_language_model_are_no_probabilities() -> None:
    """One set of parameters, some of them negative, gives each word other probabilities of the next; these add up to one."""
    rng = np.random.default_rng(0)
    embedding, scores = rng.standard_normal((4, 30)), rng.standard_normal((30, 4))
    shares = softmax(scores @ embedding)
    assert (embedding < 0).any()
    assert not np.allclose(scores.sum(axis=0), 1)
    assert (shares > 0).all()
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert np.ptp(shares, axis=1).min() > 0.01
