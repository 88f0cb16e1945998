"""Figures and the pictures drawn by hand: right numbers in the right places, words for those who cannot see them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from backproplab import Dense, Network, count_table, figure, flow_diagram, image_grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab import Trace

SVG = "{http://www.w3.org/2000/svg}"


def trace() -> Trace:
    layers = [
        Dense.from_parameters([[0.5, -1.0], [0.25, 0.75], [0.0, 0.1]], [0, 0, 0], "sigmoid"),
        Dense.from_parameters([[1.0, -2.0, 0.5]], [0.1], "sigmoid"),
    ]
    return Network(layers, "half_squared_error").trace([[0.9, -0.4], [0.1, 0.2]], [[1.0], [0.0]])


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


DRAWINGS: dict[str, Callable[[], str]] = {
    "forward": lambda: flow_diagram(trace()),
    "backward": lambda: flow_diagram(trace(), "backward", example=1, digits=3),
    "images": lambda: image_grid(np.eye(4).reshape(1, 4, 4).repeat(5, axis=0), list("abcde")),
    "counts": lambda: count_table(np.array([[9, 1], [0, 7]]), "said", "true"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_well_formed_and_the_same_every_time(name: str) -> None:
    svg = DRAWINGS[name]()
    assert svg == DRAWINGS[name]()
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("aria-hidden") == "true"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_a_flow_diagram_shows_activations_forward_and_errors_backward() -> None:
    shown = trace()
    forward, backward = texts(flow_diagram(shown)), texts(flow_diagram(shown, "backward", digits=4))
    for step in shown.steps:
        assert {f"{a:.2f}" for a in step.a[:, 0]} <= set(forward)
        assert {f"{delta:.4f}".replace("-", "−") for delta in step.delta[:, 0]} <= set(backward)
    assert {"0.90", "−0.40"} <= set(forward), "the inputs"
    assert "a⁰" in forward
    assert "δ¹" in backward
    assert "δ⁰" not in backward, "no parameter stands before the input"


def test_a_flow_diagram_draws_a_line_for_each_weight_dashed_if_negative() -> None:
    lines = list(ET.fromstring(flow_diagram(trace())).iter(f"{SVG}line"))
    weights = [W for step in trace().steps for W in step.layer.parameters["W"].ravel()]
    assert len(lines) == len(weights) == 9
    assert [line.get("stroke-dasharray") is not None for line in lines] == [weight < 0 for weight in weights]
    thick = [float(line.get("stroke-width", 0)) for line in lines]
    assert list(np.argsort(thick, kind="stable")) == list(np.argsort(np.abs(weights), kind="stable"))


def test_a_flow_diagram_sends_errors_from_right_to_left_and_none_to_the_input() -> None:
    for direction, count in (("forward", 9), ("backward", 3)):
        lines = list(ET.fromstring(flow_diagram(trace(), direction)).iter(f"{SVG}line"))
        assert len(lines) == count
        for line in lines:
            run = float(line.get("x2", 0)) - float(line.get("x1", 0))
            assert (run > 0) == (direction == "forward")


def test_an_image_grid_draws_the_ink_and_leaves_the_paper() -> None:
    image = np.zeros((1, 3, 3))
    image[0, 2, 1] = 0.5
    rects = list(ET.fromstring(image_grid(image, ["<one>"])).iter(f"{SVG}rect"))
    (ink,) = [rect for rect in rects if rect.get("fill-opacity")]
    assert ink.get("fill-opacity") == "0.5"
    frame = next(rect for rect in rects if rect is not ink)
    side = float(frame.get("width", 0)) / 3
    assert float(ink.get("x", 0)) - float(frame.get("x", 0)) == pytest.approx(side, abs=0.01)
    assert float(ink.get("y", 0)) - float(frame.get("y", 0)) == pytest.approx(2 * side, abs=0.01)
    assert texts(image_grid(image, ["<one>"])) == ["<one>"]


def test_a_count_table_frames_the_diagonal_and_shades_the_rest_by_size() -> None:
    svg = count_table(np.array([[9, 4, 0], [2, 7, 0], [0, 0, 5]]), "said", "true")
    cells = list(ET.fromstring(svg).iter(f"{SVG}rect"))
    shades = np.array([float(cell.get("fill-opacity", 0)) for cell in cells]).reshape(3, 3)
    assert np.all(np.diag(shades) == 0)
    assert shades[0, 1] > shades[1, 0] > shades[0, 2] == 0
    assert {"said", "true", "9", "4", "2", "7", "5"} <= set(texts(svg))


def test_a_figure_has_words_for_those_who_cannot_see_it() -> None:
    html = figure("<svg/>", "<svg/>", caption="What <em>this</em> shows.", alt='A "line" & a dot')
    root = ET.fromstring(html)
    panels = root.find("div")
    assert panels is not None
    assert panels.get("role") == "img"
    assert panels.get("aria-label") == 'A "line" & a dot'
    assert len(panels) == 2
    assert "".join(root.find("figcaption").itertext()) == "What this shows."  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: figure(caption="a", alt="b"), "panels: expected at least one SVG, got none"),
        (lambda: figure("<svg/>", caption=" ", alt="b"), "caption: expected a sentence, got ' '"),
        (lambda: figure("<svg/>", caption="a", alt=""), "alt: expected a sentence, got ''"),
        (lambda: flow_diagram(trace(), "sideways"), "direction: expected 'forward' or 'backward', got 'sideways'"),
        (lambda: flow_diagram(trace(), example=2), "example: expected at most 1, got 2"),
        (lambda: flow_diagram(trace(), example=-1), "example: expected at least 0, got -1"),
        (lambda: image_grid(np.zeros((3, 3)), ["a"]), r"images: expected shape \(N, height, width\), got \(3, 3\)"),
        (lambda: image_grid(np.zeros((0, 3, 3)), []), "images: expected shape"),
        (lambda: image_grid(np.zeros((2, 3, 3)), ["a"]), "titles: expected 2, one for each image, got 1"),
        (lambda: count_table(np.zeros((2, 3), int), "a", "b"), r"counts: expected a square table, got \(2, 3\)"),
    ],
)
def test_misuse_is_said_in_one_sentence(call: Callable[[], str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


def test_images_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="images: expected real numbers"):
        image_grid([[["ink"]]], ["a"])


def test_a_network_of_other_layers_has_no_flow_diagram() -> None:
    shown = trace()
    shown.steps[0].layer = "Conv2d"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="trace: expected Dense layers only, got 'Conv2d'"):
        flow_diagram(shown)


def test_ids_are_unique_on_a_page_with_all_drawings() -> None:
    page = "".join([*(draw() for draw in DRAWINGS.values()), flow_diagram(trace(), example=1)])
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)) == 3
    assert set(re.findall(r"url\(#([^)]*)", page)) == set(ids)
