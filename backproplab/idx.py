"""IDX files, the format of MNIST, plain or gzipped: what a header announces is checked before memory is taken."""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 2**30
DENSEST = 1032  # bytes that one byte of a gzip file can stand for
UNSIGNED_BYTE = 8


def read_idx(path: Path, axes: int, known: str | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes with so many axes.

    A file starts with the bytes 0, 0, 8 and the number of axes, then comes the size of each axis as a whole number of
    four bytes, the highest first, then the bytes themselves, the last axis fastest.

    Args:
        path: The file; whether it is gzipped is seen from its first two bytes.
        axes: How many axes it must have.
        known: The SHA-256 that the file must have when it is unpacked; None if it may be any.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no such file, is cut short or too long, announces more than a gibibyte, or is another file
            than the known one.

    Source: LeCun, Cortes and Burges, *The MNIST Database of Handwritten Digits*.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        size = path.stat().st_size
        file = gzip.GzipFile(fileobj=raw) if packed else raw
        try:
            header = file.read(4 + 4 * axes)
            shape = _shape(path, header, axes)
            count = math.prod(shape)
            if count > size * (DENSEST if packed else 1):
                raise _cut_short(path, count, f"a file of {size:,} bytes that cannot hold them")
            content = file.read(count + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: expected a whole gzip file, got a damaged one: {error}") from None
    if len(content) < count:
        raise _cut_short(path, count, f"{len(content):,}")
    if len(content) > count:
        raise ValueError(f"{path}: expected {count:,} bytes after the header, as it announces, got more")
    if known is not None:
        found = hashlib.sha256(header + content).hexdigest()
        if found != known:
            raise ValueError(f"{path}: expected the SHA-256 {known} when unpacked, got {found}: it is another file")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _shape(path: Path, header: bytes, axes: int) -> tuple[int, ...]:
    """Return what a header announces."""
    if header[:4] != bytes([0, 0, UNSIGNED_BYTE, axes])[: len(header)] or not header:
        expected = int.from_bytes(bytes([0, 0, UNSIGNED_BYTE, axes]), "big")
        word = "1 axis" if axes == 1 else f"{axes} axes"
        given = int.from_bytes(header[:4], "big") if header else "an empty file"
        raise ValueError(f"{path}: expected the magic number {expected} of an IDX file with {word}, got {given}")
    if len(header) < 4 + 4 * axes:
        raise ValueError(f"{path}: expected a header of {4 + 4 * axes} bytes, got {len(header)}: the file is cut short")
    shape = struct.unpack(f">{axes}I", header[4:])
    if not 0 < math.prod(shape) <= MOST_BYTES:
        sizes = " × ".join(f"{size:,}" for size in shape)
        raise ValueError(f"{path}: expected from one byte to a gibibyte, got a header that announces {sizes}")
    return shape


def _cut_short(path: Path, count: int, given: str) -> ValueError:
    return ValueError(f"{path}: expected {count:,} bytes after the header, got {given}: the file is cut short")
