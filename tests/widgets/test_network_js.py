"""The page's network computes what the package's does: every number of random networks, and a sentence for what is none."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, Network, recorded_network
from backproplab.activations import ACTIVATIONS
from backproplab.initialization import INITIALIZATIONS
from backproplab.losses import LOSSES
from backproplab.widgets.traces import network_json, trace_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

    from backproplab.layers import Layer

    Draw = np.random.Generator

SOURCE = files("backproplab").joinpath("widgets/network.js").read_text("utf-8")
ADDRESS = "http://twin.invalid/"
TOLERANCE = 1e-9
"""The most by which two numbers may differ, relative to the larger of 1 and the package's."""

WHOLE = ("relu", "identity")
"""Activations that keep whole numbers whole, so that a tie in the package is one in the browser, whatever is added first."""

RUN = """
async (given) => {
  const { Network } = await import("/network.js");
  const results = JSON.parse(given).map(({ network, x, y, learning_rate }) => {
    try {
      const net = Network.from(network);
      const { steps, cost, gradients } = net.trace(x, y);
      const found = steps.map(({ z, a, grad_a, prime_z, delta, gradients }) => ({ z, a, grad_a, prime_z, delta, gradients }));
      const updated = net.stepped(gradients, learning_rate).parameters;
      return { cost, steps: found, input_gradient: net.input_gradient(steps), updated, prediction: net.predict(x) };
    } catch (error) {
      return { error: error.message };
    }
  });
  return JSON.stringify(results, (_, value) => (ArrayBuffer.isView(value) ? [[...value], value.shape] : value));
}
"""
"""What the browser makes of a list of traces; an array comes back as its numbers and its shape."""


def twin(browser: Browser, source: str = SOURCE) -> Page:
    """A page that can import the network from a source of our choice, and nothing else."""
    page = browser.new_page()

    def answer(route: Route) -> None:
        module = route.request.url.endswith("/network.js")
        kind = "text/javascript" if module else "text/html"
        route.fulfill(body=source if module else "<!DOCTYPE html>", content_type=f"{kind}; charset=utf-8")

    page.route("**/*", answer)
    page.goto(ADDRESS)
    return page


def whole(draw: Draw, shape: tuple[int, ...]) -> Any:
    return draw.integers(-1, 2, shape).astype(np.float64)


def parameters(draw: Draw, shape: tuple[int, ...], kind: str) -> tuple[Any, Any]:
    """Weights and biases: ordinary ones, ones so large that activations saturate, or whole numbers, which make ties."""
    if kind == "whole":
        return whole(draw, shape), whole(draw, shape[:1])
    scale = 100.0 if kind == "saturated" else 1.0
    return scale * draw.normal(size=shape) / np.sqrt(np.prod(shape[1:])), scale * draw.normal(size=shape[0]) / 2


def dense(draw: Draw, activation: str, loss: str, depth: int, kind: str) -> Network:
    sizes = draw.integers(1, 6, depth + 1)
    layers = []
    for l in range(1, depth + 1):
        own = "identity" if l == depth and "cross_entropy" in loss else activation
        layers.append(Dense.from_parameters(*parameters(draw, (sizes[l], sizes[l - 1]), kind), own))
    return Network(layers, loss)


def two(draw: Draw, least: int, most: tuple[int, int]) -> tuple[int, int]:
    down, across = (int(draw.integers(least, side + 1)) for side in most)
    return down, across


def convolutional(draw: Draw, activation: str, loss: str, pool: type[MaxPool2d | AvgPool2d], kind: str) -> Network:
    """Convolution, pooling, convolution and dense, with kernels, strides and paddings as they come."""
    shape: tuple[int, ...] = (int(draw.integers(1, 4)), *two(draw, 4, (9, 9)))
    start, layers = shape, []

    def add(layer: Layer) -> tuple[int, ...]:
        layers.append(layer)
        return layer.output_shape(shape)

    def convolution() -> Conv2d:
        kernel = two(draw, 1, (min(3, shape[1]), min(4, shape[2])))
        W, b = parameters(draw, (int(draw.integers(1, 4)), shape[0], *kernel), kind)
        stride, padding = two(draw, 1, (3, 3)), two(draw, 0, (kernel[0] - 1, kernel[1] - 1))
        return Conv2d.from_parameters(W, b, activation, stride=stride, padding=padding)

    shape = add(convolution())
    shape = add(pool(two(draw, 1, (min(3, shape[1]), min(3, shape[2]))), stride=two(draw, 1, (3, 3))))
    shape = add(convolution())
    shape = add(Flatten())
    last = "identity" if "cross_entropy" in loss else activation
    add(Dense.from_parameters(*parameters(draw, (int(draw.integers(1, 5)), shape[0]), kind), last))
    return Network(layers, loss, start)


