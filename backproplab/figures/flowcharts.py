"""Flow charts: boxes from top to bottom, and the ways back up that make a loop of them."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from backproplab.options import mapping, texts, two, whole_numbers

__all__ = ["flow_chart"]

INK, BACKWARD = "currentColor", "var(--backward, #b5402a)"
WIDTH, LINE, PAD, GAP, LANE = 208, 19, 9, 32, 36


def flow_chart(boxes: Sequence[str], loops: Mapping[tuple[int, int], tuple[str, str]]) -> str:
    r"""Draw a flow chart: each box leads to the next, and a loop leads from a later box back to an earlier one.

    A box whose text ends with a question mark is a decision, and has pointed ends.

    Args:
        boxes: The texts from top to bottom; a line break in a text is kept.
        loops: From which box to which earlier one (counted from 0), and two answers: what is written where the loop
            begins, and what is written on the way on to the next box. The first loop runs nearest to the boxes.

    Returns:
        SVG text.

    Raises:
        TypeError: If a box is no string, or a loop is not given as described.
        ValueError: If there is no box, or a loop does not lead from one of the boxes to an earlier one.

    Source: Goldstine and von Neumann 1947, *Planning and Coding of Problems for an Electronic Computing Instrument*.
    """
    boxes = texts(boxes, "boxes")
    ways: dict[Any, list[str]] = {
        whole_numbers(two(way, "loops"), "loops", least=0): texts(two(answers, "loops"), "loops")
        for way, answers in mapping(loops, "loops").items()
    }
    if not boxes:
        raise ValueError("boxes: expected at least one, got none")
    for start, end in ways:
        if not 0 <= end < start < len(boxes):
            raise ValueError(f"loops: expected a way from a box to an earlier one, got {(start, end)}")
    heights = [2 * PAD + LINE * len(text.split("\n")) for text in boxes]
    tops = [4 + sum(heights[:number]) + GAP * number for number in range(len(boxes))]
    parts = []
    for number, text in enumerate(boxes):
        parts += _box(text, tops[number], heights[number])
        if number + 1 < len(boxes):
            bottom = tops[number] + heights[number]
            parts += _way([(_MIDDLE, bottom), (_MIDDLE, bottom + GAP)], INK)
    for lane, ((start, end), (back, onward)) in enumerate(ways.items(), 1):
        right, y_start, y_end = _RIGHT + LANE * lane, _centre(tops, heights, start), _centre(tops, heights, end)
        parts += _way([(_RIGHT, y_start), (right, y_start), (right, y_end), (_RIGHT, y_end)], BACKWARD)
        parts.append(_text(_RIGHT + 6, y_start - 6, back, "start"))
        if start + 1 < len(boxes):
            parts.append(_text(_MIDDLE + 9, tops[start] + heights[start] + GAP / 2 + 3, onward, "start"))
    width, height = _RIGHT + LANE * len(ways) + 6, tops[-1] + heights[-1] + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" aria-hidden="true">{"".join(parts)}</svg>'
    )


_LEFT, _MIDDLE, _RIGHT = 4, 4 + WIDTH / 2, 4 + WIDTH


def _centre(tops: Sequence[float], heights: Sequence[float], number: int) -> float:
    return tops[number] + heights[number] / 2


def _box(text: str, top: float, height: float) -> list[str]:
    """Draw one box and its lines of text."""
    point = 14 if text.rstrip().endswith("?") else 0
    corners = [
        (_LEFT + point, top), (_RIGHT - point, top), (_RIGHT, top + height / 2), (_RIGHT - point, top + height),
        (_LEFT + point, top + height), (_LEFT, top + height / 2),
    ]  # fmt: skip
    outline = "M" + "L".join(f"{x:g} {y:g}" for x, y in corners) + "z"
    dash = ' stroke-dasharray="6 3"' if point else ""
    lines = [
        _text(_MIDDLE, top + PAD + LINE * (number + 0.72), line, "middle")
        for number, line in enumerate(text.split("\n"))
    ]
    return [f'<path d="{outline}" fill="var(--paper, none)" stroke="{INK}" stroke-width="1.4"{dash}/>', *lines]


def _way(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    """Draw a line with corners and a head at its end."""
    (x0, y0), (x, y) = points[-2:]
    dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    back = x - 9 * dx, y - 9 * dy
    line = "M" + "L".join(f"{px:g} {py:g}" for px, py in (*points[:-1], back))
    head = f"M{x:g} {y:g}L{back[0] - 4 * dy:g} {back[1] + 4 * dx:g}L{back[0] + 4 * dy:g} {back[1] - 4 * dx:g}z"
    return [
        f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>',
        f'<path d="{head}" fill="{colour}"/>',
    ]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="13.5" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'
