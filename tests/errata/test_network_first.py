"""Mistakes of the notes that belong to the part on the network, first half, each shown beside what is right."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from backproplab import (
    Dense,
    Network,
    digits,
    half_squared_error,
    leaky_relu,
    mean_squared_error,
    relu,
    sigmoid,
    softmax_cross_entropy,
    tanh,
)


@pytest.mark.erratum("003-ranges")
def test_only_the_sigmoid_lives_between_zero_and_one() -> None:
    """The sigmoid stays between 0 and 1; tanh goes down to −1, and ReLU up without end."""
    z = np.linspace(-30, 30, 601)
    assert 0 < sigmoid(z).min() < sigmoid(z).max() < 1
    assert -1 <= tanh(z).min() < -0.99
    assert tanh(z).max() <= 1
    assert relu(z).min() == 0
    assert relu(z).max() == 30


@pytest.mark.erratum("003-leaky-zero")
def test_a_leaky_relu_is_zero_at_zero_and_its_slope_never() -> None:
    """A leaky ReLU is 0 at 0; its slope is nowhere less than a hundredth."""
    assert leaky_relu(np.zeros(1))[0] == 0
    assert leaky_relu.derivative(np.linspace(-30, 30, 601)).min() == 1 / 100


@pytest.mark.erratum("003-perceptron")
def test_the_book_dates_the_perceptron() -> None:
    """A year cannot be computed, so this only sees to it that the book keeps to 1957 and 1958."""
    page = (Path(__file__).parents[2] / "docs/network/neuron.md").read_text("utf-8")
    section = page[page.index("## The perceptron") : page.index("## What one neuron cannot do")]
    assert set(re.findall(r"\b19\d\d\b", section)) == {"1943", "1957", "1958"}


@pytest.mark.erratum("003-count")
def test_the_network_784_10_10_is_counted() -> None:
    """The network 784-10-10 has 7,960 parameters: ten biases of each layer, and not a hundred of one."""
    rng = np.random.default_rng(0)
    network = Network([Dense(784, 10, rng=rng), Dense(10, 10, rng=rng)])
    assert sum(array.size for array in network.parameters.values()) == 784 * 10 + 10 + 10 * 10 + 10 == 7_960
    assert 784 * 10 + 10 * 10 + 10 + 10 * 10 == 8_050


@pytest.mark.erratum("004-count")
def test_the_network_784_16_16_10_is_counted() -> None:
    """The network 784-16-16-10 has 13,002 parameters."""
    rng = np.random.default_rng(0)
    layers = [Dense(n_prev, n, rng=rng) for n_prev, n in itertools.pairwise((784, 16, 16, 10))]
    assert sum(array.size for array in Network(layers).parameters.values()) == 13_002


@pytest.mark.erratum("001-mse")
def test_one_squared_error_is_not_their_mean() -> None:
    """Over four examples the mean squared error is a quarter of the sum of the squared errors, and so is its slope."""
    a, y = np.array([[0.5, 2.0, -1.0, 3.0]]), np.array([[1.0, 1.0, 1.0, 1.0]])
    squared = [(a[0, i] - y[0, i]) ** 2 for i in range(4)]
    assert mean_squared_error.value(a, y) == pytest.approx(sum(squared) / 4)
    assert mean_squared_error.value(a, y) != pytest.approx(squared[0])
    for i in range(4):
        assert mean_squared_error.gradient(a, y)[0, i] == pytest.approx(2 * (a[0, i] - y[0, i]) / 4)
    assert mean_squared_error.value(a[:, :1], y[:, :1]) == pytest.approx(squared[0])


@pytest.mark.erratum("003-first-loss")
def test_ignorance_of_ten_classes_costs_the_logarithm_of_ten() -> None:
    """Equal shares cost ln 10, whatever the label; fresh weights begin near that, and weights that are too large far above."""
    labels = np.eye(10)
    assert softmax_cross_entropy.value(np.zeros((10, 10)), labels) == pytest.approx(np.log(10))
    rng = np.random.default_rng(0)
    network = Network([Dense(64, 30, "relu", rng=rng), Dense(30, 10, rng=rng)], "softmax_cross_entropy")
    data = digits()
    assert network.cost(data.x_train, data.y_train) == pytest.approx(np.log(10), abs=1)
    for name in ("W1", "W2"):
        network.parameters[name][...] *= 20
    assert network.cost(data.x_train, data.y_train) > 20 * np.log(10)


@pytest.mark.erratum("004-k")
def test_k_is_one_index_and_not_three() -> None:
    """With k for the row as well as for the neuron before, the gradient of W comes out transposed."""
    layer = Dense(3, 2, "sigmoid", rng=np.random.default_rng(0))
    step = Network([layer]).trace([0.9, 0.3, 0.6], [0, 1]).steps[0]
    right = [[step.delta[j, 0] * step.a_prev[k, 0] for k in range(3)] for j in range(2)]
    misread = [[step.delta[j, 0] * step.a_prev[k, 0] for j in range(2)] for k in range(3)]
    assert np.allclose(step.grads["W"], right)
    assert np.shape(misread) != layer.W.shape


@pytest.mark.erratum("000-chain")
def test_three_factors_reach_the_last_layer_only() -> None:
    """Cost over output, output over net, net over weight: right at the end of a chain, far off two layers before it."""
    layers = [Dense.from_parameters([[w]], [b], "sigmoid") for w, b in ((0.8, -0.3), (-0.6, 0.4), (1.1, 0.1))]
    trace = Network(layers, "squared_error").trace([0.8], [1.0])
    last = trace.steps[-1]
    two_factors = 2 * (last.a - trace.y) * sigmoid.derivative(last.z)
    assert trace.gradients["W3"] == pytest.approx(two_factors * last.a_prev)
    missing = np.prod([step.layer.parameters["W"] for step in trace.steps[1:]])
    missing *= np.prod([sigmoid.derivative(step.z) for step in trace.steps[:2]])
    assert trace.gradients["W1"] == pytest.approx(two_factors * 0.8 * missing)
    assert abs(missing) < 0.1


@pytest.mark.erratum("004-proportion")
def test_a_sure_and_wrong_output_asks_for_little() -> None:
    """Of two outputs that should be 0, the one at 0.9999 is further off, and wishes less for its bias than the one at 0.6."""
    a, h = np.array([[0.9999], [0.6]]), 1e-6
    z, y = np.log(a / (1 - a)), np.zeros((2, 1))
    wishes = -(a - y) * sigmoid.derivative(z)
    for j in range(2):
        nudge = h * np.eye(2)[:, [j]]
        costs = [half_squared_error.value(sigmoid(z + sign * nudge), y) for sign in (1, -1)]
        assert wishes[j, 0] == pytest.approx(-(costs[0] - costs[1]) / (2 * h), rel=1e-4)
    assert abs(a[0, 0]) > abs(a[1, 0])
    assert abs(wishes[0, 0]) < abs(wishes[1, 0]) / 1000
