"""Networks carried over to PyTorch and back: the same numbers there, the same bits afterwards, and what is refused."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backproplab import (
    ACTIVATIONS,
    LOSSES,
    Activation,
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Network,
    from_torch,
    identity,
    relu,
    tanh,
    to_torch,
)
from backproplab.loading import LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.checks import Array
    from backproplab.layers import Layer

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true",
    reason="PyTorch is not installed: pip install torch (CI=true requires it)",
)
activations = st.sampled_from(sorted(ACTIVATIONS))
TOLERANCE = {"float64": 1e-11, "float32": 2e-4}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@st.composite
def images(draw: Any, rng: np.random.Generator, dtype: str) -> tuple[list[Layer], tuple[int, ...]]:
    """Up to four random layers on images, and the shape of an image that they fit."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(3, 9)), draw(st.integers(3, 9)))
    layers: list[Layer] = []
    for _ in range(draw(st.integers(0, 4))):
        before = shape if not layers else Network(layers, input_shape=shape).output_shape
        window = (draw(st.integers(1, min(3, before[1]))), draw(st.integers(1, min(3, before[2]))))
        stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        kind = draw(st.sampled_from([Conv2d, MaxPool2d, AvgPool2d]))
        if kind is Conv2d:
            padding = draw(st.tuples(*(st.integers(0, size - 1) for size in window)))
            maps, activation = draw(st.integers(1, 3)), draw(activations)
            options = {"stride": stride, "padding": padding, "rng": rng, "dtype": dtype}
            layers.append(Conv2d(before[0], maps, window, activation, **options))
        else:
            layers.append(kind(window, stride=stride))
    return [*layers, Flatten()], shape


@st.composite
def networks(draw: Any) -> Network:
    """A random network of any of the package's layers, activations and losses, every number of it random."""
    rng, dtype = np.random.default_rng(draw(st.integers(0, 2**32))), draw(st.sampled_from(sorted(TOLERANCE)))
    layers, shape = draw(images(rng, dtype)) if draw(st.booleans()) else ([], (draw(st.integers(1, 6)),))
    size = Network(layers, input_shape=shape).output_shape[0] if layers else shape[0]
    for _ in range(draw(st.integers(1, 3))):
        layers.append(Dense(size, draw(st.integers(1, 5)), draw(activations), rng=rng, dtype=dtype))
        size = layers[-1].parameters["W"].shape[0]
    loss = LOSSES[draw(st.sampled_from(sorted(LOSSES)))]
    if loss.prediction is not identity:
        layers[-1].activation = identity
    network = Network(layers, loss, shape)
    for array in network.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    return network


def loss_there(name: str, out: Any, y: Any) -> Any:
    """The loss in PyTorch, as the table of `to_torch` has it."""
    from torch import nn

    N = len(out)
    return {
        "half_squared_error": lambda: nn.MSELoss(reduction="sum")(out, y) / (2 * N),
        "squared_error": lambda: nn.MSELoss(reduction="sum")(out, y) / N,
        "mean_squared_error": lambda: nn.MSELoss()(out, y),
        "binary_cross_entropy": lambda: nn.BCEWithLogitsLoss(reduction="sum")(out, y) / N,
        "softmax_cross_entropy": lambda: nn.CrossEntropyLoss()(out, y),
    }[name]()


def assert_close(here: Array, there: Any) -> None:
    """Compare type, shape and, relative to the largest number, every number."""
    expected = there.detach().numpy()
    assert here.dtype == expected.dtype
    tolerance = TOLERANCE[here.dtype.name] * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(here.reshape(expected.shape), expected, rtol=0, atol=tolerance)


def assert_same(one: Network, other: Network) -> None:
    """Compare two networks bit by bit."""
    assert (one.architecture, one.dtype) == (other.architecture, other.dtype)
    for name, array in one.parameters.items():
        assert array.dtype == other.parameters[name].dtype
        np.testing.assert_array_equal(array, other.parameters[name])
        assert not np.shares_memory(array, other.parameters[name])


