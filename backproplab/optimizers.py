"""Optimizers: how parameters move, given their gradients."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

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
        """Subtract η times its gradient from each parameter, in place.

        Raises:
            ValueError: If there is not one gradient for each parameter, of its shape; then no parameter has moved.
        """
        if [parameter.shape for parameter in parameters] != [gradient.shape for gradient in gradients]:
            raise ValueError(_mismatch(parameters, gradients))  # NumPy would stretch one to the shape of the other
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= _rate(self.learning_rate, parameter.dtype) * gradient


@lru_cache(maxsize=32)
def _rate(learning_rate: float, dtype: np.dtype[Any]) -> Array:
    """Return the learning rate as an array, which NumPy multiplies faster than a number."""
    return np.array(learning_rate, dtype)


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
