"""A worked example with convolution and pooling: its numbers, read back out of the text, are those of plain loops."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from backproplab import SGD, AvgPool2d, Conv2d, Dense, Flatten, Layer, MaxPool2d, Network, worked_example
from backproplab.book.katex import RENDERER
from backproplab.worked.examples import worked_sections
from backproplab.worked.sections import BLANK
from backproplab.worked.terminal import text
from tests.worked.test_examples import formulas

Maps = np.ndarray[Any, np.dtype[np.float64]]


def conv(inputs: int, outputs: int, kernel: int, activation: str, stride: int = 1, padding: int = 0) -> Conv2d:
    layer = Conv2d(inputs, outputs, kernel, activation, stride=stride, padding=padding, rng=np.random.default_rng(5))
    layer.b[...] = np.random.default_rng(6).normal(size=layer.b.shape)
    return layer


def dense(inputs: int, outputs: int) -> Dense:
    return Dense(inputs, outputs, "tanh", rng=np.random.default_rng(7))


NETWORKS: dict[str, tuple[list[Layer], tuple[int, ...], int]] = {
    "one map": ([conv(1, 1, 3, "sigmoid"), MaxPool2d(2), Flatten(), dense(4, 2)], (1, 6, 6), 1),
    "maps and a batch": ([conv(2, 3, 2, "tanh"), MaxPool2d(2), Flatten(), dense(12, 2)], (2, 5, 5), 2),
    "steps and borders": (
        [conv(1, 2, 3, "sigmoid", 2, 1), AvgPool2d(2, stride=1), Flatten(), dense(8, 2)],
        (1, 6, 6),
        1,
    ),
    "overlapping": ([conv(1, 2, 2, "tanh"), MaxPool2d(3, stride=1), Flatten(), dense(8, 2)], (1, 5, 5), 1),
    "two convolutions": ([conv(1, 2, 2, "tanh"), conv(2, 2, 2, "sigmoid"), Flatten(), dense(8, 2)], (1, 4, 4), 1),
    "pooling first": ([AvgPool2d(2), conv(1, 2, 2, "tanh"), Flatten(), dense(8, 2)], (1, 6, 6), 1),
    "flattening last": ([conv(1, 1, 2, "tanh"), Flatten()], (1, 2, 3), 1),
}


def example(name: str) -> tuple[Network, Maps, Maps]:
    layers, shape, examples = NETWORKS[name]
    network = Network(layers, input_shape=shape)
    rng = np.random.default_rng(1)
    return network, rng.normal(size=(examples, *shape)), rng.normal(size=(examples, *network.output_shape))


def forward_by_loops(layer: Layer, a: Maps) -> Maps:
    """Z for one example, window by window."""
    if isinstance(layer, Flatten):
        return np.array([[value] for channel in a for row in channel for value in row])
    if isinstance(layer, Dense):
        return np.array(
            [
                [sum(w * x for w, x in zip(row, a[:, 0], strict=True)) + b]
                for row, (b,) in zip(layer.W, layer.b, strict=True)
            ]
        )
    z = np.zeros(layer.output_shape(a.shape))
    for f, i, j in np.ndindex(z.shape):
        if isinstance(layer, Conv2d):
            z[f, i, j] = layer.b[f, 0]
            for c, u, v in np.ndindex(layer.W.shape[1:]):
                row, column = i * layer.stride[0] + u - layer.padding[0], j * layer.stride[1] + v - layer.padding[1]
                if 0 <= row < a.shape[1] and 0 <= column < a.shape[2]:
                    z[f, i, j] += layer.W[f, c, u, v] * a[c, row, column]
        else:
            assert isinstance(layer, MaxPool2d | AvgPool2d)
            top, left = i * layer.stride[0], j * layer.stride[1]
            seen = [a[f, top + u, left + v] for u, v in product(range(layer.window[0]), range(layer.window[1]))]
            z[f, i, j] = max(seen) if isinstance(layer, MaxPool2d) else sum(seen) / len(seen)
    return z


def backward_by_loops(layer: Layer, a: Maps, z: Maps, delta: Maps) -> Maps:
    """∂C/∂a for one example, by nudging every input and running the loops again."""
    grad, h = np.zeros(a.shape), 1e-6
    for place in np.ndindex(a.shape):
        up, down = a.copy(), a.copy()
        up[place] += h
        down[place] -= h
        grad[place] = np.sum(delta * (forward_by_loops(layer, up) - forward_by_loops(layer, down))) / (2 * h)
    assert z.shape == delta.shape
    return grad


def listed(arrays: list[Maps]) -> list[Maps]:
    """The matrices of all examples in the order in which the text has them."""
    if arrays[0].ndim == 2:
        return [np.concatenate(arrays, axis=1)]
    return [channel for array in arrays for channel in array]


def told_as(shown: list[list[list[float]]], right: list[Maps], message: str, tolerance: float = 1e-12) -> None:
    assert len(shown) == len(right), message
    for one, other in zip(shown, right, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance, err_msg=message, strict=True)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show everything, so that every number can be read back."""
    monkeypatch.setattr("backproplab.worked.sections.SHOWN", 99)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_numbers_on_the_way_forward_are_those_of_loops(name: str) -> None:
    """Each z is what its layer makes of the a that the text puts in, and each a is σ of that z."""
    network, x, y = example(name)
    found = formulas(worked_example(network, x, y, 0.3, digits=14))
    a = list(x)
    told_as(found["x = a^0"][0], listed(a), "x")
    for number, layer in enumerate(network.layers, 1):
        bends = not isinstance(layer, MaxPool2d | AvgPool2d | Flatten)
        z = [forward_by_loops(layer, array) for array in a]
        key = f"z^{number}" if bends else f"a^{number}"  # = z
        put_in, result = found[key]
        inputs = listed(a)
        if bends:
            weights = layer.parameters["W"]
            kernels = [weights] if weights.ndim == 2 else [*weights.reshape(-1, *weights.shape[2:])]
            inputs = [*kernels, *inputs, layer.parameters["b"]]
        told_as(put_in, inputs, key)
        told_as(result, listed(z), key)
        a = [np.asarray(layer.activation(array)) for array in z]
        if bends:
            told_as(found[f"a^{number}"][1], listed(a), f"a^{number}")


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_errors_and_gradients_are_those_of_nudges(name: str) -> None:
    """Each δ and each gradient of the text is the measured slope of what is behind it."""
    network, x, y = example(name)
    found = formulas(worked_example(network, x, y, 0.3, digits=14))
    inputs, weighted = [list(x)], []
    for layer in network.layers:
        weighted.append([forward_by_loops(layer, array) for array in inputs[-1]])
        inputs.append([np.asarray(layer.activation(array)) for array in weighted[-1]])
    grads = [(a - target[:, np.newaxis]) / len(x) for a, target in zip(inputs[-1], y, strict=True)]
    h = 1e-6
    for number in range(len(network.layers), 0, -1):
        layer = network.layers[number - 1]
        z = weighted[number - 1]
        slopes = [np.asarray(layer.activation(array + h) - layer.activation(array - h)) / (2 * h) for array in z]
        delta = [grad * slope for grad, slope in zip(grads, slopes, strict=True)]
        told_as(found[rf"\delta^{number}"][-1], listed(delta), f"delta {number}", 1e-7)
        for parameter, array in layer.parameters.items():
            measured = np.zeros(array.shape)
            for place in np.ndindex(array.shape):
                kept, sides = array[place], []
                for side in (h, -h):
                    array[place] = kept + side
                    sides.append([forward_by_loops(layer, a) for a in inputs[number - 1]])
                    array[place] = kept
                measured[place] = sum(
                    np.sum(d * (up - down)) / (2 * h) for d, up, down in zip(delta, *sides, strict=True)
                )
            shown = found[rf"\frac{{\partial C}}{{\partial {parameter}^{number}}}"][-1]
            right = [measured] if measured.ndim == 2 else [*measured.reshape(-1, *measured.shape[2:])]
            told_as(shown, right, f"{parameter} {number}", 1e-7)
        grads = [backward_by_loops(layer, a, w, d) for a, w, d in zip(inputs[number - 1], z, delta, strict=True)]


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_update_is_that_of_gradient_descent(name: str) -> None:
    """The new parameters and the new cost are those after a step of SGD; the network itself stays as it is."""
    network, x, y = example(name)
    before = {key: array.copy() for key, array in network.parameters.items()}
    found = formulas(worked_example(network, x, y, 0.3, digits=14))
    assert all(np.array_equal(array, before[key]) for key, array in network.parameters.items())
    try:
        SGD(0.3).step([*network.parameters.values()], [*network.trace(x, y).gradients.values()])
        for key, array in network.parameters.items():
            right = [array] if array.ndim == 2 else [*array.reshape(-1, *array.shape[2:])]
            told_as(found[rf"{key[0]}^{key[1:]} \leftarrow"][-1], right, key)
        np.testing.assert_allclose(found[r"C_\text{new}"][0][0], network.cost(x, y), atol=1e-12)
    finally:
        for key, array in network.parameters.items():
            array[...] = before[key]


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("name", ["one map", "steps and borders"])
def test_what_arrives_through_a_pooling_stands_before_the_gate(name: str) -> None:
    """Between the call that sends errors back and δ there is a line with what has arrived, cell by cell."""
    network, x, y = example(name)
    found = formulas(worked_example(network, x, y, 0.3, digits=14))
    _, arrived, result = found[r"\delta^1"]
    half = len(arrived) // 2
    for come, gate, left in zip(arrived[:half], arrived[half:], result, strict=True):
        np.testing.assert_allclose(np.array(come) * np.array(gate), left, atol=1e-12)


