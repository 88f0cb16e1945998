"""PyTorch, where it is installed, takes the same steps at the same rates."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import SGD, Adam, ConstantRate, CosineDecay, Momentum, StepDecay, Warmup

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab import Optimizer

if TYPE_CHECKING or os.environ.get("CI") == "true":
    import torch
else:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch (CI=true requires it)")

PAIRS: dict[str, tuple[Callable[[], Optimizer], Callable[[Any, Any], Any]]] = {
    "SGD with weight decay": (
        lambda: SGD(0.1, weight_decay=0.02),
        lambda optim, theta: optim.SGD(theta, 0.1, weight_decay=0.02),
    ),
    "momentum": (lambda: Momentum(0.03), lambda optim, theta: optim.SGD(theta, 0.03, momentum=0.9)),
    "momentum with weight decay": (
        lambda: Momentum(0.03, momentum=0.5, weight_decay=0.1),
        lambda optim, theta: optim.SGD(theta, 0.03, momentum=0.5, weight_decay=0.1),
    ),
    "Adam": (Adam, lambda optim, theta: optim.Adam(theta)),
    "Adam with weight decay": (
        lambda: Adam(0.02, beta1=0.8, beta2=0.95, epsilon=1e-6, weight_decay=0.1),
        lambda optim, theta: optim.Adam(theta, 0.02, (0.8, 0.95), 1e-6, 0.1),
    ),
}
SCHEDULED: dict[str, tuple[Any, Callable[[Any, Any], Any]]] = {
    "no schedule": (lambda rate: rate, lambda lr, optimizer: lr.ConstantLR(optimizer, factor=1)),
    "step decay": (lambda rate: StepDecay(rate, 30, 0.3), lambda lr, optimizer: lr.StepLR(optimizer, 30, 0.3)),
    "cosine": (lambda rate: CosineDecay(rate, 100), lambda lr, optimizer: lr.CosineAnnealingLR(optimizer, 100)),
    "warm-up": (
        lambda rate: Warmup(rate, 10),
        lambda lr, optimizer: lr.LinearLR(optimizer, start_factor=1 / 10, total_iters=9),
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULED)
@pytest.mark.parametrize("pair", PAIRS)
def test_a_hundred_steps_are_those_of_pytorch(pair: str, schedule: str) -> None:
    """On a bowl that is bent, where each step's gradient depends on where the last one led, nothing drifts apart."""
    rng = np.random.default_rng(3)
    A, start = rng.standard_normal((8, 6)), [rng.standard_normal((6, 2)), rng.standard_normal((2, 1))]
    ours, optimizer = [array.copy() for array in start], PAIRS[pair][0]()
    optimizer.learning_rate = SCHEDULED[schedule][0](optimizer.learning_rate)  # type: ignore[attr-defined]
    theirs = [torch.tensor(array, requires_grad=True) for array in start]
    there = PAIRS[pair][1](torch.optim, theirs)
    scheduler = SCHEDULED[schedule][1](torch.optim.lr_scheduler, there)
    for _ in range(100):
        error = np.tanh(A @ ours[0] @ ours[1])
        back = A.T @ (error * (1 - error**2)) / 4
        optimizer.step(ours, [back @ ours[1].T, ours[0].T @ back])
        there.zero_grad()
        (torch.tanh(torch.tensor(A) @ theirs[0] @ theirs[1]) ** 2).sum().div(8).backward()
        there.step()
        scheduler.step()
    for array, tensor, first in zip(ours, theirs, start, strict=True):
        np.testing.assert_allclose(array, tensor.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert np.abs(array - first).max() > 0.01


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ConstantRate(0.3), lambda lr, _: lr.ConstantLR(_, factor=1)),
        (StepDecay(0.3, every=30, factor=0.5), lambda lr, _: lr.StepLR(_, 30, gamma=0.5)),
        (CosineDecay(0.3, steps=100, final=0.01), lambda lr, _: lr.CosineAnnealingLR(_, 100, eta_min=0.01)),
        (
            Warmup(CosineDecay(0.3, steps=80), steps=20),
            lambda lr, _: lr.SequentialLR(
                _, [lr.LinearLR(_, start_factor=1 / 20, total_iters=19), lr.CosineAnnealingLR(_, 80)], [20]
            ),
        ),
    ],
    ids=["constant", "step decay", "cosine", "warm-up"],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter in")  # PyTorch warns of its own SequentialLR
def test_schedules_agree_with_pytorch(ours: Any, theirs: Callable[[Any, Any], Any]) -> None:
    """The rates of 101 steps are those of PyTorch's schedulers, of which a warm-up needs two in sequence."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = theirs(torch.optim.lr_scheduler, optimizer)
    for step in range(101):
        assert ours(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12, abs=1e-15)
        optimizer.step()
        scheduler.step()
