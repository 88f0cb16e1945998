"""Building the book: the whole of it, a copy of it, or a book of one page with a fault in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("backproplab", "docs", "experiments", "overrides", "tests")
FRONT = "---\ndescription: One page\n---\n\n# One page\n\n"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a fresh process in which `folder` holds the package."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )


def build(folder: Path, *command: str) -> Path:
    """Build a book that has no fault, and give its site."""
    done = run(folder, *command)
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"
    return folder / "site"


def complaint(folder: Path) -> str:
    """Build a book that has a fault with MkDocs, and give what the build says when it fails."""
    done = run(folder, "mkdocs", "build")
    assert done.returncode != 0, f"the build has seen no fault:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def copy(folder: Path) -> Path:
    """Copy the book, so that a fault can be planted in it."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def tiny(folder: Path, page: str, *, module: str = "", test: str = "") -> Path:
    """Write a book of one page, `docs/index.md`, about a package of one module, `backproplab/calculus.py`."""
    everything = (ROOT / "mkdocs.yml").read_text("utf-8")
    settings = re.sub(r"(?ms)^nav:.*?^(?=\S)", "nav:\n  - One page: index.md\n", everything)
    texts = {
        "mkdocs.yml": settings,
        "docs/index.md": FRONT + page,
        "backproplab/__init__.py": "",
        "backproplab/calculus.py": module,
        "tests/__init__.py": "",
        "tests/test_calculus.py": test,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, "utf-8")
    for empty in ("experiments", "overrides"):
        (folder / empty).mkdir(exist_ok=True)
    (folder / "backproplab/book").symlink_to(ROOT / "backproplab/book")
    return folder
