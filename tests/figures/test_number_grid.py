"""Maps drawn with their numbers in the cells: the right number at the right place, frames around what is pointed at."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from backproplab import number_grid

SVG = "{http://www.w3.org/2000/svg}"
VALUES = np.array([[0.5, -0.12343, 0.0], [1.0, 2e-7, -0.25]])


def shapes(svg: str, kind: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}{kind}"))


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in shapes(svg, "text")]


def test_every_number_stands_in_its_cell_rounded_as_in_the_book() -> None:
    drawn = number_grid(VALUES, "z¹")
    assert drawn == number_grid(VALUES, "z¹"), "the same every time"
    title, *rest = texts(drawn)
    assert title == "z¹"
    assert rest[:5] == ["0", "1", "2", "0", "1"], "columns and rows count from 0"
    assert rest[5:] == ["0.5000", "−0.1234", "0", "1", "2.000·10⁻⁷", "−0.2500"]
    cells, written = shapes(drawn, "rect"), shapes(drawn, "text")[6:]
    for cell, text in zip(cells, written, strict=True):
        left, top = float(cell.get("x", 0)), float(cell.get("y", 0))
        assert float(text.get("x", 0)) == left + float(cell.get("width", 0)) / 2
        assert top < float(text.get("y", 0)) < top + float(cell.get("height", 0))


def test_the_larger_a_number_the_darker_its_cell_and_zero_has_no_shade() -> None:
    cells = shapes(number_grid([[0.0, -0.1, 0.2, -0.4]], "δ", direction="backward"), "rect")
    shades = [float(cell.get("fill-opacity", 1)) for cell in cells]
    assert shades[0] == 0
    assert all(lighter < darker for lighter, darker in pairwise(shades))
    assert all("--backward" in cell.get("fill", "") for cell in cells)
    assert all("--forward" in cell.get("fill", "") for cell in shapes(number_grid([[1.0]], "a"), "rect"))
    nothing = shapes(number_grid(np.zeros((2, 2)), "δ"), "rect")
    assert {cell.get("fill-opacity") for cell in nothing} == {"0.000"}


def test_frames_lie_around_their_cells() -> None:
    drawn = shapes(number_grid(np.ones((4, 5)), "a", frames=[(1, 2), (0, 1, 3, 2)]), "rect")
    cells, (one, block) = drawn[:20], drawn[20:]
    for frame, inside in ((one, [(1, 2)]), (block, [(i, j) for i in range(3) for j in (1, 2)])):
        assert frame.get("fill") == "none"
        x, y, width, height = (float(frame.get(key, 0)) for key in ("x", "y", "width", "height"))
        centres = [
            (float(cell.get("x", 0)) + float(cell.get("width", 0)) / 2, float(cell.get("y", 0)) + 15) for cell in cells
        ]
        framed = [divmod(n, 5) for n, (cx, cy) in enumerate(centres) if x < cx < x + width and y < cy < y + height]
        assert framed == inside


def test_a_vector_is_a_column() -> None:
    drawn = number_grid([1.0, 2.0, 3.0], "a³")
    assert texts(drawn) == ["a³", "0", "1", "2", "1", "2", "3"]
    assert len({cell.get("x") for cell in shapes(drawn, "rect")}) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"array": np.zeros((2, 2, 2))}, "array: expected shape"),
        ({"array": np.zeros((0, 2))}, "array: expected shape"),
        ({"array": np.eye(2), "direction": "up"}, "direction: expected"),
        ({"array": np.eye(2), "frames": [(0, 2)]}, "frames: expected"),
        ({"array": np.eye(2), "frames": [(1, 1, 2, 1)]}, "frames: expected"),
    ],
)
def test_a_map_that_cannot_be_drawn_says_why(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        number_grid(name="a", **arguments)  # type: ignore[arg-type]
