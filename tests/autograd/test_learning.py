"""A network of tensors: the same gradients as the network's own, derived by hand, and the same steps."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backproplab import (
    ACTIVATIONS,
    LOSSES,
    SGD,
    Adam,
    Dense,
    Initialization,
    Linear,
    Momentum,
    Network,
    Tensor,
    cross_entropy,
    digits,
    identity,
    one_hot,
    take_step,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab import Optimizer

BEND: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "sigmoid": lambda z: z.sigmoid(),
    "tanh": lambda z: z.tanh(),
    "relu": lambda z: z.relu(),
    "leaky_relu": lambda z: z.relu() - (-z).relu() / 100,
}
COST: dict[str, Callable[[Tensor, Any], Tensor]] = {
    "half_squared_error": lambda a, y: ((a - y) ** 2).sum() / (2 * len(y)),
    "squared_error": lambda a, y: ((a - y) ** 2).sum(1).mean(),
    "mean_squared_error": lambda a, y: ((a - y) ** 2).mean(),
    "binary_cross_entropy": lambda z, y: -(y * z.sigmoid().log() + (1 - y) * (-z).sigmoid().log()).sum() / len(y),
    "softmax_cross_entropy": cross_entropy,
}


def by_hand(logits: Tensor, y: np.ndarray) -> Tensor:
    """The cross-entropy made of exp, log and sums, without any derivative that somebody worked out."""
    shifted = logits - logits.data.max(axis=1, keepdims=True)
    return ((shifted.exp().sum(1).log() - (y * shifted).sum(1)).sum()) / len(y)


def test_every_activation_and_loss_is_here() -> None:
    """Nothing of the package is left out of the comparison."""
    assert BEND.keys() == ACTIVATIONS.keys()
    assert COST.keys() == LOSSES.keys()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@settings(max_examples=6)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4), examples=st.integers(1, 8), seed=st.integers(0, 2**32)
)
def test_the_networks_gradient_is_that_of_tensors(
    activation: str, loss: str, sizes: list[int], examples: int, seed: int
) -> None:
    """For each activation and loss the four equations and the record of operations agree to rounding."""
    rng = np.random.default_rng(seed)
    layers = [Dense(n, m, activation, rng=rng) for n, m in pairwise(sizes)]
    if LOSSES[loss].prediction is not identity:
        layers[-1].activation = identity
    network = Network(layers, loss)
    for array in network.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    x, y = rng.standard_normal((examples, sizes[0])), rng.uniform(0.1, 1, (examples, sizes[-1]))
    if loss == "softmax_cross_entropy":
        y /= y.sum(axis=1, keepdims=True)

    trace = network.trace(x, y)
    tensors = {name: Tensor(array) for name, array in network.parameters.items()}
    inputs = a = Tensor(x)
    for number, layer in enumerate(layers, 1):
        a = BEND[layer.activation.name](a @ tensors[f"W{number}"].T + tensors[f"b{number}"][:, 0])
    cost = COST[loss](a, y)
    cost.backward()

    assert float(cost) == pytest.approx(trace.cost, rel=1e-12, abs=1e-12)
    expected = {**trace.gradients, "x": trace.grad_x.T}
    for name, tensor in {**tensors, "x": inputs}.items():
        assert tensor.grad is not None
        size = max(1.0, float(np.abs(expected[name]).max()))
        np.testing.assert_allclose(tensor.grad, expected[name], rtol=1e-11, atol=1e-12 * size)


def test_cross_entropy_is_what_its_parts_make() -> None:
    """The gradient derived by hand is that of the same cost made of exp, log and sums, for classes and for shares."""
    rng = np.random.default_rng(0)
    z, labels = 3 * rng.standard_normal((5, 4)), [0, 3, 1, 1, 2]
    shares = rng.uniform(0, 1, (5, 4))
    shares /= shares.sum(axis=1, keepdims=True)
    for y, rows in ((labels, one_hot(labels, 4)), (shares, shares)):
        a, b = Tensor(z), Tensor(z)
        first, second = cross_entropy(a, y) * 3, by_hand(b, rows) * 3
        assert float(first) == pytest.approx(float(second), rel=1e-14)
        first.backward()
        second.backward()
        assert a.grad is not None
        assert b.grad is not None
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-12, atol=1e-15)


def test_targets_changed_later_spoil_nothing() -> None:
    """The targets are copied when the cost is recorded."""
    z, y = Tensor(np.ones((2, 2))), np.eye(2)
    cost = cross_entropy(z, y)
    y[:] = 5
    cost.backward()
    np.testing.assert_allclose(z.grad, [[-0.25, 0.25], [0.25, -0.25]])  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [lambda: SGD(0.1, 0.01), lambda: Momentum(0.05), lambda: Adam(0.01)])
def test_steps_are_those_of_the_network(make: Callable[[], Optimizer]) -> None:
    """Twenty steps of each optimizer move tensors exactly as they move the arrays of a network."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((8, 3)), rng.integers(0, 2, 8)
    hidden, output = Linear(3, 4, init="he", rng=rng), Linear(4, 2, rng=rng)
    network = Network(
        [
            Dense.from_parameters(hidden.W.data, hidden.b.data, "tanh"),
            Dense.from_parameters(output.W.data, output.b.data),
        ],
        "softmax_cross_entropy",
    )
    here, there = make(), make()
    parameters = hidden.parameters + output.parameters
    arrays = list(network.parameters.values())
    for _ in range(20):
        for parameter in parameters:
            parameter.zero_grad()
        cross_entropy(output(hidden(x).tanh()), y).backward()
        take_step(here, parameters)
        gradients = network.trace(x, y).gradients
        there.step(arrays, [gradients[name] for name in network.parameters])
    for tensor, array in zip(parameters, arrays, strict=True):
        np.testing.assert_allclose(tensor.data, array.reshape(tensor.shape), rtol=1e-10, atol=1e-12)


