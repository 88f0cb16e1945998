"""The four equations, and the two of the forward pass, as formulas: index by index, and against finite differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import (
    Dense,
    Network,
    Trace,
    bias_gradient,
    check_gradients,
    equations,
    half_squared_error,
    hidden_error,
    layers,
    network as network_module,
    output_error,
    pull_back,
    weight_gradient,
)
from backproplab.book.formulas.formula import formula
from tests.worlds.network import chain as chain_world, examples as examples_world, layers as layers_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab import Step
    from backproplab.book.formulas.world import World
    from backproplab.checks import Array


def small_network() -> Network:
    rng = np.random.default_rng(7)
    return Network([Dense(2, 3, "sigmoid", rng=rng), Dense(3, 2, "tanh", rng=rng)])


X = np.random.default_rng(8).standard_normal((4, 2))
Y = np.random.default_rng(9).standard_normal((4, 2))


@pytest.fixture
def net() -> Network:
    """A network of 2, 3 and 2 neurons whose biases are not zero."""
    network = small_network()
    for name in ("b1", "b2"):
        network.parameters[name][...] = np.random.default_rng(6).standard_normal(network.parameters[name].shape)
    return network


@pytest.fixture
def trace(net: Network) -> Trace:
    return net.trace(X, Y)


WORLD = layers_world()


def package_steps(world: World) -> list[Step]:
    """What the package computes for the one example of a world: a trace through the same weights and biases."""
    network = Network([Dense.from_parameters(world["W"][l], world["b"][l], "sigmoid") for l in world["W"]])
    return network.trace(world["x"], world["y"]).steps


def cost_by_index(a: Array, y: Array) -> float:
    """C = 1/N Σ_i ½ Σ_j (a_ji − y_ji)², term by term."""
    neurons, examples = a.shape
    return sum((a[j, i] - y[j, i]) ** 2 / 2 for i in range(examples) for j in range(neurons)) / examples


def slope(cost: Callable[[], float], array: Array, index: tuple[int, ...], h: float = 1e-5) -> float:
    """The central difference of a cost with respect to one entry of an array."""
    centre = array[index]
    array[index] = centre + h
    above = cost()
    array[index] = centre - h
    below = cost()
    array[index] = centre
    return (above - below) / (2 * h)


def slopes(cost: Callable[[], float], array: Array) -> Array:
    return np.array([slope(cost, array, index) for index in np.ndindex(array.shape)]).reshape(array.shape)


def finish(network: Network, layer: int, z: Array, y: Array) -> float:
    """The cost if the weighted inputs of a layer were z: its activation, then every later layer, index by index."""
    a = network.layers[layer].activation(z)
    for later in network.layers[layer + 1 :]:
        W, b = later.parameters["W"], later.parameters["b"]
        z = np.array(
            [
                [sum(W[j, k] * a[k, i] for k in range(len(a))) + b[j, 0] for i in range(a.shape[1])]
                for j in range(len(W))
            ]
        )
        a = later.activation(z)
    return cost_by_index(a, y)


@pytest.mark.equation("FWD1")
def test_weighted_input_by_index() -> None:
    r"""Every weighted input is $z^l_j = \sum_k w^l_{jk}\, a^{l-1}_k + b^l_j$, and the package computes the same."""
    steps = package_steps(WORLD)
    formula("FWD1").holds(WORLD, package=lambda l: steps[l - 1].z)


@pytest.mark.equation("FWD2")
def test_activation_by_index() -> None:
    r"""The activation of every neuron is $a^l_j = \sigma(z^l_j)$: each depends on its own weighted input alone."""
    steps = package_steps(WORLD)
    formula("FWD2").holds(WORLD, package=lambda l: steps[l - 1].a)


@pytest.mark.equation("COST")
def test_cost_is_the_mean_of_half_squared_errors(net: Network, trace: Trace) -> None:
    r"""The cost is $C = \frac1N \sum_i \frac12 \lVert a^L_i - y_i \rVert^2$, and so the mean of the examples' costs."""
    world = examples_world()
    outputs, targets = (np.array(list(found.values())).T for found in (world["a"][2], world["y"]))
    formula("COST").holds(world, package=lambda: half_squared_error.value(outputs, targets))
    assert trace.cost == pytest.approx(np.mean([net.cost(X[i], Y[i]) for i in range(len(X))]), rel=1e-13)


