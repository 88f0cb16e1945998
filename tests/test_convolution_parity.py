"""PyTorch, where it is installed, computes the same convolutions, pools and gradients."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backproplab import AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, Network

if TYPE_CHECKING or os.environ.get("CI") == "true":
    import torch
else:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch (CI=true requires it)")

if TYPE_CHECKING:
    from backproplab.checks import Array
    from backproplab.layers import Layer

deterministic = settings(max_examples=60, derandomize=True, deadline=None, database=None)
precisions = pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)], ids=["float64", "float32"]
)
pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))
steps = st.tuples(st.integers(1, 4), st.integers(1, 4))
rooms = st.tuples(st.integers(0, 7), st.integers(0, 7))
batches = st.one_of(st.integers(1, 5), st.integers(30, 70))
POOLS = {MaxPool2d: torch.nn.functional.max_pool2d, AvgPool2d: torch.nn.functional.avg_pool2d}


def rows(columns: Array) -> Array:
    """Return (C, H, W, N) as PyTorch's (N, C, H, W), in memory of its own."""
    return np.moveaxis(columns, -1, 0).copy()


def tensor(array: Array) -> Any:
    return torch.tensor(array, requires_grad=True)


def assert_equal(here: Array, there: Any, tolerance: float) -> None:
    """Compare shape, type and, relative to the largest number, every number."""
    expected = there.detach().numpy()
    assert here.shape == expected.shape
    assert here.dtype == expected.dtype
    np.testing.assert_allclose(here, expected, rtol=0, atol=tolerance * max(1.0, float(np.abs(expected).max())))


@precisions
@deterministic
@given(pairs, steps, rooms, st.integers(1, 4), st.integers(1, 4), batches, st.data(), st.integers(0, 2**32))
def test_convolution_agrees_with_pytorch(
    dtype: Any, tolerance: float, kernel: Any, stride: Any, room: Any, C: int, F: int, N: int, data: Any, seed: int
) -> None:
    """Output, ∂C/∂a, ∂C/∂W and ∂C/∂b are PyTorch's for any geometry and batch, in both precisions."""
    padding = data.draw(st.tuples(st.integers(0, kernel[0] - 1), st.integers(0, kernel[1] - 1)))
    size = [max(1, part - 2 * zeros) + more for part, zeros, more in zip(kernel, padding, room, strict=True)]
    rng = np.random.default_rng(seed)
    layer = Conv2d(C, F, kernel, stride=stride, padding=padding, rng=rng, dtype=dtype)
    layer.b[...] = rng.standard_normal(layer.b.shape)
    a = rng.standard_normal((C, *size, N)).astype(dtype)
    z = layer.forward(a)
    delta = rng.standard_normal(z.shape).astype(dtype)
    grads, grad_a = layer.gradients(a, delta), layer.pull_back(a, delta)

    a_there, W_there, b_there = tensor(rows(a)), tensor(layer.W), tensor(layer.b[:, 0])
    z_there = torch.nn.functional.conv2d(a_there, W_there, b_there, stride, padding)
    z_there.backward(torch.tensor(rows(delta)))
    assert_equal(rows(z), z_there, tolerance)
    assert_equal(rows(grad_a), a_there.grad, tolerance)
    assert_equal(grads["W"], W_there.grad, tolerance)
    assert_equal(grads["b"][:, 0], b_there.grad, tolerance)


@precisions
@pytest.mark.parametrize("kind", POOLS, ids=lambda kind: kind.__name__)
@deterministic
@given(pairs, steps, rooms, st.integers(1, 4), batches, st.booleans(), st.integers(0, 2**32))
def test_pooling_agrees_with_pytorch(
    kind: Any, dtype: Any, tolerance: float, window: Any, stride: Any, room: Any, C: int, N: int, ties: bool, seed: int
) -> None:
    """Output and ∂C/∂a are PyTorch's: overlapping or apart, ties or none, border reached or not, in both precisions."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((C, window[0] + room[0], window[1] + room[1], N)).astype(dtype)
    a = np.round(a) if ties else a
    layer: Layer = kind(window, stride=stride)
    z = layer.forward(a)
    delta = rng.standard_normal(z.shape).astype(dtype)
    a_there = tensor(rows(a))
    z_there = POOLS[kind](a_there, window, stride)
    z_there.backward(torch.tensor(rows(delta)))
    assert_equal(rows(z), z_there, tolerance)
    assert_equal(rows(layer.pull_back(a, delta)), a_there.grad, tolerance)


@precisions
def test_a_whole_network_agrees_with_pytorch(dtype: Any, tolerance: float) -> None:
    """Convolution → ReLU → pool, twice, and a dense layer: cost, logits and every gradient are PyTorch's."""
    rng = np.random.default_rng(0)
    layers = [
        Conv2d(1, 8, 3, "relu", padding=1, rng=rng, dtype=dtype),
        MaxPool2d(2),
        Conv2d(8, 16, 3, "relu", padding=1, rng=rng, dtype=dtype),
        MaxPool2d(2),
        Flatten(),
        Dense(784, 10, rng=rng, dtype=dtype),
    ]
    network = Network(layers, "softmax_cross_entropy", (1, 28, 28))
    x, labels = rng.standard_normal((40, 1, 28, 28)).astype(dtype), rng.integers(0, 10, 40)
    trace = network.trace(x, labels)

    nn = torch.nn
    there = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(784, 10),
    ).to(torch.tensor(x).dtype)  # fmt: skip
    for theirs, ours in zip(there.parameters(), network.parameters.values(), strict=True):
        theirs.data = torch.tensor(ours.reshape(theirs.shape))
    logits = there(torch.tensor(x))
    cost = nn.CrossEntropyLoss()(logits, torch.tensor(labels))
    cost.backward()
    assert trace.cost == pytest.approx(cost.item(), rel=tolerance)
    assert_equal(trace.steps[-1].z.T, logits, tolerance)
    for theirs, ours in zip(there.parameters(), trace.gradients.values(), strict=True):
        assert_equal(ours.reshape(theirs.shape), theirs.grad, tolerance)
