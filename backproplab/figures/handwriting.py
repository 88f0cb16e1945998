"""Handwriting: digits drawn by chance from strokes of a pen, and photographs of them, made by a program with a seed."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, generator, positive, real_array, real_number, shown, whole_number
from backproplab.images.resampling import grey_picture
from backproplab.options import MOST_PIXELS, whole_numbers

__all__ = ["draw_digit", "photograph"]

SHARP = 12.0  # how many times a shadow's blurred edge goes into the picture's longer side
STROKES: dict[int, list[list[str]]] = {
    0: [["50,0 28,14 20,50 30,88 52,100 74,86 80,48 70,12 48,1"]],
    1: [["52,0 50,50 48,100"], ["32,22 54,0", "54,0 52,50 50,100"]],
    2: [
        ["20,26 32,5 56,0 76,16 70,42 46,70 20,98", "20,98 52,95 84,97"],
        ["22,22 40,2 66,6 72,30 54,62 26,92", "26,92 20,80 34,78 56,94 86,92"],
    ],
    3: [["20,12 44,0 70,10 68,34 42,46", "42,46 72,54 78,78 52,100 18,88"]],
    4: [["34,0 20,58 84,56", "66,12 62,100"], ["64,0 18,62 86,60", "64,0 60,100"]],
    5: [["32,2 26,44 54,38 76,56 72,86 46,100 18,90", "32,2 78,0"]],
    6: [["66,0 40,22 24,60 32,92 54,100 74,82 66,60 46,57 27,76"]],
    7: [["18,5 80,2", "80,2 58,46 42,100"], ["18,5 80,2", "80,2 58,46 42,100", "36,50 70,47"]],
    8: [["70,14 50,0 28,14 36,38 66,60 76,82 50,100 24,82 34,60 64,38 70,14"]],
    9: [
        ["74,20 50,0 26,20 36,44 60,44 74,20 70,60 58,100"],
        ["74,22 50,2 26,20 36,44 60,42 74,22", "74,10 72,50 70,100"],
    ],
}
"""For each digit the ways to write it: strokes, and of each the points it goes through, in hundredths of the height."""


def draw_digit(
    digit: int,
    shape: tuple[int, int] = (240, 200),
    *,
    rng: np.random.Generator,
    height: float = 0.6,
    pen: float = 0.1,
    angle: float = 0.0,
    shaky: float = 0.02,
) -> Array:
    """Return a digit as a pen writes it, no two alike: ink is 1, paper is 0.

    Args:
        digit: Which, from 0 to 9.
        shape: Height and width of the picture, in pixels.
        rng: Draws the way it is written, its slant and its proportions.
        height: The digit's height, as a share of the picture's.
        pen: The width of the stroke, as a share of the digit's height.
        angle: How far the digit leans, in degrees, clockwise.
        shaky: How far each point of a stroke may lie off, as a share of the digit's height.

    Raises:
        TypeError: If `digit` is no whole number, `shape` no pair of them, another argument no number, or `rng` no
            generator.
        ValueError: If there is no such digit, or a number is out of range.
    """
    ways = STROKES[whole_number(digit, "digit", least=0, most=9)]
    sides = _sides(shape)
    tall, wide = positive(height, "height") * sides[0], positive(pen, "pen")
    turn = np.deg2rad(_within(angle, "angle", -360, 360))
    error = _within(shaky, "shaky", 0, 1)
    strokes = ways[generator(rng).integers(len(ways))]
    slant, narrow = rng.normal(0, 0.12), rng.uniform(0.85, 1.1)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    affine = rotation @ np.array([[narrow, -slant], [0, 1]]) * tall
    picture = np.zeros(sides)
    for stroke in strokes:
        points = np.array([point.split(",") for point in stroke.split()], float) / 100
        points[1:-1] += rng.normal(0, error, points[1:-1].shape)
        draw_line(picture, smooth(points - 0.5) @ affine.T + np.array(sides[::-1]) / 2, wide * tall)
    return picture


def _sides(shape: object) -> tuple[int, int]:
    sides = whole_numbers(shape, "shape")
    if len(sides) != 2 or max(sides) > MOST_PIXELS:
        raise ValueError(f"shape: expected a height and a width, at most {MOST_PIXELS} each, got {shown(shape)}")
    return sides[0], sides[1]


def _within(value: object, name: str, low: float, high: float) -> float:
    number = real_number(value, name)
    if not low <= number <= high:
        raise ValueError(f"{name}: expected a number from {low} to {high}, got {number}")
    return number


def _colour(value: ArrayLike, name: str) -> Array:
    colour = real_array(value, name)
    if colour.shape != (3,) or not 0 <= colour.min() <= colour.max() <= 1:
        raise ValueError(f"{name}: expected red, green and blue, each from 0 to 1, got {shown(value)}")
    return colour


def smooth(points: Array) -> Array:
    """Return points close together on a curve through the given ones (Catmull and Rom 1974)."""
    before, after = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.vstack([before, points, after])
    t = np.linspace(0, 1, 8, endpoint=False)[:, np.newaxis]
    pieces = [
        (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3) / 2
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.vstack([*pieces, points[-1:]])


def draw_line(picture: Array, path: Array, width: float) -> None:
    """Draw a line of round ends, in place: a pixel's ink falls from 1 to 0 over the pixel where the edge is."""
    rows, columns = np.indices(picture.shape) + 0.5
    reach = width / 2 + 1
    for (x, y), (x_next, y_next) in pairwise(path):
        top, bottom = (
            int(np.clip(edge, 0, len(picture))) for edge in (min(y, y_next) - reach, max(y, y_next) + reach + 1)
        )
        left, right = (
            int(np.clip(edge, 0, picture.shape[1])) for edge in (min(x, x_next) - reach, max(x, x_next) + reach + 1)
        )
        window = np.s_[top:bottom, left:right]
        along, down = x_next - x, y_next - y
        to_x, to_y = columns[window] - x, rows[window] - y
        share = np.clip((to_x * along + to_y * down) / max(along**2 + down**2, 1e-12), 0, 1)
        distance = np.hypot(to_x - share * along, to_y - share * down)
        np.maximum(picture[window], np.clip(width / 2 - distance + 0.5, 0, 1), out=picture[window])