@needs_torch
@settings(max_examples=120)
@given(networks(), st.integers(1, 5), st.integers(0, 2**32))
def test_a_carried_network_computes_the_same(network: Network, N: int, seed: int) -> None:
    """Outputs, cost, and the gradients in every parameter and in the inputs agree, whatever the layers and the loss."""
    import torch

    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, *network.input_shape)).astype(network.dtype)
    y = rng.uniform(0.1, 1, (N, *network.output_shape)).astype(network.dtype)
    if network.loss.name == "softmax_cross_entropy":
        y /= y.sum(axis=1, keepdims=True)
    trace = network.trace(x, y)

    module, x_there = to_torch(network), torch.tensor(x, requires_grad=True)
    out = module(x_there)
    cost = loss_there(network.loss.name, out, torch.tensor(y))
    cost.backward()
    assert_close(trace.steps[-1].a.T, out)
    assert_close(np.array(trace.cost, network.dtype), cost)
    assert_close(np.moveaxis(trace.grad_x, -1, 0), x_there.grad)
    for (name, gradient), parameter in zip(trace.gradients.items(), module.parameters(), strict=True):
        assert parameter.is_leaf, name
        assert_close(gradient, parameter.grad)


@needs_torch
@settings(max_examples=120)
@given(networks())
def test_the_way_there_and_back_changes_no_bit(network: Network) -> None:
    """Layers, options, precision and every bit of every parameter come back, and again from a second way."""
    once = from_torch(to_torch(network), network.loss, network.input_shape)
    assert_same(once, network)
    assert_same(from_torch(to_torch(once), once.loss, once.input_shape), network)


def test_every_layer_is_drawn() -> None:
    """The random networks above are made of every layer that a saved network may have."""
    assert {Conv2d, MaxPool2d, AvgPool2d, Flatten, Dense} == set(LAYERS.values())


@needs_torch
def test_what_is_carried_is_copied_and_nothing_is_drawn() -> None:
    """A change here does not reach there, nor the other way round, and PyTorch's generator is left alone."""
    import torch

    network = Network([Dense(3, 2, "tanh", rng=rng()), Dense(2, 1, rng=rng())])
    state = torch.random.get_rng_state()
    module = to_torch(network)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(parameter.requires_grad for parameter in module.parameters())
    before, back = network.layers[0].parameters["W"].copy(), from_torch(module)
    with torch.no_grad():
        module[0].weight.fill_(7)
    np.testing.assert_array_equal(network.layers[0].parameters["W"], before)
    np.testing.assert_array_equal(back.layers[0].parameters["W"], before)
    network.layers[1].parameters["b"].fill(5)
    assert module[2].bias.item() == 0


@needs_torch
@pytest.mark.parametrize("order", ["C", "F", "reversed", "read-only"])
def test_arrays_may_lie_in_memory_as_they_like(order: str) -> None:
    """Transposed, reversed and read-only arrays are carried as what they hold, without a warning."""
    layer = Dense(3, 2, rng=rng())
    W = layer.W.copy()
    layer.W = W[::-1, ::-1] if order == "reversed" else np.array(W, order="F" if order == "F" else "C")
    layer.W.flags.writeable = order != "read-only"
    np.testing.assert_array_equal(to_torch(Network([layer]))[0].weight.detach().numpy(), layer.W)


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_module_of_ones_own_comes_over(dtype: str) -> None:
    """Nested and repeated modules, options by name, "same" padding and a pass without a layer are read as PyTorch does."""
    import torch
    from torch import nn

    again = nn.LeakyReLU()
    module = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 4, (3, 5), padding="same"), nn.Identity(), again, nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(4, 3, 3, stride=(1, 2), padding=(2, 1)), again, nn.AvgPool2d((1, 2), stride=1)),
        nn.Sequential(nn.Conv2d(3, 2, 2, padding="valid"), nn.ReLU(inplace=True), nn.Identity(), nn.Flatten()),
        nn.Linear(10, 7), nn.Sigmoid(), nn.Linear(7, 4),
    ).to(getattr(torch, dtype))  # fmt: skip
    network = from_torch(module, "softmax_cross_entropy", (1, 8, 10))
    assert network.architecture == [
        "input shape (1, 8, 10)",
        "layer 1 Conv2d(1, 4, (3, 5), leaky_relu, stride=1, padding=(1, 2))",
        "layer 2 MaxPool2d(2, stride=2)",
        "layer 3 Conv2d(4, 3, 3, leaky_relu, stride=(1, 2), padding=(2, 1))",
        "layer 4 AvgPool2d((1, 2), stride=1)",
        "layer 5 Conv2d(3, 2, 2, relu, stride=1, padding=0)",
        "layer 6 Flatten()",
        "layer 7 Dense(10, 7, sigmoid)",
        "layer 8 Dense(7, 4, identity)",
        "loss softmax_cross_entropy",
    ]
    assert network.dtype == dtype
    x, labels = rng().standard_normal((6, 1, 8, 10)).astype(dtype), np.array([0, 1, 2, 3, 0, 1])
    trace, logits = network.trace(x, labels), module(torch.tensor(x))
    nn.CrossEntropyLoss()(logits, torch.tensor(labels)).backward()
    assert_close(trace.steps[-1].a.T, logits)
    for gradient, parameter in zip(trace.gradients.values(), module.parameters(), strict=True):
        assert_close(gradient, parameter.grad)


