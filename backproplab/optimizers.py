"""Optimizers: how parameters move, given their gradients."""

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from backproplab.checks import Array, not_negative, positive, share_below_one
from backproplab.schedules import ConstantRate, Schedule, rate_at, schedule

__all__ = ["SGD", "Adam", "Momentum", "Optimizer"]


class Optimizer(ABC):
    """What training needs of an optimizer."""

    @abstractmethod
    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move each parameter, in place, along its gradient; both lists in the same order at every call."""

    def snapshot(self) -> Callable[[], None]:
        """Return a function that puts back what the optimizer remembers now; this one remembers nothing."""
        return lambda: None


class _Descent(Optimizer):
    """What the three optimizers share: rate, weight decay, and arrays that belong to the parameters of the first step.

    Attributes:
        kept: How many arrays of its own shape each parameter needs from one step to the next.
    """

    kept = 0

    def __init__(self, learning_rate: float | Schedule, weight_decay: float) -> None:
        self._schedule = schedule(learning_rate)
        self.weight_decay = not_negative(weight_decay, "weight_decay")
        self.steps = 0
        self._parameters: list[Array] = []
        self._shapes: list[tuple[int, ...]] = []
        self._memory: list[list[Array]] = []  # what is kept of each parameter's past
        self._room: list[list[Array]] = []  # two arrays like each parameter, so that no step makes new ones

    @property
    def learning_rate(self) -> float:
        """The rate η of the next step."""
        return self._rate()

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None:
        self._schedule = schedule(value)

    def _rate(self) -> float:
        given = self._schedule
        return given.learning_rate if isinstance(given, ConstantRate) else rate_at(given, self.steps)

    def __repr__(self) -> str:
        words = [repr(self._schedule), *self._settings()]
        if self.weight_decay:
            words.append(f"weight_decay={self.weight_decay:g}")
        return f"{type(self).__name__}({', '.join(words)})"

    def _settings(self) -> list[str]:
        return []

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move each parameter, in place, as the formula says.

        Raises:
            ValueError: If there is not one gradient for each parameter, of its shape, or if the optimizer remembers
                something and has begun with other parameters; then no parameter has moved.
        """
        known = len(parameters) == len(self._parameters) and all(map(operator.is_, parameters, self._parameters))
        shapes = self._shapes if known else [parameter.shape for parameter in parameters]
        if shapes != [gradient.shape for gradient in gradients]:
            raise ValueError(_mismatch(parameters, gradients))  # NumPy would stretch one to the shape of the other
        if not known:
            self._begin(parameters)
        rate = self._rate()
        self.steps += 1
        for parameter, gradient, memory, room in zip(parameters, gradients, self._memory, self._room, strict=True):
            if self.weight_decay:
                decayed = np.multiply(parameter, _constant(self.weight_decay, parameter.dtype), room[1])
                decayed += gradient
                gradient = decayed
            self._move(parameter, gradient, memory, room[0], rate)

    @abstractmethod
    def _move(self, parameter: Array, gradient: Array, memory: list[Array], room: Array, rate: float) -> None:
        """Move one parameter, given what is kept of its past and an array to calculate in."""

    def _begin(self, parameters: Sequence[Array]) -> None:
        """Make room for new parameters, or raise a `ValueError` if what is remembered belongs to others."""
        if self._parameters and (self.kept or not isinstance(self._schedule, ConstantRate)):
            old, new = ([array.shape for array in arrays] for arrays in (self._parameters, parameters))
            given = f"{new}" if old != new else f"others of the same shapes, {new}"
            raise ValueError(
                f"parameters: expected the arrays of the first step, {old}, because {self!r} remembers their past, "
                f"got {given}: make a new optimizer for each network"
            )
        self.steps, self._parameters, self._shapes = 0, [*parameters], [array.shape for array in parameters]
        self._memory = [[np.zeros_like(array) for _ in range(self.kept)] for array in parameters]
        self._room = [[np.empty_like(array) for _ in range(2)] for array in parameters]

    def snapshot(self) -> Callable[[], None]:
        """Return a function that puts back what the optimizer remembers now, for whoever takes steps back."""
        steps, parameters, shapes, room = self.steps, self._parameters, self._shapes, self._room
        memory = [[array.copy() for array in arrays] for arrays in self._memory]

        def put_back() -> None:
            self.steps, self._parameters, self._shapes = steps, parameters, shapes
            self._memory, self._room = memory, room

        return put_back


class SGD(_Descent):
    r"""Stochastic gradient descent: a step against the gradient of a mini-batch.

    $$\theta \leftarrow \theta - \eta\,\nabla_\theta C$$

    Args:
        learning_rate: The step size η, or a schedule of it.
        weight_decay: The factor λ of a term $\tfrac{\lambda}{2} \lVert\theta\rVert^2$ that is added to the cost, and
            with it λθ to the gradient.

    Raises:
        TypeError: If `learning_rate` is neither a number nor a schedule, or `weight_decay` is not a number.
        ValueError: If the rate is not finite and above zero, or `weight_decay` is not finite or below zero.

    Source: Robbins and Monro 1951, *A Stochastic Approximation Method*.
    """

    def __init__(self, learning_rate: float | Schedule, weight_decay: float = 0.0) -> None:
        super().__init__(learning_rate, weight_decay)

    def _move(self, parameter: Array, gradient: Array, memory: list[Array], room: Array, rate: float) -> None:
        parameter -= np.multiply(gradient, _constant(rate, parameter.dtype), room)