def test_the_fourth_program_of_the_sources() -> None:
    """A layer of rectifiers, cross-entropy, momentum, batches of a hundred; its first loss is that of guessing."""
    data, rng = digits(), np.random.default_rng(0)
    x, labels = data.x_train[:1_000], data.y_train[:1_000]

    def learn(init: str | Initialization) -> tuple[list[float], float]:
        layer1, layer2 = Linear(64, 32, init=init, rng=rng), Linear(32, 10, init=init, rng=rng)
        parameters = layer1.parameters + layer2.parameters
        optimizer, losses = Momentum(0.05, momentum=0.9), []
        for _ in range(10):
            for start in range(0, 1_000, 100):
                batch = slice(start, start + 100)
                loss = cross_entropy(layer2(layer1(x[batch]).relu()), labels[batch])
                for parameter in parameters:
                    parameter.zero_grad()
                loss.backward()
                take_step(optimizer, parameters)
                losses.append(float(loss))
        predicted = layer2(layer1(data.x_test).relu()).data.argmax(axis=1)
        return losses, float((predicted == data.y_test).mean())

    losses, right = learn("lecun")
    assert abs(losses[0] - np.log(10)) < 0.2
    assert losses[-1] < losses[0] / 4
    assert right > 0.85
    unscaled, _ = learn("normal")
    assert unscaled[0] > 4 * losses[0]


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: cross_entropy(np.ones((2, 3)), [0, 1]), TypeError, "logits: expected a Tensor"),  # type: ignore[arg-type]
        (lambda: cross_entropy(Tensor([1, 2]), [0]), ValueError, r"logits: expected a row .* got \(2,\)"),
        (lambda: cross_entropy(Tensor(np.ones((2, 3))), [0, 3]), ValueError, "y: expected labels from 0 to 2, got 3"),
        (lambda: cross_entropy(Tensor(np.ones((2, 3))), [0]), ValueError, "y: expected .*"),
        (lambda: cross_entropy(Tensor(np.ones((1, 2))), [[1.0, 1.0]]), ValueError, "y: expected .* add up to 1"),
        (lambda: take_step(SGD(1), [Tensor(1)]), ValueError, "parameters: expected gradients, got none at place 0"),
        (lambda: take_step(SGD(1), [Tensor(1) * 2]), ValueError, "parameters: expected tensors that you made"),
        (lambda: take_step(SGD(1), [1]), TypeError, "parameters: expected tensors, got 1"),  # type: ignore[list-item]
        (
            lambda: Linear(3, 2, rng=np.random.default_rng(0))(np.ones((4, 2))),
            ValueError,
            r"@: .* \(4, 2\) and \(3, 2\)",
        ),
    ],
)
def test_what_is_refused(act: Callable[[], object], error: type[Exception], words: str) -> None:
    """One sentence says what was expected, with the shapes."""
    with pytest.raises(error, match=words):
        act()


def test_no_parameter_moves_when_one_cannot() -> None:
    """A missing gradient is found before the first parameter has moved."""
    w, b = Tensor([1, 2]), Tensor([3])
    w.sum().backward()
    with pytest.raises(ValueError, match="place 1"):
        take_step(SGD(1), [w, b])
    np.testing.assert_array_equal(w.data, [1, 2])


def test_a_layer_shows_itself() -> None:
    """Its sizes, and its two tensors in order; it starts as a dense layer does."""
    layer = Linear(3, 2, rng=np.random.default_rng(0))
    assert repr(layer) == "Linear(3, 2)"
    assert layer.parameters == [layer.W, layer.b]
    np.testing.assert_array_equal(layer.W.data, Dense(3, 2, rng=np.random.default_rng(0)).W)
