"""A record drawn as a circuit: above each wire the number that runs forward, below it the gradient that comes back."""

from collections import Counter
from collections.abc import Mapping
from math import isfinite

from backproplab.autograd.value import Value
from backproplab.checks import real_number, shown
from backproplab.figures.drawing import BACKWARD, FORWARD, INK, MUTED, svg, text_at
from backproplab.figures.networks import LABEL, label_at
from backproplab.options import digit_count, mapping, texts, two

__all__ = ["circuit_diagram"]

COLUMN, ROW, RADIUS, EDGE, BOW, LAST = 84, 76, 15, 18, 27, 70

Point = tuple[float, float]


def circuit_diagram(
    values: Mapping[str, Value],
    places: Mapping[str, tuple[float, float]],
    gates: Mapping[str, str],
    *,
    gradients: bool = True,
    digits: int = 2,
) -> str:
    """Draw what was computed as a circuit, with every number taken from the record.

    Above each wire is the value that runs forward through it, below it the gradient ∂L/∂x that comes back through this wire.
    Where a value is used several times, their sum is below its name. A result that nothing drawn uses ends in a wire
    with its name. Numbers in the program, such as the 1 in 1 + x, are not drawn.

    Args:
        values: What to draw, by name, with indices as in LaTeX (`w_1`) if it has any; with gradients, after `backward`.
        places: The column and row of each, counted from the upper left corner; fractions are allowed.
        gates: What is written in the circle of a result, such as "+"; what has none is written as its name, and
            the drawing begins there.
        gradients: Whether the gradients are drawn as well.
        digits: Decimals of a number that is not whole.

    Returns:
        SVG text.

    Raises:
        TypeError: If a value is no `Value`, or a place, gate or number is not given as described.
        ValueError: If there is nothing to draw, a name cannot be read, a value has no place or another's, a gate belongs to no value, or a
            result that others are computed from is missing.

    Source: the course notes of CS231n, *Backpropagation, intuitions*.
    """
    digits = digit_count(digits)
    spots = _spots(values, places, gates)
    names = {id(value): name for name, value in values.items()}
    wires = [
        (names[id(parent)], name, slope * value.grad)
        for name, value in values.items()
        if name in gates
        for parent, slope in zip(value.parents, value.slopes, strict=True)
        if _drawn(parent, names)
    ]
    together, drawn = Counter((start, end) for start, end, _ in wires), Counter[tuple[str, str]]()
    ends = {name for name in gates if all(start != name for start, _, _ in wires)}
    sums = _sums(values, wires, digits) if gradients else {}
    bow = BOW * any(number > 1 for number in together.values())
    edge = max([EDGE, *(3.2 * len(text) - COLUMN * spots[name][0] for name, text in sums.items())])
    points = {name: (edge + COLUMN * column, 36 + bow + ROW * row) for name, (column, row) in spots.items()}
    parts = []
    for start, end, gradient in wires:
        side = 2 * drawn[start, end] + 1 - together[start, end]
        drawn[start, end] += 1
        below = _number(gradient, digits) if gradients else ""
        parts += _wire(points[start], points[end], _number(values[start].data, digits), below, side * BOW)
    for name, (x, y) in points.items():
        if name in gates:
            parts += _gate(x, y, gates[name])
        if name not in ends:
            parts.append(label_at(x, y - RADIUS - 10, name, MUTED, 14) if name in gates else label_at(x, y, name, INK))
        else:
            below = _number(values[name].grad, digits) if gradients else ""
            parts += _wire((x, y), (x + LAST, y), _number(values[name].data, digits), below, 0)
            parts.append(label_at(x + LAST, y, name, INK))
        if name in sums:
            parts.append(text_at(x, y + bow + RADIUS + 15, sums[name], BACKWARD, 12))
    right = max(x + LAST * (name in ends) for name, (x, _) in points.items())
    return svg(right + EDGE, max(y for _, y in points.values()) + bow + RADIUS + 21, parts)