@needs_torch
def test_a_single_layer_is_a_network_too() -> None:
    """A Linear alone is a network of one layer, in rows there and here."""
    import torch

    linear = torch.nn.Linear(3, 2)
    x = rng().standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_allclose(from_torch(linear).predict(x), linear(torch.tensor(x)).detach(), rtol=1e-5)


def tied(nn: Any) -> Any:
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second)


def broken(nn: Any) -> Any:
    module = nn.Linear(2, 2)
    module.bias.data[1] = float("nan")
    return module


def own(nn: Any) -> Any:
    class Skip(nn.Sequential):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return x + super().forward(x)

    return Skip(nn.Linear(2, 2))


def namesake(nn: Any) -> Any:
    class Linear(nn.Linear):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return -super().forward(x)

    return Linear(2, 2)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "softmax": (
        lambda nn: nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=1)),
        r"module\[1\]: expected one of Linear, .* got Softmax\(dim=1\): leave it out: the softmax is inside softmax_",
    ),
    "log-softmax": (lambda nn: nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(1)), r"module\[1\].*: leave it out: with"),
    "dropout": (
        lambda nn: nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.Dropout(0.5))),
        r"module\[1\]\[1\]: expected one of .* got Dropout.*: the package has no such layer",
    ),
    "batch norm": (lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), r"module\[1\]: .*BatchNorm2d"),
    "a forward of its own": (own, r"module: expected one of Linear, .* got Skip\("),
    "a namesake": (namesake, r"module: expected one of Linear, .* got Linear\(in_features=2"),
    "lazy": (lambda nn: nn.LazyLinear(3), r"module: expected one of .* got LazyLinear"),
    "groups": (lambda nn: nn.Conv2d(2, 2, 3, groups=2), r"module: expected groups=1, .* with groups=2"),
    "dilation": (lambda nn: nn.Conv2d(2, 2, 3, dilation=(1, 2)), r"module: expected dilation=\(1, 1\), .*\(1, 2\)"),
    "padding mode": (
        lambda nn: nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
        r"module: expected padding_mode='zeros', .* with padding_mode='reflect'",
    ),
    "even same": (lambda nn: nn.Conv2d(2, 2, 2, padding="same"), r"module, padding: expected an odd kernel .*\(2, 2\)"),
    "wide padding": (lambda nn: nn.Conv2d(2, 2, 2, padding=2), r"module, padding: expected less than the kernel, 2, "),
    "padded pool": (lambda nn: nn.MaxPool2d(2, padding=1), r"module: expected padding=0, .* with padding=1"),
    "dilated pool": (lambda nn: nn.MaxPool2d(2, dilation=(1, 2)), r"module: expected dilation=1, .*=\(1, 2\)"),
    "indices": (lambda nn: nn.MaxPool2d(2, return_indices=True), r"module: expected return_indices=False"),
    "ceil mode": (lambda nn: nn.AvgPool2d(2, ceil_mode=True), r"module: expected ceil_mode=False, .* ceil_mode=True"),
    "divisor": (lambda nn: nn.AvgPool2d(2, divisor_override=3), r"module: expected divisor_override=None, .*=3"),
    "flatten from 0": (lambda nn: nn.Flatten(0), r"module: expected start_dim=1, .* with start_dim=0"),
    "another leak": (
        lambda nn: nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.2)),
        r"module\[1\]: expected negative_slope=0.01, got LeakyReLU\(negative_slope=0.2\) with negative_slope=0.2",
    ),
    "no bias": (
        lambda nn: nn.Linear(2, 2, bias=False),
        r"module, parameters: expected weight and bias, got weight in ",
    ),
    "tied": (tied, r"module\[2\]: expected parameters of its own, got some that an earlier module has, too"),
    "twice": (lambda nn: nn.Sequential(*[nn.Linear(2, 2)] * 2), r"module\[1\]: expected parameters of its own"),
    "half precision": (lambda nn: nn.Linear(2, 2).half(), r"module, weight: expected float32 or float64, got torch\."),
    "two precisions": (
        lambda nn: nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double()),
        "layers: expected one dtype for all parameters",
    ),
    "not finite": (broken, r"module, b: expected finite numbers, got nan at index \(1,\) in Linear"),
    "activation first": (
        lambda nn: nn.Sequential(nn.ReLU(), nn.Linear(2, 2)),
        r"module\[0\]: expected an activation right after Linear or Conv2d, got ReLU\(\) here",
    ),
    "activation after a pool": (
        lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.ReLU()),
        r"module\[2\]: expected an activation right after Linear or Conv2d",
    ),
    "two activations": (
        lambda nn: nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Tanh()),
        r"module\[2\]: expected an act",
    ),
    "nothing": (lambda nn: nn.Sequential(), "layers: expected at least one layer, got none"),
    "sizes": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 1)),
        r"layer 2, Dense\(2, 1, identity\): expected an input of shape \(2,\), got \(3,\)",
    ),
    "images without a shape": (lambda nn: nn.Conv2d(1, 2, 3), "input_shape: expected the shape of one example"),
}