class Momentum(_Descent):
    r"""Gradient descent with momentum: a velocity that remembers earlier gradients and forgets them bit by bit.

    $$v \leftarrow \mu v + \nabla_\theta C, \qquad \theta \leftarrow \theta - \eta\,v$$

    Args:
        learning_rate: The step size η, or a schedule of it.
        momentum: What is left of the velocity after a step, μ, from 0 to below 1.
        weight_decay: The factor λ of a term $\tfrac{\lambda}{2} \lVert\theta\rVert^2$ that is added to the cost.

    Raises:
        TypeError: If `learning_rate` is neither a number nor a schedule, or another argument is not a number.
        ValueError: If one is out of range.

    Source: Polyak 1964, *Some Methods of Speeding Up the Convergence of Iteration Methods*; Rumelhart, Hinton and
    Williams 1986, *Learning Representations by Back-Propagating Errors*.
    """

    kept = 1

    def __init__(self, learning_rate: float | Schedule, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        super().__init__(learning_rate, weight_decay)
        self.momentum = share_below_one(momentum, "momentum")

    def _settings(self) -> list[str]:
        return [f"momentum={self.momentum:g}"]

    def _move(self, parameter: Array, gradient: Array, memory: list[Array], room: Array, rate: float) -> None:
        velocity = memory[0]
        velocity *= _constant(self.momentum, velocity.dtype)
        velocity += gradient
        parameter -= np.multiply(velocity, _constant(rate, parameter.dtype), room)


class Adam(_Descent):
    r"""Adam: every parameter has a rate of its own, the smaller the larger its gradients have lately been.

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1)\,g_t, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2)\,g_t^2$$

    $$\hat m_t = \frac{m_t}{1 - \beta_1^t}, \qquad \hat v_t = \frac{v_t}{1 - \beta_2^t}$$

    $$\theta_t = \theta_{t-1} - \eta\,\frac{\hat m_t}{\sqrt{\hat v_t} + \varepsilon}$$

    where $g_t = \nabla_\theta C$ and $t$ counts from 1. What is kept are the sums $m_t / (1 - \beta_1)$ and
    $v_t / (1 - \beta_2)$, which take fewer operations.

    Args:
        learning_rate: The step size η, or a schedule of it.
        beta1: What is left of the mean gradient after a step, β₁, from 0 to below 1.
        beta2: What is left of the mean square after a step, β₂, from 0 to below 1.
        epsilon: What keeps the quotient finite, ε.
        weight_decay: The factor λ of a term $\tfrac{\lambda}{2} \lVert\theta\rVert^2$ that is added to the cost.

    Raises:
        TypeError: If `learning_rate` is neither a number nor a schedule, or another argument is not a number.
        ValueError: If one is out of range.

    Source: Kingma and Ba 2015, *Adam: A Method for Stochastic Optimization*, algorithm 1.
    """

    kept = 2

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, weight_decay)
        self.beta1, self.beta2 = share_below_one(beta1, "beta1"), share_below_one(beta2, "beta2")
        self.epsilon = positive(epsilon, "epsilon")

    def _settings(self) -> list[str]:
        usual = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
        return [f"{name}={getattr(self, name):g}" for name, value in usual.items() if getattr(self, name) != value]

    def _move(self, parameter: Array, gradient: Array, memory: list[Array], room: Array, rate: float) -> None:
        gradients, squares = memory
        kind = parameter.dtype
        gradients *= _constant(self.beta1, kind)
        gradients += gradient
        squares *= _constant(self.beta2, kind)
        squares += np.multiply(gradient, gradient, room)

        weight1 = (1 - self.beta1**self.steps) / (1 - self.beta1)  # 1 + β₁ + β₁² + …, of which a sum becomes a mean
        weight2 = (1 - self.beta2**self.steps) / (1 - self.beta2)
        np.sqrt(squares, room)
        room += _constant(self.epsilon * math.sqrt(weight2), kind)
        np.divide(gradients, room, room)
        room *= _constant(rate * math.sqrt(weight2) / weight1, kind)
        parameter -= room


@lru_cache(maxsize=64)
def _constant(value: float, dtype: np.dtype[Any]) -> Array:
    """Return a number as an array, which NumPy multiplies faster."""
    return np.array(value, dtype)


def _mismatch(parameters: Sequence[Array], gradients: Sequence[Array]) -> str:
    """Say which gradient does not fit its parameter."""
    if len(parameters) != len(gradients):
        return f"gradients: expected {len(parameters)}, one for each parameter, got {len(gradients)}"
    expected, given = next(
        (parameter.shape, gradient.shape)
        for parameter, gradient in zip(parameters, gradients, strict=True)
        if parameter.shape != gradient.shape
    )
    return f"gradients: expected one of shape {expected}, as its parameter has, got {given}"
