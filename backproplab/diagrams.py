"""Pictures drawn line by line as SVG: networks, images, tables of counts; they follow light and dark by themselves."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backproplab.checks import Array, real_array
from backproplab.layers import Dense
from backproplab.network import Trace

__all__ = ["count_table", "figure", "flow_diagram", "graph_diagram", "image_grid"]

INK, MUTED, FORWARD, BACKWARD = (
    "currentColor",
    "var(--muted, #6b6b6b)",
    "var(--forward, #0b6e75)",
    "var(--backward, #b5402a)",
)


def figure(*panels: str, caption: str, alt: str) -> str:
    """Put panels side by side into one HTML figure; on a narrow screen they stand below each other.

    Args:
        panels: SVG texts.
        caption: What the reader should see, as HTML.
        alt: What is to be seen, in words, for somebody who cannot see it.

    Raises:
        ValueError: If there is no panel, or caption or alternative is empty.

    Source: W3C, *Web Content Accessibility Guidelines 2.2*, success criterion 1.1.1.
    """
    if not panels:
        raise ValueError("panels: expected at least one SVG, got none")
    for name, text in (("caption", caption), ("alt", alt)):
        if not text.strip():
            raise ValueError(f"{name}: expected a sentence, got {text!r}")
    drawn = "".join(panels)
    return (
        f'<figure class="figure"><div class="panels" role="img" aria-label="{escape(alt)}">{drawn}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


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
        TypeError: If a layer is not `Dense`.
        ValueError: If the direction is unknown, or the trace has no such example.

    Source: the notation of Nielsen, *Neural Networks and Deep Learning*, chapter 2.
    """
    if direction not in ("forward", "backward"):
        raise ValueError(f"direction: expected 'forward' or 'backward', got {direction!r}")
    steps = trace.steps
    if not 0 <= example < steps[0].z.shape[-1]:
        raise ValueError(f"example: expected 0 to {steps[0].z.shape[-1] - 1}, got {example}")
    weights = []
    for step in steps:
        if not isinstance(step.layer, Dense):
            raise TypeError(f"trace: expected Dense layers only, got {step.layer!r}")
        weights.append(step.layer.W)
    forward = direction == "forward"
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
            parts.append(_text(x, 24, f"{names[column]}{_superscript(column)}", INK, 17, italic=True))
        for row, text in enumerate(column_texts):
            x, y = place(column, row)
            circle = f'<circle cx="{x:g}" cy="{y:g}" r="{radius}" fill="var(--paper, none)"'
            parts.append(f'{circle} stroke="{colour if text else MUTED}" stroke-width="1.6"/>')
            parts.append(_text(x, y + 4.5, text.replace("-", "−"), INK, 13))
    return _svg(width, height, parts)


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
        nodes: The quantities by the letter that stands in the node, each with its column and row, counted from the
            upper left corner; halves are allowed.
        edges: From which quantity to which, and what is written beside the arrow; the text may be empty.
        values: What is written below a node.
        direction: "forward" draws the arrows as given; "backward" turns them round, for what flows back.

    Returns:
        SVG text.

    Raises:
        ValueError: If there is no node, two nodes share a place, an edge or a value belongs to no node, an edge
            returns to its own node, or the direction is unknown.

    Source: Linnainmaa 1976, *Taylor expansion of the accumulated rounding error*, on graphs with slopes at their edges.
    """
    if direction not in ("forward", "backward"):
        raise ValueError(f"direction: expected 'forward' or 'backward', got {direction!r}")
    places = _graph_places(nodes, edges, values or {})
    forward = direction == "forward"
    colour = FORWARD if forward else BACKWARD
    middle = (min(y for _, y in places.values()) + max(y for _, y in places.values())) / 2
    parts = [_edge(places[start], places[end], colour, forward) for start, end in edges]
    parts += [_edge_text(places[start], places[end], text, middle) for (start, end), text in edges.items() if text]
    for name, (x, y) in places.items():
        circle = f'<circle cx="{x:g}" cy="{y:g}" r="{NODE}" fill="var(--paper, none)" stroke="{INK}"'
        parts += [f'{circle} stroke-width="1.4"/>', _text(x, y + 5.5, name, INK, 17, italic=True)]
    parts += [
        _text(places[name][0], places[name][1] + NODE + 17, text, INK, 13) for name, text in (values or {}).items()
    ]
    right, bottom = (max(place[axis] for place in places.values()) for axis in (0, 1))
    return _svg(right + NODE + 16, bottom + NODE + (24 if values else 14), parts)


NODE = 20


def _graph_places(
    nodes: Mapping[str, tuple[float, float]], edges: Mapping[tuple[str, str], str], values: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """Check a graph, and give each node its place in pixels."""
    if not nodes:
        raise ValueError("nodes: expected at least one, got none")
    if len({*nodes.values()}) < len(nodes):
        raise ValueError(f"nodes: expected a place of its own for each, got {dict(nodes)}")
    for start, end in edges:
        if start not in nodes or end not in nodes or start == end:
            raise ValueError(f"edges: expected two of {', '.join(nodes)}, got {(start, end)}")
    for name in values:
        if name not in nodes:
            raise ValueError(f"values: expected one of {', '.join(nodes)}, got {name!r}")
    left, top = (min(place[axis] for place in nodes.values()) for axis in (0, 1))
    return {
        name: (NODE + 16 + 108 * (column - left), NODE + 14 + 80 * (row - top)) for name, (column, row) in nodes.items()
    }


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
    return _text(x, y + 4.5, text, INK, 13)


def image_grid(images: ArrayLike, titles: Sequence[str], columns: int = 4) -> str:
    """Draw grey images in a grid, each with a line of text below; ink is dark on a light page and light on a dark one.

    Args:
        images: Shape (N, height, width), 0 for paper and 1 for ink.
        titles: One text for each image.
        columns: How many stand side by side.

    Returns:
        SVG text.

    Raises:
        TypeError: If `images` is not numeric.
        ValueError: If the shape does not fit, or the number of titles differs from the number of images.

    Source: Tufte 1983, *The Visual Display of Quantitative Information*, on small multiples.
    """
    grid = real_array(images, "images")
    if grid.ndim != 3 or len(grid) == 0:
        raise ValueError(f"images: expected shape (N, height, width), got {grid.shape}")
    if len(titles) != len(grid):
        raise ValueError(f"titles: expected {len(grid)}, one for each image, got {len(titles)}")
    side, gap, line = 64.0, 12.0, 26.0
    pixel = side / max(grid.shape[1:])
    parts = []
    for number, (image, title) in enumerate(zip(grid, titles, strict=True)):
        x, y = gap / 2 + number % columns * (side + gap), number // columns * (side + line)
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}" fill="none" stroke="{MUTED}"/>')
        for (row, column), ink in np.ndenumerate(image):
            if ink > 0:
                parts.append(
                    f'<rect x="{x + column * pixel:.2f}" y="{y + row * pixel:.2f}" width="{pixel:.2f}" '
                    f'height="{pixel:.2f}" fill="{INK}" fill-opacity="{min(ink, 1):.3g}"/>'
                )
        parts.append(_text(x + side / 2, y + side + 17, title, INK, 13))
    rows = -(-len(grid) // columns)
    return _svg(min(columns, len(grid)) * (side + gap), rows * (side + line), parts)


def count_table(counts: NDArray[np.integer], row_name: str, column_name: str) -> str:
    """Draw a square table of counts, such as a confusion matrix; the diagonal is framed, the rest is shaded by size.

    Args:
        counts: Shape (n, n); row i and column j stand for class i and class j.
        row_name: What the rows are.
        column_name: What the columns are.

    Returns:
        SVG text.

    Raises:
        ValueError: If the table is not square.

    Source: Provost and Kohavi 1998, *Glossary of Terms*, "confusion matrix".
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"counts: expected a square table, got {table.shape}")
    cell, left, top = 34, 46, 46
    off_diagonal = np.where(np.eye(len(table), dtype=bool), 0, table)
    most = max(int(off_diagonal.max()), 1)
    size = cell * len(table)
    parts = [_text(left + size / 2, 14, column_name, MUTED, 13)]
    parts.append(
        f'<text x="12" y="{top + size / 2:g}" font-size="13" text-anchor="middle" fill="{MUTED}" '
        f'transform="rotate(-90 12 {top + size / 2:g})">{escape(row_name)}</text>'
    )
    for number in range(len(table)):
        middle = (number + 0.5) * cell
        parts.append(_text(left + middle, top - 9, str(number), INK, 13))
        parts.append(_text(left - 11, top + middle + 4.5, str(number), INK, 13))
    for (row, column), count in np.ndenumerate(table):
        x, y = left + column * cell, top + row * cell
        right = row == column
        shade = 0.0 if right else 0.12 + 0.5 * int(count) / most if count else 0.0
        parts.append(
            f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" fill="{BACKWARD}" fill-opacity="{shade:.3f}" '
            f'stroke="{FORWARD if right else MUTED}" stroke-width="{1.8 if right else 0.3}"/>'
        )
        if count:
            parts.append(_text(x + cell / 2, y + cell / 2 + 4.5, str(count), INK, 13))
    return _svg(left + size + 4, top + size + 4, parts)


def _text(x: float, y: float, text: str, colour: str, size: float, *, italic: bool = False) -> str:
    style = ' font-style="italic"' if italic else ""
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}"'
    return f'<text {place} text-anchor="middle" fill="{colour}"{style}>{escape(text)}</text>'


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    """Wrap shapes into an SVG of a natural size in pixels, which a page may shrink, with ids that no other picture has."""
    drawn = "".join(parts)
    mark = hashlib.sha256(drawn.encode()).hexdigest()[:8]
    drawn = re.sub(r'(id="|url\(#)', rf"\g<1>d{mark}-", drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" aria-hidden="true">{drawn}</svg>'
    )
