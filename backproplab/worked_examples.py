"""A whole step of gradient descent written out, for any network: forward, cost, backward, update."""

import copy
from abc import ABC, abstractmethod
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, positive, whole_number
from backproplab.formulas import about_activation, cost_formulas
from backproplab.layers import Dense, Layer
from backproplab.network import Network, Step, Trace
from backproplab.optimizers import SGD
from backproplab.sections import SHOWN, Formula, Line, Section, Token, abbreviated, exercise, markdown, numbers

__all__ = ["worked_example"]

MOST_DIGITS = 17
DELTA = r"\delta"


def worked_example(
    network: Network, x: ArrayLike, y: ArrayLike, learning_rate: float, *, digits: int = 4, blank: bool = False
) -> str:
    r"""Write out one forward pass, one backward pass and one update, each step in symbols, in numbers and solved.

    Args:
        network: The network; it stays as it is.
        x: Rows of examples, or one example.
        y: Targets, as for `Network.trace`.
        learning_rate: The step size η.
        digits: Decimals to show; the calculation carries all digits.
        blank: Whether to leave out every result, for an exercise, and to put the solutions at the end.

    Returns:
        Markdown with LaTeX between dollars.

    Raises:
        TypeError: If an argument is of the wrong kind, or there is no way yet to write a layer of the network.
        ValueError: If a shape does not fit, a number is not finite, or the step leads to numbers that are not.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, for the order of the steps.
    """
    return markdown(worked_sections(network, x, y, learning_rate, digits=digits, blank=blank))


def worked_sections(
    network: Network, x: ArrayLike, y: ArrayLike, learning_rate: float, *, digits: int = 4, blank: bool = False
) -> list[Section]:
    """Return the worked example in sections, for whoever writes them; the arguments are those of `worked_example`."""
    if not isinstance(network, Network):
        raise TypeError(f"network: expected a Network, got {network!r}")
    positive(learning_rate, "learning_rate")
    if whole_number(digits, "digits", least=0) > MOST_DIGITS:
        raise ValueError(f"digits: expected at most {MOST_DIGITS}, which is all a number has, got {digits}")
    with np.errstate(all="ignore"):
        trace = network.trace(x, y)
        written = [*_passes(trace, digits), _update(trace, learning_rate, digits)]
    return exercise(written) if blank else written


def trace_markdown(trace: Trace) -> str | None:
    """Return both passes of a trace as Markdown; nothing if they cannot be written, or the network has learned since."""
    with np.errstate(all="ignore"):
        if any(not np.array_equal(step.layer.forward(step.a_prev), step.z) for step in trace.steps):
            return None
        try:
            return markdown(_passes(trace, digits=4))
        except (TypeError, ValueError):
            return None


class _Writing(ABC):
    """How a kind of layer is written; one for each kind the worked example knows."""

    def __init__(self, digits: int) -> None:
        self.show = partial(numbers, digits=digits)

    @abstractmethod
    def forward(self, number: int, step: Step) -> Formula:
        """Return how z comes from the activations before."""

    @abstractmethod
    def gradients(self, number: int, step: Step) -> list[Formula]:
        """Return how the gradient of each parameter comes from δ."""

    @abstractmethod
    def pull_back(self, number: int, step: Step) -> tuple[str, Line]:
        """Return the gradient with respect to the activations before, in symbols and in numbers."""


class _DenseWriting(_Writing):
    def forward(self, number: int, step: Step) -> Formula:
        W, b = step.layer.parameters.values()
        symbols = f"{_at('W', number)} {_at('a', number - 1)} + {_at('b', number)}"
        a_prev = self.show(step.a_prev, given=number == 1)
        filled: Line = [self.show(W, given=True), a_prev, "+", self.show(b, given=True)]
        return Formula(_at("z", number), [[symbols], filled, [self.show(step.z)]])

    def gradients(self, number: int, step: Step) -> list[Formula]:
        delta = _at(DELTA, number)
        transposed = self.show(step.a_prev.T, given=number == 1)
        weights: list[Line] = [
            [f"{delta} ({_at('a', number - 1)})^T"],
            [self.show(step.delta), transposed],
            [self.show(step.grads["W"])],
        ]
        biases: list[Line] = [[delta], [self.show(step.grads["b"])]]
        if step.delta.shape[-1] > 1:
            columns: list[Token] = [self.show(column[:, np.newaxis]) for column in step.delta.T]
            shown = abbreviated(columns, r"\cdots")
            summands: Line = [token for column in shown for token in ("+", column)][1:]
            biases = [[rf"\sum_{{i}} {delta}_{{i}}"], summands, biases[-1]]
        return [Formula(_slope(_at("W", number)), weights), Formula(_slope(_at("b", number)), biases)]

    def pull_back(self, number: int, step: Step) -> tuple[str, Line]:
        W = self.show(step.layer.parameters["W"].T, given=True)
        return f"({_at('W', number)})^T {_at(DELTA, number)}", [W, self.show(step.delta)]


_WRITINGS: dict[type[Layer], type[_Writing]] = {Dense: _DenseWriting}
"""The extension point: a new kind of layer is written by the class that stands here for it."""


def _writing(step: Step, number: int, digits: int) -> _Writing:
    kind = _WRITINGS.get(type(step.layer))
    if kind is None:
        known = ", ".join(layer.__name__ for layer in _WRITINGS)
        raise TypeError(f"network: expected layers of the kinds {known}, got {step.layer!r} as layer {number}")
    return kind(digits)


