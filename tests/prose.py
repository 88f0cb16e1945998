"""Formulas without a tag, on pages and in docstrings: those that have a meaning in one of the worlds are held there.

`tests/prose.json` lists them: for each file and each world, the LaTeX. Each must still stand in its file and be true in
its world, so that whoever changes one must change the list too. `python -m tests.prose` writes down what the list
misses, takes out what no longer stands in its file, and prints both for you to look at.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from backproplab.book.formulas.check import Manner, Untrue
from backproplab.book.formulas.edits import edits
from backproplab.book.formulas.formula import Formula, fails
from backproplab.book.formulas.tree import ReadError
from backproplab.book.katex import TAG, KatexError
from backproplab.book.ledger import DISPLAY
from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backproplab.book.formulas.world import World

LIST = ROOT / "tests/prose.json"
INLINE = re.compile(r"(?<![\\$])\$(?!\$)((?:[^$\n]|\n(?!\n))+)\$(?!\$)")
STATES = re.compile(r"=|\\[lg]e(?![a-z])|<|>|\\in(?![a-z])")
GIVEN = re.compile(r"\\?[A-Za-z]+(?:[_^]\w)? *(?:=|<|>|\\[lg]e) *-?[\w\\{}]+")
"""A letter with its value, such as x = 2, which is true on its page alone."""
WORLDS = {
    "foundations": ("calculus.line", "calculus.hillside"),
    "network": ("network.layers", "network.chain"),
    "convolution": ("convolution.plane", "convolution.layer", "convolution.one_image"),
}
"""The worlds of each chapter."""
CHAPTERS = {"foundations": "foundations|calculus", "convolution": "convolution|correlation|pool|windows"}
"""What the path of a file has if it belongs to a chapter; all others speak of networks."""


def written(text: str) -> Iterator[str]:
    """Give the LaTeX of every formula without a tag that states something."""
    for display in DISPLAY.findall(text):
        if not TAG.search(display):
            yield display.strip("$")
    for found in INLINE.finditer(re.sub(r"`[^`\n]*`", " ", DISPLAY.sub(" ", text))):
        yield found[1]


@cache
def formulas() -> dict[str, frozenset[str]]:
    """Return for each page and each module, by its path, the formulas without a tag that state something."""
    texts = {f"docs/{page.name}": page.prose for page in pages(ROOT)}
    for path in sorted([*ROOT.glob("backproplab/**/*.py"), *ROOT.glob("tests/**/*.py")]):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        documented = (ast.FunctionDef, ast.ClassDef, ast.Module)
        docstrings = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, documented)]
        texts[path.relative_to(ROOT).as_posix()] = "\n\n".join(docstrings)
    return {
        name: frozenset(
            tex
            for tex in (" ".join(found.split()).rstrip(" .,") for found in written(text))
            if STATES.search(tex) and not GIVEN.fullmatch(tex)
        )
        for name, text in texts.items()
    }


@cache
def world(name: str) -> World:
    """Make a world from the module and the function that a list names."""
    module, _, function = name.partition(".")
    made: World = getattr(import_module(f"tests.worlds.{module}"), function)()
    return made


def listed() -> dict[str, dict[str, list[str]]]:
    """Return the list: for each file, for each world, the formulas."""
    known: dict[str, dict[str, list[str]]] = json.loads(LIST.read_text("utf-8")) if LIST.exists() else {}
    return known


def complaint(file: str, name: str, tex: str) -> str:
    """Say what is wrong with a formula in a world, or nothing; one that any mistake leaves true says nothing there."""
    formula, manner = Formula(file, tex), Manner()
    try:
        statements = formula.is_true([(world(name), manner)], None)
    except (ReadError, KatexError, Untrue, ArithmeticError) as error:
        return str(error)
    for statement in statements:
        if not any(fails(edited, world(name), manner) for _, edited in edits(statement, world(name))):
            return f"{tex} would hold in {name} whatever it said"
    return ""


def main() -> None:
    """Bring the list in line with the files, and print what changes."""
    known = listed()
    for file, worlds in known.items():
        for texts in worlds.values():
            for tex in set(texts) - formulas().get(file, frozenset()):
                texts.remove(tex)
                print(f"- {file}: {tex}")
    for file, found in formulas().items():
        chapter = next((name for name, path in CHAPTERS.items() if re.search(path, file)), "network")
        for tex in sorted(found - {tex for texts in known.get(file, {}).values() for tex in texts}):
            for name in WORLDS[chapter]:
                if not complaint(file, name, tex):
                    known.setdefault(file, {}).setdefault(name, []).append(tex)
                    print(f"+ {file}: {tex}")
                    break
    known = {file: {name: texts for name, texts in worlds.items() if texts} for file, worlds in known.items()}
    known = {file: worlds for file, worlds in known.items() if worlds}
    LIST.write_text(json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    print(sum(len(texts) for worlds in known.values() for texts in worlds.values()), "formulas without a tag are held")


if __name__ == "__main__":
    main()