def targets(draw: Draw, network: Network, number: int) -> Any:
    shape = (number, *network.output_shape)
    if network.loss.name == "softmax_cross_entropy":
        return draw.dirichlet(np.ones(shape[1]), number) if draw.random() < 0.5 else np.eye(shape[1])[[0] * number]
    return draw.random(shape) if network.loss.name == "binary_cross_entropy" else draw.normal(size=shape)


def networks(draw: Draw) -> Iterator[tuple[str, Network]]:
    """Every activation with every loss, at every depth and with both kinds of pooling, and numbers of all kinds."""
    for loss in LOSSES:
        for activation in ACTIVATIONS:
            kinds = ("ordinary", "saturated", "whole") if activation in WHOLE else ("ordinary", "saturated")
            for kind in kinds:
                for depth in (1, 2, 4):
                    yield kind, dense(draw, activation, loss, depth, kind)
                for pool in (MaxPool2d, AvgPool2d):
                    yield kind, convolutional(draw, activation, loss, pool, kind)


@pytest.fixture(scope="module")
def traces() -> list[dict[str, Any]]:
    """What the package computes of more than two hundred networks, each with one example or a few."""
    draw = np.random.default_rng(18)
    made = []
    for n, (kind, network) in enumerate(networks(draw)):
        number = 1 if n % 2 else int(draw.integers(2, 5))
        shape = (number, *network.input_shape)
        x = whole(draw, shape) if kind == "whole" else draw.normal(size=shape)
        made.append(trace_json(network, x, targets(draw, network, number), 0.1 + draw.random()))
    return made


def disagreements(expected: Any, got: Any, name: str) -> Iterator[tuple[float, str]]:
    """By how much each number of the package is missed, with the name of what it belongs to."""
    if isinstance(expected, dict):
        assert expected.keys() <= got.keys(), f"{name}: {sorted(got)}"
        for part in expected:
            yield from disagreements(expected[part], got[part], f"{name} {part}")
        return
    values = np.array(expected)
    numbers, shape = got if isinstance(got, list) else ([got], [])
    assert list(values.shape) == shape, f"{name}: expected {values.shape}, got {shape}"
    given = np.array(numbers, float).reshape(
        values.shape
    )  # what JSON cannot write, NaN, comes as None and is NaN again
    missed = np.abs(given - values) / np.maximum(1, np.abs(values))
    yield float(np.where(np.isnan(missed), np.inf, missed).max()), name


def worst(page: Page, traces: list[dict[str, Any]]) -> tuple[float, str]:
    """The largest disagreement between the package and a page, and where it is."""
    found = [(0.0, "nowhere")]
    for n, (trace, result) in enumerate(zip(traces, json.loads(page.evaluate(RUN, json.dumps(traces))), strict=True)):
        kinds = " ".join(layer["type"] for layer in trace["network"]["layers"])
        name = f"network {n} ({kinds}, {trace['network']['loss']})"
        if "error" in result:
            found.append((np.inf, f"{name}: {result['error']}"))
            continue
        for part in ("cost", "input_gradient", "updated"):
            found += disagreements(trace[part], result[part], f"{name}, {part}")
        for l, (step, other) in enumerate(zip(trace["steps"], result["steps"], strict=True), 1):
            found += disagreements(step, other, f"{name}, layer {l}")
    return max(found)


def test_every_number_is_the_packages(chromium: Browser, traces: list[dict[str, Any]]) -> None:
    """Cost, z, a, δ, every gradient and every updated weight of each network agree."""
    assert len(traces) >= 200
    most, where = worst(twin(chromium), traces)
    numbers = sum(len(json.dumps(trace["steps"]).split(",")) for trace in traces)
    said = f"{len(traces)} networks, {numbers} numbers: the worst disagreement is {most:.2g}, at {where}"
    print(said)
    assert most < TOLERANCE, said


