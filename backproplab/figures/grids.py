"""Grids of images and of counts, drawn line by line as SVG."""

import re
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import plain_array, real_array, whole_number
from backproplab.figures.drawing import BACKWARD, FORWARD, INK, MUTED, svg, text_at
from backproplab.latex import latex_number
from backproplab.options import digit_count, is_forward, sequence, text, texts, whole_numbers

__all__ = ["count_table", "image_grid", "number_grid"]


def image_grid(images: ArrayLike, titles: Sequence[str], columns: int = 4) -> str:
    """Draw grey images in a grid, each with a line of text below; ink is dark on a light page and light on a dark one.

    Args:
        images: Shape (N, height, width), 0 for paper and 1 for ink.
        titles: One text for each image.
        columns: How many stand side by side.

    Returns:
        SVG text.

    Raises:
        TypeError: If `images` is not numeric, a title is no string, or `columns` is not a whole number.
        ValueError: If the shape does not fit, the number of titles differs from the number of images, or `columns` is
            below one.

    Source: Tufte 1983, *The Visual Display of Quantitative Information*, on small multiples.
    """
    grid = real_array(images, "images")
    columns = whole_number(columns, "columns")
    if grid.ndim != 3 or grid.size == 0:
        raise ValueError(f"images: expected shape (N, height, width), got {grid.shape}")
    titles = texts(titles, "titles")
    if len(titles) != len(grid):
        raise ValueError(f"titles: expected {len(grid)}, one for each image, got {len(titles)}")
    side, gap, line = 64.0, 12.0, 26.0
    pixel = side / max(grid.shape[1:])
    parts = []
    for number, (image, title) in enumerate(zip(grid, titles, strict=True)):
        x, y = gap / 2 + number % columns * (side + gap), number // columns * (side + line)
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}" fill="none" stroke="{MUTED}"/>')
        for (row, column), ink in np.ndenumerate(image):
            if ink > 0:
                parts.append(
                    f'<rect x="{x + column * pixel:.2f}" y="{y + row * pixel:.2f}" width="{pixel:.2f}" '
                    f'height="{pixel:.2f}" fill="{INK}" fill-opacity="{min(ink, 1):.3g}"/>'
                )
        parts.append(text_at(x + side / 2, y + side + 17, title, INK, 13))
    rows = -(-len(grid) // columns)
    return svg(min(columns, len(grid)) * (side + gap), rows * (side + line), parts)


def count_table(counts: ArrayLike, row_name: str, column_name: str) -> str:
    """Draw a square table of counts, such as a confusion matrix; the diagonal is framed, the rest is shaded by size.

    Args:
        counts: Whole numbers, shape (n, n); row i and column j stand for class i and class j.
        row_name: What the rows are.
        column_name: What the columns are.

    Returns:
        SVG text.

    Raises:
        TypeError: If the counts are not whole numbers, or a name is no string.
        ValueError: If the table is not square, or a count is negative.

    Source: Provost and Kohavi 1998, *Glossary of Terms*, "confusion matrix".
    """
    table = plain_array(counts, "counts")
    if table.dtype.kind not in "ui":
        raise TypeError(f"counts: expected whole numbers, got an array of type {table.dtype}")
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise ValueError(f"counts: expected a square table, got {table.shape}")
    if table.min() < 0:
        raise ValueError(f"counts: expected no number below zero, got {table.min()}")
    text(row_name, "row_name"), text(column_name, "column_name")
    cell, left, top = 34, 46, 46
    off_diagonal = np.where(np.eye(len(table), dtype=bool), 0, table)
    most = max(int(off_diagonal.max()), 1)
    size = cell * len(table)
    parts = [text_at(left + size / 2, 14, column_name, MUTED, 13)]
    parts.append(
        f'<text x="12" y="{top + size / 2:g}" font-size="13" text-anchor="middle" fill="{MUTED}" '
        f'transform="rotate(-90 12 {top + size / 2:g})">{escape(row_name)}</text>'
    )
    for number in range(len(table)):
        middle = (number + 0.5) * cell
        parts.append(text_at(left + middle, top - 9, str(number), INK, 13))
        parts.append(text_at(left - 11, top + middle + 4.5, str(number), INK, 13))
    for (row, column), count in np.ndenumerate(table):
        x, y = left + column * cell, top + row * cell
        right = row == column
        shade = 0.0 if right else 0.12 + 0.5 * int(count) / most if count else 0.0
        parts.append(
            f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" fill="{BACKWARD}" fill-opacity="{shade:.3f}" '
            f'stroke="{FORWARD if right else MUTED}" stroke-width="{1.8 if right else 0.3}"/>'
        )
        if count:
            parts.append(text_at(x + cell / 2, y + cell / 2 + 4.5, str(count), INK, 13))
    return svg(left + size + 4, top + size + 4, parts)


def number_grid(
    array: ArrayLike, name: str, *, frames: Sequence[tuple[int, ...]] = (), direction: str = "forward", digits: int = 4
) -> str:
    """Draw a map with its numbers in the cells, rounded as everywhere in the book; rows and columns count from 0.

    Cells are shaded by size, the largest the darkest; a zero is pale and has no shade.

    Args:
        array: Shape (height, width), or (n,) for a column.
        name: What stands above.
        frames: What to frame: cells (row, column), or blocks (row, column, height, width).
        direction: "forward" for what flows forward, "backward" for errors and gradients, which have another colour.
        digits: Decimals in the cells.

    Returns:
        SVG text.

    Raises:
        TypeError: If `array` is not numeric, `name` is no string, `digits` is not a whole number, or a frame is not
            made of whole numbers.
        ValueError: If the shape does not fit, the direction is unknown, or a frame reaches beyond the cells.

    Source: Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*, for maps with numbers in them.
    """
    forward, name, digits = is_forward(direction), text(name, "name"), digit_count(digits)
    given = real_array(array, "array")
    values = given[:, np.newaxis] if given.ndim == 1 else given
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"array: expected shape (height, width) or (n,), got {given.shape}")
    numbers = [[_plain(value, digits) for value in row] for row in values]
    high, left, top = 30, 22, 44 if given.ndim == 2 else 28
    wide = max(34, 14 + 7 * max(len(number) for row in numbers for number in row))
    width = max(left + wide * values.shape[1] + 2, 7 * len(name))
    parts = [text_at(left + wide * values.shape[1] / 2, 15, name, INK, 14)]
    most, colour = float(np.abs(values).max()), FORWARD if forward else BACKWARD
    if given.ndim == 2:
        parts += [text_at(left + (j + 0.5) * wide, top - 7, str(j), MUTED, 12) for j in range(values.shape[1])]
    parts += [text_at(left - 11, top + i * high + 20, str(i), MUTED, 12) for i in range(len(values))]
    for (i, j), value in np.ndenumerate(values):
        x, y = left + j * wide, top + i * high
        shade = 0.06 + 0.3 * abs(value) / most if value else 0.0
        parts.append(
            f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" fill="{colour}" fill-opacity="{shade:.3f}" '
            f'stroke="{MUTED}" stroke-width="0.4"/>'
        )
        parts.append(text_at(x + wide / 2, y + 20, numbers[i][j], INK if value else MUTED, 13))
    for given_frame in sequence(frames, "frames"):
        frame = whole_numbers(given_frame, "frames", least=0)
        if len(frame) not in (2, 4):
            raise ValueError(f"frames: expected (row, column) or (row, column, height, width), got {frame}")
        i, j, rows, columns = frame if len(frame) == 4 else (*frame, 1, 1)
        if not (0 <= i < i + rows <= len(values) and 0 <= j < j + columns <= values.shape[1]):
            raise ValueError(f"frames: expected cells of a map of shape {values.shape}, got {frame}")
        parts.append(
            f'<rect x="{left + j * wide + 1}" y="{top + i * high + 1}" width="{columns * wide - 2}" '
            f'height="{rows * high - 2}" fill="none" stroke="{INK}" stroke-width="2.2"/>'
        )
    return svg(width, top + high * len(values) + 3, parts)


def _plain(value: float, digits: int) -> str:
    """Return a number as `latex_number` rounds it, without LaTeX."""
    text = latex_number(value, digits).replace(r" \times ", "·").replace("-", "−")
    return re.sub(r"\^\{(.*)\}", lambda power: power[1].translate(str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")), text)
