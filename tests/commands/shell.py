"""Runs the program as a process of its own, as a reader does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.book import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = [sys.executable, "-m", "backproplab"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "0"}


def run(*arguments: str | Path, folder: Path = ROOT, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT | settings,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def refusal(*arguments: str | Path, folder: Path = ROOT) -> str:
    """Run a command that ends with exit code 2, and return its one line without the program's name."""
    done = run(*arguments, folder=folder)
    assert done.returncode == 2, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0].removeprefix("python -m backproplab ")
