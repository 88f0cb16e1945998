"""Plots, maps and surfaces: the same bytes for the same input, in the page's colours, and no misuse unseen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from backproplab import BACKWARD, FORWARD, INK, MUTED, PAPER, contours, curves, figure, plot, surface
from backproplab.figures.plots import PAGE_COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.checks import Array

SVG = "{http://www.w3.org/2000/svg}"
X = np.linspace(0.1, 2, 20)
ROUTE = [[1.5, -1.0], [0.5, 0.8], [0.2, -0.3]]


def bowl(p: Array) -> float:
    return float(p[0] ** 2 + 3 * p[1] ** 2)


def nothing(axes: Any) -> None:
    pass


DRAWINGS: dict[str, Callable[[], str]] = {
    "curves": lambda: curves(X, {"up": X, "down": -X}, x_label="x", y_label="y"),
    "curves, log": lambda: curves(X, {"power": X**3}, x_label="x", y_label="y", log="xy"),
    "contours": lambda: contours(bowl, (-2, 2), (-2, 2), paths={"a walk": ROUTE}, arrows=([[1, 1]], [[0.5, 0.5]])),
    "contours, levels": lambda: contours(bowl, (-2, 2), (-1, 1), levels=[1, 2, 4], values=False, x_label="w"),
    "surface": lambda: surface(bowl, (-2, 2), (-2, 2), paths={"here": [1, 1], "walk": ROUTE}, z_label="C"),
    "plot": lambda: plot(lambda axes: axes.scatter([1, 2], [3, 4], color=BACKWARD), size=(200, 150)),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    assert DRAWINGS[name]() == DRAWINGS[name]()


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = (
        "import hashlib; from tests.figures.test_plots import DRAWINGS;"
        "print([hashlib.sha256(draw().encode()).hexdigest() for draw in DRAWINGS.values()])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
    assert len(said.pop()) > 64 * len(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_well_formed_and_takes_the_colours_of_the_page(name: str) -> None:
    svg = DRAWINGS[name]()
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("aria-hidden") == "true"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    for placeholder in (INK, MUTED, FORWARD, BACKWARD, PAPER):
        assert placeholder not in svg
    left = set(re.findall(r"#[0-9a-f]{6}\b", svg)) - set(re.findall(r"#[0-9a-f]{6}", " ".join(PAGE_COLOURS.values())))
    assert left == set(), "a colour that does not change with the page"
    assert "font-family" not in svg
    assert root.find(f".//{SVG}style") is None, "a style sheet inside would reach the whole page"
    assert root.find(f".//{SVG}image") is None
    assert "metadata" not in svg


def test_every_colour_of_the_page_can_be_drawn() -> None:
    def lines(axes: Any) -> None:
        for height, colour in enumerate(PAGE_COLOURS):
            axes.plot([0, 1], [height, height], color=colour)

    svg = plot(lines)
    assert all(f"stroke: {colour}" in svg for colour in PAGE_COLOURS.values())
    assert len(set(PAGE_COLOURS.values())) == len(PAGE_COLOURS) == 5


def test_ids_are_unique_on_a_page_with_all_drawings() -> None:
    page = "".join(draw() for draw in DRAWINGS.values())
    ids = Counter(re.findall(r'\bid="([^"]*)"', page))
    assert ids
    assert [name for name, times in ids.items() if times > 1] == []
    used = set(re.findall(r'(?:href="#|url\(#)([^")]*)', page))
    assert used <= ids.keys()


def test_curves_names_each_curve_and_tells_it_apart_without_colour() -> None:
    svg = curves(X, {"first": X, "second": X**2, "third": -X, "fourth": 1 / X}, x_label="time", y_label="height")
    texts = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert {"first", "second", "third", "fourth", "time", "height"} <= set(texts)
    assert len(set(re.findall(r"stroke-dasharray: ([\d.,]+)", svg))) == 3


def test_contours_writes_names_and_heights() -> None:
    texts = [text.text for text in ET.fromstring(DRAWINGS["contours"]()).iter(f"{SVG}text")]
    assert "a walk" in texts
    assert {"x", "y"} <= set(texts)
    numbers = [
        text.text for text in ET.fromstring(contours(bowl, (-2, 2), (-2, 2), levels=[1.25, 3.75])).iter(f"{SVG}text")
    ]
    assert {"1.25", "3.75"} <= set(numbers)
    silent = contours(bowl, (-2, 2), (-2, 2), levels=[1.25, 3.75], values=False)
    assert "1.25" not in re.sub(r"<(?!/?text)[^>]*>", "", silent)


def test_contours_draws_level_lines_where_the_function_has_that_height() -> None:
    seen: list[Array] = []

    def line(level: float) -> None:
        svg = contours(lambda p: float(p[0]), (4, 6), (-1, 1), levels=[5 + level], values=False)
        axes = re.findall(r'<path d="M ([\d.]+) [\d.]+\s+L ([\d.]+) [\d.]+[^"]*" clip-path', svg)
        seen.append(np.array(axes[0], float))

    for level in (-0.5, 0, 0.5):
        line(level)
    assert all(place[0] == pytest.approx(place[1], abs=0.02) for place in seen), "the line is not upright"
    assert seen[1][0] - seen[0][0] == pytest.approx(seen[2][0] - seen[1][0], abs=0.05)
    assert seen[0][0] < seen[1][0]


def test_contours_has_one_scale_when_both_ranges_are_equally_wide() -> None:
    svg = contours(lambda p: float(np.hypot(*p)), (-2, 2), (8, 12), levels=[9], values=False, size=(320, 200))
    assert svg
    ring = contours(lambda p: float(np.hypot(*p)), (-2, 2), (-2, 2), levels=[1], values=False, size=(320, 200))
    points = np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", max(re.findall(r' d="([^"]*)"', ring), key=len)), float)
    width, height = np.ptp(points, axis=0)
    assert width == pytest.approx(height, rel=0.01)


def test_contours_names_a_path_where_it_is_far_from_the_others() -> None:
    start = [1.5, 1.5]
    svg = contours(
        bowl, (-2, 2), (-2, 2), paths={"left": [start, [-1.5, 1.5]], "down": [start, [1.5, -1.5]]}, values=False
    )
    places = {
        text.text: (float(text.get("x", 0)), float(text.get("y", 0))) for text in ET.fromstring(svg).iter(f"{SVG}text")
    }
    assert places["left"][0] < places["down"][0]
    assert places["left"][1] < places["down"][1]


def test_surface_lifts_a_path_to_the_surface() -> None:
    def place(height: float) -> float:
        svg = surface(lambda p: height * float(p[0]), (-1, 1), (-1, 1), paths={"tip": [1, 0]}, z_label="")
        return next(
            float(text.get("y", 0)) for text in ET.fromstring(svg).iter(f"{SVG}text") if "tip" in (text.text or "")
        )

    assert place(1) < place(-1)


@pytest.mark.parametrize("size", [(320, 280), (206, 204)])
def test_all_that_a_surface_says_stands_inside_the_picture(size: tuple[int, int]) -> None:
    svg = surface(bowl, (-1, 1), (-1, 1), paths={"here": [0, 0]}, z_label="C", size=size)
    said = {text.text: text for text in ET.fromstring(svg).iter(f"{SVG}text")}
    assert {"x", "y", "C", "\u2002here"} <= said.keys()
    for name, text in said.items():
        width = 7 * len(name or "")
        x = float(text.get("x", 0)) - {"middle": width / 2, "end": width}.get(
            re.sub(r".*text-anchor: (\w+).*", r"\1", text.get("style", "")), 0
        )
        assert -2 <= x <= x + width <= size[0] + 2, name
        assert 9 <= float(text.get("y", 0)) <= size[1] + 2, name


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: curves(X, {}, x_label="x", y_label="y"), "lines: expected 1 to 4 curves, got 0"),
        (
            lambda: curves(X, dict.fromkeys("abcde", X), x_label="x", y_label="y"),
            "lines: expected 1 to 4 curves, got 5",
        ),
        (lambda: curves(X, {"a": X[1:]}, x_label="x", y_label="y"), r"lines\['a'\]: expected shape \(20,\) like x"),
        (lambda: curves(X, {"a": X}, x_label="x", y_label="y", log="z"), "log: expected '', 'x', 'y' or 'xy', got 'z'"),
        (lambda: curves([0, np.nan], {"a": [0, 1]}, x_label="x", y_label="y"), "x: expected finite numbers, got nan"),
        (lambda: contours(bowl, (2, -2), (-2, 2)), "x_range: expected a range that rises, got 2 to -2"),
        (lambda: contours(bowl, (-2, 2), (1, 1)), "y_range: expected a range that rises, got 1 to 1"),
        (lambda: contours(bowl, (-2, 2), (-2, 2), levels=0), "levels: expected at least 1, got 0"),
        (lambda: contours(bowl, (-2, 2), (-2, 2), levels=[2, 1]), "levels: expected heights in rising order"),
        (lambda: contours(bowl, (-2, 2), (-2, 2), levels=[]), "levels: expected heights in rising order"),
        (
            lambda: contours(bowl, (-2, 2), (-2, 2), paths={"a": [1, 2, 3]}),
            r"paths\['a'\]: expected shape \(n, 2\), got",
        ),
        (lambda: contours(bowl, (-2, 2), (-2, 2), paths={"a": np.empty((0, 2))}), r"paths\['a'\]: expected shape"),
        (
            lambda: contours(bowl, (-2, 2), (-2, 2), paths=dict.fromkeys("abcde", (0, 0))),
            "paths: expected at most 4, got 5",
        ),
        (
            lambda: contours(bowl, (-2, 2), (-2, 2), arrows=([[0, 0]], [[1, 1], [2, 2]])),
            r"arrows: expected two arrays of one shape \(n, 2\), got \(1, 2\) and \(2, 2\)",
        ),
        (lambda: contours(lambda p: p[0] + float("inf"), (-2, 2), (-2, 2)), "f: expected finite numbers, got inf"),
        (lambda: surface(lambda p: p[0] + float("nan"), (-2, 2), (-2, 2)), "f: expected finite numbers, got nan"),
        (lambda: surface(bowl, (0, 0), (-2, 2)), "x_range: expected a range that rises, got 0 to 0"),
        (lambda: surface(bowl, (-2, 2), (-2, 2), paths={"a": [[1]]}), r"paths\['a'\]: expected shape \(n, 2\)"),
    ],
)
def test_misuse_is_said_in_one_sentence(call: Callable[[], str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: contours(bowl, (-2, 2), (-2, 2), paths={"a": [["x", "y"]]}),
        lambda: contours(bowl, (-2, 2), (-2, 2), levels=["low"]),  # type: ignore[list-item]
        lambda: surface(bowl, (-2, 2), (-2, 2), paths={"a": ["x", "y"]}),
    ],
)
def test_a_wrong_type_is_said(call: Callable[[], str]) -> None:
    with pytest.raises(TypeError, match="expected real numbers"):
        call()


def test_without_matplotlib_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'backproplab\[figures\]'"):
        plot(nothing)


def test_a_drawing_fits_into_a_figure() -> None:
    html = figure(DRAWINGS["contours"](), DRAWINGS["surface"](), caption="Twice.", alt="A bowl")
    panels = ET.fromstring(html).find("div")
    assert panels is not None
    assert len(panels) == 2
