"""Photographs and other pictures of any size side by side, each in a frame of its own."""

from base64 import b64encode
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, plain_array, whole_number
from backproplab.figures.drawing import INK, MUTED, svg, text_at
from backproplab.images.files import png
from backproplab.images.resampling import area_average
from backproplab.options import sequence, texts

__all__ = ["photo_grid"]

_SIDE, _GAP, _LINE = 128.0, 12.0, 26.0
_FINEST = 160  # pixels of a side that are kept


def photo_grid(pictures: Sequence[ArrayLike], titles: Sequence[str], columns: int = 3) -> str:
    """Draw pictures in a grid, each as large as its frame allows, with a line of text below.

    Unlike the images of `image_grid` they look the same on a light page and on a dark one, and may be of any size.

    Args:
        pictures: Each of shape (height, width), from 0 for black to 1 for white, or (height, width, 3) in bytes.
        titles: One text for each picture.
        columns: How many stand side by side.

    Returns:
        SVG text.

    Raises:
        TypeError: If a picture is not numeric, a title is no string, or `columns` is not a whole number.
        ValueError: If there is no picture, a shape does not fit, a number is out of range, the number of titles differs
            from the number of pictures, or `columns` is below one.

    Source: Tufte 1983, *The Visual Display of Quantitative Information*, on small multiples.
    """
    shown = [plain_array(picture, "pictures") for picture in sequence(pictures, "pictures")]
    titles, columns = texts(titles, "titles"), whole_number(columns, "columns")
    if not shown:
        raise ValueError("pictures: expected at least one, got none")
    try:
        files = [png(_shrunk(picture)) for picture in shown]
    except (TypeError, ValueError) as error:
        raise type(error)(f"pictures: {error}") from None
    if len(titles) != len(shown):
        raise ValueError(f"titles: expected {len(shown)}, one for each picture, got {len(titles)}")
    parts = []
    for number, (picture, file, title) in enumerate(zip(shown, files, titles, strict=True)):
        left, top = _GAP / 2 + number % columns * (_SIDE + _GAP), number // columns * (_SIDE + _LINE)
        height, width = (_SIDE * side / max(picture.shape[:2]) for side in picture.shape[:2])
        x, y = left + (_SIDE - width) / 2, top + (_SIDE - height) / 2
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        parts.append(
            f'<image {place} preserveAspectRatio="none" image-rendering="pixelated" '
            f'href="data:image/png;base64,{b64encode(file).decode()}"/><rect {place} fill="none" stroke="{MUTED}"/>'
        )
        parts.append(text_at(left + _SIDE / 2, top + _SIDE + 17, title, INK, 13))
    rows = -(-len(shown) // columns)
    return svg(min(columns, len(shown)) * (_SIDE + _GAP), rows * (_SIDE + _LINE), parts)


def _shrunk(picture: Array) -> Array:
    """Return a picture with no more pixels than can be seen."""
    longest = max(picture.shape[:2], default=0)
    if picture.ndim not in (2, 3) or longest <= _FINEST or picture.dtype.kind not in "buif":
        return picture
    shape = [max(1, round(side * _FINEST / longest)) for side in picture.shape[:2]]
    if picture.ndim == 2:
        return np.clip(area_average(picture, shape), 0, picture.max()).astype(picture.dtype)
    channels = [area_average(picture[..., channel], shape) for channel in range(picture.shape[2])]
    return np.round(np.stack(channels, axis=-1)).astype(picture.dtype)
