"""Parameters on disk: an `.npz` without pickle, written beside and renamed into place."""

import io
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from backproplab.checks import Array, real_array

ARCHITECTURE = "architecture"


def write_parameters(
    path: str | os.PathLike[str], parameters: Mapping[str, Array], architecture: Sequence[str]
) -> None:
    """Write arrays and a description of their network to one file; an existing file stays whole until the end.

    Raises:
        OSError: If the folder does not exist or cannot be written.
    """
    contents: dict[str, Any] = {ARCHITECTURE: np.array(architecture), **parameters}
    with replacing(path) as file:
        np.savez(file, **contents)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file beside `path` to write to; when all went well, it takes the place of `path`.

    Raises:
        OSError: If the folder does not exist or cannot be written.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"path: expected a file in an existing folder, got {path}")
    if target.is_dir():
        raise IsADirectoryError(f"path: expected a file, got the folder {path}")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def read_parameters(
    path: str | os.PathLike[str], parameters: Mapping[str, Array], architecture: Sequence[str]
) -> dict[str, Array]:
    """Read arrays that fit the given parameters and description, each in the dtype of its parameter.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such archive, or holds another architecture; the first difference is named.
    """
    content = io.BytesIO(Path(path).read_bytes())
    try:
        with np.load(content, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
            written = [str(line) for line in stored.pop(ARCHITECTURE)]
    except Exception as error:  # NumPy and zipfile raise a dozen kinds, depending on where bytes are damaged
        raise ValueError(f"{path}: expected parameters saved by backproplab, got a file that holds none") from error
    for position in range(max(len(written), len(architecture))):
        theirs = written[position] if position < len(written) else "nothing more"
        ours = architecture[position] if position < len(architecture) else "nothing more"
        if theirs != ours:
            raise ValueError(f"{path}: expected {ours}, the file holds {theirs}")
    for name, array in parameters.items():
        if name not in stored:
            raise ValueError(f"{path}: expected an array {name} of shape {array.shape}, the file holds none")
        if stored[name].shape != array.shape:
            raise ValueError(f"{path}: expected {name} of shape {array.shape}, the file holds {stored[name].shape}")
    try:
        return {name: real_array(stored[name], f"{path}: {name}", array.dtype) for name, array in parameters.items()}
    except TypeError as error:
        raise ValueError(str(error)) from error
