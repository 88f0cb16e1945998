"""Sixty files as cameras, scanners and drawing programs make them: digits that can be read, and what must be refused."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from backproplab import draw_digit, photograph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Sent = tuple[str, bytes, int | str]
"""What a file is, its bytes, and the digit that it shows or the reason for which it is refused."""
PENS = [(0.1, 0.1, 0.12), (0.1, 0.2, 0.6), (0.7, 0.1, 0.1), (0.05, 0.35, 0.15), (0.45, 0.45, 0.47)]
BOARD: dict[str, Any] = {"paper": (0.12, 0.2, 0.15), "pen": (0.9, 0.9, 0.85)}
PORTRAIT = (320, 260)


def packed(pixels: np.ndarray, kind: str, mode: str | None = None, **settings: Any) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(file, kind, **settings)
    return file.getvalue()


def turned(pixels: np.ndarray) -> bytes:
    """A picture as a phone that was held upright saves it: lying, with a note that says so."""
    note = Image.Exif()
    note[0x0112] = 6
    return packed(np.rot90(pixels), "JPEG", quality=85, exif=note)


def transparent(ink: np.ndarray, brightness: int) -> bytes:
    pixels = np.dstack([np.full((*ink.shape, 3), brightness), np.round(255 * ink)]).astype(np.uint8)
    return packed(pixels, "PNG")


def deep(pixels: np.ndarray) -> bytes:
    return packed((pixels.mean(axis=2) * 257).astype(np.uint16), "PNG")


def readable() -> Iterator[Sent]:
    """Forty-eight digits: six ways to come by a file, each with digits of every hand, pen and light."""
    for number in range(48):
        digit, rng = number % 10, np.random.default_rng(1000 + number)
        ink = draw_digit(
            digit,
            PORTRAIT,
            rng=rng,
            height=rng.uniform(0.3, 0.7),
            pen=rng.uniform(0.06, 0.14),
            angle=rng.uniform(-12, 12),
        )
        light: dict[str, Any] = {
            "slope": rng.uniform(0, 0.4), "shadow": rng.uniform(0, 0.4), "grain": rng.uniform(0, 0.04),
        }  # fmt: skip
        photo = photograph(ink, rng=rng, pen=PENS[number % len(PENS)], **light)
        board = photograph(ink, rng=rng, slope=light["slope"], grain=light["grain"] / 2, **BOARD)
        files: dict[str, Callable[[], bytes]] = {
            "a photograph": partial(packed, photo, "JPEG", quality=40),
            "a photograph, turned by its note": partial(turned, photo),
            "a drawing on nothing": partial(transparent, ink, 0 if number % 4 < 2 else 255),
            "a scan of 16 bits": partial(deep, photo),
            "a print in four colours": partial(packed, photo, "TIFF", "CMYK"),
            "chalk on a board": partial(packed, board, "PNG", "P"),
        }
        name = [*files][number % len(files)]
        yield f"{name}: {digit}", files[name](), digit


def unreadable() -> Iterator[Sent]:
    """Twelve pictures of which nothing can be said: three of each of the four reasons."""
    for number in range(3):
        rng = np.random.default_rng(2000 + number)
        light: dict[str, Any] = {"slope": 0.1 * number, "shadow": 0.1 * number, "grain": 0.01 * number}
        ink = draw_digit(2 + number, PORTRAIT, rng=rng)
        beside = np.hstack([draw_digit(digit, (320, 150), rng=rng, height=0.4) for digit in (1 + number, 8)])
        tiny = np.zeros((120, 100))
        tiny[50:62, 40:50] = draw_digit(5 + number, (12, 10), rng=rng, pen=0.15)
        wrong = {
            "blank": np.zeros(PORTRAIT), "several": beside, "rim": ink[np.flatnonzero(ink.any(axis=1))[0] + 20 :],
            "small": tiny,
        }  # fmt: skip
        for reason, marks in wrong.items():
            yield reason, packed(photograph(marks, rng=rng, **light), "JPEG", quality=90), reason


def sixty() -> list[Sent]:
    """All of them."""
    return [*readable(), *unreadable()]