PLANTS = {
    "W for its transpose": (
        "total += delta[j * N + n] * a_prev[k * N + n]",
        "total += delta[k * N + n] * a_prev[j * N + n]",
    ),
    "σ′ left out": ("each((g, p) => g * p, grad_a, prime_z)", "each((g) => g, grad_a)"),
    "σ′ of a in place of z": ("each(layer.activation.derivative, z)", "each(layer.activation.derivative, a)"),
    "a tie goes to the last": ("] > a_prev[place]) place", "] >= a_prev[place]) place"),
    "= for += in max-pooling": ("(grad_a[place] += delta[to])", "(grad_a[place] = delta[to])"),
    "= for += in average-pooling": ("grad_a[from + entry] +=", "grad_a[from + entry] ="),
    "= for += in convolution": ("grad_a[from + j * stride] += w", "grad_a[from + j * stride] = w"),
    "= for += in a shared weight": ("W[q] += total", "W[q] = total"),
    "the last example's bias": ("b[j] += delta", "b[j] = delta"),
    "no mean over the examples": ("(2 * factor(a) * (a_j - y_j)) / examples(a)", "2 * factor(a) * (a_j - y_j)"),
    "no mean in the cross-entropy": (": small)) / examples(z)", ": small))"),
    "no share in average-pooling": ("delta[to] / entries.length", "delta[to]"),
    "ReLU′(0) = 1": ("derivative: (z) => (z > 0 ? 1 : 0)", "derivative: (z) => (z >= 0 ? 1 : 0)"),
    "leaky ReLU′ of the wrong side": ("(z > 0 ? 1 : LEAK)", "(z < 0 ? 1 : LEAK)"),
    "a sigmoid that overflows": ("Math.exp(Math.min(z, 709))", "Math.exp(z)"),
    "a softmax that overflows": ("Math.exp(z_j - top));\n    const total", "Math.exp(z_j));\n    const total"),
    "a logarithm of nothing": ("Math.log1p(Math.exp(-Math.abs(z)))", "Math.log1p(Math.exp(-z))"),
    "padding on one side only": ("i * down + u - above", "i * down + u"),
    "padding of the other direction": ("Math.ceil((left - v) / across)", "Math.ceil((above - v) / across)"),
    "strides exchanged": (
        "const [down, across] = this.stride;\n    const [above",
        "const [across, down] = this.stride;\n    const [above",
    ),
    "uphill": ("w - eta * g", "w + eta * g"),
}
"""Mistakes that somebody could make in the module, and the place where each is planted."""


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_mistake_is_noticed(chromium: Browser, traces: list[dict[str, Any]], plant: str) -> None:
    """The comparison fails for each of the usual mistakes."""
    right, wrong = PLANTS[plant]
    assert SOURCE.count(right) == 1
    most, _ = worst(twin(chromium, SOURCE.replace(right, wrong)), traces)
    assert most > TOLERANCE


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_arrive_with_every_digit(chromium: Browser, dtype: str) -> None:
    """The network that comes with the package has in the browser the same parameters, to the last bit."""
    network = recorded_network().astype(dtype)
    read = """async (given) => {
      const { Network } = await import("/network.js");
      const { parameters } = Network.from(JSON.parse(given));
      return JSON.stringify(parameters, (_, value) => (ArrayBuffer.isView(value) ? [...value] : value));
    }"""
    arrived = json.loads(twin(chromium).evaluate(read, json.dumps(network_json(network))))
    assert arrived == {name: array.ravel().tolist() for name, array in network.parameters.items()}


SMALL: dict[str, Any] = {
    "input_shape": [2],
    "loss": "half_squared_error",
    "layers": [
        {"type": "Dense", "activation": "sigmoid", "W": [[0.5, -1.0], [1.0, 2.0], [0.0, 1.0]], "b": [0.0, 0.1, 0.2]},
        {"type": "Dense", "activation": "identity", "W": [[1.0, -1.0, 0.5]], "b": [[0.3]]},
    ],
}
IMAGES: dict[str, Any] = {
    "input_shape": [1, 3, 3],
    "loss": "softmax_cross_entropy",
    "layers": [
        {"type": "Conv2d", "W": [[[[1.0, 2.0]]], [[[0.0, 1.0]]]], "b": [0.0, 0.0], "stride": [1, 1], "padding": [0, 0]},
        {"type": "MaxPool2d", "window": [2, 2], "stride": [1, 1]},
        {"type": "Flatten"},
    ],
}

