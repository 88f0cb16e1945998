"""One step of gradient descent, to be gone through moment by moment in the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from backproplab.checks import positive, shown, whole_number
from backproplab.convolution import Conv2d
from backproplab.figures.diagrams import flow_diagram
from backproplab.figures.drawing import figure
from backproplab.figures.grids import number_grid
from backproplab.layers import Dense, Flatten
from backproplab.network import Network
from backproplab.options import text, two
from backproplab.pooling import AvgPool2d, MaxPool2d
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
    r"""Return HTML that takes its reader through one step $\theta \leftarrow \theta - \eta\, \partial C / \partial \theta$, number by number.

    Every number can be changed in the page, and all others follow. Without a script, and on paper, it's drawings
    and a table.

    Args:
        network: `Dense` layers, small enough to be drawn; or, for images, a `Conv2d` with one map of one channel and no
            padding, a pool, `Flatten` and `Dense`. It stays as it is.
        x: One example.
        y: Its target.
        learning_rate: The step size η to begin with.
        name: The element's id, by which an address keeps the place and the changes; no other on the page has it.
        heights: How much height the page keeps free, on a wide screen and on a phone, in pixels.

    Raises:
        TypeError: If an argument is of the wrong kind, or the network has other layers.
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
    kind, drawn, neurons = _dense(trace) if _is_dense(network) else _signal(trace)
    return element(
        kind,
        "One step of gradient descent, moment by moment",
        trace_json(network, rows, targets, learning_rate),
        drawn,
        table=neurons + _parameters(trace, learning_rate),
        heights=(high, tall),
        id=name,
    )


def _is_dense(network: Network) -> bool:
    return all(isinstance(layer, Dense) for layer in network.layers)


def _dense(trace: Trace) -> tuple[str, str, str]:
    """Return the kind of stepper, its drawing and a table of its neurons."""
    sizes = [trace.steps[0].a_prev.size, *(step.a.size for step in trace.steps)]
    drawn = figure(
        flow_diagram(trace, "forward"),
        flow_diagram(trace, "backward", digits=3),
        caption=f"One example forward, which costs {trace.cost:.4g}, and its errors back. Dashed lines are negative weights.",
        alt=f"A network of {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} neurons, drawn twice: with its activations, which "
        "flow to the right, and with its errors delta, which flow to the left.",
    )
    rows = [
        (f"layer {layer}, neuron {j + 1}", *(f"{array[j, 0]:.5g}" for array in (step.z, step.a, step.delta)))
        for layer, step in enumerate(trace.steps, 1)
        for j in range(len(step.z))
    ]
    return "stepper", drawn, _rows(("neuron", "z", "a", "δ"), rows)


def _signal(trace: Trace) -> tuple[str, str, str]:
    """Do the same for an image, one kernel, one pool and one dense layer, whose maps have all numbers in them."""
    layers = [step.layer for step in trace.steps]
    kinds, first = [type(layer) for layer in layers], layers[0]
    single = isinstance(first, Conv2d) and first.parameters["W"].shape[:2] == (1, 1) and not any(first.padding)
    if not single or len(kinds) != 4 or kinds[1] not in (MaxPool2d, AvgPool2d) or kinds[2:] != [Flatten, Dense]:
        raise TypeError(
            "network: expected Dense layers, or a Conv2d with one map of one channel and no padding, a pool, Flatten and "
            f"Dense, got {', '.join(map(repr, layers))}"
        )
    conv, pool, _, dense = trace.steps
    maps = [
        number_grid(conv.a_prev[0, :, :, 0], "image x", digits=1),
        number_grid(conv.a[0, :, :, 0], "a¹", digits=2),
        number_grid(pool.a[0, :, :, 0], "a²", digits=2),
        number_grid(dense.a[:, 0], "output a⁴", digits=2),
        number_grid(conv.delta[0, :, :, 0], "δ¹", direction="backward", digits=3),
        number_grid(pool.delta[0, :, :, 0], "δ²", direction="backward", digits=3),
        number_grid(dense.delta[:, 0], "δ⁴", direction="backward", digits=3),
        number_grid(conv.grads["W"][0, 0], "slopes ∂C/∂w¹", direction="backward", digits=3),
    ]
    drawn = figure(
        *maps,
        caption="One image forward, to the output, and its errors back, to the kernel.",
        alt="Maps with their numbers: the image, the activations of the convolution and of the pool, and the outputs; then the "
        "errors of the three layers, and the slopes of the kernel.",
    )
    return "convolution-stepper", drawn, ""


def _parameters(trace: Trace, learning_rate: float) -> str:
    """Write out all parameters with their slopes and what the step makes of them; neurons count from 1, cells from 0."""
    first = 1 if len(trace.steps[0].a_prev.shape) == 2 else 0
    rows = []
    for layer, step in enumerate(trace.steps, 1):
        for letter, name in (("w", "W"), ("b", "b")):
            for index, value in np.ndenumerate(step.layer.parameters.get(name, np.empty(0))):
                places = index[-2:] if letter == "w" else index[:1]
                slope = step.grads[name][index]
                numbers = (value, slope, value - learning_rate * slope)
                symbol = f"{letter}<sup>{layer}</sup><sub>{','.join(str(place + first) for place in places)}</sub>"
                rows.append((symbol, *(f"{number:.5g}" for number in numbers)))
    return _rows(("parameter", "value", "slope ∂C/∂", f"after a step with η = {learning_rate:g}"), rows)


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table of numbers, with a true minus sign."""
    lines = ["".join(f"<td>{cell.replace('-', '−')}</td>" for cell in row) for row in rows]
    titles = "".join(f"<th>{cell}</th>" for cell in head)
    return (
        f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"
    )
