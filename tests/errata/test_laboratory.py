"""Mistakes of the notes that belong to the laboratory, each shown beside what is right."""

from __future__ import annotations

import importlib.util
import os

import pytest

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


def test_our_program_names_what_it_takes() -> None:
    """The program of the page makes its loader, and takes features and targets from it."""
    program = next(block.code for block in page().blocks if block.options.get("id") == "pytorch-training-there")
    assert program.index("loader = DataLoader(") < program.index("for features, targets in loader:")
    assert program.index("nn.Flatten()") < program.index("nn.Linear(64, 30)")
