"""PyTorch, where it is installed, records the same operations and finds the same gradients."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import Linear, Momentum, Tensor, cross_entropy, take_step

if TYPE_CHECKING:
    from collections.abc import Callable
if TYPE_CHECKING or os.environ.get("CI") == "true":
    import torch
else:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch (CI=true requires it)")

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda x, y: x + y,
    "- and numbers": lambda x, y: 1 - x - y + 2,
    "*": lambda x, y: x * y * 3,
    "/": lambda x, y: x / (y * y + 1) + 2 / (x * x + 1),
    "**": lambda x, y: x**3 + (y * y) ** 0.5,
    "@": lambda x, y: x @ y.T,
    "stacked @": lambda x, y: x.reshape(3, 2, 2) @ y.reshape(1, 2, 2),
    "sum": lambda x, y: x.sum(0) * y.sum() + x.sum((0, 1)),
    "mean": lambda x, y: x.mean(1) + y.mean(),
    "exp, log": lambda x, y: (x.exp() + (y * y).exp()).log(),
    "tanh, sigmoid, relu": lambda x, y: x.tanh() * y.sigmoid() + x.relu(),
    "indexing": lambda x, y: x[[0, 0, 2]] * x[1:2, :] + y[:, -1:],
    "shared": lambda x, y: (x * x) * (x * x) + (x + y) * (x + y),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_agree(name: str, dtype: Any) -> None:
    """The same line of code, run with both, gives the same numbers and the same gradients, in both precisions."""
    rng = np.random.default_rng(0)
    shapes = ((3, 4), (1, 4)) if name not in {"@", "indexing"} else ((3, 4), (3, 4))
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    here = [Tensor(array) for array in arrays]
    there = [torch.tensor(array, requires_grad=True) for array in arrays]
    z, z_there = PROGRAMS[name](*here), PROGRAMS[name](*there)
    weights = rng.standard_normal(z.shape).astype(dtype)
    z.backward(weights)
    z_there.backward(torch.tensor(weights))
    tolerance = 1e-13 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(z.data, z_there.detach().numpy(), rtol=tolerance, atol=tolerance)
    for tensor, other in zip(here, there, strict=True):
        expected = other.grad.numpy()
        assert tensor.grad is not None
        assert tensor.grad.dtype == expected.dtype
        np.testing.assert_allclose(
            tensor.grad, expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max())
        )


def test_ties_of_a_maximum_are_shared_as_there() -> None:
    """PyTorch's `amax` shares a gradient equally among the entries that tie, too."""
    x = np.array([[2.0, 1, 2], [0, 0, 0]])
    here, there = Tensor(x), torch.tensor(x, requires_grad=True)
    here.max(1).sum().backward()
    there.amax(1).sum().backward()
    assert here.grad is not None
    np.testing.assert_allclose(here.grad, there.grad.numpy(), rtol=1e-15)


def test_training_is_the_same_step_for_step() -> None:
    """Fifty steps of momentum on a network of two layers end in the same weights and costs."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 6)), rng.integers(0, 3, 50)
    hidden, output = Linear(6, 8, rng=rng), Linear(8, 3, rng=rng)
    parameters = hidden.parameters + output.parameters
    there = [torch.tensor(parameter.data.copy(), requires_grad=True) for parameter in parameters]
    optimizer, other = Momentum(0.05, momentum=0.9), torch.optim.SGD(there, lr=0.05, momentum=0.9)
    linear = torch.nn.functional.linear
    for _ in range(50):
        cost = cross_entropy(output(hidden(x).relu()), y)
        for parameter in parameters:
            parameter.zero_grad()
        cost.backward()
        take_step(optimizer, parameters)

        logits = linear(torch.relu(linear(torch.tensor(x), *there[:2])), *there[2:])
        cost_there = torch.nn.functional.cross_entropy(logits, torch.tensor(y))
        other.zero_grad()
        cost_there.backward()
        other.step()
        assert float(cost) == pytest.approx(cost_there.item(), rel=1e-12)
    for parameter, expected in zip(parameters, there, strict=True):
        np.testing.assert_allclose(parameter.data, expected.detach().numpy(), rtol=1e-10, atol=1e-13)
