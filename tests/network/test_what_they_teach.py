"""What the four equations say about learning: three factors, a cost without a gate, and neurons that stay equal."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Dense, Network, sigmoid

RNG = np.random.default_rng(20)


@pytest.mark.equation("THREE")
def test_three_factors_of_a_hidden_weight() -> None:
    """For every weight of the first of two layers, activation times gate times blame is its gradient."""
    layers = [Dense(4, 3, "sigmoid", rng=RNG), Dense(3, 5, "tanh", rng=RNG)]
    first, second = Network(layers).trace(RNG.random(4), RNG.random(5)).steps
    for j in range(3):
        for k in range(4):
            blame = sum(layers[1].W[m, j] * second.delta[m, 0] for m in range(5))
            product = first.a_prev[k, 0] * sigmoid.derivative(first.z[j, 0]) * blame
            assert np.isclose(first.grads["W"][j, k], product, rtol=1e-12)


@pytest.mark.equation("NOGATE")
def test_cross_entropy_leaves_no_gate() -> None:
    """However far out the weighted input is, the error is the distance between answer and target."""
    network = Network([Dense.from_parameters(np.eye(3), np.zeros(3), "identity")], "binary_cross_entropy")
    z, y = np.array([-30.0, 0.5, 30.0]), np.array([1.0, 0.0, 0.0])
    (step,) = network.trace(z, y).steps
    assert np.allclose(step.delta[:, 0], sigmoid(z) - y, rtol=1e-12, atol=0)


def test_twins_have_equal_gradients() -> None:
    """Two hidden neurons with equal weights in and out get equal gradients, bit for bit; a third one does not."""
    incoming = np.array([[0.3, -0.2], [0.3, -0.2], [0.1, 0.4]])
    outgoing = np.array([[0.5, 0.5, 0.5], [-0.7, -0.7, 0.2]])
    layers = [
        Dense.from_parameters(incoming, [0.1, 0.1, 0.1], "tanh"),
        Dense.from_parameters(outgoing, [0, 0], "sigmoid"),
    ]
    gradients = Network(layers).trace(RNG.random((6, 2)), RNG.random((6, 2))).gradients
    assert np.array_equal(gradients["W1"][0], gradients["W1"][1])
    assert np.array_equal(gradients["W2"][:, 0], gradients["W2"][:, 1])
    assert not np.allclose(gradients["W1"][0], gradients["W1"][2])
