"""Mistakes of the notes that belong to the laboratory, each shown beside what is right."""

from __future__ import annotations

import importlib.util
import os

import numpy as np
import pytest

from backproplab import Tensor
from tests.lab.test_pytorch_page import page


@pytest.mark.erratum("003-pytorch")
@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true",
    reason="PyTorch is not installed: pip install torch (CI=true requires it)",
)
def test_zero_grad_clears_the_gradients_and_not_the_weights() -> None:
    """A layer for three numbers refuses 784, a flattened image fits, and `zero_grad` leaves the weights as they are."""
    import torch

    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        torch.nn.Linear(3, 3)(images.flatten(1))
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        torch.nn.Linear(784, 10)(images)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(images).sum().backward()
    before = model[1].weight.detach().clone()
    assert model[1].weight.grad.any()
    optimizer.zero_grad()
    assert model[1].weight.grad is None
    assert torch.equal(model[1].weight, before)


@pytest.mark.erratum("003-previous-layer")
def test_zero_grad_forgets_the_last_step_and_not_another_layer() -> None:
    """A layer's gradient is made of the next one's, whether they are cleared or not; what is left over is that of the step before."""
    rng = np.random.default_rng(0)
    x, first, second = rng.normal(size=(5, 3)), Tensor(rng.normal(size=(3, 4))), Tensor(rng.normal(size=(4, 2)))

    def gradients(*, clear: bool) -> list[np.ndarray]:
        hidden = Tensor(x) @ first
        loss = ((hidden @ second) ** 2).sum()
        if clear:
            first.zero_grad()
            second.zero_grad()
        loss.backward()
        assert first.grad is not None
        assert second.grad is not None
        assert hidden.grad is not None
        if clear:
            assert np.allclose(first.grad, x.T @ hidden.grad)
            assert hidden.grad.any()
        return [first.grad.copy(), second.grad.copy()]

    step = gradients(clear=True)
    for again, once in zip(gradients(clear=True), step, strict=True):
        assert np.allclose(again, once)
    for left_over, once in zip(gradients(clear=False), step, strict=True):
        assert np.allclose(left_over, 2 * once)


def test_our_program_names_what_it_takes() -> None:
    """The program of the page makes its loader, and takes features and targets from it."""
    program = next(block.code for block in page().blocks if block.options.get("id") == "pytorch-training-there")
    assert program.index("loader = DataLoader(") < program.index("for features, targets in loader:")
    assert program.index("nn.Flatten()") < program.index("nn.Linear(64, 30)")