SENTENCES = {
    "net.forward([0.5, NaN])": "x, neuron 2, is not a finite number: NaN",
    "net.forward([[1, 2], [Infinity, 0]])": "x, neuron 1, example 2, is not a finite number: Infinity",
    "net.forward([0.5, null])": "x, neuron 2, is not a finite number: NaN",
    "net.forward([0.5, '1'])": "x, neuron 2, is not a finite number: NaN",
    "net.forward([0.5])": "x: expected one example of shape (2,) or a list of them, got (1,)",
    "net.forward([[0.5, 1], [1]])": "x: expected rows of one length",
    "net.forward([])": "x: expected one example of shape (2,) or a list of them, got (0,)",
    "net.forward(undefined)": "x: expected one example of shape (2,) or a list of them, got ()",
    "net.forward(net.parameters.W2)": "x: expected one example of shape (2,) or a list of them, got (1, 3)",
    "net.forward([1e308, -1e308])": "z of layer 1, neuron 2, is not a finite number: -Infinity",
    "net.with_parameters({ b2: [1e300] }).trace([0, 0], [0])": "The cost is not a finite number: Infinity",
    "net.trace([0, 0], [1e300])": "The cost is not a finite number: Infinity",
    "net.trace([0, 0], [-Infinity])": "y, neuron 1, is not a finite number: -Infinity",
    "net.trace([0, 0], [1, 2])": "y: expected one example of shape (1,) or a list of them, got (2,)",
    "net.trace([0, 0], [[1], [2]])": "y: expected a target for each of 1 examples, got 2",
    "net.backward(net.forward([0, 0]), [1, 2])": "grad_a: expected shape (1, 1), got (2,)",
    "net.backward(net.forward([0, 0]), [NaN])": "grad_a, neuron 1, is not a finite number: NaN",
    "net.backward(net.forward([1e300, 0]), [1e300])": "gradient of W1, row 3, column 1, is not a finite number: Infinity",
    "(steep => steep.backward(steep.forward([0, 0]), [1e200]))(net.with_parameters({ W2: [1e200, 0, 0] }))": (
        "delta of layer 1, neuron 1, is not a finite number: Infinity"
    ),
    "net.with_parameters({ W1: [[1, NaN], [0, 0], [0, 0]] })": "W1, row 1, column 2, is not a finite number: NaN",
    "net.with_parameters({ b1: [0, 0, Infinity] })": "b1, neuron 3, is not a finite number: Infinity",
    "net.with_parameters({ W1: [[1, 2]] })": "W1: expected shape (3, 2), got (1, 2)",
    "net.with_parameters({ W3: [1] })": "parameter: expected one of W1, b1, W2, b2, got W3",
    "net.stepped(net.trace([0, 0], [1]).gradients, NaN)": "The learning rate is not a finite number: NaN",
    "net.stepped({ W2: [-1e300, 0, 0] }, 1e10)": "W2, row 1, column 1, is not a finite number: Infinity",
    "net.stepped({ W2: [1, 0] }, 1)": "gradient of W2: expected shape (1, 3), got (2,)",
    "net.stepped({ V2: [1, 0] }, 1)": "gradients: expected one of W1, b1, W2, b2, got V2",
    "Network.from({ ...given, layers: [...given.layers].reverse() })": (
        "Dense(3, 1, identity): expected an input of shape (3,), got (2,)"
    ),
    "Network.from({ ...given, loss: 'error' })": (
        "loss: expected one of half_squared_error, squared_error, mean_squared_error, binary_cross_entropy, "
        "softmax_cross_entropy, got error"
    ),
    "new Dense({ W: [[1, 2]], b: [0], activation: 'toString' })": (
        "activation: expected one of sigmoid, tanh, relu, leaky_relu, identity, got toString"
    ),
    "new Dense({ W: [1, 2], b: [0] })": "W: expected numbers for each row, column, got (2,)",
    "new Dense({ W: [[1, 2]], b: [0, 0] })": "b: expected shape (1, 1), got (2,)",
    "new Dense({ W: [[1, 2], [3]], b: [0, 0] })": "W: expected rows of one length",
    "Network.from({ ...pictures, input_shape: [2, 3, 3] })": (
        "Conv2d(1, 2, 1 × 2, identity, stride 1,1, padding 0,0): expected an input of shape "
        "(1, height, width), no smaller than the kernel, got (2, 3, 3)"
    ),
    "Network.from({ ...pictures, input_shape: [1, 1, 3] })": (
        "MaxPool2d(2 × 2, stride 1,1): expected an input of shape "
        "(channels, height, width), no smaller than the window, got (2, 1, 2)"
    ),
    "images.forward([1, 2, 3])": "x: expected one example of shape (1, 3, 3) or a list of them, got (3,)",
    "images.forward([[[0, 0, 0], [0, NaN, 0], [0, 0, 0]]])": (
        "x, channel 1, row 2, column 2, is not a finite number: NaN"
    ),
    "images.trace(Array(9).fill(0), [1, 0, 0, 0.5])": "y: expected targets that add up to 1, got a sum of 1.5",
    "images.trace(Array(9).fill(0), [2, -1, 0, 0])": "y: expected targets from 0 to 1, got 2",
}


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    """A page that has the module, a dense network `net` and one for images, and what they were made from."""
    page = twin(chromium)
    page.evaluate(
        """async ([given, pictures]) => {
          Object.assign(window, await import("/network.js"), { given, pictures });
          Object.assign(window, { net: Network.from(given), images: Network.from(pictures) });
        }""",
        [SMALL, IMAGES],
    )
    return page


