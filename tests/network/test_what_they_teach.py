"""What the four equations say about learning: three factors, a cost without a gate, and neurons that stay equal."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Dense, Network, sigmoid
from backproplab.book.formulas.formula import formula
from tests.worlds.network import layers, probable

RNG = np.random.default_rng(20)


@pytest.mark.equation("THREE")
def test_three_factors_of_a_hidden_weight() -> None:
    r"""For every hidden weight, activation times gate times blame, $a^{l-1}_k\,\sigma'(z^l_j)\,(\sum_m w^{l+1}_{mj}\,\delta^{l+1}_m)$, is its slope."""
    world = layers()
    dense = [Dense.from_parameters(world["W"][l], world["b"][l], "sigmoid") for l in world["W"]]
    gradients = Network(dense).trace(world["x"], world["y"]).gradients
    formula("THREE").holds(world, package=lambda l: gradients[f"W{l}"])


@pytest.mark.equation("NOGATE")
def test_cross_entropy_leaves_no_gate() -> None:
    """However far out the weighted input is, the error is the distance between answer and target."""
    network = Network([Dense.from_parameters(np.eye(3), np.zeros(3), "identity")], "binary_cross_entropy")
    z, y = np.array([-30.0, 0.5, 30.0]), np.array([1.0, 0.0, 0.0])
    (step,) = network.trace(z, y).steps
    formula("NOGATE").holds(probable())
    assert np.allclose(step.delta[:, 0], sigmoid(z) - y, rtol=1e-12, atol=0)


def test_twins_have_equal_gradients() -> None:
    """Two hidden neurons with equal weights in and out get equal gradients, bit for bit; a third one does not."""
    incoming = np.array([[0.3, -0.2], [0.3, -0.2], [0.1, 0.4]])
    outgoing = np.array([[0.5, 0.5, 0.5], [-0.7, -0.7, 0.2]])
    pair = [
        Dense.from_parameters(incoming, [0.1, 0.1, 0.1], "tanh"),
        Dense.from_parameters(outgoing, [0, 0], "sigmoid"),
    ]
    gradients = Network(pair).trace(RNG.random((6, 2)), RNG.random((6, 2))).gradients
    assert np.array_equal(gradients["W1"][0], gradients["W1"][1])
    assert np.array_equal(gradients["W2"][:, 0], gradients["W2"][:, 1])
    assert not np.allclose(gradients["W1"][0], gradients["W1"][2])
