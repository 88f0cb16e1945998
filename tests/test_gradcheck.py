"""The gradient checker: it finds every layer right, planted errors wrong, and knows a kink when it stands on one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backproplab import (
    ACTIVATIONS,
    LOSSES,
    SGD,
    Activation,
    Dense,
    Network,
    check_gradients,
    digits,
    fit,
    identity,
    sigmoid,
)

deterministic = settings(max_examples=12)

Arrays = dict[str, np.ndarray]


def targets(loss: str, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    y = rng.uniform(0.05, 1, shape)
    return y / y.sum(axis=1, keepdims=True) if loss == "softmax_cross_entropy" else y


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@deterministic
@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4), examples=st.integers(1, 4), seed=st.integers(0, 2**32)
)
def test_every_activation_under_every_loss(
    activation: str, loss: str, sizes: list[int], examples: int, seed: int
) -> None:
    """Networks of random shape have, with every activation under every loss, the slopes that can be measured."""
    rng = np.random.default_rng(seed)
    layers = [Dense(n, m, activation, rng=rng) for n, m in pairwise(sizes)]
    if LOSSES[loss].prediction is not identity:
        layers[-1].activation = identity
    network = Network(layers, loss)
    for array in network.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    x = rng.standard_normal((examples, sizes[0]))
    report = check_gradients(network, x, targets(loss, rng, (examples, sizes[-1])))
    assert report.verdict == "right", report


def gradient_of_product(p: Arrays) -> Arrays:
    return {"u": p["v"], "v": p["u"]}


def product(p: Arrays) -> float:
    return float(p["u"] @ p["v"])


def norm_of_relu(p: Arrays) -> float:
    return float(np.maximum(p["x"], 0).sum())


def largest(p: Arrays) -> float:
    return float(p["x"].max())


CLAIMS = [
    # what it is, cost, parameters, claimed gradients, verdict
    ("reader's own code", product, {"u": [1.0, 2.0], "v": [3.0, -1.0]}, {"u": [3, -1], "v": [1, 2]}, "right"),
    ("one of two wrong", product, {"u": [1.0, 2.0], "v": [3.0, -1.0]}, {"u": [3, -1], "v": [1, 1]}, "wrong"),
    ("a number", lambda p: p["x"] ** 2, {"x": 5.0}, {"x": 10.0}, "right"),
    ("an array of one number", lambda p: p["x"] ** 2, {"x": [5.0]}, {"x": [10.0]}, "right"),
    ("a factor of two", lambda p: p["x"] ** 2, {"x": 5.0}, {"x": 5.0}, "wrong"),
    ("one part in a hundred thousand", lambda p: p["x"] ** 2, {"x": 5.0}, {"x": 10.0001}, "wrong"),
    ("a constant cost", lambda p: 0 * p["x"] + 3, {"x": 5.0}, {"x": 0.0}, "right"),
    ("an error where the slope is zero", lambda p: p["x"] ** 2, {"x": 0.0}, {"x": 1e-3}, "wrong"),
    ("far from the origin", lambda p: np.sqrt(p["x"]), {"x": 1e6}, {"x": 5e-4}, "right"),
    ("a fast wave", lambda p: np.sin(1e5 * p["x"]), {"x": 0.0}, {"x": 1e5}, "right"),
    ("a kink, slope of the left side", norm_of_relu, {"x": [0.0, 1.0]}, {"x": [0, 1]}, "kink"),
    ("a kink, slope of the right side", norm_of_relu, {"x": [0.0, 1.0]}, {"x": [1, 1]}, "kink"),
    ("a kink, slope above both sides", norm_of_relu, {"x": [0.0, 1.0]}, {"x": [1.1, 1]}, "wrong"),
    ("a kink, slope below both sides", norm_of_relu, {"x": [0.0, 1.0]}, {"x": [-1, 1]}, "wrong"),
    ("a kink, and another entry wrong", norm_of_relu, {"x": [0.0, 1.0]}, {"x": [0, 2]}, "wrong"),
    ("a tie of maxima, the first taken", largest, {"x": [2.0, 2.0, 1.0]}, {"x": [1, 0, 0]}, "kink"),
    ("a tie of maxima, wrong elsewhere", largest, {"x": [2.0, 2.0, 1.0]}, {"x": [1, 0, 1]}, "wrong"),
    ("a tie of maxima, out of range", largest, {"x": [2.0, 2.0, 1.0]}, {"x": [2, 0, 0]}, "wrong"),
    ("a kink near by", norm_of_relu, {"x": [1e-5, -1e-6, 2e-7]}, {"x": [1, 0, 1]}, "right"),
    ("a kink near by, and wrong", norm_of_relu, {"x": [1e-5, -1e-6, 2e-7]}, {"x": [1, 0, 0]}, "wrong"),
    ("a tiny slope under a large cost", lambda p: 1 + 1e-9 * p["x"], {"x": 1.0}, {"x": 1e-9}, "right"),
    ("a tiny slope with the wrong sign", lambda p: 1 + 1e-9 * p["x"], {"x": 1.0}, {"x": -1e-9}, "wrong"),
]


@pytest.mark.parametrize(
    ("cost", "parameters", "gradients", "verdict"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS]
)
def test_verdicts(cost, parameters, gradients, verdict) -> None:  # type: ignore[no-untyped-def]
    """Right claims are right, wrong ones wrong; on a kink, a claim between the two one-sided slopes is a kink."""
    assert check_gradients(cost, parameters, gradients).verdict == verdict


def test_a_relu_at_zero_is_a_kink_in_a_network() -> None:
    """A ReLU whose weighted input is exactly zero has no slope there, and the check says so."""
    network = Network([Dense.from_parameters([[1.0]], [0.0], "relu"), Dense.from_parameters([[2.0]], [0.0])])
    report = check_gradients(network, [[0.0]], [[1.0]])
    assert {check.name: check.verdict for check in report.checks} == {
        "W1": "right",
        "b1": "kink",
        "W2": "right",
        "b2": "right",
    }
    assert report.verdict == "kink"
    assert report.worst.name == "b1"


MUTATIONS = {
    "transposed": lambda grads: {**grads, "W1": grads["W1"].T},
    "wrong sign": lambda grads: {**grads, "b2": -grads["b2"]},
    "mean for sum": lambda grads: {name: grad / 4 for name, grad in grads.items()},
    "twice": lambda grads: {**grads, "W2": 2 * grads["W2"]},
    "zero": lambda grads: {**grads, "W2": np.zeros_like(grads["W2"])},
    "one entry": lambda grads: {**grads, "W1": grads["W1"] + 1e-4 * np.eye(3)},
    "names exchanged": lambda grads: {**grads, "b1": grads["b2"], "b2": grads["b1"]},
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_wrong_gradients_of_a_network_are_caught(mutation: str) -> None:
    """Gradients with one classic mistake each, handed in beside the right cost, are called wrong."""
    rng = np.random.default_rng(4)
    network = Network([Dense(3, 3, "tanh", rng=rng), Dense(3, 3, rng=rng)], "softmax_cross_entropy")
    x, y = rng.standard_normal((4, 3)), [0, 2, 1, 1]
    right = network.trace(x, y).gradients

    def cost(parameters: Arrays) -> float:
        for name, array in network.parameters.items():
            array[...] = parameters[name]
        return network.cost(x, y)

    assert check_gradients(cost, network.parameters, right).verdict == "right"
    assert check_gradients(cost, network.parameters, MUTATIONS[mutation](right)).verdict == "wrong"


def test_a_wrong_slope_kept_by_the_forward_pass_is_caught() -> None:
    """The slope that an activation gives along with its value is the one that is checked, whatever its derivative says."""
    mistaken = Activation(
        "sigmoid", sigmoid.function, sigmoid.derivative, with_derivative=lambda z: (sigmoid(z), sigmoid(z) ** 2)
    )
    for activation, verdict in ((sigmoid, "right"), (mistaken, "wrong")):
        network = Network([Dense(3, 3, activation, rng=np.random.default_rng(4))])
        assert check_gradients(network, np.ones((1, 3)), np.zeros((1, 3))).verdict == verdict


def test_the_network_stays_as_it_was() -> None:
    """Checking changes neither a parameter nor its dtype, and a float32 network is checked in double precision."""
    rng = np.random.default_rng(0)
    network = Network([Dense(3, 2, "sigmoid", rng=rng, dtype=np.float32)])
    before = {name: array.copy() for name, array in network.parameters.items()}
    report = check_gradients(network, rng.standard_normal((5, 3)), rng.uniform(size=(5, 2)))
    assert report.verdict == "right"
    assert report.worst.error < np.finfo(np.float32).eps
    for name, array in network.parameters.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, before[name])


def test_arguments_stay_as_they_were() -> None:
    """The arrays a reader hands in are copied, not nudged."""
    parameters = {"u": np.array([1.0, 2.0]), "v": np.array([3.0, 4.0])}
    check_gradients(product, parameters, gradient_of_product(parameters))
    np.testing.assert_array_equal(parameters["u"], [1, 2])
    np.testing.assert_array_equal(parameters["v"], [3, 4])


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "binary_cross_entropy"])
def test_tiny_gradients_of_a_trained_network_are_right(loss: str) -> None:
    """After training until most gradients have all but vanished, what is left of them is not called wrong."""
    data, rng = digits(), np.random.default_rng(0)
    x, y = data.x_train[:60, 16:40], (data.y_train[:60] % 3).astype(int)
    network = Network([Dense(24, 8, "tanh", rng=rng), Dense(8, 3, rng=rng)], loss)
    *_, last = fit(network, x, y, epochs=500, batch_size=10, optimizer=SGD(0.5), rng=rng)
    assert last.loss < 1e-2
    report = check_gradients(network, x, y)
    assert report.verdict == "right", report


def test_the_report_prints_as_a_table() -> None:
    """A report is a table with a line for each parameter, and the verdict below it."""
    report = check_gradients(
        lambda p: p["b"] + 4 * p["W"].sum(), {"W": [[0.0, 0.0]], "b": 0.0}, {"W": [[4, 2]], "b": 1}
    )
    W, b = report.checks
    lines = str(report).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["parameter", "error", "claimed", "measured", "verdict"],
        ["W[0,", "1]", "5.0e-01", "+2.000000e+00", "+4.000000e+00", "±", f"{W.uncertainty:.0e}", "wrong"],
        ["b", f"{b.error:.1e}", "+1.000000e+00", "+1.000000e+00", "±", f"{b.uncertainty:.0e}", "right"],
    ]
    assert lines[3:] == [
        "W[0, 1]: the claim lies outside of what the cost's slope can be",
        "verdict: wrong (tolerance 1e-06, all 3 entries seen)",
    ]
    assert report.worst is report.checks[0]


def test_a_report_is_no_wider_than_a_page() -> None:
    """A table with the indices of a kernel has 74 columns at most, and its sentences are broken at 72."""
    point = {"W1": np.full((1, 1, 1, 1), 0.5), "b1": np.array(1.0)}
    claims = {"W1": -np.sin(point["W1"]), "b1": np.array(-1e-20)}
    report = check_gradients(lambda p: float(np.cos(p["W1"].item()) - 1e-20 * p["b1"]), point, claims)
    assert report.verdict == "cannot tell"
    *table, verdict = str(report).splitlines()
    assert table[1].startswith("W1[0, 0, 0, 0]")
    assert max(map(len, table[:3])) <= 74
    assert len(table) > 4
    assert max(map(len, table[3:])) <= 72
    assert verdict.startswith("verdict: cannot tell")
