"""A worked example for the terminal: the formulas in Unicode, matrices drawn with brackets."""

import re
from collections.abc import Iterable, Sequence

from backproplab.worked.sections import BLANK, Formula, Section, Token

WIDTH = 100
"""Columns where the terminal says nothing else; a longer formula goes on in the next line."""
_RAISED = str.maketrans("0123456789-Tz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᶻ")
_LOWERED = str.maketrans("0123456789ai", "₀₁₂₃₄₅₆₇₈₉ₐᵢ")
_SIGNS = {
    r"\left": "", r"\right": "", r"\lVert": "‖", r"\rVert": "‖", r"\,": " ", "'": "′", BLANK: "_____",
    r"\sigma": "σ", r"\delta": "δ", r"\eta": "η", r"\nabla": "∇", r"\partial ": "∂", r"\sum": "Σ", r"\odot": "⊙", r"\star": "⋆",
    r"\cdots": "⋯", r"\vdots": "⋮", r"\ddots": "⋱", r" \cdot ": "·", r"\cdot": "·", r" \times ": "×",
    r"\leftarrow": "←", r"\ln": "ln", r"\max": "max", r"\tanh": "tanh",
}  # fmt: skip
_SIGN = re.compile("|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True))))

Box = Sequence[str]
"""Lines of equal length; the middle one stands on the line of the text."""


def plain(tex: str) -> str:
    """Return the LaTeX of a worked example as one line of Unicode."""
    text = re.sub(r"\\(?:text|operatorname)\{(.*?)\}", r"\1", tex)
    text = re.sub(r"\^(?:\{(.*?)\}|(.))", lambda m: (m[1] or m[2]).translate(_RAISED), text)
    text = re.sub(r"_(?:\{(.*?)\}|([a-z])(?![a-z]))", lambda m: (m[1] or m[2]).translate(_LOWERED), text)
    text = re.sub(r"\\frac\{(.*?)\}\{(.*?)\}", lambda m: f"{m[1]}/{_in_brackets(m[2])}", text)
    return re.sub(" +", " ", _SIGN.sub(lambda m: _SIGNS[m[0]], text))


def _in_brackets(under: str) -> str:
    return under if len(under) == 1 or under.startswith(r"\partial") or under.isdecimal() else f"({under})"


def text(parts: Sequence[Section], width: int = WIDTH) -> str:
    """Return sections as text for a terminal."""
    written = []
    for section in parts:
        written += [section.title, "=" * len(section.title), ""]
        for part in section.parts:
            written += _wrapped(part, width) if isinstance(part, str) else _formula(part, width)
            written.append("")
    return "\n".join(line.rstrip() for line in written)


def _wrapped(sentence: str, width: int) -> list[str]:
    """Break a sentence at spaces outside its mathematics, which is turned into Unicode."""
    pieces = re.sub(r"\$(.*?)\$", lambda m: plain(m[1]).replace(" ", "\0"), sentence).split()
    lines = [""]
    for piece in pieces:
        if lines[-1] and len(lines[-1]) + 1 + len(piece) > width:
            lines.append("")
        lines[-1] += f" {piece}" if lines[-1] else piece
    return [line.replace("\0", " ") for line in lines]


def _formula(formula: Formula, width: int) -> list[str]:
    left = f"  {plain(formula.left)} "
    written: list[str] = []
    for count, line in enumerate(formula.lines):
        relation = plain(formula.relation) if count == 0 else "="
        start = (left if count == 0 else " " * len(left)) + relation
        boxes: list[Box] = [[start]]
        for box in map(_box, line):
            if _width([*boxes, box]) > width and len(boxes) > 1:
                written += _beside(boxes)
                boxes = [[" " * (len(left) + 2)]]
            boxes.append(box)
        written += _beside(boxes)
    return written


def _box(token: Token) -> Box:
    if isinstance(token, str):
        return [plain(token)]
    rows = [[plain(cell) for cell in row] for row in token.cells]
    if token.bare:
        return rows[0]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    inside = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    if len(inside) == 1:
        return [f"[ {inside[0]} ]"]
    left, right = (f"{top}{middle * (len(inside) - 2)}{bottom}" for top, middle, bottom in ("⎡⎢⎣", "⎤⎥⎦"))
    return [f"{opening} {row} {closing}" for opening, row, closing in zip(left, inside, right, strict=True)]


def _width(boxes: Iterable[Box]) -> int:
    return sum(len(box[0]) + 1 for box in boxes) - 1


def _beside(boxes: Sequence[Box]) -> list[str]:
    """Put boxes side by side, their middle lines on one line."""
    above = max((len(box) - 1) // 2 for box in boxes)
    below = max(len(box) // 2 for box in boxes)
    lines = []
    for number in range(-above, below + 1):
        pieces = []
        for box in boxes:
            row = number + (len(box) - 1) // 2
            pieces.append(box[row] if 0 <= row < len(box) else " " * len(box[0]))
        lines.append(" ".join(pieces))
    return lines