@pytest.mark.parametrize("asked", SENTENCES)
def test_what_is_no_number_or_does_not_fit_is_said(page: Page, asked: str) -> None:
    """A sentence names the quantity, the place and what was given; it comes as NotFinite if a number is none."""
    told = page.evaluate(f"() => {{ try {{ {asked}; return null }} catch (e) {{ return [e.name, e.message] }} }}")
    sentence = SENTENCES[asked]
    assert told == ["NotFinite" if "is not a finite number" in sentence else "RangeError", sentence]


def test_nothing_that_was_made_changes(page: Page) -> None:
    """A step makes a new network; the old one, its layers and what it computed stay, and cannot be replaced."""
    assert page.evaluate(
        """() => {
          "use strict";
          const seen = JSON.stringify(net);
          const trace = net.trace([0.5, -1], [1]);
          const kept = JSON.stringify(trace);
          const next = net.stepped(trace.gradients, 0.5);
          next.trace([0.5, -1], [1]);
          const frozen = [net, net.layers, ...net.layers, net.layers[0].parameters, net.parameters, trace, ...trace.steps,
            trace.gradients, trace.steps[0].gradients, net.loss, ACTIVATIONS, ACTIVATIONS.sigmoid, ...images.layers];
          return [
            JSON.stringify(net) === seen && JSON.stringify(trace) === kept && JSON.stringify(next) !== seen,
            next.cost([0.5, -1], [1]) < trace.cost,
            frozen.map(Object.isFrozen),
          ];
        }"""
    ) == [True, True, [True] * 17]


def test_one_weight_is_edited_and_the_rest_stays(page: Page) -> None:
    """Other values for a parameter, in its shape or in one row, make a network that shares its other layers."""
    assert page.evaluate(
        """() => {
          const edited = net.with_parameters({ W1: net.parameters.W1.with(2, 7) });
          const again = edited.with_parameters({ W1: [[0.5, -1], [1, 2], [0, 1]], b2: [[0.3]] });
          return [
            [...edited.parameters.W1], edited.parameters.W1.shape, edited.layers[1] === net.layers[1],
            JSON.stringify(again) === JSON.stringify(net), edited.layers[0].activation === net.layers[0].activation,
          ];
        }"""
    ) == [[0.5, -1, 7, 2, 0, 1], [3, 2], True, True, True]


def test_one_example_may_be_given_in_every_form(page: Page) -> None:
    """Rows, columns, one flat row or a typed array: the activations are the same."""
    assert (
        page.evaluate(
            """() => {
          const last = (x) => [...images.forward(x).at(-1).a];
          const flat = [1, 2, 3, 4, 5, 6, 7, 8, 9];
          const image = [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]];
          const forms = [flat, image, [image], Float64Array.from(flat), Float32Array.from(flat), numbers([1, 3, 3, 1], flat)];
          return new Set(forms.map((x) => String(last(x)))).size;
        }"""
        )
        == 1
    )


def test_the_winners_of_a_pool_are_the_first_of_the_largest(page: Page) -> None:
    """Each window's winner is given by its place; of equal ones it is the first, row by row from the left."""
    assert page.evaluate(
        """() => {
          const winners = new MaxPool2d({ window: [2, 2], stride: [1, 1] }).winners(numbers([1, 3, 3, 1], [0, 1, 1, 1, 0, 0, 2, 0, 0]));
          return [[...winners], winners.shape];
        }"""
    ) == [[1, 1, 6, 4], [1, 2, 2, 1]]


def test_first_weights_are_spread_as_the_packages(page: Page) -> None:
    """Every initialisation gives the same standard deviation, whatever the layer and its activation."""
    spread = """() => Object.entries(INITIALIZATIONS).map(([rule, deviation]) =>
      Object.values(ACTIVATIONS).map((activation) => [rule, activation.name, deviation(3, 7, activation)])).flat()"""
    assert page.evaluate(spread) == [
        [rule.name, activation.name, pytest.approx(rule.deviation(3, 7, activation.gain), rel=1e-15)]
        for rule in INITIALIZATIONS.values()
        for activation in ACTIVATIONS.values()
    ]


def test_the_module_imports_nothing() -> None:
    """It stands alone, so that a page of any kind can carry it."""
    assert "import" not in SOURCE
