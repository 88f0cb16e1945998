"""PyTorch, where it is installed, computes the same predictions, costs and gradients."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backproplab import ACTIVATIONS, LOSSES, Dense, Network, identity

if TYPE_CHECKING or os.environ.get("CI") == "true":
    import torch
else:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch (CI=true requires it)")

ACTIVATIONS_THERE = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.01),
    "identity": lambda z: z,
}
LOSSES_THERE = {
    "half_squared_error": lambda a, y: ((a - y) ** 2).sum(dim=1).mean() / 2,
    "squared_error": lambda a, y: ((a - y) ** 2).sum(dim=1).mean(),
    "mean_squared_error": torch.nn.MSELoss(),
    "binary_cross_entropy": lambda z, y: torch.nn.BCEWithLogitsLoss(reduction="sum")(z, y) / len(z),
    "softmax_cross_entropy": torch.nn.CrossEntropyLoss(),
}


def test_every_activation_and_loss_has_its_counterpart() -> None:
    """Nothing of the package is left out of the comparison."""
    assert ACTIVATIONS_THERE.keys() == ACTIVATIONS.keys()
    assert LOSSES_THERE.keys() == LOSSES.keys()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-11), (np.float32, 1e-4)], ids=["float64", "float32"])
@settings(max_examples=6, derandomize=True, deadline=None, database=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4), examples=st.integers(1, 8), seed=st.integers(0, 2**32)
)
def test_forward_and_gradients_agree_with_pytorch(
    activation: str, loss: str, dtype: Any, rtol: float, sizes: list[int], examples: int, seed: int
) -> None:
    """Activations, cost, and the gradients in weights, biases and inputs are PyTorch's, in both precisions."""
    rng = np.random.default_rng(seed)
    layers = [Dense(n, m, activation, rng=rng, dtype=dtype) for n, m in pairwise(sizes)]
    if LOSSES[loss].prediction is not identity:
        layers[-1].activation = identity
    network = Network(layers, loss)
    for array in network.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    x = rng.standard_normal((examples, sizes[0])).astype(dtype)
    y = rng.uniform(0.1, 1, (examples, sizes[-1])).astype(dtype)
    if loss == "softmax_cross_entropy":
        y /= y.sum(axis=1, keepdims=True)

    trace = network.trace(x, y)
    grad_x = trace.grad_x.T

    there = {name: torch.tensor(array, requires_grad=True) for name, array in network.parameters.items()}
    inputs = a = torch.tensor(x, requires_grad=True)
    for number in range(1, len(sizes)):
        z = torch.nn.functional.linear(a, there[f"W{number}"], there[f"b{number}"][:, 0])
        a = ACTIVATIONS_THERE[layers[number - 1].activation.name](z)
        np.testing.assert_allclose(trace.steps[number - 1].a.T, a.detach(), rtol=rtol, atol=rtol)
    cost = LOSSES_THERE[loss](a, torch.tensor(y))
    cost.backward()

    assert trace.cost == pytest.approx(cost.item(), rel=rtol, abs=rtol)
    for name, array in {**trace.gradients, "x": grad_x}.items():
        expected = (inputs if name == "x" else there[name]).grad.numpy()
        assert array.dtype == expected.dtype == dtype
        np.testing.assert_allclose(array, expected, rtol=rtol, atol=rtol * max(1, np.abs(expected).max()))


def test_a_tie_of_kinks_goes_the_same_way() -> None:
    """At zero the derivatives of both rectifiers are those that PyTorch takes."""
    for name in ("relu", "leaky_relu"):
        z = torch.zeros(1, requires_grad=True)
        ACTIVATIONS_THERE[name](z).backward()
        assert ACTIVATIONS[name].derivative(np.zeros(1, np.float32)) == z.grad.numpy()
