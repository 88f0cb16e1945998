"""What the programs of each page print, and what those that are shown work out: one text for each page in `tests/record`.

The record proves nothing; it shows. Whoever changes a page or the package sees in the record's diff what else has changed
for the reader, and has to mean it. `python -m tests.record` writes it anew, `python -m tests.record docs/network/layer.md`
for one page. What depends on the machine is left out: the digits of a measured time, a number so small that it is nothing
but rounding, and the last digit of every other number.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import numpy as np
from markdown_exec._internal.formatters.python import _run_python, _sessions_globals

from backproplab.book.source import ROOT, pages
from backproplab.network import Network
from backproplab.widgets.exercises import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backproplab.book.source import Block, Page

FOLDER = ROOT / "tests/record"
MEASURED = ("why-fast-timed", "why-fast-timed-said", "minibatches-cost", "minibatches-cost-shown")
"""Blocks with measured times, of which the words alone are recorded."""
TRAINED = (
    "digits-cnn-exercise-augment", "digits-cnn-exercise-augment-said",
    "kernel-gradient-check", "one-signal-check", "one-signal-switch", "one-signal-switch-figure", "four-equations-check",
    "minima-nine", "why-fast-step", "why-fast-step-shown", "stalls-dying", "handwriting-cross",
    "arrays-routes-shown", "arrays-routes-figure",
    "many-machines-batches", "many-machines-batches-figure",
    "pytorch-training", "pytorch-training-figure", "pytorch-forgetful-figure", "pytorch-softmax-figure",
)  # fmt: skip
"""Blocks whose numbers depend on the kernels of a BLAS: after long training, and where rounding decides which is largest."""
INSTALLED = ("pytorch-live",)
"""Blocks that say what is installed, of which nothing is recorded."""
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?")
ROUNDING = re.compile(
    r"\d+(?:\.\d+)?(?: *\\(?:cdot|times) *10\^\{-(?:9|1\d|[2-9]\d|\d{3})\}|e-(?:09|1\d|[2-9]\d|\d{3})(?!\d))"
)
DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
EXERCISE = re.compile(r"<backprop-exercise\b.*?</backprop-exercise>", re.DOTALL)
DATA = re.compile(r'(?<=<script type="application/json">)[^<]{5000,}(?=</script>)')
"""So much data for a widget that only its two sums are recorded."""
LISTING = re.compile(r"(?ms)^(```+)[^\n]*\n(.*?)\n.*?^\1$")
ENTRIES = 12
"""As many of the entries of a list or an array are recorded; the rest of an array counts in its two sums."""


def recorded(page: Page) -> str:
    """Run all programs of a page, in order, and return what there is to record."""
    return run(page)[0]


def run(page: Page) -> tuple[str, str]:
    """Run all programs of a page, in order, and return what there is to record and everything that they print."""
    lines, everything, session = [], [], f"record {page.name}"
    _sessions_globals.pop(session, None)
    for block in page.blocks:
        if block.executed and block.info.startswith("python"):
            name = block.options["id"]
            everything.append(_run_python(dedent(block.code), id=f"record {name}", session=session))
            noted = [*_printed(everything[-1]), *(_names(block, _sessions_globals[session]) if block.shown else ())]
            noted = [] if name in INSTALLED else noted
            lines += [f"[{name}]", *(_without_numbers(line, name) for line in noted), ""]
    _sessions_globals.pop(session)
    return "\n".join(lines), "\n".join(everything)


def _without_numbers(line: str, block: str) -> str:
    if block in MEASURED + TRAINED:
        return re.sub(rf"[-+±−]?(?:{NUMBER.pattern})", "number", line)
    return ROUNDING.sub("0", line)


def _printed(text: str) -> Iterator[str]:
    """Give what a reader sees of it: of a drawing its words and two sums of its numbers, of a listing its first line.

    Of an exercise that answers back also its answers.
    """
    text = LISTING.sub(lambda listing: f"listing: {listing[2]}", text)
    text = EXERCISE.sub(lambda exercise: f"\n{_exercise(exercise[0])}\n", text)
    text = DATA.sub(lambda data: f"data: {_sums(NUMBER.findall(data[0]), lambda total: f'{total:.2f}')}", text)
    text = DRAWING.sub(lambda drawing: f"\n{_drawn(drawing[0])}\n", text)
    text = re.sub(r"</?(?:div|span|figure|p|section)\b(?! class=\"panels\")[^>]*>", "", text)
    yield from (line.rstrip() for line in text.splitlines() if line.strip())


def _exercise(html: str) -> str:
    name, kind, answers = next(opened(html))
    return f"exercise {name}, {kind}: {re.sub('<[^>]*>', ' ', html.partition('<script')[0]).strip()} {answers}"


def _drawn(drawing: str) -> str:
    shapes = re.sub(
        r'\b(?:id|href|clip-path|xlink:href)="[^"]*"|<style.*?</style>|url\([^)]*\)', "", drawing, flags=re.DOTALL
    )
    words = " ".join(re.findall(r">([^<>]*\w[^<>]*)<", shapes))
    numbers = re.findall(r"-?\d+(?:\.\d+)?", shapes)
    return f"drawing: {_sums(numbers, lambda total: f'{total:.1f}')}: {words}"


def _sums(numbers: Any, form: Callable[[float], str]) -> str:
    """Return two sums that differ if a number changes or two of them change places."""
    flat = np.ravel(np.asarray(numbers, dtype=float))
    sums = float(flat.sum()), float(flat @ np.cos(np.arange(len(flat))))
    rounding = 1e-5 * np.abs(flat).sum()
    return f"{len(flat)} numbers, " + ", ".join("0" if abs(total) < rounding else form(total) for total in sums)


def _number(value: float) -> str:
    return "0" if abs(value) < 1e-6 else f"{value:#.4g}"


def _names(block: Block, namespace: dict[str, Any]) -> Iterator[str]:
    """Give what each name is that the block binds."""
    bound: dict[str, None] = {}
    for statement in ast.parse(dedent(block.code)).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.With):
            stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
            bound |= {node.id: None for node in stored if isinstance(node.ctx, ast.Store) and node.id in namespace}
    yield from (f"{name} = {_value(namespace[name])}" for name in bound)


def _value(value: Any, depth: int = 0) -> str:
    if isinstance(value, str | bool | int | type(None)):
        return repr(value)
    if isinstance(value, float | np.floating | np.integer | np.bool_):
        return _number(float(value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        few = value.size <= ENTRIES and depth < 2
        return f"{value.shape} " + (
            " ".join(_number(float(entry)) for entry in value.ravel()) if few else _sums(value, _number)
        )
    if depth > 2:
        return type(value).__name__
    if isinstance(value, Network):
        value = value.parameters
    if isinstance(value, dict) or hasattr(value, "items"):
        return (
            "{"
            + ", ".join(f"{_value(key)}: {_value(each, depth + 1)}" for key, each in [*value.items()][:ENTRIES])
            + "}"
        )
    if isinstance(value, list | tuple | set | range):
        if len(value) > ENTRIES and all(isinstance(each, int | float | np.number) for each in value):
            return f"{type(value).__name__} of {_sums(list(value), _number)}"
        parts = [_value(each, depth + 1) for each in [*value][:ENTRIES]]
        return f"{type(value).__name__} of {len(value)}: " + ", ".join(parts)
    if is_dataclass(value):
        return f"{type(value).__name__}: " + ", ".join(
            f"{field.name} {_value(getattr(value, field.name), depth + 1)}"
            for field in fields(value)
            if hasattr(value, field.name)
        )
    return type(value).__name__


def differences(before: str, now: str) -> list[str]:
    """Say for each block which lines differ, by a word or by more than one unit in a number's last digit."""
    old, new = _by_block(before), _by_block(now)
    found = []
    for name in dict.fromkeys([*old, *new]):
        was, has = old.get(name, []), new.get(name, [])
        pairs = [(a, b) for a, b in zip_longest(was, has, fillvalue="") if not _same(a, b)]
        if pairs:
            found.append(f"{name}\n" + "\n".join(f"  was {a}\n  is  {b}" for a, b in pairs))
    return found


