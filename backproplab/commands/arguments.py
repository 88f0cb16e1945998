"""What all commands share: how their arguments are read, and how what they have to say is written."""

import argparse
import io
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

from backproplab.storage import replacing

NARROWEST = 40


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and takes -1e-3 for a number."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **settings)
        self._negative_number_matcher = re.compile(r"-\.?\d.*|-(inf|infinity|nan)", re.IGNORECASE)

    def error(self, message: str) -> NoReturn:
        """Write one line and end with the exit code 2."""
        self.exit(2, f"{self.prog}: {printable(' '.join(message.split()))}\n")


def printable(words: str) -> str:
    """Return words without the signs that would do something to a terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in words)


def number(argument: str) -> int | float:
    """Return an argument as a number, whole if it is written so."""
    value = float(argument)
    return int(value) if argument.strip("+-").isdecimal() and abs(value) < 1e15 else value


def terminal_width(otherwise: int) -> int:
    """Return how many letters fit into a line of the terminal."""
    return max(NARROWEST, shutil.get_terminal_size((otherwise, 24)).columns)


def write(content: str, path: Path | None = None) -> None:
    """Write to a file, or to the terminal.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If standard output is closed.
    """
    if path is not None:
        with replacing(path, "--output") as file:
            file.write(content.encode())
        return
    if sys.stdout is None:
        raise ValueError("--output: expected a file where standard output is closed, got none")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # what the terminal speaks may have no σ
    sys.stdout.write(content)
    sys.stdout.flush()


def say(line: str = "") -> None:
    """Write a line to the terminal."""
    write(f"{line}\n")


def emphasised(words: str) -> str:
    """Return words in bold where a person reads them in a terminal that may use colour."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return words if plain else f"\x1b[1m{words}\x1b[0m"
