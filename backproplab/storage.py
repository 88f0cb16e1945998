"""Parameters on disk: an `.npz` without pickle, written beside and renamed into place."""

import math
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from backproplab.checks import Array, real_array, shown

ARCHITECTURE = "architecture"
MOST_PARAMETERS = 10**8
MOST_WORDS = 2**20  # bytes of a description; no network has a longer one
_DESCRIPTOR = re.compile(r"/dev/(stdout|stderr|fd/\d+)|/proc/[^/]+/fd/\d+")


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
def replacing(path: str | os.PathLike[str], name: str = "path") -> Iterator[IO[bytes]]:
    """Open a file beside `path` to write to; when all went well, it takes the place of `path`, whose mode it has.

    A link keeps leading to its file, and what is no regular file, such as a pipe, is written to directly.

    Args:
        path: Where to write.
        name: The argument's name, for the error.

    Raises:
        OSError: If the folder does not exist or cannot be written.
    """
    target = Path(os.path.realpath(path))
    if not (Path(path).exists() or target.parent.is_dir()):
        raise FileNotFoundError(f"{name}: expected a file in an existing folder, got {path}")
    if target.is_dir():
        raise IsADirectoryError(f"{name}: expected a file, got the folder {path}")
    if target.is_symlink():
        raise OSError(f"{name}: expected a file, got a link that leads back to itself, {path}")
    try:
        with _directly(Path(path)) if _is_device(Path(path)) else _beside(target) as file:
            yield file
    except OSError as error:
        failure = type(error)(f"{name}: expected a file that can be written, got {path}: {error.strerror or error}")
        failure.errno = error.errno
        raise failure from error


def _is_device(path: Path) -> bool:
    """Return whether another file must not take the place of what is there, such as /dev/null or /dev/stdout."""
    return path.exists() and (not path.is_file() or _DESCRIPTOR.fullmatch(str(path.absolute())) is not None)


def _directly(path: Path) -> IO[bytes]:
    return path.open("ab")  # /dev/stdout may be a file that already holds something


@contextmanager
def _beside(target: Path) -> Iterator[IO[bytes]]:
    _remove_left_over(target)
    part = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _remove_left_over(target: Path) -> None:
    """Remove the parts of processes that were killed while they wrote to the same file."""
    if os.name != "posix":  # elsewhere to ask after a process may end it
        return
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(\d+)-[0-9a-f]{{8}}\.part")
    with suppress(OSError):  # what is somebody else's may stay
        for entry in target.parent.iterdir():
            found = pattern.fullmatch(entry.name)
            if found and not _is_running(int(found[1])):
                entry.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it runs for somebody else
        return True
    return True


def read_parameters(
    path: str | os.PathLike[str], parameters: Mapping[str, Array], architecture: Sequence[str]
) -> dict[str, Array]:
    """Read arrays that fit the given parameters and description, each in the dtype of its parameter.

    Of the file only the expected names are read, and of an array its header first: nothing larger than what is expected
    is unpacked, and nothing is unpickled.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If `path` is none.
        ValueError: If it is no such archive, or holds another architecture; the first difference is named.
    """
    with _opened(path) as archive:
        _check_architecture(path, archive, architecture)
        return {name: _read(path, archive, name, array) for name, array in parameters.items()}


def read_all(path: str | os.PathLike[str]) -> tuple[list[str], dict[str, Array]]:
    """Read the description of a saved network, and all of its arrays as they are.

    Of an array its header is read first: of a network with more than a hundred million numbers nothing is unpacked.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If `path` is none.
        ValueError: If it is no such archive, or too large.
    """
    with _opened(path) as archive:
        names = [member.removesuffix(".npy") for member in archive.namelist() if member != f"{ARCHITECTURE}.npy"]
        size = sum(math.prod(_header(path, archive, name)[0]) for name in names)
        if size > MOST_PARAMETERS:
            raise ValueError(f"{path}: expected at most {MOST_PARAMETERS:,} parameters, the file holds {size:,}")
        return _described(path, archive), {name: _array(path, archive, name) for name in names}


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Open a file that holds the description of a network."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path: expected the path of a file, got {shown(path)}")
    with Path(path).open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            names = {name.removesuffix(".npy") for name in archive.namelist()}
        except Exception as error:
            raise _damaged(path) from error
        with archive:
            if ARCHITECTURE not in names:
                held = f"the arrays {', '.join(sorted(names)[:6])}" if names else "no arrays"
                raise ValueError(
                    f"{path}: expected parameters saved by backproplab, got a file of another program, with {held} "
                    "but without an architecture"
                )
            yield archive


def _described(path: object, archive: zipfile.ZipFile) -> list[str]:
    """Return the lines that describe the network: the shape of an input, the layers, the loss."""
    shape, dtype = _header(path, archive, ARCHITECTURE)
    if len(shape) != 1 or dtype.kind != "U" or shape[0] * dtype.itemsize > MOST_WORDS:
        raise _damaged(path)
    return [str(line) for line in _array(path, archive, ARCHITECTURE)]


def _check_architecture(path: object, archive: zipfile.ZipFile, architecture: Sequence[str]) -> None:
    """Raise a `ValueError` unless the file describes the same network."""
    written = _described(path, archive)
    for position in range(max(len(written), len(architecture))):
        theirs = written[position] if position < len(written) else "nothing more"
        ours = architecture[position] if position < len(architecture) else "nothing more"
        if theirs != ours:
            raise ValueError(f"{path}: expected {ours}, the file holds {theirs}")


def _read(path: object, archive: zipfile.ZipFile, name: str, like: Array) -> Array:
    """Return one array of the file, in the shape and the dtype of the parameter it is for."""
    if f"{name}.npy" not in archive.namelist():
        raise ValueError(f"{path}: expected an array {name} of shape {like.shape}, the file holds none")
    shape, dtype = _header(path, archive, name)
    if shape != like.shape:
        raise ValueError(f"{path}: expected {name} of shape {like.shape}, the file holds {shape}")
    if dtype.kind not in "buif":
        raise ValueError(f"{path}: {name}: expected real numbers, got an array of type {dtype}")
    return real_array(_array(path, archive, name), f"{path}: {name}", like.dtype)


def _header(path: object, archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the type that a member of the archive claims to have."""
    try:
        with archive.open(f"{name}.npy") as member:
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(member)
    except Exception as error:  # NumPy and zipfile raise a dozen kinds, depending on where bytes are damaged
        raise _damaged(path) from error
    return shape, dtype


def _array(path: object, archive: zipfile.ZipFile, name: str) -> Array:
    """Return a member of the archive; no object is unpickled, for a pickle is a program."""
    try:
        with archive.open(f"{name}.npy") as member:
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):  # only at its end a member's checksum is compared
                raise ValueError("more than an array")
            return array
    except Exception as error:
        raise _damaged(path) from error


def _damaged(path: object) -> ValueError:
    return ValueError(f"{path}: expected parameters saved by backproplab, got a damaged file or one of another kind")
