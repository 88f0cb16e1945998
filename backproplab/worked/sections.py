"""What a worked example is made of: sections of sentences and formulas, whose numbers know who may see them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, TypeVar

import numpy as np

from backproplab.checks import Array
from backproplab.latex import bmatrix, latex_number

Shown = TypeVar("Shown")

SHOWN = 6
"""Rows or columns of a matrix that are shown; of more, all but the last of this number, and the very last."""
LONGEST = 12
"""Decimals of the longest number that is shown as it was given, in double precision; half as many in single precision."""
MOST_DIGITS = 17
"""No double needs more."""
FEWEST = 4
"""Decimals to which a longer one is rounded at least."""
BLANK = r"\square"
DOTS = (r"\cdots", r"\vdots", r"\ddots")


@dataclass(frozen=True)
class Numbers:
    """A number or a matrix inside a formula, rounded and abbreviated.

    Attributes:
        cells: The entries in LaTeX, row by row.
        given: Whether it is given, and not the result of a step.
        bare: Whether it is a single number without brackets.
    """

    cells: tuple[tuple[str, ...], ...]
    given: bool = False
    bare: bool = False

    @property
    def hidden(self) -> "Numbers":
        """The same with a blank in place of every number that is not given."""
        if self.given:
            return self
        return replace(self, cells=tuple(tuple(c if c in DOTS else BLANK for c in row) for row in self.cells))


Token = str | Numbers
Line = Sequence[Token]


@dataclass(frozen=True)
class Formula:
    """A quantity, and the lines it is equal to one after the other; the last line is the result."""

    left: str
    lines: Sequence[Line]
    relation: str = "="

    @property
    def hidden(self) -> "Formula":
        """The same without any result, neither its own nor those of the steps before."""
        lines = [[token.hidden if isinstance(token, Numbers) else token for token in line] for line in self.lines]
        return replace(self, lines=lines)

    @property
    def solved(self) -> bool:
        """Whether it ends in a result."""
        return any(isinstance(token, Numbers) and not token.given for token in self.lines[-1])

    @property
    def solution(self) -> "Formula":
        """The quantity and its result alone."""
        return replace(self, lines=self.lines[-1:])


@dataclass(frozen=True)
class Section:
    """A title, and sentences (with mathematics between dollars) and formulas in their order."""

    title: str
    parts: Sequence[str | Formula]


def abbreviated(items: Sequence[Shown], dots: Shown) -> list[Shown]:
    """Return at most `SHOWN` items and the sign for those left out."""
    return [*items] if len(items) <= SHOWN else [*items[: SHOWN - 1], dots, items[-1]]


def _entry(value: Any, digits: int, *, given: bool) -> str:
    """Return a number in LaTeX; a given one as it was given, unless it has as many digits as only chance gives."""
    if not given:
        return latex_number(float(value), digits)
    if is_rounded(value, digits):
        return latex_number(float(value), max(digits, FEWEST))
    mantissa, exponent = _decimal(value)
    return rf"{mantissa} \times 10^{{{exponent}}}" if exponent else mantissa


def is_rounded(value: Any, digits: int) -> bool:
    """Say whether a given number has so many decimals that it is rounded all the same, to `FEWEST` or more."""
    small = np.finfo(np.result_type(value, np.float32)).bits == 32
    decimals = _decimal(value)[0].partition(".")[2]
    return len(decimals) > max(digits, LONGEST // 2 if small else LONGEST)


def _decimal(value: Any) -> tuple[str, int]:
    """Return the shortest decimal that is this very number, and the power of ten it is multiplied by."""
    if value == 0:
        return "0", 0
    if 1e-4 <= abs(value) < 1e6:
        return np.format_float_positional(value, trim="-"), 0
    mantissa, exponent = np.format_float_scientific(value, trim="-").split("e")
    return mantissa, int(exponent)


def numbers(values: Array | float, digits: int, *, given: bool = False) -> Numbers:
    """Return an array of up to two axes as it is shown."""
    array = np.asarray(values)
    if array.ndim == 0:  # a single given number has room for all its digits
        return Numbers(((_entry(array[()], MOST_DIGITS if given else digits, given=given),),), given, bare=True)
    picked = [*range(len(array))] if len(array) <= SHOWN else [*range(SHOWN - 1), len(array) - 1]
    kept = array[picked] if array.shape[1] <= SHOWN else array[picked][:, [*range(SHOWN), -1]]
    rows = [abbreviated([_entry(value, digits, given=given) for value in row], r"\cdots") for row in kept]
    if len(array) > SHOWN:
        rows.insert(SHOWN - 1, [r"\ddots" if cell == r"\cdots" else r"\vdots" for cell in rows[0]])
    return Numbers(tuple(map(tuple, rows)), given)


def maps(values: Array, digits: int, *, given: bool = False) -> Line:
    """Return an array as it is shown; of one with more than two axes the last two are matrices, one after the other."""
    if values.ndim <= 2:
        return [numbers(values, digits, given=given)]
    matrices: list[Token] = [numbers(matrix, digits, given=given) for matrix in values.reshape(-1, *values.shape[-2:])]
    if len(matrices) == 1:
        return matrices
    listed: list[Token] = [part for token in abbreviated(matrices, r"\cdots") for part in (",", token)]
    return [r"\left(", *listed[1:], r"\right)"]


def exercise(written: list[Section]) -> list[Section]:
    """Return the sections without results, and the results behind them."""
    hidden = [replace(s, parts=[p if isinstance(p, str) else p.hidden for p in s.parts]) for s in written]
    solutions = [
        Section(
            f"Solutions: {s.title[0].lower()}{s.title[1:]}",
            [p.solution for p in s.parts if isinstance(p, Formula) and p.solved],
        )
        for s in written
    ]
    return [*hidden, *(s for s in solutions if s.parts)]


def markdown(parts: Sequence[Section]) -> str:
    """Return sections as Markdown with LaTeX between dollars."""
    written = []
    for section in parts:
        written.append(f"**{section.title}.**")
        written += [_escaped(part) if isinstance(part, str) else f"$$\n{latex(part)}\n$$" for part in section.parts]
    return "\n\n".join(written) + "\n"


def _escaped(sentence: str) -> str:
    """Return a sentence whose words, which may hold a name of the reader's own, are no markup."""
    pieces = re.split(r"(\$.*?\$)", sentence)
    words = (re.sub(r"([\\`*_\[\]!])", r"\\\1", escape(piece, quote=False)) for piece in pieces[::2])
    return "".join(word + mathematics for word, mathematics in zip(words, [*pieces[1::2], ""], strict=True))


def latex(formula: Formula) -> str:
    """Return a formula in LaTeX, each of its lines under the one before."""
    lines = [f"{formula.relation if n == 0 else '='} {latex_line(line)}" for n, line in enumerate(formula.lines)]
    if len(lines) == 1:
        return f"{formula.left} {lines[0]}"
    return rf"\begin{{aligned}} {formula.left} &" + " \\\\\n&".join(lines) + r" \end{aligned}"


def latex_line(line: Line) -> str:
    """Return one line of a formula in LaTeX."""
    return " ".join(map(_latex_token, line))


def _latex_token(token: Token) -> str:
    if isinstance(token, str):
        return token
    return token.cells[0][0] if token.bare else bmatrix(token.cells)
