"""Photographs: a file, its bytes or an array of pixels becomes one of brightness, no larger than is of use."""

import math
import os
import warnings
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, plain_array, real_array, real_number

__all__ = ["ImageError", "composite", "read_grey"]

MOST_PIXELS = 2**26  # 67 million; what claims more is refused before it is decoded
LONGEST = 1024  # pixels of a side that are kept
BAND = 2**22  # numbers that are turned into floats at a time
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
COLOURS = "array of shape (H, W), or (H, W, 3) for red, green and blue, with one channel more for alpha"


class ImageError(ValueError):
    """A picture that no digit can be read from, with the reason in one word.

    Attributes:
        reason: "unreadable" where there is no picture, "large" if it has too many pixels, "blank" if it shows no ink,
            "several" if it shows more than one digit, "rim" if ink touches its edge, and "small" if the digit has too
            few pixels.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason

    def __reduce__(self) -> tuple[type["ImageError"], tuple[str, str]]:
        return type(self), (self.reason, str(self))


def composite(colour: ArrayLike, alpha: ArrayLike, paper: float) -> Array:
    r"""Return what is seen of a picture laid on paper: $\alpha c + (1 - \alpha) p$.

    Args:
        colour: The picture's own brightness $c$ in each pixel.
        alpha: How opaque it is there, from 0 to 1.
        paper: The brightness $p$ of the paper below.

    Raises:
        TypeError: If a value is not numeric.
        ValueError: If the shapes do not fit together, a number is not finite, or `alpha` leaves 0 to 1.

    Source: Porter and Duff 1984, *Compositing Digital Images*, the operator "over".
    """
    c, share = real_array(colour, "colour"), real_array(alpha, "alpha")
    below = real_number(paper, "paper")
    if c.shape != share.shape:
        raise ValueError(f"alpha: expected one number for each pixel of the colour, shape {c.shape}, got {share.shape}")
    if share.size and not 0 <= share.min() <= share.max() <= 1:
        raise ValueError(f"alpha: expected numbers from 0 to 1, got {share.min():g} to {share.max():g}")
    if not math.isfinite(below):
        raise ValueError(f"paper: expected a finite number, got {below}")
    return share * c + (1 - share) * np.asarray(below, c.dtype)


def read_grey(picture: str | os.PathLike[str] | bytes | ArrayLike) -> Array:
    """Return a picture's brightness, from 0 for black to 1 for white, at most 1,024 pixels on a side.

    A camera's note on orientation is obeyed. What is transparent shows white paper, or black paper if all the rest is
    light. Colours count as bright as they look, 0.299 R + 0.587 G + 0.114 B. Of a larger picture every pixel is the mean
    of a square of pixels.

    Args:
        picture: The path of a file or its bytes, which need Pillow; or an array of shape (H, W), (H, W, 2), (H, W, 3) or
            (H, W, 4) with whole numbers from 0 to 255, those of uint16 from 0 to 65,535, or floats from 0 to 1.

    Returns:
        Brightness, shape (height, width), float32.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If a file is given and Pillow is missing.
        TypeError: If `picture` is an array of no real numbers.
        ImageError: If a file is no picture that can be decoded ("unreadable"), or a picture has too many pixels
            ("large").
        ValueError: If an array has another shape, or numbers out of range.

    Source: ITU-R Recommendation BT.601 for the weights of the colours.
    """
    if isinstance(picture, bytes):
        array = _decoded(BytesIO(picture), "these bytes")
    elif isinstance(picture, str | os.PathLike):
        try:
            with Path(picture).open("rb") as file:
                array = _decoded(file, str(picture))
        except OSError as error:
            raise type(error)(f"picture: expected a file that can be read, got {picture}: {error.strerror}") from error
    else:
        array = plain_array(picture, "picture")
    return _reduced(_grey(array))


def _decoded(file: IO[bytes], name: str) -> Array:
    """Return the pixels of a picture file as an array, the right way up."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError(
            "picture: expected Pillow to be installed for files: pip install 'backproplab[images]'"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Pillow merely wonders at
        try:
            with Image.open(file) as image:
                _check_size(image.width, image.height)
                return np.asarray(_plain_mode(ImageOps.exif_transpose(image)))
        except ImageError:
            raise
        except Image.DecompressionBombError as error:
            raise ImageError("large", f"{name}: expected at most {MOST_PIXELS:,} pixels, got far more") from error
        except Exception as error:  # decoders raise a dozen kinds, depending on where bytes are damaged
            raise ImageError("unreadable", f"{name}: expected a picture, such as PNG or JPEG, got none") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise ImageError("large", f"picture: expected at most {MOST_PIXELS:,} pixels, got {width:,} × {height:,}")


def _plain_mode(image: Any) -> Any:
    """Return a Pillow image in a mode that NumPy can read: grey, with colours, or with colours and alpha."""
    transparent = image.has_transparency_data
    if image.mode in ("L", "F") or image.mode.startswith("I;16"):
        return image.convert("RGBA") if transparent and image.mode == "L" else image
    if image.mode == "I":  # 32 bits, of which a picture uses 16
        return np.asarray(image).astype(np.uint16) if image.getextrema()[1] < 2**16 else image
    return image.convert("RGBA" if transparent else "RGB")


def _grey(array: Array) -> Array:
    """Return the brightness of pixels, as they look on paper."""
    if array.ndim not in (2, 3) or array.size == 0 or (array.ndim == 3 and array.shape[2] > 4):
        raise ValueError(f"picture: expected a file, its bytes, or an {COLOURS}, got shape {array.shape}")
    if array.dtype.kind not in "buif":
        raise TypeError(f"picture: expected a file, its bytes, or real numbers, got an array of type {array.dtype}")
    _check_size(array.shape[1], array.shape[0])
    white = {"b": 1, "f": 1}.get(array.dtype.kind, np.iinfo(np.uint16).max if array.dtype.itemsize == 2 else 255)
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= white):  # NaN is neither
        raise ValueError(f"picture: expected {array.dtype} from 0 to {white:,}, got numbers from {low} to {high}")
    pixels = array.reshape(*array.shape[:2], -1)
    channels = pixels.shape[2]
    weights = LUMA if channels > 2 else np.ones(1, np.float32)
    bands = np.array_split(pixels, -(-pixels.size // BAND))  # a copy of all in floats would be large
    colour = np.concatenate(
        [band[..., : len(weights)].astype(np.float32) @ (weights / np.float32(white)) for band in bands]
    )
    return _on_paper(colour, pixels[..., -1] / np.float32(white)) if channels in (2, 4) else colour


def _on_paper(colour: Array, alpha: Array) -> Array:
    """Lay a picture on white paper; on black where nothing of it is dark, for white ink on white would be lost."""
    opaque = colour[alpha > 1 / 2]
    is_light = opaque.size > 0 and np.quantile(opaque, 1 / 100) > 1 / 2
    return composite(colour, alpha, 0.0 if is_light else 1.0)


def _reduced(grey: Array) -> Array:
    """Return the means of squares of pixels, the smallest squares that leave no side longer than `LONGEST`."""
    factor = -(-max(grey.shape) // LONGEST)
    down, across = (min(factor, side) for side in grey.shape)
    kept = grey[: len(grey) // down * down, : grey.shape[1] // across * across]
    rows = np.mean([kept[i::down] for i in range(down)], axis=0)
    return np.mean([rows[:, i::across] for i in range(across)], axis=0)
