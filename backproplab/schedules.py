"""Schedules: the learning rate as a function of how many steps have been taken."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from backproplab.checks import not_negative, positive, real_number, shown, whole_number

__all__ = ["ConstantRate", "CosineDecay", "StepDecay", "Warmup"]

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class ConstantRate:
    r"""The same learning rate at every step, $\eta_t = \eta_0$: what a plain number stands for.

    Args:
        learning_rate: The step size $\eta_0$.

    Raises:
        TypeError: If `learning_rate` is not a number.
        ValueError: If it is not finite and above zero.

    Source: Robbins and Monro 1951, *A Stochastic Approximation Method*, who let it shrink instead.
    """

    learning_rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive(self.learning_rate, "learning_rate"))

    def __call__(self, step: int) -> float:
        """Return the rate, whatever the step."""
        return self.learning_rate

    def __repr__(self) -> str:
        return f"{self.learning_rate:g}"


@dataclass(frozen=True)
class StepDecay:
    r"""A learning rate that is multiplied by a factor at regular intervals.

    $$\eta_t = \gamma^{\lfloor t / k \rfloor}\,\eta_0$$

    Args:
        learning_rate: The first step size, $\eta_0$.
        every: Steps from one change to the next, $k$.
        factor: What the rate is multiplied by, $\gamma$.

    Raises:
        TypeError: If a number is none, or `every` is not whole.
        ValueError: If one is not finite and above zero, or `every` is below one.

    Source: He et al. 2016, *Deep Residual Learning for Image Recognition*, section 3.4, where the factor is 1/10.
    """

    learning_rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive(self.learning_rate, "learning_rate"))
        object.__setattr__(self, "every", whole_number(self.every, "every"))
        object.__setattr__(self, "factor", positive(self.factor, "factor"))

    def __call__(self, step: int) -> float:
        """Return the rate after so many steps."""
        return self.learning_rate * self.factor ** (step // self.every)

    def __repr__(self) -> str:
        return f"StepDecay({self.learning_rate:g}, every={self.every}, factor={self.factor:g})"


@dataclass(frozen=True)
class CosineDecay:
    r"""A learning rate that falls along half a wave of the cosine, slowly at first and slowly at last.

    $$\eta_t = \eta_T + \tfrac12\,(\eta_0 - \eta_T)\,\bigl(1 + \cos(\pi t / T)\bigr) \quad\text{for } t \le T$$

    After $T$ steps it stays at $\eta_T$.

    Args:
        learning_rate: The first step size, $\eta_0$.
        steps: How many steps it takes to the end, $T$: epochs times the mini-batches of one.
        final: The last step size, $\eta_T$.

    Raises:
        TypeError: If a number is none, or `steps` is not whole.
        ValueError: If `learning_rate` is not finite and above zero, `final` is not finite or below zero, or `steps` is
            below one.

    Source: Loshchilov and Hutter 2017, *SGDR: Stochastic Gradient Descent with Warm Restarts*, equation 5, without restarts.
    """

    learning_rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", positive(self.learning_rate, "learning_rate"))
        object.__setattr__(self, "steps", whole_number(self.steps, "steps"))
        object.__setattr__(self, "final", not_negative(self.final, "final"))

    def __call__(self, step: int) -> float:
        """Return the rate after so many steps."""
        if step >= self.steps:
            return self.final
        return self.final + (self.learning_rate - self.final) * (1 + math.cos(math.pi * step / self.steps)) / 2

    def __repr__(self) -> str:
        final = f", final={self.final:g}" if self.final else ""
        return f"CosineDecay({self.learning_rate:g}, steps={self.steps}{final})"


@dataclass(frozen=True)
class Warmup:
    r"""A learning rate that grows by equal amounts to the first value of another schedule, which then takes over.

    $$\eta_t = \frac{t + 1}{k}\,\eta'_0 \quad\text{for } t < k, \qquad \eta_t = \eta'_{t - k} \quad\text{from then on}$$

    Args:
        learning_rate: The step size to grow to, or the schedule $\eta'$ that takes over.
        steps: How many steps it takes to grow, $k$.

    Raises:
        TypeError: If `learning_rate` is neither a number nor a schedule, or `steps` is not whole.
        ValueError: If a number is not finite and above zero, or `steps` is below one.

    Source: Goyal et al. 2017, *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*, section 2.2.
    """

    learning_rate: float | Schedule
    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "learning_rate", schedule(self.learning_rate))
        object.__setattr__(self, "steps", whole_number(self.steps, "steps"))

    def __call__(self, step: int) -> float:
        """Return the rate after so many steps."""
        then: Schedule = self.learning_rate  # type: ignore[assignment]
        return then(step - self.steps) if step >= self.steps else then(0) * (step + 1) / self.steps

    def __repr__(self) -> str:
        return f"Warmup({self.learning_rate!r}, steps={self.steps})"


def schedule(learning_rate: float | Schedule) -> Schedule:
    """Return a schedule as it is, and a number as the schedule that never changes.

    Raises:
        TypeError: If it is neither.
        ValueError: If it is a number that is not finite and above zero.
    """
    if callable(learning_rate):
        return learning_rate
    try:
        return ConstantRate(learning_rate)
    except TypeError:
        message = f"learning_rate: expected a number or a schedule such as CosineDecay, got {shown(learning_rate)}"
        raise TypeError(message) from None


def rate_at(given: Schedule, step: int) -> float:
    """Return the rate that a schedule gives after so many steps.

    Raises:
        TypeError: If it gives no number.
        ValueError: If that is not finite or below zero.
    """
    name = f"learning_rate after {step} step{'s' * (step != 1)}"
    return not_negative(real_number(given(step), name), name)
