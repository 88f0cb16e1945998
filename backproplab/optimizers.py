"""Optimizers: how parameters move, given their gradients."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from backproplab.checks import Array, positive

__all__ = ["SGD", "Optimizer"]


class Optimizer(ABC):
    """What training needs of an optimizer."""

    @abstractmethod
    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Move each parameter, in place, along its gradient; both lists in the same order at every call."""


class SGD(Optimizer):
    r"""Stochastic gradient descent: a step against the gradient of a mini-batch.

    $$\theta \leftarrow \theta - \eta\,\nabla_\theta C$$

    Args:
        learning_rate: The step size η.

    Raises:
        TypeError: If `learning_rate` is not a number.
        ValueError: If it is not finite and above zero.

    Source: Robbins and Monro 1951, *A Stochastic Approximation Method*.
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = positive(learning_rate, "learning_rate")

    def __repr__(self) -> str:
        return f"SGD({self.learning_rate:g})"

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Subtract η times its gradient from each parameter, in place."""
        rate = np.array(self.learning_rate, np.result_type(np.float32, *parameters))  # multiplies faster than a float
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= rate * gradient
