"""Diagrams of what depends on what: networks and graphs, drawn line by line as SVG."""

from collections.abc import Mapping

import numpy as np

from backproplab.checks import Array, real_number, shown, whole_number
from backproplab.figures.drawing import BACKWARD, FORWARD, INK, MUTED, svg, text_at
from backproplab.figures.networks import LABEL, label_at
from backproplab.layers import Dense
from backproplab.network import Trace
from backproplab.options import digit_count, is_forward, mapping, texts, two

__all__ = ["flow_diagram", "graph_diagram"]


def flow_diagram(trace: Trace, direction: str = "forward", example: int = 0, digits: int = 2) -> str:
    """Draw a dense network with what flows through it: activations forward, or errors δ backward.

    The thickness of a line is the size of its weight; a dashed line is a negative weight.

    Args:
        trace: One pass through a network of `Dense` layers.
        direction: "forward" writes the activations a into the neurons, "backward" the errors δ.
        example: Which column of the trace to show.
        digits: Decimals in the neurons.

    Returns:
        SVG text.

    Raises:
        TypeError: If `trace` is no trace, a layer is not `Dense`, or a number is not whole.
        ValueError: If the direction is unknown, or the trace has no such example.

    Source: the notation of Nielsen, *Neural Networks and Deep Learning*, chapter 2.
    """
    forward, digits = is_forward(direction), digit_count(digits)
    if not isinstance(trace, Trace):
        raise TypeError(f"trace: expected what network.trace(x, y) returns, got {shown(trace)}")
    steps = trace.steps
    example = whole_number(example, "example", least=0, most=steps[0].z.shape[-1] - 1)
    weights = []
    for step in steps:
        if not isinstance(step.layer, Dense):
            raise TypeError(f"trace: expected Dense layers only, got {step.layer!r}")
        weights.append(step.layer.W)
    values = [step.a[:, example] if forward else step.delta[:, example] for step in steps]
    inputs = [f"{value:.{digits}f}" for value in steps[0].a_prev[:, example]] if forward else [""] * weights[0].shape[1]
    texts = [inputs, *([f"{value:.{digits}f}" for value in column] for column in values)]
    names = ["a" if forward else "δ"] * len(texts)
    if not forward:
        names[0] = ""
    return _draw_network(texts, names, weights, forward)


def _draw_network(texts: list[list[str]], names: list[str], weights: list[Array], forward: bool) -> str:
    column_gap, row_gap, radius, top = 116, 62, 23, 40
    tallest = max(map(len, texts))
    width, height = 2 * 38 + column_gap * (len(texts) - 1), top + row_gap * tallest
    colour, head = (FORWARD, "forward") if forward else (BACKWARD, "backward")

    def place(column: int, row: int) -> tuple[float, float]:
        return 38 + column * column_gap, top + row_gap * (tallest - len(texts[column])) / 2 + row_gap * (row + 0.5)

    marker = f'<marker id="arrow-{head}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9"'
    parts = [f'{marker} markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>']
    largest = max(float(np.abs(W).max()) for W in weights) or 1.0
    for layer, W in enumerate(weights):
        if layer == 0 and not forward:  # no parameter stands before the input, so no error is sent there
            continue
        for (j, k), weight in np.ndenumerate(W):
            start, end = place(layer, k), place(layer + 1, j)
            if not forward:
                start, end = end, start
            parts.append(_arrow(start, end, radius, weight / largest, colour, head))
    for column, column_texts in enumerate(texts):
        x = place(column, 0)[0]
        if names[column]:
            parts.append(text_at(x, 24, f"{names[column]}{_superscript(column)}", INK, 17, italic=True))
        for row, text in enumerate(column_texts):
            x, y = place(column, row)
            circle = f'<circle cx="{x:g}" cy="{y:g}" r="{radius}" fill="var(--paper, none)"'
            parts.append(f'{circle} stroke="{colour if text else MUTED}" stroke-width="1.6"/>')
            parts.append(text_at(x, y + 4.5, text.replace("-", "−"), INK, 13))
    return svg(width, height, parts)


def _arrow(
    start: tuple[float, float], end: tuple[float, float], radius: float, strength: float, colour: str, head: str
) -> str:
    """Draw the line of one weight between the rims of two neurons."""
    run, rise = end[0] - start[0], end[1] - start[1]
    length = (run**2 + rise**2) ** 0.5
    dx, dy = run / length * (radius + 2), rise / length * (radius + 2)
    dash = ' stroke-dasharray="5 4"' if strength < 0 else ""
    return (
        f'<line x1="{start[0] + dx:.1f}" y1="{start[1] + dy:.1f}" x2="{end[0] - dx:.1f}" y2="{end[1] - dy:.1f}" '
        f'stroke="{colour}" stroke-width="{0.6 + 2.6 * abs(strength):.2f}" stroke-opacity="0.75"{dash} '
        f'marker-end="url(#arrow-{head})"/>'
    )