def _at(symbol: str, number: int) -> str:
    return f"{symbol}^{number}" if number < 10 else f"{symbol}^{{{number}}}"


def _slope(symbol: str) -> str:
    return rf"\frac{{\partial C}}{{\partial {symbol}}}"


def _passes(trace: Trace, digits: int) -> list[Section]:
    """Return what is given, the forward pass, the cost and the backward pass."""
    show = partial(numbers, digits=digits)
    steps = [*enumerate(trace.steps, 1)]
    writings = [_writing(step, number, digits) for number, step in steps]
    _check_finite(trace)
    given = [
        Formula("x = a^0", [[show(trace.steps[0].a_prev, given=True)]]),
        Formula("y", [[show(trace.y, given=True)]]),
    ]
    for number, step in steps:
        given += [
            Formula(_at(name, number), [[show(array, given=True)]]) for name, array in step.layer.parameters.items()
        ]
    written = [Section("Given", [_about_numbers(trace, digits), *given])]
    for (number, step), writing in zip(steps, writings, strict=True):
        z, a = _at("z", number), _at("a", number)
        activated = Formula(a, [[rf"\sigma({z})"], [r"\sigma\left(", show(step.z), r"\right)"], [show(step.a)]])
        words = f"Layer {number} has {about_activation(step.layer.activation)}, entry by entry."
        written.append(Section(f"Forward, layer {number}", [words, writing.forward(number, step), activated]))
    last = trace.steps[-1]
    (*cost, grad_a), about_cost = cost_formulas(trace.loss, _at("a", len(steps)), last.a, trace.y, show)
    written.append(Section("Cost", [about_cost, *cost]))
    for number, step in reversed(steps):
        z, delta = _at("z", number), _at(DELTA, number)
        prime = show(step.layer.activation.derivative(step.z))
        slopes = Formula(rf"\sigma'({z})", [[r"\sigma'\left(", show(step.z), r"\right)"], [prime]])
        if step is last:
            words, first = "The error at the output, by BP1, and the gradients, by BP3 and BP4.", [grad_a]
            symbols, filled = grad_a.left, grad_a.lines[-1]
        else:
            words, first = f"The error comes back from layer {number + 1}, by BP2; the gradients by BP3 and BP4.", []
            symbols, filled = writings[number].pull_back(number + 1, trace.steps[number])
        error: list[Line] = [[rf"{symbols} \odot \sigma'({z})"], [*filled, r"\odot", prime], [show(step.delta)]]
        found = [*first, slopes, Formula(delta, error), *writings[number - 1].gradients(number, step)]
        written.append(Section(f"Backward, layer {number}", [words, *found]))
    return written


def _check_finite(trace: Trace) -> None:
    steps = [*enumerate(trace.steps, 1)]
    there = [(f"{name} of layer {n}", array) for n, step in steps for name, array in (("z", step.z), ("a", step.a))]
    back = [(f"δ of layer {n}", step.delta) for n, step in reversed(steps)]
    gradients = [(f"the gradient of {name}", array) for name, array in trace.gradients.items()]
    for name, array in (*there, ("the cost", np.asarray(trace.cost)), *back, *gradients):
        if not np.isfinite(array).all():
            raise ValueError(f"network: expected finite numbers in every step, got others in {name}")


def _about_numbers(trace: Trace, digits: int) -> str:
    places = {0: "whole numbers", 1: "1 decimal"}.get(digits, f"{digits} decimals")
    words = f"Numbers are rounded to {places} to be shown; the calculation carries all digits."
    if trace.y.shape[-1] > 1:
        words += f" Each of the $N = {trace.y.shape[-1]}$ examples is a column, and $b$ is added to every column."
    sizes = [array.shape for step in trace.steps for array in (step.a_prev, step.z)]
    if max(max(shape) for shape in sizes) > SHOWN:
        words += f" Of more than {SHOWN} rows or columns the first {SHOWN - 1} and the last are shown."
    return words


def _update(trace: Trace, learning_rate: float, digits: int) -> Section:
    """Return the update of each parameter, and the cost of the same examples after it."""
    show = partial(numbers, digits=digits)
    layers = [copy.deepcopy(step.layer) for step in trace.steps]
    moved = [array for layer in layers for array in layer.parameters.values()]
    SGD(learning_rate).step(moved, [*trace.gradients.values()])
    a: Array = trace.steps[0].a_prev
    for layer in layers:
        a = layer.activation(layer.forward(a))
    cost = trace.loss.value(a, trace.y)
    if not (np.isfinite(cost) and all(np.isfinite(array).all() for array in moved)):
        raise ValueError(f"learning_rate: expected a step that keeps all numbers finite, got {learning_rate}")
    rate = Formula(r"\eta", [[show(learning_rate, given=True)]])
    found: list[str | Formula] = ["Each parameter takes a step against its gradient.", rate]
    parameters = (
        (_at(name, number), array, step.grads[name])
        for number, step in enumerate(trace.steps, 1)
        for name, array in step.layer.parameters.items()
    )
    for (symbol, array, grad), new in zip(parameters, moved, strict=True):
        filled: Line = [show(array, given=True), "-", show(learning_rate, given=True), r"\cdot", show(grad)]
        found.append(Formula(symbol, [[rf"{symbol} - \eta\,{_slope(symbol)}"], filled, [show(new)]], r"\leftarrow"))
    words = "With the new parameters the same examples cost"
    return Section("Update", [*found, words, Formula(r"C_\text{new}", [[show(cost)]])])
