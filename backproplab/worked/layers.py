"""How each kind of layer is written in a worked example; here what they share, and the dense one."""

from abc import ABC, abstractmethod
from functools import partial

import numpy as np

from backproplab.checks import Array
from backproplab.network import Step
from backproplab.worked.formulas import about_activation
from backproplab.worked.sections import Formula, Line, Token, abbreviated, maps, numbers

DELTA = r"\delta"
MOST_PATHS = 4
"""Paths from an activation to the cost that are written out one by one."""


def at(symbol: str, number: int) -> str:
    """Return a symbol with the number of its layer."""
    return f"{symbol}^{number}" if number < 10 else f"{symbol}^{{{number}}}"


def slope(symbol: str) -> str:
    """Return the derivative of the cost by something."""
    return rf"\frac{{\partial C}}{{\partial {symbol}}}"


class Writing(ABC):
    """How a kind of layer is written; one for each kind the worked example knows."""

    bends = True
    """Whether the layer has an activation; pooling and flattening pass z on as it is."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.show = partial(numbers, digits=digits)

    def maps(self, array: Array, *, given: bool = False) -> Line:
        """Return what a step keeps, images one after the other or columns of numbers."""
        return maps(np.moveaxis(array, -1, 0) if array.ndim > 2 else array, self.digits, given=given)

    def about(self, number: int, step: Step) -> str:
        """Return what the layer does, in a sentence or two."""
        return f"Layer {number} has {about_activation(step.layer.activation)}, entry by entry."

    @abstractmethod
    def forward(self, number: int, step: Step) -> Formula:
        """Return how z comes from the activations before."""

    @abstractmethod
    def gradients(self, number: int, step: Step) -> list[Formula]:
        """Return how the gradient of each parameter comes from δ."""

    def paths(self, step: Step) -> list[Line]:
        """Return the gradient with respect to the activations before as the sum of its paths, if there are few."""
        return []

    @abstractmethod
    def pull_back(self, number: int, step: Step) -> tuple[str, Line]:
        """Return the gradient with respect to the activations before, in symbols and in numbers."""


class DenseWriting(Writing):
    """A dense layer: matrix products all the way."""

    def forward(self, number: int, step: Step) -> Formula:
        """Return how z comes from the activations before."""
        W, b = step.layer.parameters.values()
        symbols = f"{at('W', number)} {at('a', number - 1)} + {at('b', number)}"
        a_prev = self.show(step.a_prev, given=number == 1)
        filled: Line = [self.show(W, given=True), a_prev, "+", self.show(b, given=True)]
        return Formula(at("z", number), [[symbols], filled, [self.show(step.z)]])

    def gradients(self, number: int, step: Step) -> list[Formula]:
        """Return how the gradient of each parameter comes from δ."""
        delta = at(DELTA, number)
        transposed = self.show(step.a_prev.T, given=number == 1)
        weights: list[Line] = [
            [f"{delta} ({at('a', number - 1)})^T"],
            [self.show(step.delta), transposed],
            [self.show(step.grads["W"])],
        ]
        biases: list[Line] = [[delta], [self.show(step.grads["b"])]]
        if step.delta.shape[-1] > 1:
            columns: list[Token] = [self.show(column[:, np.newaxis]) for column in step.delta.T]
            shown = abbreviated(columns, r"\cdots")
            summands: Line = [token for column in shown for token in ("+", column)][1:]
            biases = [[rf"\sum_{{i}} {delta}_{{i}}"], summands, biases[-1]]
        return [Formula(slope(at("W", number)), weights), Formula(slope(at("b", number)), biases)]

    def pull_back(self, number: int, step: Step) -> tuple[str, Line]:
        """Return the gradient with respect to the activations before, in symbols and in numbers."""
        W = self.show(step.layer.parameters["W"].T, given=True)
        return f"({at('W', number)})^T {at(DELTA, number)}", [W, self.show(step.delta)]

    def paths(self, step: Step) -> list[Line]:
        """Return a column for each neuron: what comes back through it to each activation before."""
        W, delta = step.layer.parameters["W"], step.delta
        if delta.shape[-1] > 1 or not 1 < len(delta) <= MOST_PATHS:
            return []
        columns = [self.show(row[:, np.newaxis] * error) for row, error in zip(W, delta, strict=True)]
        return [[r"\left(", *[token for column in columns for token in ("+", column)][1:], r"\right)"]]
