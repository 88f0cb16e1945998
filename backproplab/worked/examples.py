"""A whole step of gradient descent written out, for any network: forward, cost, backward, update."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, positive, whole_number
from backproplab.convolution import Conv2d
from backproplab.layers import Dense, Flatten, Layer
from backproplab.network import Network, Step, Trace
from backproplab.optimizers import SGD
from backproplab.pooling import AvgPool2d, MaxPool2d
from backproplab.worked.convolution import AvgPoolWriting, ConvWriting, FlattenWriting, MaxPoolWriting
from backproplab.worked.formulas import cost_formulas
from backproplab.worked.layers import DELTA, DenseWriting, Writing, at, slope
from backproplab.worked.sections import (
    FEWEST,
    MOST_DIGITS,
    SHOWN,
    Formula,
    Line,
    Section,
    exercise,
    is_rounded,
    maps,
    markdown,
    numbers,
)

__all__ = ["worked_example"]


def worked_example(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    learning_rate: float,
    *,
    digits: int = 4,
    blank: bool = False,
    hold: Sequence[str] = (),
) -> str:
    r"""Write out one forward pass, one backward pass and one update, each step in symbols, in numbers and solved.

    Args:
        network: The network; it stays as it is.
        x: Rows of examples, or one example.
        y: Targets, as for `Network.trace`.
        learning_rate: The step size η.
        digits: Decimals of each result; the calculation carries all digits. What is given stays as it is, but for arrays
            with longer numbers than anybody types (over 12 decimals, 6 in single precision), and then the text says so.
        blank: Whether to leave out every result, for an exercise, and to put the solutions at the end.
        hold: Parameters that the update leaves as they are: `"b"` for all biases, `"b2"` for those of layer 2.

    Returns:
        Markdown with LaTeX between dollars.

    Raises:
        TypeError: If an argument is of the wrong kind, or there is no way yet to write a layer of the network.
        ValueError: If a shape does not fit, a number is not finite, or the step leads to numbers that are not.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, for the order of the steps.
    """
    return markdown(worked_sections(network, x, y, learning_rate, digits=digits, blank=blank, hold=hold))


def worked_sections(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    learning_rate: float,
    *,
    digits: int = 4,
    blank: bool = False,
    hold: Sequence[str] = (),
) -> list[Section]:
    """Return the worked example in sections, for whoever writes them; the arguments are those of `worked_example`."""
    if not isinstance(network, Network):
        raise TypeError(f"network: expected a Network, got {network!r}")
    positive(learning_rate, "learning_rate")
    if whole_number(digits, "digits", least=0) > MOST_DIGITS:
        raise ValueError(f"digits: expected at most {MOST_DIGITS}, which is all a number has, got {digits}")
    held = _held(network, hold)
    with np.errstate(all="ignore"):
        trace = network.trace(x, y)
        written = [*_passes(trace, digits), _update(trace, learning_rate, digits, held)]
    return exercise(written) if blank else written


def _held(network: Network, hold: Sequence[str]) -> set[str]:
    """Return the full names, such as b1, of the parameters that are not to move."""
    if isinstance(hold, str) or not isinstance(hold, Sequence):
        raise TypeError(f"hold: expected a list of names such as ['b'], got {hold!r}")
    names = {name: name.rstrip("0123456789") for name in network.parameters}
    for name in hold:
        if name not in {*names, *names.values()}:
            raise ValueError(
                f"hold: expected names among {', '.join([*dict.fromkeys(names.values()), *names])}, got {name!r}"
            )
    return {name for name, kind in names.items() if name in hold or kind in hold}


def trace_markdown(trace: Trace) -> str | None:
    """Return both passes of a trace as Markdown; nothing if they cannot be written, or the network has learned since."""
    with np.errstate(all="ignore"):
        if any(not np.array_equal(step.layer.forward(step.a_prev), step.z) for step in trace.steps):
            return None
        try:
            return markdown(_passes(trace, digits=4))
        except (TypeError, ValueError):
            return None


_WRITINGS: dict[type[Layer], type[Writing]] = {
    Dense: DenseWriting,
    Conv2d: ConvWriting,
    MaxPool2d: MaxPoolWriting,
    AvgPool2d: AvgPoolWriting,
    Flatten: FlattenWriting,
}
"""The extension point: a new kind of layer is written by the class that stands here for it."""


def _writing(step: Step, number: int, digits: int) -> Writing:
    kind = _WRITINGS.get(type(step.layer))
    if kind is None:
        known = ", ".join(layer.__name__ for layer in _WRITINGS)
        raise TypeError(f"network: expected layers of the kinds {known}, got {step.layer!r} as layer {number}")
    return kind(digits)


def _passes(trace: Trace, digits: int) -> list[Section]:
    """Return what is given, the forward pass, the cost and the backward pass."""
    show = partial(numbers, digits=digits)
    steps = [*enumerate(trace.steps, 1)]
    writings = [_writing(step, number, digits) for number, step in steps]
    _check_finite(trace)
    if trace.y.ndim > 2:
        raise ValueError(
            f"network: expected outputs in a column, as behind Flatten, got the shape {trace.y.shape[:-1]}"
        )
    show_maps = writings[0].maps
    given = [
        Formula("x = a^0", [show_maps(trace.steps[0].a_prev, given=True)]),
        Formula("y", [[show(trace.y, given=True)]]),
    ]
    for number, step in steps:
        given += [
            Formula(at(name, number), [maps(array, digits, given=True)])
            for name, array in step.layer.parameters.items()
        ]
    arrays = (trace.steps[0].a_prev, trace.y, *(W for _, step in steps for W in step.layer.parameters.values()))
    about = _about_numbers(trace, digits)
    if any(is_rounded(value, digits) for array in arrays for value in array.flat):
        about += f" So are those given numbers that are long, to {max(digits, FEWEST)} decimals."
    written = [Section("Given", [about, *given])]
    for (number, step), writing in zip(steps, writings, strict=True):
        z, a, formula = at("z", number), at("a", number), writing.forward(number, step)
        filled: Line = [r"\sigma\left(", *show_maps(step.z), r"\right)"]
        activated = Formula(a, [[rf"\sigma({z})"], filled, show_maps(step.a)])
        formulas = [formula, activated] if writing.bends else [replace(formula, left=f"{a} = {z}")]
        written.append(Section(f"Forward, layer {number}", [writing.about(number, step), *formulas]))
    last = trace.steps[-1]
    (*cost, grad_a), about_cost = cost_formulas(trace.loss, at("a", len(steps)), last.a, trace.y, show)
    written.append(Section("Cost", [about_cost, *cost]))
    written += [_backward(number, trace, writings, grad_a) for number in range(len(steps), 0, -1)]
    return written


def _backward(number: int, trace: Trace, writings: list[Writing], grad_a: Formula) -> Section:
    """Return the error of one layer and the gradients of its parameters."""
    step, writing = trace.steps[number - 1], writings[number - 1]
    z, delta = at("z", number), at(DELTA, number)
    arrived: list[Line] = []
    if number == len(trace.steps):
        words, first = "The error at the output, by BP1", [grad_a]
        symbols, filled = grad_a.left, grad_a.lines[-1]
    else:
        words, first = f"The error comes back from layer {number + 1}, by BP2", []
        following = trace.steps[number]
        symbols, filled = writings[number].pull_back(number + 1, following)
        if writing.bends:
            come = writing.maps(following.layer.pull_back(following.a_prev, following.delta))
            arrived = [*writings[number].paths(following), come]
    gradients = writing.gradients(number, step)
    if gradients:
        words += "; the gradients by BP3 and BP4" if first == [] else ", and the gradients, by BP3 and BP4"
    if not writing.bends:
        error = Formula(delta, [[symbols], filled, writing.maps(step.delta)])
        return Section(f"Backward, layer {number}", [f"{words}.", *first, error])
    prime = writing.maps(step.prime_z)
    slopes = Formula(rf"\sigma'({z})", [[r"\sigma'\left(", *writing.maps(step.z), r"\right)"], prime])
    lines = [[*line, r"\odot", *prime] for line in (filled, *arrived)]
    error = Formula(delta, [[rf"{symbols} \odot \sigma'({z})"], *lines, writing.maps(step.delta)])
    return Section(f"Backward, layer {number}", [f"{words}.", *first, slopes, error, *gradients])


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
    words = f"Results are rounded to {places} to be shown; the calculation carries all digits."
    if trace.y.shape[-1] > 1:
        words += f" Each of the $N = {trace.y.shape[-1]}$ examples is a column, and $b$ is added to every column."
    kept = [array for step in trace.steps for array in (step.a_prev, step.z)]
    if any(array.ndim > 2 for array in kept):
        words += (
            " Several maps stand one after the other, between commas: the channels of the first example, then those of "
            "the next; kernels likewise, those of the first feature map first."
        )
    kernels = (W for s in trace.steps for W in s.layer.parameters.values() if W.ndim == 4)
    sizes = [*map(_sizes, kept), *((*W.shape[2:], W.shape[0] * W.shape[1]) for W in kernels)]
    if max(max(size) for size in sizes) > SHOWN:
        things = "rows, columns or maps" if any(len(size) > 2 for size in sizes) else "rows or columns"
        words += f" Of more than {SHOWN} {things} the first {SHOWN - 1} and the last are shown."
    return words


def _sizes(array: Array) -> tuple[int, ...]:
    """Return how many rows, columns and maps are to be shown."""
    if array.ndim == 2:
        return array.shape
    return (*array.shape[1:3], array.shape[0] * array.shape[-1])


def _update(trace: Trace, learning_rate: float, digits: int, held: set[str]) -> Section:
    """Return the update of each parameter, and the cost of the same examples after it."""
    show = partial(numbers, digits=digits)
    layers = [copy.deepcopy(step.layer) for step in trace.steps]
    new = {f"{name}{n}": array for n, layer in enumerate(layers, 1) for name, array in layer.parameters.items()}
    moving = [name for name in new if name not in held]
    SGD(learning_rate).step([new[name] for name in moving], [trace.gradients[name] for name in moving])
    a: Array = trace.steps[0].a_prev
    for layer in layers:
        a = layer.activation(layer.forward(a))
    cost = trace.loss.value(a, trace.y)
    if not (np.isfinite(cost) and all(np.isfinite(array).all() for array in new.values())):
        raise ValueError(f"learning_rate: expected a step that keeps all numbers finite, got {learning_rate}")
    rate = Formula(r"\eta", [[show(learning_rate, given=True)]])
    parameters = [
        (f"{name}{number}", at(name, number), array, step.grads[name])
        for number, step in enumerate(trace.steps, 1)
        for name, array in step.layer.parameters.items()
    ]
    told = "Each parameter takes a step against its gradient"
    staying = [f"${symbol}$" for name, symbol, _, _ in parameters if name in held]
    told += f", except those that are held where they are: {', '.join(staying)}." if staying else "."
    found: list[str | Formula] = [told, rate]
    for name, symbol, array, grad in parameters:
        if name in held:
            continue
        old, step = maps(array, digits, given=True), maps(grad, digits)
        filled: Line = [*old, "-", show(learning_rate, given=True), r"\cdot", *step]
        result = maps(new[name], digits)
        found.append(Formula(symbol, [[rf"{symbol} - \eta\,{slope(symbol)}"], filled, result], r"\leftarrow"))
    words = "With the new parameters the same examples cost"
    return Section("Update", [*found, words, Formula(r"C_\text{new}", [[show(cost)]])])
