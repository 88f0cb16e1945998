"""Better steps: momentum, Adam and schedules as the chapter prints them, and what it claims of them."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Adam, CosineDecay, Momentum, StepDecay, Warmup
from backproplab.book.formulas.formula import formula
from tests.worlds.optimizers import constant_pull, moments, narrowest, rolling, stairs, warming, wave


@pytest.mark.equation("MOMENTUM")
def test_momentum_is_the_formula() -> None:
    r"""Four steps of `Momentum` lead along $v_{t+1} = \mu v_t + \nabla C(w_t)$, with the slopes measured."""
    world = rolling()
    H = np.array([[1.3, 0.4, -0.2], [0.4, 0.9, 0.3], [-0.2, 0.3, 1.7]])
    optimizer, w, path = Momentum(world["eta"], world["mu"]), world["w"][0].copy(), {}
    for t in range(4):
        optimizer.step([w], [H @ (w - [0.3, -0.2, 0.9])])
        path[t + 1] = w.copy()
    formula("MOMENTUM").holds(world, rolling(start=1.0), package=[None, lambda t: path[t + 1]])


@pytest.mark.equation("TERMINAL")
def test_a_constant_gradient_has_a_terminal_velocity() -> None:
    r"""The velocity that a constant gradient gathers step by step is $\frac{1 - \mu^t}{1 - \mu}\,g$ after $t$ of them."""
    formula("TERMINAL").holds(constant_pull(0.7), constant_pull(0.0))


@pytest.mark.equation("HEAVYBALL")
def test_the_heavy_ball_is_momentum_without_a_velocity() -> None:
    r"""A walk with momentum from rest is a plain step plus $\mu$ times the last move, at every step that has one."""
    formula("HEAVYBALL").holds(rolling())


@pytest.mark.equation("BESTMOMENTUM")
def test_no_momentum_beats_the_best() -> None:
    r"""A search through learning rates and momenta ends at the two that the formula names, for two valleys."""
    formula("BESTMOMENTUM").holds(narrowest(0.8, 3.2), narrowest(0.5, 4.5), rtol=1e-5)


@pytest.mark.equation("MOMENTS")
def test_moments_are_weighted_sums() -> None:
    r"""Sums in which the gradient of $k$ steps ago counts with the weight $(1 - \beta)\,\beta^k$ obey both lines."""
    formula("MOMENTS").holds(moments())


@pytest.mark.equation("ADAM", "DEBIAS")
def test_adam_is_the_formula() -> None:
    """The corrected moments are the sums over the sum of their weights, and four steps of `Adam` lead where they do."""
    world = moments()
    formula("DEBIAS").holds(world)
    optimizer = Adam(world["eta"], world["beta_1"], world["beta_2"], world["varepsilon"])
    w, path = np.array([world["w"][0]]), {}
    for t, gradient in enumerate(world["g"], 1):
        optimizer.step([w], [np.array([gradient])])
        path[t] = w[0]
    formula("ADAM").holds(world, package=lambda t: path[t])


def test_adam_does_not_see_the_scale_of_a_parameter() -> None:
    """Gradients a thousand times larger in one parameter and smaller in another leave the path as it is."""
    rng = np.random.default_rng(0)
    slopes, scales = rng.standard_normal((30, 3)), np.array([1000, 1, 1 / 1000])
    ends = []
    for factor in (np.ones(3), scales):
        w, optimizer = np.zeros(3), Adam(0.1, epsilon=1e-12)
        for slope in slopes:
            optimizer.step([w], [factor * slope])
        ends.append(w)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-6)


@pytest.mark.equation("STEPDECAY")
def test_step_decay_is_the_formula() -> None:
    r"""A rate that falls stair by stair is $\gamma^{\lfloor t/k \rfloor}\,\eta_0$, and `StepDecay` gives it."""
    rate = StepDecay(0.8, every=3, factor=0.6)
    formula("STEPDECAY").holds(stairs(3), stairs(1), package=lambda t: float(rate(t)))


@pytest.mark.equation("COSINE")
def test_the_cosine_is_the_formula() -> None:
    """The height of a point that goes half around a circle is the formula, and `CosineDecay` gives it."""
    rate = CosineDecay(0.8, steps=6, final=0.1)
    formula("COSINE").holds(wave(6), package=lambda t: float(rate(t)))


@pytest.mark.equation("WARMUP")
def test_the_warm_up_is_the_formula() -> None:
    """Equal amounts up to the first rate of another schedule, then that schedule from its start, as `Warmup` gives them."""
    rate = Warmup(lambda t: 0.9 / (t + 1) ** 0.5, steps=4)
    formula("WARMUP").holds(warming(4), warming(2), package=lambda t: float(rate(t)))
