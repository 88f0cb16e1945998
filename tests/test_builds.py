"""No build passes by accident: faults planted under each builder, with its flags, from a clean tree and from a cache."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.book import FRONT, run, tiny

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.builds

COMMANDS = {
    "mkdocs": ("mkdocs", "build"),
    "mkdocs, quiet": ("mkdocs", "build", "-q"),
    "zensical": ("zensical", "build", "--strict", "--clean"),
    "zensical, from a cache": ("zensical", "build", "--strict"),
}
MODULE = (
    '"""One function."""\n\n\ndef slope(x: float) -> float:\n    """Give the slope of a square."""\n    return 2 * x\n'
)


def said_by(done: subprocess.CompletedProcess[str]) -> str:
    """Give what a build has said, without its colours, which Zensical puts between the letters of a link."""
    return re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)


def block(code: str) -> str:
    return f'\n```python exec="1" session="index" id="planted"\n{code}\n```\n'


PAGE = block("from backproplab.calculus import slope\nassert slope(3) == 6") + "\n## Here {#here}\n\n[Here](#here)\n"
FAULTS = {
    "a failing block": (block("assert 1 + 1 == 3"), ["docs/index.md", "'planted' fails", "AssertionError"]),
    "a block that warns": (
        block("import warnings\nwarnings.warn('Beware')"),
        ["docs/index.md", "'planted' fails", "UserWarning: Beware"],
    ),
    "a block that ends the program": (
        block("raise SystemExit(0)"),
        ["docs/index.md", "'planted' fails"],
    ),
    "a wrong formula": (r"The formula $\nope{x}$.", ["docs/index.md", r"in the formula: \nope{x}"]),
    "a link to no page": ("[Lost](lost.md)", ["index.md", "lost.md"]),
    "a link to no anchor": ("[Lost](#lost)", ["index.md", "#lost"]),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_without_fault_is_built(tmp_path: Path, command: str) -> None:
    done = run(tiny(tmp_path, PAGE, module=MODULE), *COMMANDS[command])
    assert done.returncode == 0, said_by(done)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_ends_the_build(tmp_path: Path, command: str, fault: str) -> None:
    planted, said = FAULTS[fault]
    folder = tiny(tmp_path, PAGE, module=MODULE)
    cached = command == "zensical, from a cache"
    if cached:
        assert run(folder, *COMMANDS[command]).returncode == 0
    (folder / "docs/index.md").write_text(FRONT + planted, "utf-8")
    for _ in range(
        1 + cached
    ):  # the second build must not find the fault of the first in a cache, and take it for good
        done = run(folder, *COMMANDS[command])
        assert done.returncode != 0, f"the build has seen no fault:\n{done.stdout}{done.stderr}"
        heard = said_by(done)
        assert all(words in heard for words in said), heard


@pytest.mark.parametrize("command", COMMANDS)
def test_a_fault_planted_in_the_package_ends_the_build(tmp_path: Path, command: str) -> None:
    folder = tiny(tmp_path, PAGE, module=MODULE)
    if command == "zensical, from a cache":
        assert run(folder, *COMMANDS[command]).returncode == 0
    (folder / "backproplab/calculus.py").write_text(MODULE.replace("2 * x", "3 * x + 1"), "utf-8")
    done = run(folder, *COMMANDS[command])
    assert done.returncode != 0
    assert "docs/index.md: the block 'planted' fails" in said_by(done)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("plugin", "page", "said"),
    [
        ("markdown-exec", PAGE, "the block 'planted' has not run"),
        ("mkdocstrings", "::: backproplab.calculus.slope\n", "'::: backproplab.calculus.slope' is left"),
    ],
)
def test_a_plugin_that_is_passed_over_ends_the_build(
    tmp_path: Path, command: str, plugin: str, page: str, said: str
) -> None:
    """Zensical says nothing of a plugin that it does not know, and MkDocs nothing of one that is missing."""
    folder = tiny(tmp_path, page, module=MODULE)
    settings = folder / "mkdocs.yml"
    text = settings.read_text("utf-8")
    start = text.index(f"  - {plugin}:")
    end = text.find("\n  - ", start + 1)
    settings.write_text(text[:start] + (text[end + 1 :] if end > 0 else ""), "utf-8")
    done = run(folder, *COMMANDS[command])
    assert done.returncode != 0
    assert said in said_by(done)


def test_asserts_are_not_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    folder = tiny(tmp_path, block("assert 1 + 1 == 3"))
    for command in COMMANDS.values():
        done = run(folder, *command)
        assert done.returncode != 0
        assert "leaves out every assert" in said_by(done)


def test_a_removed_anchor_is_missed_on_a_page_that_did_not_change(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "[There](other.md#there)\n")
    settings = folder / "mkdocs.yml"
    settings.write_text(
        settings.read_text("utf-8").replace("One page: index.md\n", "One page: index.md\n  - Other: other.md\n")
    )
    other = folder / "docs/other.md"
    other.write_text(FRONT + "## There {#there}\n", "utf-8")
    commands = [command for name, command in COMMANDS.items() if name != "zensical"]
    for command in commands:
        done = run(folder, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    other.write_text(FRONT + "## Elsewhere {#elsewhere}\n", "utf-8")
    for command in commands:
        done = run(folder, *command)
        assert done.returncode != 0
        assert "other.md#there" in said_by(done)
