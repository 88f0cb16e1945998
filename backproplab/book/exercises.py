"""Exercises that answer back: each chapter has some, and what they take for right or wrong has been worked out."""

from __future__ import annotations

import ast
from collections import Counter
from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

from backproplab.book.chapters import chapters
from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backproplab.book.source import Page

ASKING = ("ask_number", "ask_shape", "ask_choice")
"""The functions of `backproplab.widgets.exercises`."""
AT_LEAST = 3
"""So many exercises that answer back are in a chapter, one of them before its exercises."""


class Asked(NamedTuple):
    """A call that prints an exercise: where, what it is called, its right answer, its wrong ones, whether it's asserted."""

    position: int
    kind: str
    name: str
    right: ast.expr
    wrong: list[ast.expr]
    asserted: bool


def asked(page: Page) -> Iterator[Asked]:
    """List the exercises of a page that answer back, in order."""
    for block in page.blocks:
        if block.executed and any(name in block.code for name in ASKING):
            tree = ast.parse(dedent(block.code))
            asserted = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
            for node in ast.walk(tree):
                match node:
                    case ast.Call(func=ast.Name(id=kind), args=[name, _, right, answers, *_]) if kind in ASKING:
                        wrong = answers.values if isinstance(answers, ast.Dict) and kind != "ask_choice" else []
                        yield Asked(block.position, kind, ast.literal_eval(name), right, wrong, asserted)
                    case ast.Call(func=ast.Name(id=kind)) if kind in ASKING:
                        raise ValueError(f"{page.line(block.position)}: {kind} takes its first four arguments by place")


def problems(root: Path = ROOT) -> list[str]:
    """Every chapter has exercises that answer back, one of them on the way; what they take for right or wrong is worked out."""
    found: list[str] = []
    names, known = Counter[str](), chapters(root)
    for page in pages(root):
        names.update(each.name for each in asked(page))
        found += typed_on(page)
        if page.name in known:
            found += few_on(page)
    return found + [f"{number} exercises have the name {name!r}" for name, number in names.items() if number > 1]


def typed_on(page: Page) -> list[str]:
    """List the exercises with an answer in which no name stands, and the choices without an assert in their block."""
    found = []
    for each in asked(page):
        place = f"{page.line(each.position)}: the exercise {each.name!r}"
        typed = [ast.unparse(answer) for answer in (each.right, *each.wrong) if not _has_name(answer)]
        if each.kind == "ask_choice" and not each.asserted:
            found.append(f"{place} has no assert in its block that says why the right one is right")
        elif each.kind != "ask_choice" and typed:
            found.append(f"{place} has answers that are typed and not worked out: {', '.join(typed)}")
    return found


def few_on(page: Page) -> list[str]:
    """Say whether there are too few on a page, or none before its exercises."""
    places = [each.position for each in asked(page)]
    found = []
    if len(places) < AT_LEAST:
        found.append(f"docs/{page.name} has {len(places)} exercises that answer back, not {AT_LEAST}")
    if page.prose.find("\n## Exercises") < min(places, default=len(page.text)):
        found.append(f"docs/{page.name} has no exercise that answers back before its exercises")
    return found


def _has_name(answer: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) for node in ast.walk(answer))
