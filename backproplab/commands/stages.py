"""The stages of a prepared digit, drawn in letters for the terminal, or as pictures for a page or a file."""

import base64
from dataclasses import fields
from html import escape

import numpy as np

from backproplab.checks import Array
from backproplab.images.files import png
from backproplab.images.preparing import PreparedDigit
from backproplab.images.resampling import area_average

_SHADES = " ·:-=+*#%@"
_COLUMNS = 28  # letters across a picture; a letter is twice as high as it is wide
_SIDE = 280  # pixels of a picture on a page
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
ol { display: flex; flex-wrap: wrap; gap: 1.5rem; padding: 0; list-style: none; }
img { width: 280px; max-width: 100%; height: auto; image-rendering: pixelated; border: 1px solid gray; }
pre { overflow-x: auto; line-height: 1.25; }
"""


def as_letters(digit: PreparedDigit, width: int) -> str:
    """Return the stages side by side, as many as fit into a line of `width` letters; light is dense, as on a dark screen."""
    drawn = [(field.name, _letters(getattr(digit, field.name))) for field in fields(digit)]
    together = max(1, width // (_COLUMNS + 2))
    blocks = []
    for start in range(0, len(drawn), together):
        group = drawn[start : start + together]
        height = max(len(lines) for _, lines in group)
        columns = [[name, *lines, *[""] * (height - len(lines))] for name, lines in group]
        rows = ("  ".join(f"{line:<{_COLUMNS}}" for line in row).rstrip() for row in zip(*columns, strict=True))
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks)


def _letters(picture: Array) -> list[str]:
    """Return a picture in letters, the lighter the denser."""
    scale = _COLUMNS / max(picture.shape)
    shape = max(1, round(picture.shape[0] * scale / 2)), max(1, round(picture.shape[1] * scale))
    shades = np.clip(area_average(picture, shape) * len(_SHADES), 0, len(_SHADES) - 1).astype(int)
    return ["".join(_SHADES[shade] for shade in row) for row in shades]


def as_page(digit: PreparedDigit, title: str, outputs: str) -> str:
    """Return the stages and the outputs as one page that needs no other file."""
    items = [
        f'<li><figure><img src="data:image/png;base64,{base64.b64encode(png(_shrunk(getattr(digit, field.name)))).decode()}" '
        f'alt="{field.name}"><figcaption>{field.name}</figcaption></figure></li>'
        for field in fields(digit)
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n<ol>\n"
        + "\n".join(items)
        + f"\n</ol>\n<pre>{escape(outputs)}</pre></body></html>\n"
    )


def as_picture(digit: PreparedDigit) -> bytes:
    """Return the stages side by side as a PNG file."""
    tiles = []
    for field in fields(digit):
        picture = _shrunk(getattr(digit, field.name))
        times = _SIDE // max(picture.shape)
        large = np.kron(picture, np.ones((times, times)))
        tile = np.full((_SIDE + 20, _SIDE + 20), 0.5)
        top, left = ((_SIDE + 20 - side) // 2 for side in large.shape)
        tile[top : top + large.shape[0], left : left + large.shape[1]] = large
        tiles.append(tile)
    return png(np.hstack(tiles))


def _shrunk(picture: Array) -> Array:
    """Return a picture no larger than it is drawn."""
    scale = min(1, _SIDE / max(picture.shape))
    small = area_average(picture, [max(1, round(side * scale)) for side in picture.shape])
    return np.clip(small, 0, 1)