@pytest.mark.equation("DELTA")
def test_delta_is_the_slope_of_the_cost() -> None:
    r"""The error $\delta^l_j = \partial C / \partial z^l_j$ is what the cost does, per unit, when $z^l_j$ is nudged."""
    steps = package_steps(WORLD)
    formula("DELTA").holds(WORLD, package=lambda l: steps[l - 1].delta)


@pytest.mark.equation("BP1")
def test_output_error_by_index() -> None:
    r"""The last layer's error is $\delta^L = \nabla_a C \odot \sigma'(z^L)$, with both slopes measured."""
    last = package_steps(WORLD)[-1]
    grad_a = last.a - WORLD["y"][:, None]
    formula("BP1").holds(WORLD, package=lambda: output_error(grad_a, last.a * (1 - last.a)))


@pytest.mark.equation("BP2")
def test_hidden_error_by_index() -> None:
    r"""A hidden error is $\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)$, in every hidden layer."""
    steps, W = package_steps(WORLD), WORLD["W"]
    formula("BP2").holds(
        WORLD,
        package=lambda l: hidden_error(W[l + 1], steps[l].delta, steps[l - 1].a * (1 - steps[l - 1].a)),
    )


@pytest.mark.equation("BP3")
def test_bias_gradient_by_index() -> None:
    r"""The slope in a bias is $\partial C / \partial b^l = \delta^l$."""
    steps = package_steps(WORLD)
    formula("BP3").holds(WORLD, package=lambda l: bias_gradient(steps[l - 1].delta))


@pytest.mark.equation("BP4")
def test_weight_gradient_by_index() -> None:
    r"""The slope in a weight is $\partial C / \partial W^l = \delta^l (a^{l-1})^T$, entry by entry."""
    steps = package_steps(WORLD)
    formula("BP4").holds(WORLD, package=lambda l: weight_gradient(steps[l - 1].delta, steps[l - 1].a_prev))


def test_the_gradient_of_a_batch_is_the_slope_of_its_cost(net: Network, trace: Trace) -> None:
    """What the four equations give for a batch is what its cost does when a parameter is nudged."""
    for number, step in enumerate(trace.steps, 1):
        z = step.z.copy()
        nudged = slopes(lambda z=z, layer=number - 1: finish(net, layer, z, Y.T), z)  # type: ignore[misc]
        np.testing.assert_allclose(step.delta, nudged, rtol=1e-8, atol=1e-10)
        for name in ("W", "b"):
            measured = slopes(lambda: net.cost(X, Y), net.parameters[f"{name}{number}"])
            np.testing.assert_allclose(step.grads[name], measured, rtol=1e-8, atol=1e-10)


@pytest.mark.equation("BP2")
def test_hidden_error_is_pull_back_then_output_error() -> None:
    r"""(BP2) is two steps in one: pull back to $(W^{l+1})^T \delta^{l+1}$, then apply (BP1) with $\sigma'(z^l)$."""
    rng = np.random.default_rng(3)
    for n_next, n, examples in [(1, 1, 1), (2, 3, 1), (3, 2, 5), (4, 4, 4)]:
        W, delta, prime_z = (rng.standard_normal(shape) for shape in [(n_next, n), (n_next, examples), (n, examples)])
        grad_a = pull_back(W, delta)
        for k in range(n):
            for i in range(examples):
                assert grad_a[k, i] == pytest.approx(sum(W[j, k] * delta[j, i] for j in range(n_next)), rel=1e-12)
        np.testing.assert_array_equal(hidden_error(W, delta, prime_z), output_error(grad_a, prime_z))


