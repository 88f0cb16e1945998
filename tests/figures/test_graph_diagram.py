"""The picture of a graph: every node and edge is there, arrows point the right way, and nonsense is refused."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from backproplab import graph_diagram

NODES = {"x": (0.0, 0.5), "u": (1.0, 0.0), "v": (1.0, 1.0), "C": (2.0, 0.5)}
EDGES = {("x", "u"): "3", ("x", "v"): "4", ("u", "C"): "", ("v", "C"): "<6>"}
SVG = "{http://www.w3.org/2000/svg}"


def circles(svg: str) -> dict[str, tuple[float, float]]:
    """Where each node stands, by the letter in it."""
    root = ET.fromstring(svg)
    letters = [text for text in root.iter(f"{SVG}text") if text.get("font-style") == "italic"]
    return {
        str(letter.text): (float(circle.get("cx", 0)), float(circle.get("cy", 0)))
        for letter, circle in zip(letters, root.iter(f"{SVG}circle"), strict=True)
    }


def test_every_node_edge_label_and_value_is_drawn() -> None:
    """Four nodes, four arrows, three labels (one edge has none) and one value, all escaped, all inside the picture."""
    svg = graph_diagram(NODES, EDGES, values={"C": "36"})
    root = ET.fromstring(svg)
    assert len(list(root.iter(f"{SVG}line"))) == len(list(root.iter(f"{SVG}path"))) == 4
    assert sorted(str(text.text) for text in root.iter(f"{SVG}text")) == sorted([*NODES, "3", "4", "<6>", "36"])
    assert list(circles(svg)) == list(NODES)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    assert width <= 320
    for element in root.iter():
        for name in ("x", "cx", "x1", "x2"):
            assert 0 <= float(element.get(name, 0)) <= width
        for name in ("y", "cy", "y1", "y2"):
            assert 0 <= float(element.get(name, 0)) <= height


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_arrows_point_where_things_flow(direction: str) -> None:
    """The tip of each head is nearer to the end of its edge going forward, and nearer to the start going backward."""
    svg = graph_diagram(NODES, EDGES, direction=direction)
    place = circles(svg)
    tips = [tuple(map(float, tip)) for tip in re.findall(r'd="M([\d.]+) ([\d.]+)L', svg)]
    for (start, end), tip in zip(EDGES, tips, strict=True):
        near, far = (end, start) if direction == "forward" else (start, end)
        assert abs(tip[0] - place[near][0]) < abs(tip[0] - place[far][0])
    colours = {"forward": "--forward", "backward": "--backward"}
    assert colours.pop(direction) in svg
    assert not any(colour in svg for colour in colours.values())


def test_labels_stand_outside_and_above() -> None:
    """On a diamond the labels stand outside it; on a straight line they stand above."""
    root = ET.fromstring(graph_diagram(NODES, dict.fromkeys(EDGES, "label")))
    heights = {name: y for name, (_, y) in circles(graph_diagram(NODES, EDGES)).items()}
    labels = [float(text.get("y", 0)) - 4.5 for text in root.iter(f"{SVG}text") if text.text == "label"]
    for (start, end), y in zip(EDGES, labels, strict=True):
        halfway = (heights[start] + heights[end]) / 2
        assert (y < halfway) == (halfway < heights["x"])
    for nodes in ({"a": (0, 0), "b": (1, 0)}, {"a": (1, 0), "b": (0, 0)}):
        flat = ET.fromstring(graph_diagram(nodes, {("a", "b"): "2"}))
        label, line = next(text for text in flat.iter(f"{SVG}text") if text.text == "2"), next(flat.iter(f"{SVG}line"))
        assert float(label.get("y", 0)) < float(line.get("y1", 0))


def test_indices_are_raised_and_lowered() -> None:
    """A node with indices writes its letter and, apart from it, the upper and the lower index; the lower one is lower."""
    svg = graph_diagram({"a^{L-1}_2": (0, 0), "z^L_1": (1, 0)}, {("a^{L-1}_2", "z^L_1"): ""})
    written = {text.text: float(text.attrib["y"]) for text in ET.fromstring(svg).iter(f"{SVG}text")}
    assert [*written] == ["a", "L-1", "2", "z", "L", "1"]
    assert written["L-1"] < written["a"] < written["2"]


@pytest.mark.parametrize(
    ("nodes", "edges", "options", "message"),
    [
        ({}, {}, {}, "nodes: expected at least one"),
        ({"x": (0, 0), "y": (0, 0)}, {}, {}, "nodes: expected a place of its own"),
        ({"a^": (0, 0)}, {}, {}, "nodes: expected a label such as"),
        ({"x": (0, 0)}, {("x", "y"): ""}, {}, "edges: expected two of x"),
        ({"x": (0, 0)}, {("x", "x"): ""}, {}, "edges: expected two of x"),
        ({"x": (0, 0)}, {}, {"values": {"y": "1"}}, "values: expected one of x"),
        ({"x": (0, 0)}, {}, {"direction": "up"}, "direction: expected 'forward' or 'backward'"),
    ],
)
def test_nonsense_is_refused(
    nodes: dict[str, tuple[float, float]],
    edges: dict[tuple[str, str], str],
    options: dict[str, object],
    message: str,
) -> None:
    """A graph that cannot be drawn is refused in one sentence that names the argument."""
    with pytest.raises(ValueError, match=message):
        graph_diagram(nodes, edges, **options)  # type: ignore[arg-type]
