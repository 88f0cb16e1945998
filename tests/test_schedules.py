"""Schedules: each is its formula at every step."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any

import numpy as np
import pytest

from backproplab import SGD, ConstantRate, CosineDecay, StepDecay, Warmup


def given(rate: Any, step: int) -> Any:
    return rate


def test_the_constant_rate_is_constant() -> None:
    """What a plain number stands for gives that number for ever."""
    assert [ConstantRate(0.3)(step) for step in (0, 1, 10**9)] == [0.3] * 3
    assert repr(ConstantRate(0.3)) == "0.3"


def test_step_decay_by_hand() -> None:
    """Every three steps the rate is halved, counted from the very first step."""
    rate = StepDecay(8, every=3, factor=0.5)
    assert [rate(step) for step in range(10)] == [8, 8, 8, 4, 4, 4, 2, 2, 2, 1]
    assert repr(rate) == "StepDecay(8, every=3, factor=0.5)"


def test_the_cosine_by_hand() -> None:
    """It begins at the first rate, is halfway in the middle, ends at the last rate and stays there."""
    rate = CosineDecay(3, steps=6, final=1)
    wave = [rate(step) for step in range(9)]
    half = math.sqrt(3) / 2
    np.testing.assert_allclose(wave, [3, 2 + half, 2.5, 2, 1.5, 2 - half, 1, 1, 1], rtol=1e-15)
    assert repr(rate) == "CosineDecay(3, steps=6, final=1)"
    assert repr(CosineDecay(3, steps=6)) == "CosineDecay(3, steps=6)"
    assert CosineDecay(3, steps=6)(6) == 0


def test_the_warm_up_by_hand() -> None:
    """Equal amounts up to the first rate of the schedule, which then counts its own steps from nought."""
    rate = Warmup(StepDecay(8, every=2, factor=0.5), steps=4)
    assert [rate(step) for step in range(10)] == [2, 4, 6, 8, 8, 8, 4, 4, 2, 2]
    assert repr(rate) == "Warmup(StepDecay(8, every=2, factor=0.5), steps=4)"
    assert [Warmup(3, steps=3)(step) for step in range(5)] == [1, 2, 3, 3, 3]


def test_a_function_is_a_schedule() -> None:
    """Any function of the step will do, and its rate is checked when it is used."""
    parameter = np.array([1.0])
    optimizer = SGD(lambda step: 1 / (step + 1))
    for expected in (0, -1 / 2, -5 / 6):
        optimizer.step([parameter], [np.array([1.0])])
        assert parameter[0] == pytest.approx(expected, abs=1e-15)
    assert optimizer.learning_rate == 1 / 4
    for wrong, said in ((-1, "a finite number that is zero or above, got -1"), ("x", "a number, got 'x'")):
        with pytest.raises((ValueError, TypeError), match=f"^learning_rate after 0 steps: expected {re.escape(said)}"):
            SGD(partial(given, wrong)).step([parameter], [parameter])
    with pytest.raises(
        TypeError, match=r"^learning_rate: expected a number or a schedule such as CosineDecay, got 'x'$"
    ):
        SGD("x")  # type: ignore[arg-type]