@pytest.mark.equation("FOLD")
def test_long_chain_folds_into_two_errors() -> None:
    r"""With one neuron per layer, five factors give $\partial C / \partial w^{L-1}$; the first two are $\delta^L$, the first four $\delta^{L-1}$."""
    world = chain_world(half=0.5)
    layers = [Dense.from_parameters([[world["w"][l]]], [world["b"][l]], "sigmoid") for l in world["w"]]
    steps = Network(layers).trace([world["x"]], [world["y"]]).steps
    formula("FOLD").holds(world, package=lambda: steps[1].grads["W"])
    for l, step in enumerate(steps, 1):
        assert step.delta[0, 0] == pytest.approx(world["delta"][l], rel=1e-12)


@pytest.mark.equation("BP1", "BP2", "BP3", "BP4")
def test_matrix_form_says_the_same_as_index_form() -> None:
    """One matrix product over a batch gives, entry by entry, what the four equations give example by example."""
    rng = np.random.default_rng(5)
    W, delta = rng.standard_normal((3, 2)), rng.standard_normal((3, 6))
    a_prev, prime_z = rng.standard_normal((2, 6)), rng.standard_normal((2, 6))
    one = [slice(i, i + 1) for i in range(6)]
    for column in one:
        hidden = hidden_error(W, delta, prime_z)[:, column]
        np.testing.assert_allclose(hidden, hidden_error(W, delta[:, column], prime_z[:, column]), rtol=1e-12)
    np.testing.assert_allclose(
        weight_gradient(delta, a_prev), sum(weight_gradient(delta[:, c], a_prev[:, c]) for c in one), rtol=1e-12
    )
    np.testing.assert_allclose(bias_gradient(delta), sum(bias_gradient(delta[:, c]) for c in one), rtol=1e-12)


def ignore_prime(grad_a: Array, prime_z: Array) -> Array:
    return grad_a


def wrong_sign(delta: Array, a_prev: Array) -> Array:
    return -weight_gradient(delta, a_prev)


def transposed(delta: Array, a_prev: Array) -> Array:
    return weight_gradient(delta, a_prev).T


def mean_over_batch(delta: Array) -> Array:
    return delta.mean(axis=-1, keepdims=True)


def last_example_only(delta: Array, a_prev: Array) -> Array:
    W = np.zeros((len(delta), len(a_prev)))
    for i in range(delta.shape[1]):
        W = np.outer(delta[:, i], a_prev[:, i])  # = for +=
    return W


def forgotten_transpose(W: Array, delta: Array) -> Array:
    return W @ delta


def wrong_axis(delta: Array) -> Array:
    return delta.sum(axis=0).reshape(-1, 1)


MUTATIONS = [
    pytest.param("output_error", network_module, ignore_prime, id="missing σ′"),
    pytest.param("weight_gradient", layers, wrong_sign, id="wrong sign"),
    pytest.param("weight_gradient", layers, transposed, id="transposed weight gradient"),
    pytest.param("bias_gradient", layers, mean_over_batch, id="mean for sum over the batch"),
    pytest.param("weight_gradient", layers, last_example_only, id="= for +="),
    pytest.param("pull_back", layers, forgotten_transpose, id="W for its transpose"),
    pytest.param("bias_gradient", layers, wrong_axis, id="sum over the wrong axis"),
]


@pytest.mark.parametrize(("name", "module", "mutant"), MUTATIONS)
def test_planted_errors_are_caught(
    name: str, module: object, mutant: Callable[..., Array], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tester is tested: each classic mistake, planted into the package, is called wrong by the gradient check."""
    rng = np.random.default_rng(1)
    # as wide as deep and as many examples, so that no mistake betrays itself by its shape
    network = Network([Dense(3, 3, "sigmoid", rng=rng), Dense(3, 3, "tanh", rng=rng)])
    x, y = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    assert check_gradients(network, x, y).verdict == "right"
    assert getattr(module, name) is getattr(equations, name)
    monkeypatch.setattr(module, name, mutant)
    assert check_gradients(network, x, y).verdict == "wrong"
