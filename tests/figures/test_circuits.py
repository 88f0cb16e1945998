"""A circuit: every number comes from the record, stands on its side of its wire, and nonsense is refused."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from backproplab import Value, circuit_diagram

SVG = "{http://www.w3.org/2000/svg}"
PLACES = {"x": (0.0, 0.0), "y": (0.0, 1.0), "q": (1.2, 0.5), "z": (1.2, 1.5), "f": (2.4, 1.0)}
GATES = {"q": "+", "f": "×"}


def record() -> dict[str, Value]:
    x, y, z = Value(4), Value(-1.25), Value(-2)
    q = x + y
    f = q * z
    f.backward()
    return {"x": x, "y": y, "q": q, "z": z, "f": f}


def written(svg: str, kind: str) -> list[str]:
    """What is written in one of the two colours, in the order of the wires."""
    return [str(text.text) for text in ET.fromstring(svg).iter(f"{SVG}text") if f"--{kind}," in text.get("fill", "")]


def test_values_and_gradients_are_those_of_the_record() -> None:
    """Wire by wire: 4 and −1.25 into the sum, 2.75 and −2 into the product −5.50; back come −2, −2, −2 and 2.75, from a 1."""
    svg = circuit_diagram(record(), PLACES, GATES)
    assert written(svg, "forward") == ["4", "−1.25", "2.75", "−2", "−5.50"]
    assert written(svg, "backward") == ["−2", "−2", "−2", "2.75", "1"]
    assert written(circuit_diagram(record(), PLACES, GATES, gradients=False), "backward") == []
    assert written(circuit_diagram(record(), PLACES, GATES, digits=1), "forward")[1] == "−1.2"


def test_values_are_above_their_gradients_and_all_is_inside() -> None:
    """Pair by pair the value is above the gradient, on slanted, level and bowed wires; nothing leaves the picture."""
    a = Value(3)
    b = a + a
    b.backward()
    for svg in (
        circuit_diagram(record(), PLACES, GATES),
        circuit_diagram({"a": a, "b": b}, {"a": (0, 0), "b": (1, 0)}, {"b": "+"}),
    ):
        root = ET.fromstring(svg)
        texts = list(root.iter(f"{SVG}text"))
        above = [float(text.attrib["y"]) for text in texts if "--forward," in text.attrib["fill"]]
        below = [
            float(text.attrib["y"])
            for text in texts
            if "--backward," in text.attrib["fill"] and "=" not in str(text.text)
        ]
        assert len(above) == len(below) > 2
        assert all(value < gradient for value, gradient in zip(above, below, strict=True))
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for text in texts:
            half = 3.2 * len(str(text.text))
            assert half - 1 <= float(text.attrib["x"]) <= width - half + 1
            assert 10 < float(text.attrib["y"]) < height
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", svg):
            assert 0 < float(x) < width
            assert 0 < float(y) < height


def test_a_number_used_twice_has_two_wires_and_a_sum() -> None:
    """For b = a + a times −2, two wires of −2 leave a, on either side, and the sum is written out with its sign."""
    a = Value(3)
    b = a + a
    c = b * -2
    c.backward()
    svg = circuit_diagram({"a": a, "b": b, "c": c}, {"a": (0, 0), "b": (1, 0), "c": (2, 0)}, {"b": "+", "c": "×−2"})
    assert written(svg, "backward") == ["−2", "−2", "−2", "−2 − 2 = −4", "1"]
    heights = [float(y) for y in re.findall(r'd="M[\d.]+ [\d.]+Q[\d.]+ ([\d.]+)', svg)]
    assert heights[0] < heights[2] < heights[1]


def test_a_drawing_may_begin_at_a_result() -> None:
    """A result without a gate is drawn as a given number; with one, all its operands that are results must be there."""
    values = record()
    some, places = {"q": values["q"], "z": values["z"], "f": values["f"]}, {"q": (0, 0), "z": (0, 1), "f": (1, 0.5)}
    assert written(circuit_diagram(some, places, {"f": "×"}), "forward") == ["2.75", "−2", "−5.50"]
    lacking = {"f": values["f"], "z": values["z"]}
    with pytest.raises(ValueError, match="values: expected all results on the way, got none for Value"):
        circuit_diagram(lacking, {"f": (1, 0), "z": (0, 0)}, {"f": "×"})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"values": {}}, ValueError, "values: expected at least one, got none"),
        ({"values": {"x": 2.0}}, TypeError, r"values: expected a Value, got 2\.0"),
        ({"values": {"x y": Value(1)}}, ValueError, "values: expected a name such as 'w_1', got 'x y'"),
        ({"places": {"x": (0, 0)}}, ValueError, "places: expected one for each of x, y, q, z, f, got x"),
        ({"places": PLACES | {"x": (0, 1)}}, ValueError, "places: expected a place of its own for each"),
        ({"gates": {"s": "+"}}, ValueError, "gates: expected one of x, y, q, z, f, got 's'"),
        ({"gates": {"q": 1}}, TypeError, "gates: expected"),
        ({"digits": -1}, ValueError, "digits: expected"),
    ],
)
def test_nonsense_is_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    given: dict[str, Any] = {"values": record(), "places": PLACES, "gates": GATES} | change
    with pytest.raises(error, match=message):
        circuit_diagram(**given)
    value = Value(1)
    with pytest.raises(ValueError, match="values: expected each once, got one under two names"):
        circuit_diagram({"a": value, "b": value}, {"a": (0, 0), "b": (1, 0)}, {})