def test_long_maps_and_many_maps_are_abbreviated_and_said_to_be() -> None:
    """Of more than six rows, columns or maps the first five and the last are shown, and the text says so."""
    layers = [conv(1, 8, 2, "tanh"), MaxPool2d(2), Flatten(), dense(8 * 4 * 4, 2)]
    network = Network(layers, input_shape=(1, 9, 9))
    told = worked_example(network, np.zeros((1, 9, 9)), [1, 0], 0.3)
    assert "Of more than 6 rows, columns or maps the first 5 and the last are shown." in told
    assert r", \cdots ," in told
    kernels = re.search(r"\$\$\nW\^1 = (.*?)\n\$\$", told)
    assert kernels is not None
    assert kernels[1].count("bmatrix") == 2 * 6
    few = worked_example(*example("one map")[:2], [1, 0], 0.3)
    assert "are shown." not in few


def test_words_say_how_far_apart_the_windows_are() -> None:
    """Stride and padding are said where they are not the plain ones."""
    plain = worked_example(*example("one map"), 0.3)
    assert "stride" not in plain
    assert "apart" in plain  # of the errors, as far apart as their windows
    assert "with stride 2 and padding 1" in worked_example(*example("steps and borders"), 0.3)
    assert "the mean of each window of 2 × 2, 1 apart" in worked_example(*example("steps and borders"), 0.3)
    assert "the largest number of each window of 2 × 2;" in plain