def graph_diagram(
    nodes: Mapping[str, tuple[float, float]],
    edges: Mapping[tuple[str, str], str],
    *,
    values: Mapping[str, str] | None = None,
    direction: str = "forward",
) -> str:
    """Draw quantities and what depends on what: a node for each quantity, an arrow for each direct dependence.

    Args:
        nodes: The quantities by the letter in the node, with indices as in LaTeX (`a^{L-1}_2`) if it has any, each with
            its column and row, counted from the upper left corner; halves are allowed.
        edges: From which quantity to which, and what is written beside the arrow; the text may be empty.
        values: What is written below a node.
        direction: "forward" draws the arrows as given; "backward" turns them round, for what flows back.

    Returns:
        SVG text.

    Raises:
        TypeError: If a node, an edge or a value is not given as described.
        ValueError: If there is no node, indices cannot be read, two nodes share a place, an edge or a value belongs to no node, an edge
            returns to its own node, or the direction is unknown.

    Source: Linnainmaa 1976, *Taylor expansion of the accumulated rounding error*, on graphs with slopes at their edges.
    """
    forward = is_forward(direction)
    places = _graph_places(nodes, edges, {} if values is None else values)
    colour = FORWARD if forward else BACKWARD
    middle = (min(y for _, y in places.values()) + max(y for _, y in places.values())) / 2
    parts = [_edge(places[start], places[end], colour, forward) for start, end in edges]
    parts += [_edge_text(places[start], places[end], text, middle) for (start, end), text in edges.items() if text]
    for name, (x, y) in places.items():
        circle = f'<circle cx="{x:g}" cy="{y:g}" r="{NODE}" fill="var(--paper, none)" stroke="{INK}"'
        letter = label_at(x, y, name) if _indexed(name) else text_at(x, y + 5.5, name, INK, 17, italic=True)
        parts += [f'{circle} stroke-width="1.4"/>', letter]
    parts += [
        text_at(places[name][0], places[name][1] + NODE + 17, text, INK, 13) for name, text in (values or {}).items()
    ]
    right, bottom = (max(place[axis] for place in places.values()) for axis in (0, 1))
    return svg(right + NODE + 16, bottom + NODE + (24 if values else 14), parts)


NODE = 20


def _graph_places(
    nodes: Mapping[str, tuple[float, float]], edges: Mapping[tuple[str, str], str], values: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """Check a graph, and give each node its place in pixels."""
    for place in mapping(nodes, "nodes").values():
        column, row = two(place, "nodes")
        real_number(column, "nodes"), real_number(row, "nodes")
    texts([*nodes], "nodes"), texts([*mapping(edges, "edges").values()], "edges")
    texts([*mapping(values, "values").values()], "values")
    if not nodes:
        raise ValueError("nodes: expected at least one, got none")
    for name in nodes:
        if _indexed(name) and not LABEL.fullmatch(name):
            raise ValueError(f"nodes: expected a label such as 'δ^1_2', got {name!r}")
    if len({*nodes.values()}) < len(nodes):
        raise ValueError(f"nodes: expected a place of its own for each, got {dict(nodes)}")
    for edge in edges:
        start, end = two(edge, "edges")
        if start not in nodes or end not in nodes or start == end:
            raise ValueError(f"edges: expected two of {', '.join(nodes)}, got {(start, end)}")
    for name in values:
        if name not in nodes:
            raise ValueError(f"values: expected one of {', '.join(nodes)}, got {name!r}")
    left, top = (min(place[axis] for place in nodes.values()) for axis in (0, 1))
    return {
        name: (NODE + 16 + 108 * (column - left), NODE + 14 + 80 * (row - top)) for name, (column, row) in nodes.items()
    }


def _indexed(name: str) -> bool:
    return "^" in name or "_" in name


def _edge(start: tuple[float, float], end: tuple[float, float], colour: str, forward: bool) -> str:
    """Draw an arrow between the rims of two nodes; its head is a shape of its own, so no figure shares an id."""
    if not forward:
        start, end = end, start
    run, rise = end[0] - start[0], end[1] - start[1]
    length = (run**2 + rise**2) ** 0.5
    dx, dy = run / length, rise / length
    tail = start[0] + dx * (NODE + 3), start[1] + dy * (NODE + 3)
    tip = end[0] - dx * (NODE + 3), end[1] - dy * (NODE + 3)
    back = tip[0] - 9 * dx, tip[1] - 9 * dy
    head = f"M{tip[0]:.1f} {tip[1]:.1f}L{back[0] - 4 * dy:.1f} {back[1] + 4 * dx:.1f}L{back[0] + 4 * dy:.1f} {back[1] - 4 * dx:.1f}z"
    return (
        f'<line x1="{tail[0]:.1f}" y1="{tail[1]:.1f}" x2="{back[0]:.1f}" y2="{back[1]:.1f}" stroke="{colour}" '
        f'stroke-width="1.8"/><path d="{head}" fill="{colour}"/>'
    )


def _edge_text(start: tuple[float, float], end: tuple[float, float], text: str, middle: float) -> str:
    """Write beside an arrow, on the side away from the middle of the drawing."""
    run, rise = end[0] - start[0], end[1] - start[1]
    length = (run**2 + rise**2) ** 0.5
    side = 1 if (start[1] + end[1]) / 2 > middle else -1
    across = -rise / length, run / length
    if across[1] * side < 0:
        across = -across[0], -across[1]
    away = 11 + abs(across[0]) * 3.4 * len(text)
    x, y = (start[0] + end[0]) / 2 + away * across[0], (start[1] + end[1]) / 2 + away * across[1]
    return text_at(x, y + 4.5, text, INK, 13)


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