def _spots(values: Mapping[str, Value], places: Mapping[str, Point], gates: Mapping[str, str]) -> dict[str, Point]:
    """Check a circuit, and give each value its column and row, counted from the first."""
    for name, value in mapping(values, "values").items():
        if not isinstance(value, Value):
            raise TypeError(f"values: expected a Value, got {shown(value)}")
        texts([name], "values")
        if not LABEL.fullmatch(name):
            raise ValueError(f"values: expected a name such as 'w_1', got {name!r}")
    if not values:
        raise ValueError("values: expected at least one, got none")
    if len({id(value) for value in values.values()}) < len(values):
        raise ValueError("values: expected each once, got one under two names")
    if mapping(places, "places").keys() != values.keys():
        raise ValueError(f"places: expected one for each of {', '.join(values)}, got {', '.join(map(str, places))}")
    texts([*mapping(gates, "gates").values()], "gates")
    for name in gates:
        if name not in values:
            raise ValueError(f"gates: expected one of {', '.join(values)}, got {name!r}")
    pairs = {name: two(places[name], "places") for name in values}
    spots = {name: (real_number(column, "places"), real_number(row, "places")) for name, (column, row) in pairs.items()}
    if len({*spots.values()}) < len(spots):
        raise ValueError(f"places: expected a place of its own for each, got {dict(places)}")
    left, top = (min(spot[axis] for spot in spots.values()) for axis in (0, 1))
    return {name: (column - left, row - top) for name, (column, row) in spots.items()}


def _sums(values: Mapping[str, Value], wires: list[tuple[str, str, float]], digits: int) -> dict[str, str]:
    """Write out the gradient of each value that several wires leave."""
    arriving: dict[str, list[str]] = {}
    for start, _, gradient in wires:
        arriving.setdefault(start, []).append(_number(gradient, digits))
    return {
        name: f"{' + '.join(numbers).replace('+ −', '− ')} = {_number(values[name].grad, digits)}"
        for name, numbers in arriving.items()
        if len(numbers) > 1
    }


def _drawn(value: Value, names: Mapping[int, str]) -> bool:
    """Whether a value has a place; only a number that was given may go without."""
    if id(value) not in names and value.parents:
        raise ValueError(f"values: expected all results on the way, got none for {value!r}")
    return id(value) in names


def _wire(start: Point, end: Point, above: str, below: str, bow: float) -> list[str]:
    """Draw a wire between two rims, straight or as a bow, with a head and what is written above and below it."""
    run, rise = end[0] - start[0], end[1] - start[1]
    length = (run**2 + rise**2) ** 0.5
    dx, dy = run / length, rise / length
    down = (-dy, dx) if dx >= 0 else (dy, -dx)
    bend = (start[0] + end[0]) / 2 + 2 * bow * down[0], (start[1] + end[1]) / 2 + 2 * bow * down[1]
    tail, tip = _rim(start, bend), _rim(end, bend)
    size = ((tip[0] - bend[0]) ** 2 + (tip[1] - bend[1]) ** 2) ** 0.5
    ux, uy = (tip[0] - bend[0]) / size, (tip[1] - bend[1]) / size
    back = tip[0] - 8 * ux, tip[1] - 8 * uy
    path = f"M{tail[0]:.1f} {tail[1]:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {back[0]:.1f} {back[1]:.1f}"
    head = f"M{tip[0]:.1f} {tip[1]:.1f}L{back[0] - 3.5 * uy:.1f} {back[1] + 3.5 * ux:.1f}L{back[0] + 3.5 * uy:.1f} {back[1] - 3.5 * ux:.1f}z"
    if bow:
        x, y = (tail[0] + 2 * bend[0] + tip[0]) / 4, (tail[1] + 2 * bend[1] + tip[1]) / 4
    else:
        x, y = start[0] + 0.44 * run, start[1] + 0.44 * rise
    parts = [f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.3"/><path d="{head}" fill="{INK}"/>']
    for text, side, colour in ((above, -1, FORWARD), (below, 1, BACKWARD)):
        away = side * (10 + abs(down[0]) * 3.2 * len(text))
        if text:
            parts.append(text_at(round(x + away * down[0], 1), round(y + away * down[1] + 4.5, 1), text, colour, 13))
    return parts


def _rim(centre: Point, towards: Point) -> Point:
    run, rise = towards[0] - centre[0], towards[1] - centre[1]
    length = (run**2 + rise**2) ** 0.5
    return centre[0] + run / length * (RADIUS + 1), centre[1] + rise / length * (RADIUS + 1)


def _gate(x: float, y: float, symbol: str) -> list[str]:
    circle = (
        f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}" fill="var(--paper, none)" stroke="{MUTED}" stroke-width="1.6"/>'
    )
    return [circle, text_at(x, y + 5, symbol, INK, 15 if len(symbol) < 3 else 11)]


def _number(value: float, digits: int) -> str:
    """Write a whole number as one, and others with the same number of decimals."""
    if not isfinite(value) or value == round(value):
        return f"{value + 0.0:g}".replace("-", "−")
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
