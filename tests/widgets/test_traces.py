"""What is written for the page is what the package computed, to the last digit, and only of what the page can compute."""

from __future__ import annotations

import json

import numpy as np
import pytest

from backproplab import SGD, Activation, Conv2d, Dense, Flatten, MaxPool2d, Network
from backproplab.widgets.traces import network_json, trace_json


def network() -> Network:
    draw = np.random.default_rng(3)
    layers = [Conv2d(1, 2, 2, "tanh", rng=draw), MaxPool2d(2, stride=1), Flatten(), Dense(18, 3, rng=draw)]
    return Network(layers, "softmax_cross_entropy", (1, 5, 5))


def test_a_trace_holds_what_the_package_computed() -> None:
    """Every array of the trace, the update by gradient descent, and the network as it was, come back from JSON unchanged."""
    net, draw = network(), np.random.default_rng(4)
    x, y = draw.random((2, 1, 5, 5)), np.eye(3)[[2, 0]]
    before = {name: array.copy() for name, array in net.parameters.items()}
    read = json.loads(json.dumps(trace_json(net, x, y, 0.3)))
    trace = net.trace(x, y)
    assert (read["cost"], read["learning_rate"]) == (trace.cost, 0.3)
    np.testing.assert_array_equal(read["x"], x)
    np.testing.assert_array_equal(read["y"], y)
    np.testing.assert_array_equal(read["input_gradient"], trace.grad_x)
    for step, written in zip(trace.steps, read["steps"], strict=True):
        for name in ("z", "a", "prime_z", "delta"):
            np.testing.assert_array_equal(written[name], getattr(step, name))
        np.testing.assert_allclose(np.array(written["grad_a"]) * step.prime_z, step.delta, rtol=1e-15)
        assert written["gradients"].keys() == step.grads.keys()
        for name, grad in step.grads.items():
            np.testing.assert_array_equal(written["gradients"][name], grad)
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(array, before[name])
        layer = read["network"]["layers"][int(name[1:]) - 1]
        np.testing.assert_array_equal(layer[name[0]], array)
    SGD(0.3).step([*net.parameters.values()], [*trace.gradients.values()])
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(read["updated"][name], array)


def test_a_network_is_described_by_its_layers() -> None:
    """Each layer has its type, its activation and its geometry, and the network its loss and the shape of an example."""
    written = network_json(network())
    assert (written["input_shape"], written["loss"]) == ([1, 5, 5], "softmax_cross_entropy")
    bare = [{name: value for name, value in layer.items() if name not in "Wb"} for layer in written["layers"]]
    assert bare == [
        {"type": "Conv2d", "activation": "tanh", "stride": [1, 1], "padding": [0, 0]},
        {"type": "MaxPool2d", "activation": "identity", "window": [2, 2], "stride": [1, 1]},
        {"type": "Flatten", "activation": "identity"},
        {"type": "Dense", "activation": "identity"},
    ]


def test_only_the_packages_own_parts_are_written() -> None:
    """An activation of one's own, even under a name of the package, is refused, and so is a weight that is no number."""
    bent = Network([Dense(2, 2, Activation("relu", np.sin, np.cos), rng=np.random.default_rng(0))])
    with pytest.raises(ValueError, match=r"^network: expected layers and activations of the package's own, got Dense"):
        network_json(bent)
    broken = network()
    broken.parameters["W4"][0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^W4: expected finite numbers, got nan"):
        network_json(broken)
