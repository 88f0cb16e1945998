"""Which tagged equations a test reads from the page; and those that none can, kept as they were last looked at.

A test that carries the tag and says `formula("BP1").holds(…)` reads the equation. Every other one stands in
`tests/seen.json` with its LaTeX and the reason, so that whoever changes it on the page must say so a second time.
"""

from __future__ import annotations

import ast
import json
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SEEN = "tests/seen.json"


def read(root: Path) -> frozenset[str]:
    """Find the tags of the equations that tests read from the page; the tests are read, not imported."""
    return frozenset().union(*(_read(path.read_text("utf-8")) for path in (root / "tests").rglob("test_*.py")))


@cache
def _read(program: str) -> frozenset[str]:
    """Find the tags that stand in `formula("BP1").holds(…)` inside a test that carries them."""
    found = set()
    for function in ast.walk(ast.parse(program)):
        if isinstance(function, ast.FunctionDef):
            calls = {ast.unparse(part.func) for part in ast.walk(function) if isinstance(part, ast.Call)}
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.equation":
                    tags = [str(ast.literal_eval(argument)) for argument in decorator.args]
                    found |= {tag for tag in tags if f"formula({tag!r}).holds" in calls}
    return frozenset(found)


def kept(root: Path) -> dict[str, dict[str, str]]:
    """Return the equations that no test reads: for each tag its `formula` and, in a sentence, `because`."""
    path = root / SEEN
    known: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return known


def problems(formulas: Mapping[str, str], root: Path) -> list[str]:
    """Say which equations are neither read nor kept as they stand."""
    by_tests, by_hand = read(root), kept(root)
    found = []
    for tag, formula in formulas.items():
        if tag in by_tests and tag in by_hand:
            found.append(f"a test reads ({tag}) from the page: take it out of {SEEN}")
        elif tag not in by_tests and tag not in by_hand:
            found.append(f'no test says formula("{tag}").holds(…), and {SEEN} gives no reason')
        elif tag in by_hand and not by_hand[tag]["because"].endswith("."):
            found.append(f"{SEEN} does not say in a sentence why no test reads ({tag})")
        elif tag in by_hand and by_hand[tag]["formula"] != formula:
            found.append(f"({tag}) is not what {SEEN} has: look at it, then write it there too: {formula}")
    return found + [f"{SEEN} keeps ({tag}), which no page shows" for tag in by_hand.keys() - formulas.keys()]
