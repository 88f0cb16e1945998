"""Mistakes planted in the LaTeX of every tagged equation, one at a time: `make plants` says which nobody notices.

A mistake is noticed if the reader refuses it, if what is printed is then untrue in a world that a test has bound the
equation to, or if the equation is kept in `tests/seen.json`. What KaTeX refuses is not counted: it fails every build.
`python -m tests.plants BP1 BP2` plants in these two alone.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from functools import partialmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from backproplab.book import ledger, seen
from backproplab.book.formulas.check import Manner, Untrue
from backproplab.book.formulas.edits import renamed
from backproplab.book.formulas.formula import Formula, displays
from backproplab.book.formulas.tree import ReadError, tokens
from backproplab.book.katex import KatexError
from tests.book import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from backproplab.book.formulas.world import World

    Binding = tuple[list[tuple[World, Manner]], Any]

UNNOTICED = ROOT / "tests/unnoticed.json"
GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
SCRIPT = rf"[_^](?:{GROUP}|\\?[A-Za-z]+|\d)"
INDEX = r"(?<![A-Za-z\\])[a-z](?![A-Za-z])"
LETTER = rf"(?:\\(?:hat|tilde|bar) ?(?:[a-z]|{GROUP})|\\(?:eta|delta|gamma|theta|lambda|alpha|beta|Delta|kappa|xi|varepsilon)|(?<![\\A-Za-z])[A-Za-z](?![A-Za-z]))"
TEXT = re.compile(r"\\(?:text|operatorname|begin|end)\{[^{}]*\}|\\\\(?:\[[^\]]*\])?|\\tag\{[^{}]*\}")
EXCHANGES = [
    (r"\+", "-"), (r"-", "+"), (r"\\le(?![A-Za-z])", r"\\ge"), (r"\\ge(?![A-Za-z])", r"\\le"), (r"<", ">"), (r">", "<"),
    (r"\\sum(?![A-Za-z])", r"\\prod"), (r"\\prod(?![A-Za-z])", r"\\sum"), (r"\\max(?![A-Za-z])", r"\\min"), (r"\\min(?![A-Za-z])", r"\\max"),
    (r"\\odot(?![A-Za-z])", ""), (r"\^T(?![A-Za-z])", ""), (r"'", ""), (r"\\sigma\(", r"\\sigma'("), (r"\\sigma'\(", "("), (r"\^2(?!\d)", ""),
    (r"\^l(?![A-Za-z])", "^{l-1}"), (r"\^l(?![A-Za-z])", "^{l+1}"), (r"\^L(?![A-Za-z])", "^{L-1}"), (r"\^\{([lL])[-+]1\}", r"^\1"),
    (r"_\{?l(?:[-+]1\})?(?![A-Za-z])", "_{l+2}"),
    (r"_\{([a-z])([a-z])\}", r"_{\2\1}"),
    (r"(?<=[{,])(?:\\,|\\;)*([^{},]+),(?:\\,|\\;)*([^{},]+)(?=[},])", r"\2,\1"),
    (rf"\\[dt]?frac({GROUP})({GROUP})", r"\\frac\2\1"), (rf"\\[dt]?frac({GROUP})({GROUP})", r"\1"),
    (r"\\[dt]?frac(\d)(\d)", r"\\frac\2\1"), (r"\\[dt]?frac(\d)(\d)(?!\d)", ""),
    (rf"\\sqrt(\[3\])?({GROUP})", r"\2"), (r"\\lfloor", r"\\lceil"), (r"\\ln(?![A-Za-z])", r"\\exp"),
    (rf"([WMAHJ]\^(?:{GROUP}|[a-z0-9L]))(?!\)\^)", r"(\1)^T"),
]  # fmt: skip
"""What is exchanged for what, wherever it stands."""


def plants(tex: str) -> Iterator[str]:
    """Give the formula with one mistake, for every kind of mistake at every place."""
    hidden = [found.span() for found in TEXT.finditer(tex)]

    def at(start: int, end: int, wrong: str) -> Iterator[str]:
        if not any(first < end and start < last for first, last in hidden):
            gap = " " if wrong[-1:].isalpha() and tex[end : end + 1].isalpha() else ""
            yield tex[:start] + wrong + gap + tex[end:]

    counted = [(str(digit), str((digit + 1) % 10)) for digit in range(10)]
    for pattern, wrong in [*EXCHANGES, *counted]:
        for found in re.finditer(pattern, tex):
            yield from at(*found.span(), found.expand(wrong))
    scripts = list(re.finditer(SCRIPT, tex))
    indices = sorted({letter[0] for found in scripts for letter in re.finditer(INDEX, found[0])})
    for found in scripts:
        for letter in re.finditer(INDEX, found[0]):
            other = indices[(indices.index(letter[0]) + 1) % len(indices)]
            yield from at(found.start() + letter.start(), found.start() + letter.end(), other)
    inside = [found.span() for found in scripts]
    atoms = [
        found
        for found in re.finditer(rf"{LETTER}(?:{SCRIPT})*", tex)
        if not any(start <= found.start() < end for start, end in inside)
    ]
    for found in atoms:
        yield from at(*found.span(), "")
        yield from at(*found.span(), f"2 {found[0]}")
    for one, following in pairwise(atoms):
        if one[0] != following[0]:
            yield from at(*one.span(), following[0])
            yield from at(*following.span(), one[0])


def different(tex: str) -> list[str]:
    """List the plants that can be printed and print something else than the formula, each once."""
    right = tokens(tex)
    found: dict[Any, str] = {}
    for wrong in plants(tex):
        try:
            says: Any = tokens(wrong)
        except KatexError:
            continue
        except ReadError:
            says = wrong
        if says != right:
            found.setdefault(says, wrong)
    return list(found.values())


class Recorder:
    """Runs the tests that read equations, and keeps what they bind each to instead of holding it."""

    def __init__(self) -> None:
        self.bindings: dict[str, list[Binding]] = {}

    def record(self, formula: Formula, *worlds: World, **options: Any) -> None:
        """Stand in for `Formula.holds`."""
        manner = Manner(
            **{name: value for name, value in options.items() if name in {"small", "order", "grows", "rtol"}}
        )
        every = [(world, manner) for world in worlds]
        every += [(world, replace(manner, reached=True)) for world in options.get("reached", ())]
        self.bindings.setdefault(formula.tag, []).append((every, options.get("package")))

    def run(self, only: Sequence[str]) -> None:
        """Run every test that says `formula("…").holds(…)`, or those for some tags."""
        entries = [entry for entry in ledger.equations() if not only or entry.tag in only]
        tests = [f"{test.file}::{test.name}" for entry in entries for test in entry.tests]
        holds = Formula.holds
        Formula.holds = partialmethod(_recorded, self)  # type: ignore[assignment, method-assign]
        try:
            files = {test for test in tests if "formula(" in (ROOT / test.partition("::")[0]).read_text("utf-8")}
            code = pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *sorted(files)])
        finally:
            Formula.holds = holds  # type: ignore[method-assign]
        assert code == pytest.ExitCode.OK, "the tests that read equations fail"


def _recorded(formula: Formula, recorder: Recorder, *worlds: World, **options: Any) -> None:
    recorder.record(formula, *worlds, **options)


def verdict(tag: str, wrong: str, bindings: list[Binding]) -> str:
    """Say whether a planted formula cannot be read, is untrue in one of the worlds, or is not noticed."""
    if not bindings:
        return "not read"
    for every, package in bindings:
        try:
            Formula(tag, wrong).is_true(every, package)
        except (Untrue, ArithmeticError):
            return "untrue"
        except ReadError:
            return "without meaning"
    world = bindings[0][0][0][0]
    readings = [[renamed(statement) for statement in Formula(tag, tex).read(world)] for tex in (displays()[tag], wrong)]
    return "the same in other words" if readings[0] == readings[1] else "unnoticed"


def main(share: float = 1.0, only: Sequence[str] = ()) -> int:
    """Plant mistakes (a share of them, drawn in the same way each time), and list those that nobody notices."""
    start, draw = time.perf_counter(), random.Random(0)
    recorder = Recorder()
    recorder.run(only)
    by_hand = seen.kept(ROOT)
    excused = json.loads(UNNOTICED.read_text("utf-8")) if UNNOTICED.exists() else {}
    counts: Counter[str] = Counter()
    chosen = {tag: tex for tag, tex in displays().items() if not only or tag in only}
    for tag, tex in chosen.items():
        for wrong in different(tex):
            if share < 1 and draw.random() > share:
                continue
            line = " ".join(wrong.split())
            said = "kept by hand" if tag in by_hand else verdict(tag, wrong, recorder.bindings.get(tag, []))
            if said == "unnoticed" and line in excused.get(tag, {}):
                said = "the same in other words"
            counts[said] += 1
            if said == "unnoticed":
                print(f"nobody notices ({tag}) {line}")
    print(f"{counts.total():,} mistakes in {len(chosen)} equations, {time.perf_counter() - start:.0f} seconds:")
    print(", ".join(f"{count:,} {said}" for said, count in counts.items()))
    return bool(counts["unnoticed"])


if __name__ == "__main__":
    words = sys.argv[1:]
    share = float(words.pop(0)) if words and words[0][0].isdigit() else 1.0
    sys.exit(main(share, words))