@needs_torch
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_carried_is_named(name: str) -> None:
    """Whatever would compute something else here is refused, with the Python that leads to it and what was expected."""
    from torch import nn

    make, message = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=rf"^{message}"):
        from_torch(make(nn))


@needs_torch
def test_logits_keep_their_loss() -> None:
    """A module that ends in a Sigmoid does not fit a loss that applies one itself."""
    from torch import nn

    with pytest.raises(ValueError, match="expected the identity at the end, because binary_cross_entropy"):
        from_torch(nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), "binary_cross_entropy")


class Doubled(Dense):
    """A layer of a reader's own."""


@needs_torch
def test_parts_of_ones_own_are_not_carried() -> None:
    """PyTorch has no twin of a layer or an activation of your own, be it called as one of the package's or not."""
    other = Activation("relu", relu.function, tanh.derivative)
    with pytest.raises(TypeError, match=r"^network: expected layers of the package, got Dense\(2, 1.* as layer 2$"):
        to_torch(Network([Dense(2, 2, rng=rng()), Doubled(2, 1, rng=rng())]))
    with pytest.raises(TypeError, match=r"^network: expected activations of the package, got relu in layer 1$"):
        to_torch(Network([Dense(2, 2, other, rng=rng())]))
    broken = Network([Dense(2, 2, rng=rng())])
    broken.parameters["W1"][0, 1] = np.inf
    with pytest.raises(ValueError, match=r"^W1: expected finite numbers, got inf at index \(0, 1\)$"):
        to_torch(broken)


def test_without_pytorch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both directions say what is missing; a network that is none is refused even so."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"^network: expected PyTorch to be installed: pip install torch$"):
        to_torch(Network([Dense(2, 2, rng=rng())]))
    with pytest.raises(ImportError, match=r"^module: expected PyTorch to be installed: pip install torch$"):
        from_torch(None)
    with pytest.raises(TypeError, match=r"^network: expected a Network, got None$"):
        to_torch(None)  # type: ignore[arg-type]


def test_pytorch_is_imported_only_when_called() -> None:
    """The functions can be imported, and everything else used, without PyTorch being loaded."""
    code = "import sys; from backproplab import from_torch, to_torch; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
