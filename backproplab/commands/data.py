"""What a network is trained and checked on: the package's digits, MNIST in a folder, or the reader's own arrays."""

import csv
import gzip
import warnings
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backproplab.checks import Array, Labels, class_labels, real_array
from backproplab.datasets import digits, mnist

FORMATS = """\
what to learn from (--data):
  digits       the 1,797 digits of 8 × 8 pixels that come with the package (the default)
  a folder     MNIST, or Fashion-MNIST: the four files train-images-idx3-ubyte and so on, gzipped or not
  FILE.npz     arrays x, shape (N, features), (N, H, W) or (N, C, H, W), and y, the classes 0, 1, …, shape (N,);
               and x_test, y_test, where they are to be tested on
  FILE.csv     a row for each example, .csv.gz too; which column holds the class says --label: last, first or its name
"""


class Examples(NamedTuple):
    """Examples and their classes to learn from, and those to be tested on, if there are any."""

    x: Array
    y: Labels
    x_test: Array | None = None
    y_test: Labels | None = None


def read_examples(source: str, label: str, divide: float) -> Examples:
    """Return what to learn from.

    Args:
        source: "digits", a folder, or a file; see `FORMATS`.
        label: Which column of a table holds the class.
        divide: What numbers of a file are divided by.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If it does not hold what is expected.
    """
    path = Path(source)
    if source == "digits":
        return Examples(*digits(np.float32))
    if path.is_dir():
        return Examples(*mnist(path))
    if not path.exists():
        raise FileNotFoundError(f"--data: expected digits, a folder or a file, got {path}, which does not exist")
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if ending not in ("npz", "csv", "tsv", "txt"):
        raise ValueError(f"--data: expected a name that ends with .npz or .csv, got {path}")
    found = _archive(path) if ending == "npz" else _table(path, label)
    x = _scaled(found.x, divide)
    y = class_labels(found.y, max(int(found.y.max(initial=0)), 1) + 1, f"{path}: y")
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"{path}: expected as many examples as classes, at least two, got {len(x)} and {len(y)}")
    if found.x_test is None or found.y_test is None:
        return Examples(x, y)
    return Examples(x, y, _scaled(found.x_test, divide), class_labels(found.y_test, y.max() + 1, f"{path}: y_test"))


def _scaled(x: Array, divide: float) -> Array:
    return real_array(x, "x", np.dtype(np.float32)) / np.float32(divide)


def _archive(path: Path) -> Examples:
    """Read x and y of an .npz file; nothing in it is unpickled."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            held = {name: archive[name] for name in archive.files}
    except Exception as error:  # NumPy and zipfile raise a dozen kinds, depending on where bytes are damaged
        raise ValueError(f"{path}: expected an .npz file of plain arrays, got another or a damaged one") from error
    x, y = (held.get(name, held.get(f"{name}_train")) for name in ("x", "y"))
    if x is None or y is None:
        raise ValueError(f"{path}: expected arrays x and y, got {', '.join(held) or 'none'}")
    return Examples(x, _whole(y, f"{path}: y"), held.get("x_test"), held.get("y_test"))


def _whole(y: Array, name: str) -> Array:
    """Return classes that were written as floats as whole numbers."""
    if y.dtype.kind == "f" and (y == np.floor(y)).all():
        return y.astype(np.intp)
    if y.dtype.kind not in "ui":
        raise ValueError(f"{name}: expected the classes as whole numbers 0, 1, …, got {y.dtype} such as {y.flat[0]}")
    return y


def _table(path: Path, label: str) -> Examples:
    """Read a table with a column of classes, with or without a line of names."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            if not (first := file.readline()):
                raise ValueError("the file is empty")
            names = next(csv.reader([first], delimiter=(mark := _delimiter(first))), [])
            has_names = any(not _is_number(name) for name in names)
            rows = file if has_names else chain([first], file)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of a table without rows, which is refused below
                table = np.loadtxt(rows, delimiter=mark, dtype=np.float64, ndmin=2)
    except OSError as error:
        raise type(error)(f"--data: expected a file that can be read, got {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path}: expected a table of numbers: {error}") from error
    if table.size == 0 or table.shape[1] < 2:
        raise ValueError(f"{path}: expected at least two columns and a row, got shape {table.shape}")
    places = {"last": table.shape[1] - 1, "first": 0}
    if has_names:
        places |= {name.strip(): place for place, name in enumerate(names)}
    if label not in places:
        known = ", ".join(places) if has_names else "last or first, because the first line holds no names"
        raise ValueError(f"--label: expected one of the columns, {known}, got {label}")
    place = places[label]
    return Examples(np.delete(table, place, axis=1), _whole(table[:, place], f"{path}: column {label}"))


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
