"""The four equations, and the two of the forward pass, as formulas: index by index, and against finite differences."""

from __future__ import annotations

import math
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
    hidden_error,
    layers,
    network as network_module,
    output_error,
    pull_back,
    weight_gradient,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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


def sigma(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


def sigma_prime(z: float) -> float:
    return sigma(z) * (1 - sigma(z))


def tanh_prime(z: float) -> float:
    return float(1 - np.tanh(z) ** 2)


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
def test_weighted_input_by_index(net: Network, trace: Trace) -> None:
    r"""Every weighted input is $z^l_j = \sum_k w^l_{jk}\, a^{l-1}_k + b^l_j$, for each example on its own."""
    for number, step in enumerate(trace.steps, 1):
        W, b = net.parameters[f"W{number}"], net.parameters[f"b{number}"]
        neurons, inputs = W.shape
        for i in range(len(X)):
            for j in range(neurons):
                z = sum(W[j, k] * step.a_prev[k, i] for k in range(inputs)) + b[j, 0]
                assert step.z[j, i] == pytest.approx(z, rel=1e-13)
    np.testing.assert_array_equal(trace.steps[0].a_prev, X.T)
    assert trace.steps[1].a_prev is trace.steps[0].a


@pytest.mark.equation("FWD2")
def test_activation_by_index(trace: Trace) -> None:
    r"""The activation of every neuron is $a^l_j = \sigma(z^l_j)$: each depends on its own weighted input alone."""
    functions: list[Callable[[float], float]] = [sigma, math.tanh]
    for step, function in zip(trace.steps, functions, strict=True):
        for index in np.ndindex(step.z.shape):
            assert step.a[index] == pytest.approx(function(float(step.z[index])), rel=1e-13)


@pytest.mark.equation("COST")
def test_cost_is_the_mean_of_half_squared_errors(net: Network, trace: Trace) -> None:
    r"""The cost is $C = \frac1N \sum_i \frac12 \lVert a^L_i - y_i \rVert^2$, and so the mean of the examples' costs."""
    outputs = trace.steps[-1].a
    assert trace.cost == pytest.approx(cost_by_index(outputs, Y.T), rel=1e-13)
    assert trace.cost == pytest.approx(np.mean([net.cost(X[i], Y[i]) for i in range(len(X))]), rel=1e-13)


@pytest.mark.equation("DELTA")
def test_delta_is_the_slope_of_the_cost(net: Network, trace: Trace) -> None:
    r"""The error $\delta^l_j = \partial C / \partial z^l_j$ is what the cost does, per unit, when $z^l_j$ is nudged."""
    for layer, step in enumerate(trace.steps):
        z = step.z.copy()
        nudged = slopes(lambda z=z, layer=layer: finish(net, layer, z, Y.T), z)  # type: ignore[misc]
        np.testing.assert_allclose(step.delta, nudged, rtol=1e-8, atol=1e-10)


@pytest.mark.equation("BP1")
def test_output_error_by_index(net: Network, trace: Trace) -> None:
    r"""The last layer's error is $\delta^L_j = \frac{\partial C}{\partial a^L_j}\,\sigma'(z^L_j)$, its slope in $z^L_j$."""
    last = trace.steps[-1]
    neurons, examples = last.z.shape
    grad_a, formula = np.empty_like(last.z), np.empty_like(last.z)
    for j in range(neurons):
        for i in range(examples):
            grad_a[j, i] = (last.a[j, i] - Y[i, j]) / examples
            formula[j, i] = grad_a[j, i] * tanh_prime(last.z[j, i])
    prime_z = np.vectorize(tanh_prime)(last.z)
    np.testing.assert_allclose(output_error(grad_a, prime_z), formula, rtol=1e-13)
    np.testing.assert_allclose(last.delta, formula, rtol=1e-13)
    z = last.z.copy()
    np.testing.assert_allclose(formula, slopes(lambda: finish(net, 1, z, Y.T), z), rtol=1e-8, atol=1e-10)


@pytest.mark.equation("BP2")
def test_hidden_error_by_index(net: Network, trace: Trace) -> None:
    r"""A hidden error is $\delta^l_j = \sum_k w^{l+1}_{kj}\, \delta^{l+1}_k\, \sigma'(z^l_j)$, a sum over all paths."""
    hidden, last = trace.steps
    W = net.parameters["W2"]
    neurons, examples = hidden.z.shape
    formula = np.empty_like(hidden.z)
    for j in range(neurons):
        for i in range(examples):
            paths = sum(W[k, j] * last.delta[k, i] for k in range(len(W)))
            formula[j, i] = paths * sigma_prime(hidden.z[j, i])
    prime_z = np.vectorize(sigma_prime)(hidden.z)
    np.testing.assert_allclose(hidden_error(W, last.delta, prime_z), formula, rtol=1e-13)
    np.testing.assert_allclose(hidden.delta, formula, rtol=1e-13)
    z = hidden.z.copy()
    np.testing.assert_allclose(formula, slopes(lambda: finish(net, 0, z, Y.T), z), rtol=1e-8, atol=1e-10)


@pytest.mark.equation("BP3")
def test_bias_gradient_by_index(net: Network, trace: Trace) -> None:
    r"""The slope in a bias is $\partial C / \partial b^l_j = \delta^l_j$, summed over the examples."""
    for number, step in enumerate(trace.steps, 1):
        neurons, examples = step.delta.shape
        formula = np.zeros((neurons, 1))
        for j in range(neurons):
            for i in range(examples):
                formula[j, 0] += step.delta[j, i]
        np.testing.assert_allclose(bias_gradient(step.delta), formula, rtol=1e-13)
        measured = slopes(lambda: net.cost(X, Y), net.parameters[f"b{number}"])
        np.testing.assert_allclose(formula, measured, rtol=1e-8, atol=1e-10)


@pytest.mark.equation("BP4")
def test_weight_gradient_by_index(net: Network, trace: Trace) -> None:
    r"""The slope in a weight is $\partial C / \partial w^l_{jk} = \delta^l_j\, a^{l-1}_k$, summed over the examples."""
    for number, step in enumerate(trace.steps, 1):
        neurons, examples = step.delta.shape
        formula = np.zeros((neurons, len(step.a_prev)))
        for j in range(neurons):
            for k in range(len(step.a_prev)):
                for i in range(examples):
                    formula[j, k] += step.delta[j, i] * step.a_prev[k, i]
        np.testing.assert_allclose(weight_gradient(step.delta, step.a_prev), formula, rtol=1e-13)
        measured = slopes(lambda: net.cost(X, Y), net.parameters[f"W{number}"])
        np.testing.assert_allclose(formula, measured, rtol=1e-8, atol=1e-10)


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
    weights, biases, x, y = (0.5, -0.8, 1.2), (0.1, 0.3, -0.2), 0.9, 1.0
    network = Network([Dense.from_parameters([[w]], [b], "sigmoid") for w, b in zip(weights, biases, strict=True)])
    z, a = [], [x]
    for w, b in zip(weights, biases, strict=True):
        z.append(w * a[-1] + b)
        a.append(sigma(z[-1]))
    delta_last = (a[3] - y) * sigma_prime(z[2])
    delta_before = delta_last * weights[2] * sigma_prime(z[1])
    steps = network.trace([x], [y]).steps
    assert steps[2].delta[0, 0] == pytest.approx(delta_last, rel=1e-12)
    assert steps[1].delta[0, 0] == pytest.approx(delta_before, rel=1e-12)
    measured = slope(lambda: network.cost([x], [y]), network.parameters["W2"], (0, 0))
    assert delta_before * a[1] == pytest.approx(measured, rel=1e-8)


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