@pytest.mark.parametrize("blank", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_katex_and_the_terminal_can_show_it(name: str, blank: bool) -> None:
    """The strict renderer takes every formula, and the terminal leaves no LaTeX."""
    network, x, y = example(name)
    told = worked_example(network, x, y, 0.3, blank=blank)
    for display in re.findall(r"\$\$\n(.*?)\n\$\$", told, re.DOTALL):
        assert "katex" in RENDERER.render(display, display=True)
    for inline in re.findall(r"(?<!\$)\$([^$\n]+)\$(?!\$)", told):
        assert "katex" in RENDERER.render(inline, display=False)
    assert (BLANK in told) == blank
    assert "\\" not in text(worked_sections(network, x, y, 0.3, blank=blank))


def test_a_network_that_ends_in_maps_is_refused() -> None:
    network = Network([conv(1, 1, 2, "tanh")], input_shape=(1, 3, 3))
    with pytest.raises(ValueError, match="expected outputs in a column, as behind Flatten"):
        worked_example(network, np.ones((1, 3, 3)), np.ones((1, 2, 2)), 0.3)


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("name", NETWORKS)
def test_an_exercise_holds_no_result_and_its_solutions_hold_all(name: str) -> None:
    """With images too: before the solutions only what is given, after them the last line of every result."""
    network, x, y = example(name)
    full = formulas(worked_example(network, x, y, 0.3, digits=14))
    sheet, heading, solutions = worked_example(network, x, y, 0.3, digits=14, blank=True).partition("**Solutions: ")
    assert heading
    held = np.concatenate([array.ravel() for array in (x, y, *network.parameters.values())])
    given = {0.3, *(float(f"{abs(value):.14f}") for value in held)}
    assert {abs(float(decimal)) for decimal in re.findall(r"\d+\.\d{3,}", sheet)} <= given
    solved = formulas(solutions)
    of_given = {"x = a^0", "y", r"\eta", *(key for key in full if re.fullmatch(r"[Wb]\^\d", key))}
    assert set(solved) == set(full) - of_given
    for key, lines in solved.items():
        assert lines == [full[key][-1]], key


SYMBOLS = [
    r"z^1 &= W^1 \star a^0 + b^1 \\",
    r"a^2 = z^2 &= \operatorname{max}(a^1) \\",
    r"a^3 = z^3 &= \operatorname{flatten}(a^2) \\",
    r"z^4 &= W^4 a^3 + b^4 \\",
    r"a^4 &= \sigma(z^4) \\",
    r"\delta^4 &= \nabla_a C \odot \sigma'(z^4) \\",
    r"\delta^3 &= (W^4)^T \delta^4 \\",
    r"\delta^2 &= \operatorname{fold}(\delta^3) \\",
    r"\delta^1 &= \operatorname{route}(\delta^2) \odot \sigma'(z^1) \\",
    r"\frac{\partial C}{\partial W^4} &= \delta^4 (a^3)^T \\",
    r"\frac{\partial C}{\partial b^4} &= \delta^4 \\",
    r"\frac{\partial C}{\partial W^1} &= \delta^1 \star a^0 \\",
    r"\frac{\partial C}{\partial b^1} &= \sum \delta^1 \\",
    r"W^1 &\leftarrow W^1 - \eta\,\frac{\partial C}{\partial W^1} \\",
    r"b^4 &\leftarrow b^4 - \eta\,\frac{\partial C}{\partial b^4} \\",
]
COSTS = {
    "half_squared_error": (r"\frac{1}{2N} \left\lVert a^4 - y \right\rVert^2", r"\frac{1}{N} (a^4 - y)"),
    "squared_error": (r"\frac{1}{N} \left\lVert a^4 - y \right\rVert^2", r"\frac{2}{N} (a^4 - y)"),
    "mean_squared_error": (r"\frac{1}{nN} \left\lVert a^4 - y \right\rVert^2", r"\frac{2}{nN} (a^4 - y)"),
    "binary_cross_entropy": (
        r"- \frac{1}{N} \sum \left( y \odot \ln p + (1 - y) \odot \ln(1 - p) \right)",
        r"\frac{1}{N} (p - y)",
    ),
    "softmax_cross_entropy": (r"- \frac{1}{N} \sum \left( y \odot \ln p \right)", r"\frac{1}{N} (p - y)"),
}


@pytest.mark.parametrize("loss", COSTS)
def test_the_symbols_are_those_of_the_book(loss: str) -> None:
    """Signs, transposes and the numbers of layers stand where the four equations have them."""
    layers, shape, _ = NETWORKS["one map"]
    network = Network([*layers[:-1], Dense(4, 2, rng=np.random.default_rng(7))], loss, input_shape=shape)
    told = worked_example(network, np.ones(shape), [0.25, 0.75], 0.3)
    cost, gradient = COSTS[loss]
    for line in (*SYMBOLS, rf"C &= {cost} \\", rf"\nabla_a C &= {gradient} \\"):
        assert f"{line}\n" in told, line
