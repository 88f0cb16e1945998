"""Pictures to keep: arrays of pixels as PNG files."""

import struct
import zlib

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import plain_array

__all__ = ["png"]


def png(picture: ArrayLike) -> bytes:
    """Return a picture as a PNG file.

    Args:
        picture: Shape (height, width) for grey or (height, width, 3) for red, green and blue: bytes, or numbers from 0 for
            black to 1 for white.

    Raises:
        TypeError: If `picture` is not numeric.
        ValueError: If it has another shape, or a number out of range.

    Source: W3C 2003, *Portable Network Graphics (PNG) Specification*.
    """
    pixels = plain_array(picture, "picture")
    if pixels.ndim not in (2, 3) or pixels.size == 0 or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(f"picture: expected shape (height, width) or (height, width, 3), got {pixels.shape}")
    if pixels.dtype != np.uint8:
        if pixels.dtype.kind not in "buif":
            raise TypeError(f"picture: expected real numbers, got an array of type {pixels.dtype}")
        if not 0 <= pixels.min() <= pixels.max() <= 1:
            raise ValueError(f"picture: expected bytes or numbers from 0 to 1, got {pixels.min()} to {pixels.max()}")
        pixels = np.round(255 * pixels.astype(np.float64)).astype(np.uint8)
    height, width = pixels.shape[:2]
    rows = np.diff(pixels.reshape(height, -1), axis=0, prepend=np.uint8(0))  # of shades that vary little, less is left
    rows = np.pad(rows, ((0, 0), (1, 0)), constant_values=2)  # the number of this filter, "up"
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
