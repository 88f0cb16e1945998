"""One step of gradient descent, to be gone through moment by moment in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backproplab.checks import positive, shown, whole_number
from backproplab.figures.diagrams import flow_diagram
from backproplab.figures.drawing import figure
from backproplab.network import Network
from backproplab.options import text, two
from backproplab.widgets.elements import element
from backproplab.widgets.traces import trace_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from backproplab.network import Trace

__all__ = ["stepper"]


def stepper(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    learning_rate: float,
    *,
    name: str,
    heights: tuple[int, int] = (0, 0),
) -> str:
    r"""Return HTML that takes its reader through one step $\theta \leftarrow \theta - \eta\, \partial C / \partial \theta$, neuron by neuron.

    Every number can be changed in the page, and all others follow. Without a script, and on paper, it's two drawings
    and a table.

    Args:
        network: A network of `Dense` layers, small enough to be drawn; it stays as it is.
        x: One example.
        y: Its target.
        learning_rate: The step size η to begin with.
        name: The element's id, by which an address keeps the place and the changes; no other on the page has it.
        heights: How much height the page keeps free, on a wide screen and on a phone, in pixels.

    Raises:
        TypeError: If an argument is of the wrong kind, or a layer is not `Dense`.
        ValueError: If there is more than one example, a shape does not fit, or a number is not finite.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, "The backpropagation algorithm".
    """
    if not isinstance(network, Network):
        raise TypeError(f"network: expected a Network, got {shown(network)}")
    positive(learning_rate, "learning_rate")
    text(name, "name")
    high, tall = (whole_number(height, "heights", least=0) for height in two(heights, "heights"))
    rows, targets = network.pairs(x, y)
    if len(rows) != 1:
        raise ValueError(f"x: expected one example, got {len(rows)}")
    trace = network.trace(rows, targets)
    sizes = [trace.steps[0].a_prev.size, *(step.a.size for step in trace.steps)]
    drawn = figure(
        flow_diagram(trace, "forward"),
        flow_diagram(trace, "backward", digits=3),
        caption=f"One example forward, which costs {trace.cost:.4g}, and its errors back. Dashed lines are negative weights.",
        alt=f"A network of {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} neurons, drawn twice: with its activations, which "
        "flow to the right, and with its errors delta, which flow to the left.",
    )
    return element(
        "stepper",
        "One step of gradient descent, moment by moment",
        trace_json(network, rows, targets, learning_rate),
        drawn,
        table=_table(trace, learning_rate),
        heights=(high, tall),
        id=name,
    )


def _table(trace: Trace, learning_rate: float) -> str:
    """Write out all neurons, and all parameters with their slopes and what the step makes of them."""
    neurons, parameters = [], []
    for layer, step in enumerate(trace.steps, 1):
        for j in range(len(step.z)):
            column = (step.z[j, 0], step.a[j, 0], step.delta[j, 0])
            neurons.append((f"layer {layer}, neuron {j + 1}", *(f"{value:.5g}" for value in column)))
        for letter, name in (("w", "W"), ("b", "b")):
            values, slopes = step.layer.parameters[name], step.grads[name]
            for index, value in np.ndenumerate(values):
                places = "".join(str(place + 1) for place in (index if letter == "w" else index[:1]))
                slope = slopes[index]
                numbers = (value, slope, value - learning_rate * slope)
                parameters.append(
                    (f"{letter}<sup>{layer}</sup><sub>{places}</sub>", *(f"{number:.5g}" for number in numbers))
                )
    return _rows(("neuron", "z", "a", "δ"), neurons) + _rows(
        ("parameter", "value", "slope ∂C/∂", f"after a step with η = {learning_rate:g}"), parameters
    )


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table of numbers, with a true minus sign."""
    lines = ["".join(f"<td>{cell.replace('-', '−')}</td>" for cell in row) for row in rows]
    titles = "".join(f"<th>{cell}</th>" for cell in head)
    return (
        f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"
    )