def photograph(
    ink: ArrayLike,
    *,
    rng: np.random.Generator,
    paper: tuple[float, float, float] = (0.93, 0.92, 0.88),
    pen: tuple[float, float, float] = (0.1, 0.12, 0.3),
    slope: float = 0.0,
    shadow: float = 0.0,
    grain: float = 0.0,
) -> Array:
    """Return ink on paper as a camera sees it, in colour: bytes of shape (height, width, 3).

    Args:
        ink: Where the pen wrote, shape (height, width), from 0 to 1.
        rng: Draws where the light comes from, where the shadow falls, and the grain.
        paper: Its red, green and blue.
        pen: Likewise.
        slope: How much darker the far side is than the near one, as a share.
        shadow: How much light a shadow over a part of the picture takes, as a share.
        grain: The standard deviation of each pixel's own error.

    Raises:
        TypeError: If a value is not numeric, or `rng` is no generator.
        ValueError: If `ink` has not two axes, or a number is out of range.
    """
    marks = grey_picture(ink, "ink")
    below, above = _colour(paper, "paper"), _colour(pen, "pen")
    error = _within(grain, "grain", 0, 1)
    shares = {"slope": (_within(slope, "slope", 0, 1), 1.0), "shadow": (_within(shadow, "shadow", 0, 1), SHARP)}
    rows, columns = np.indices(marks.shape) / max(marks.shape)
    light = np.ones(marks.shape)
    for share, sharp in shares.values():
        turn = generator(rng).uniform(0, 2 * np.pi)
        along = np.cos(turn) * (columns - columns.max() * rng.uniform(0.3, 0.7))
        along += np.sin(turn) * (rows - rows.max() * rng.uniform(0.3, 0.7))
        light *= 1 - share * np.clip(along * sharp + 0.5, 0, 1)
    seen = (below + marks[..., np.newaxis] * (above - below)) * light[..., np.newaxis]
    seen += error * rng.standard_normal((*marks.shape, 1))
    return np.round(255 * np.clip(seen, 0, 1)).astype(np.uint8)
