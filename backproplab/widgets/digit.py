"""Paper to draw a digit on, and the recorded network that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.figures.drawing import figure
from backproplab.figures.handwriting import STROKES, draw_line, smooth
from backproplab.figures.photos import photo_grid
from backproplab.figures.plots import FORWARD, plot
from backproplab.images.preparing import prepare_digit
from backproplab.loading import recorded_network
from backproplab.widgets.elements import element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backproplab.checks import Array

SIZE = 112
"""Pixels along each side of the paper."""
PENS = (3, 8)
"""The widths of the fine pen and the usual one, in pixels."""
HEIGHT = 0.7
"""Of an example, as a share of the paper."""
LEARNING_RATE = 0.002
"""Of the step that a reader may take."""


def written(digit: int, way: int) -> list[list[list[float]]]:
    """Return the strokes of a digit on the paper, one of its ways to write it, as lists of points (x, y)."""
    paths = []
    for stroke in STROKES[digit][way]:
        points = np.array([point.split(",") for point in stroke.split()], float) / 100
        path = (smooth(points - 0.5) * HEIGHT + 0.5) * SIZE
        paths.append(np.round(path, 1).tolist())
    return paths


def inked(strokes: Sequence[Sequence[Sequence[float]]], width: float = PENS[-1]) -> Array:
    """Return the paper with these strokes: ink is 1, paper is 0."""
    paper = np.zeros((SIZE, SIZE))
    for points in strokes:
        path = np.array(points if len(points) > 1 else [*points, *points], float)
        draw_line(paper, path, width)
    return paper


def drawing_pad(heights: tuple[int, int]) -> str:
    """Return the HTML of paper to draw a digit on.

    Without a script, and on paper, it's a 7 and what the recorded network says to it.

    Args:
        heights: Its height on a wide screen and on a phone, in pixels.
    """
    ways = [(7, 0), (7, 1), *((digit, 0) for digit in range(10) if digit != 7)]
    network = recorded_network().astype(np.float64)
    ink = inked(written(7, 0))
    centred = prepare_digit(1 - ink).centred
    shares = network.predict(centred.reshape(1, 28, 28))
    data = {
        "size": SIZE,
        "pens": PENS,
        "learning_rate": LEARNING_RATE,
        "examples": [{"digit": digit, "strokes": written(digit, way)} for digit, way in ways],
    }

    def bars(axes: Any) -> None:
        axes.barh(range(10), 100 * shares, color=FORWARD)
        axes.set(yticks=range(10), xlim=(0, 105), xticks=(0, 50, 100), xlabel="%")
        axes.invert_yaxis()

    rows = "".join(f"<tr><td>{digit}</td><td>{share:.4%}</td></tr>" for digit, share in enumerate(shares))
    return element(
        "digit", "Draw a digit, and see what the network makes of it", data,
        figure(
            photo_grid([1 - ink, centred], ["drawn", "what the network reads"], columns=2), plot(bars, size=(220, 200)),
            caption=f"A drawn 7, prepared, and the network's ten outputs: {shares[7]:.2%} for the 7.",
            alt="A 7 in black on white; the same in 28 by 28 pixels, white on black; and ten bars, of which that of the 7 is by far the longest.",
        ),
        table=f"<table><thead><tr><th>digit</th><th>output</th></tr></thead><tbody>{rows}</tbody></table>",
        heights=heights,
    )  # fmt: skip
