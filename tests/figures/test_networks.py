"""The drawing of a network with a part marked: what is asked for is marked, in its colour and with its rim, and no more."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from backproplab import network_diagram
from backproplab.figures.networks import COLOURS

SVG = "{http://www.w3.org/2000/svg}"


def shapes(svg: str, kind: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}{kind}"))


def test_every_neuron_and_weight_is_drawn_once() -> None:
    svg = network_diagram((2, 3, 1))
    assert len(shapes(svg, "circle")) == 2 + 3 + 1
    assert len(shapes(svg, "line")) == 2 * 3 + 3 * 1
    assert not shapes(svg, "text")
    assert not any(colour in svg for colour in COLOURS.values())


@pytest.mark.parametrize(
    ("label", "kind", "circles", "broken"),
    [
        ("a^0_1", "activation", 1, False),
        ("x", "activation", 1, False),
        ("z^{l+1}_k", "weighted-input", 1, True),
        ("δ^L_{12}", "error", 2, False),
        ("b_3", "bias", 1, False),
    ],
)
def test_a_marked_neuron_has_the_colour_and_the_rim_of_its_quantity(
    label: str, kind: str, circles: int, *, broken: bool
) -> None:
    svg = network_diagram((1,), {(0, 1): label})
    rims = shapes(svg, "circle")
    assert len(rims) == circles
    assert {rim.get("stroke") for rim in rims} == {COLOURS[kind]}
    assert any(rim.get("stroke-dasharray") for rim in rims) is broken
    written = "".join(text.text or "" for text in shapes(svg, "text"))
    assert written == re.sub(r"[{}^_]", "", label)
    assert {text.get("fill") for text in shapes(svg, "text")} == {COLOURS[kind]}


def test_indices_stand_one_above_the_other() -> None:
    letter, up, down = shapes(network_diagram((1,), {(0, 1): "δ^2_1"}), "text")
    assert (letter.text, up.text, down.text) == ("δ", "2", "1")
    assert up.get("x") == down.get("x")
    assert float(up.get("y", 0)) < float(letter.get("y", 0)) < float(down.get("y", 0))


def middle(line: ET.Element) -> tuple[float, float]:
    return tuple((float(line.get(f"{axis}1", 0)) + float(line.get(f"{axis}2", 0))) / 2 for axis in "xy")  # type: ignore[return-value]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_marked_weight_points_where_its_signal_goes(direction: str) -> None:
    svg = network_diagram((2, 2), weights={((0, 2), (1, 1)): "w^1_{12}"}, direction=direction)
    (marked,) = (line for line in shapes(svg, "line") if line.get("stroke") == COLOURS["weight"])
    (head,) = shapes(svg, "path")
    tip = float(re.match(r"M([\d.]+)", head.get("d", ""))[1])  # type: ignore[index]
    assert (tip > middle(marked)[0]) is (direction == "forward")
    start, end = shapes(network_diagram((2, 2), {(0, 2): "a", (1, 1): "z"}), "circle")[1:3]
    between = [(float(start.get(f"c{axis}", 0)) + float(end.get(f"c{axis}", 0))) / 2 for axis in "xy"]
    assert middle(marked) == pytest.approx(between, abs=2)


def test_layers_are_named_above_their_neurons() -> None:
    svg = network_diagram((1, 2), layers=("input", "output"))
    assert [text.text for text in shapes(svg, "text")] == ["input", "output"]


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (((2, 0),), {}, "sizes: expected .* 1"),
        (((2, 1), {(2, 1): "a"}), {}, r"neurons: expected \(layer, neuron\) of this network, got \(2, 1\)"),
        (((2, 1), {(1, 1): "a^"}), {}, r"neurons: expected a label such as 'δ\^1_2', got 'a\^'"),
        (((2, 1), {}, {((1, 1), (0, 1)): ""}), {}, "weights: expected two neurons of neighbouring layers"),
        (((2, 1), {}, {((0, 1), (1, 1)): "w^{"}), {}, "weights: expected a label"),
        (((2, 1),), {"direction": "up"}, "direction: expected 'forward' or 'backward', got 'up'"),
        (((2, 1),), {"layers": ["input"]}, "layers: expected a name for each of 2 layers, got 1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments: tuple[object, ...], options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        network_diagram(*arguments, **options)  # type: ignore[arg-type]