def _by_block(text: str) -> dict[str, list[str]]:
    parts = (part.splitlines() for part in text.split("\n\n") if part)
    return {part[0]: part[1:] for part in parts}


def _same(old: str, new: str) -> bool:
    old, new = (re.sub(r"\bnumber\.(?=,|$)", "number", line) for line in (old, new))  # a measured 1234. or 123.4
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return False
    return all(_close(a, b) for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True))


def _close(old: str, new: str) -> bool:
    """Say whether two numbers agree to one unit in the last digit that both show; whole numbers agree if they are equal."""
    unit = _unit(old)
    return old == new or ("." in old and unit == _unit(new) and abs(float(old) - float(new)) <= 1.001 * unit)


def _unit(number: str) -> float:
    mantissa, _, exponent = number.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def with_programs() -> list[Page]:
    """Return the pages that run something."""
    return [page for page in pages() if any(block.executed for block in page.blocks)]


def place(page: Page) -> Path:
    """Return where the record of a page lies."""
    return FOLDER / page.name.replace(".md", ".txt")


def write(names: list[str]) -> None:
    """Write the record of these pages anew, or of all; what has not changed for a reader is left as it was."""
    for page in with_programs():
        if not names or f"docs/{page.name}" in names:
            now, path = recorded(page), place(page)
            changes = differences(path.read_text("utf-8") if path.exists() else "", now)
            if changes:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(now, "utf-8")
                print(f"docs/{page.name}", *changes, sep="\n")
    if not names:
        for path in set(FOLDER.rglob("*.txt")) - {place(page) for page in with_programs()}:
            path.unlink()


if __name__ == "__main__":
    write([Path(name).as_posix() for name in sys.argv[1:]])
