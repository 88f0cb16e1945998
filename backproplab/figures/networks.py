"""A small network with the part in question marked: every quantity of the book in its own colour, with its own rim."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from backproplab.checks import whole_number
from backproplab.figures.drawing import INK, MUTED, svg, text_at

__all__ = ["network_diagram"]

QUANTITIES = {"a": "activation", "x": "activation", "z": "weighted-input", "δ": "error", "w": "weight", "b": "bias"}
COLOURS = {
    "activation": "var(--activation, #0b6577)",
    "weighted-input": "var(--weighted-input, #2f55a4)",
    "error": "var(--error, #b03a13)",
    "weight": "var(--weight, #6a3fa0)",
    "bias": "var(--bias, #54660f)",
}
LABEL = re.compile(
    r"(?P<letter>[^\s^_{}])(?:\^(?:\{(?P<up>[^{}]+)\}|(?P<up1>[^\s_{}])))?(?:_(?:\{(?P<down>[^{}]+)\}|(?P<down1>[^\s{}])))?"
)
RADIUS, COLUMN, ROW, LEFT, TOP = 22, 132, 66, 40, 30

Neuron = tuple[int, int]


def network_diagram(
    sizes: Sequence[int],
    neurons: Mapping[Neuron, str] | None = None,
    weights: Mapping[tuple[Neuron, Neuron], str] | None = None,
    *,
    direction: str = "forward",
    layers: Sequence[str] = (),
) -> str:
    """Draw a dense network in grey, and the neurons and weights in question in the colours of their quantities.

    A label is written as in LaTeX, `δ^1_2` or `w^{l+1}_{kj}`, and its letter says what is meant: activations a (and x)
    have a plain rim, weighted inputs z a broken one, errors δ a double one, so that colour is not the only mark.

    Args:
        sizes: Neurons in each layer, the input first.
        neurons: Labels by (layer, neuron), both counted as in the book: layer 0 is the input, neurons start at 1.
        weights: Labels by (neuron it comes from, neuron it leads to); a label may be empty.
        direction: "forward" points marked weights from left to right, "backward" from right to left.
        layers: What is written above each layer, if anything.

    Returns:
        SVG text.

    Raises:
        ValueError: If a size is not positive, a label cannot be read, a neuron does not exist, a weight does not lead
            from one layer to the next, the direction is unknown, or `layers` does not name each layer.

    Source: the notation of Nielsen, *Neural Networks and Deep Learning*, chapter 2.
    """
    neurons, weights = neurons or {}, weights or {}
    sizes = [whole_number(size, "sizes", least=1) for size in sizes]
    if direction not in ("forward", "backward"):
        raise ValueError(f"direction: expected 'forward' or 'backward', got {direction!r}")
    if len(layers) not in (0, len(sizes)):
        raise ValueError(f"layers: expected a name for each of {len(sizes)} layers, got {len(layers)}")
    places = _places(sizes, TOP + 22 * bool(layers))
    _check(places, neurons, weights)
    parts = [
        _line(places[start], places[end], "var(--rule, #c9c4b8)", 1.2)
        for start in places
        for end in places
        if end[0] == start[0] + 1 and (start, end) not in weights
    ]
    for (start, end), label in weights.items():
        ends = (places[start], places[end]) if direction == "forward" else (places[end], places[start])
        colour = _colour(label) if label else COLOURS["weight"]
        parts += [_line(*ends, colour, 2.6), _head(*ends, colour)]
        if label:
            parts.append(_beside(places[start], places[end], label))
    for neuron, (x, y) in places.items():
        parts += _neuron(x, y, neurons.get(neuron, ""))
    parts += [text_at(places[layer, 1][0], 20, name, MUTED, 13) for layer, name in enumerate(layers)]
    return svg(2 * LEFT + COLUMN * (len(sizes) - 1), max(y for _, y in places.values()) + RADIUS + 10, parts)


def _places(sizes: Sequence[int], top: int) -> dict[Neuron, tuple[float, float]]:
    tallest = max(sizes)
    return {
        (layer, j): (LEFT + COLUMN * layer, top + ROW * ((tallest - size) / 2 + j - 1))
        for layer, size in enumerate(sizes)
        for j in range(1, size + 1)
    }


def _check(
    places: Mapping[Neuron, object], neurons: Mapping[Neuron, str], weights: Mapping[tuple[Neuron, Neuron], str]
) -> None:
    for neuron, label in neurons.items():
        if neuron not in places:
            raise ValueError(f"neurons: expected (layer, neuron) of this network, got {neuron!r}")
        if not LABEL.fullmatch(label):
            raise ValueError(f"neurons: expected a label such as 'δ^1_2', got {label!r}")
    for (start, end), label in weights.items():
        if start not in places or end not in places or end[0] != start[0] + 1:
            raise ValueError(f"weights: expected two neurons of neighbouring layers, got {(start, end)!r}")
        if label and not LABEL.fullmatch(label):
            raise ValueError(f"weights: expected a label such as 'w^2_{{12}}', got {label!r}")


def _colour(label: str) -> str:
    kind = QUANTITIES.get(label[0])
    return COLOURS[kind] if kind else INK


def _neuron(x: float, y: float, label: str) -> list[str]:
    if not label:
        return [f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}" fill="var(--paper, none)" stroke="{MUTED}"/>']
    colour, kind = _colour(label), QUANTITIES.get(label[0])
    broken = ' stroke-dasharray="5 3"' if kind == "weighted-input" else ""
    rim = f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}" fill="var(--paper, none)" stroke="{colour}" stroke-width="2.4"{broken}/>'
    inner = f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS - 4}" fill="none" stroke="{colour}" stroke-width="1"/>'
    return [rim, *([inner] if kind == "error" else []), label_at(x, y, label)]


def label_at(x: float, y: float, label: str, colour: str = "", size: float = 18) -> str:
    """Write a letter with its raised and lowered indices one above the other, in the colour of its quantity or a given one."""
    found = LABEL.fullmatch(label)
    assert found is not None, "labels are checked before they are drawn"
    up, down = found["up"] or found["up1"] or "", found["down"] or found["down1"] or ""
    colour, scale = colour or _colour(label), size / 18
    x -= 3.3 * scale * max(len(up), len(down))
    letter = f'<text x="{x:g}" y="{y + 6 * scale:g}" font-size="{size:g}" font-style="italic" text-anchor="middle" fill="{colour}">{escape(found["letter"])}</text>'
    small = [
        f'<text x="{x + 6.5 * scale:g}" y="{y + shift * scale:g}" font-size="{11.5 * scale:g}" fill="{colour}">{escape(text)}</text>'
        for text, shift in ((up, -2), (down, 11))
        if text
    ]
    return "".join([letter, *small])


def _unit(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    run, rise = end[0] - start[0], end[1] - start[1]
    length = (run**2 + rise**2) ** 0.5
    return run / length, rise / length


def _line(start: tuple[float, float], end: tuple[float, float], colour: str, width: float) -> str:
    dx, dy = _unit(start, end)
    return (
        f'<line x1="{start[0] + dx * RADIUS:.1f}" y1="{start[1] + dy * RADIUS:.1f}" '
        f'x2="{end[0] - dx * (RADIUS + 4):.1f}" y2="{end[1] - dy * (RADIUS + 4):.1f}" stroke="{colour}" stroke-width="{width:g}"/>'
    )


def _head(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    dx, dy = _unit(start, end)
    tip = end[0] - dx * (RADIUS + 2), end[1] - dy * (RADIUS + 2)
    back = tip[0] - 10 * dx, tip[1] - 10 * dy
    return (
        f'<path d="M{tip[0]:.1f} {tip[1]:.1f}L{back[0] - 5 * dy:.1f} {back[1] + 5 * dx:.1f}'
        f'L{back[0] + 5 * dy:.1f} {back[1] - 5 * dx:.1f}z" fill="{colour}"/>'
    )


def _beside(start: tuple[float, float], end: tuple[float, float], label: str) -> str:
    """Write on a marked weight, nearer to where it starts, with the paper's colour around the letters."""
    x, y = start[0] + 0.42 * (end[0] - start[0]), start[1] + 0.42 * (end[1] - start[1])
    ground = f'<rect x="{x - 17:g}" y="{y - 13:g}" width="34" height="26" rx="6" fill="var(--paper, #fff)"/>'
    return ground + label_at(x, y, label)
