"""The formulas of the chapter on many neurons, each checked apart from the package."""

from __future__ import annotations

from functools import cache
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy as sp

from backproplab import SGD, Dense, Network, digits, fit

if TYPE_CHECKING:
    from backproplab.checks import Array

K, J = 3, 2
"""Neurons of layer L − 1 and of layer L in the symbolic layer."""


@cache
def layer() -> dict[str, Any]:
    """A layer of J sigmoid neurons fed by K activations, in symbols, with σ and σ′ written out."""
    W = [[sp.Symbol(f"w{j}{k}", real=True) for k in range(K)] for j in range(J)]
    b, y = sp.symbols(f"b:{J}", real=True), sp.symbols(f"y:{J}", real=True)
    a_prev = sp.symbols(f"p:{K}", real=True)
    z = [sum(W[j][k] * a_prev[k] for k in range(K)) + b[j] for j in range(J)]
    a = [1 / (1 + sp.exp(-z_j)) for z_j in z]
    prime = [sp.exp(-z_j) / (1 + sp.exp(-z_j)) ** 2 for z_j in z]
    return {"W": W, "b": b, "y": y, "a_prev": a_prev, "a": a, "prime": prime}


def cost_of(outputs: list[sp.Expr]) -> sp.Expr:
    return sum((a_j - y_j) ** 2 for a_j, y_j in zip(outputs, layer()["y"], strict=True)) / 2


def same(one: sp.Expr, other: sp.Expr) -> bool:
    return sp.simplify(one - other) == 0


@pytest.mark.equation("WEIGHTJK")
def test_slope_of_a_weight_has_one_path() -> None:
    r"""Differentiated by SymPy, the cost has the slope $a^{L-1}_k\,\sigma'(z^L_j)\,(a^L_j - y_j)$ over each $w^L_{jk}$, and no other output has a part in it."""
    s = layer()
    for j in range(J):
        for k in range(K):
            formula = s["a_prev"][k] * s["prime"][j] * (s["a"][j] - s["y"][j])
            assert same(sp.diff(cost_of(s["a"]), s["W"][j][k]), formula)


@pytest.mark.equation("TWOPATHS")
def test_paths_through_all_outputs_add_up() -> None:
    r"""Differentiated by SymPy, the cost has the slope $\sum_j w^L_{jk}\,\sigma'(z^L_j)\,(a^L_j - y_j)$ over each $a^{L-1}_k$."""
    s = layer()
    for k in range(K):
        formula = sum(s["W"][j][k] * s["prime"][j] * (s["a"][j] - s["y"][j]) for j in range(J))
        assert same(sp.diff(cost_of(s["a"]), s["a_prev"][k]), formula)


@pytest.mark.equation("TWOPATHS")
@pytest.mark.parametrize("seed", range(10))
def test_each_path_is_what_happens_when_only_that_output_hears(seed: int) -> None:
    r"""Move $a^{L-1}_k$ for output $j$ alone, and the cost answers with $w^L_{jk}\,\sigma'(z^L_j)\,(a^L_j - y_j)$; move it for all, and with the sum."""
    W, b, a_prev, y = numbers(seed)
    h = 1e-5

    def cost(heard: Array) -> float:
        """The cost, if output j hears the activations in row j."""
        return sum((sigma(float(W[j] @ heard[j] + b[j])) - y[j]) ** 2 for j in range(4)) / 2

    for k in range(5):
        paths = []
        for j in range(4):
            nudge = np.zeros((4, 5))
            nudge[j, k] = h
            z = float(W[j] @ a_prev + b[j])
            paths.append(W[j, k] * sigma_prime(z) * (sigma(z) - y[j]))
            assert (cost(a_prev + nudge) - cost(a_prev - nudge)) / (2 * h) == pytest.approx(paths[-1], abs=1e-9)
        everywhere = np.zeros((4, 5))
        everywhere[:, k] = h
        measured = (cost(a_prev + everywhere) - cost(a_prev - everywhere)) / (2 * h)
        assert measured == pytest.approx(sum(paths), abs=1e-9)


def sigma(z: float) -> float:
    return 1 / (1 + exp(-z))


def sigma_prime(z: float) -> float:
    return exp(-z) / (1 + exp(-z)) ** 2


def numbers(seed: int) -> tuple[Array, Array, Array, Array]:
    """Weights (4, 5), biases, previous activations and targets of some layer."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(4, 5)), rng.normal(size=4), rng.random(5), rng.random(4)


@pytest.mark.equation("WISHOUT")
def test_an_output_wishes_for_its_distance() -> None:
    r"""Minus the slope of the cost over $a^L_j$ is $y_j - a^L_j$, by SymPy and for the ten activations of the page."""
    a, y = sp.symbols("a y")
    assert same(-sp.diff((a - y) ** 2 / 2, a), y - a)
    given, target = [0.5, 0.8, 0.2, 1.0, 0.4, 0.6, 1.0, 0.0, 0.2, 0.1], [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    h = 1e-6

    def cost(outputs: list[float]) -> float:
        return sum((a_j - y_j) ** 2 for a_j, y_j in zip(outputs, target, strict=True)) / 2

    for j in range(10):
        up, down = ([a + sign * h * (i == j) for i, a in enumerate(given)] for sign in (1, -1))
        assert -(cost(up) - cost(down)) / (2 * h) == pytest.approx(target[j] - given[j])


@pytest.mark.equation("WISHBIAS")
def test_wish_for_a_bias() -> None:
    r"""Minus the slope over $b^L_j$ is $\sigma'(z^L_j)\,(y_j - a^L_j)$."""
    s = layer()
    for j in range(J):
        assert same(-sp.diff(cost_of(s["a"]), s["b"][j]), s["prime"][j] * (s["y"][j] - s["a"][j]))


@pytest.mark.equation("WISHWEIGHT")
def test_wish_for_a_weight() -> None:
    r"""Minus the slope over $w^L_{jk}$ is the bias's wish times $a^{L-1}_k$: in proportion to the activation at its start."""
    s = layer()
    for j in range(J):
        for k in range(K):
            formula = s["a_prev"][k] * s["prime"][j] * (s["y"][j] - s["a"][j])
            assert same(-sp.diff(cost_of(s["a"]), s["W"][j][k]), formula)


def test_wish_of_one_output_for_an_activation() -> None:
    r"""Of the cost of output $j$ alone, minus the slope over $a^{L-1}_k$ is $w^L_{jk}\,\sigma'(z^L_j)\,(y_j - a^L_j)$."""
    s = layer()
    for j in range(J):
        alone = (s["a"][j] - s["y"][j]) ** 2 / 2
        for k in range(K):
            formula = s["W"][j][k] * s["prime"][j] * (s["y"][j] - s["a"][j])
            assert same(-sp.diff(alone, s["a_prev"][k]), formula)


@pytest.mark.equation("SUMWISH")
@pytest.mark.parametrize("seed", range(10))
def test_wishes_of_all_outputs_add_up(seed: int) -> None:
    r"""Minus the measured slope over $a^{L-1}_k$ is the sum over $j$ of what each output wishes, and it is what the package hands to the layer before."""
    W, b, a_prev, y = numbers(seed)
    z = [sum(W[j, k] * a_prev[k] for k in range(5)) + b[j] for j in range(4)]
    together = [sum(W[j, k] * sigma_prime(z[j]) * (y[j] - sigma(z[j])) for j in range(4)) for k in range(5)]
    h = 1e-5
    for k in range(5):
        costs = []
        for sign in (1, -1):
            moved = [a + sign * h * (i == k) for i, a in enumerate(a_prev)]
            outputs = [sigma(sum(W[j, i] * moved[i] for i in range(5)) + b[j]) for j in range(4)]
            costs.append(sum((a_j - y_j) ** 2 for a_j, y_j in zip(outputs, y, strict=True)) / 2)
        assert -(costs[0] - costs[1]) / (2 * h) == pytest.approx(together[k], abs=1e-9)
    layer_of_package = Dense.from_parameters(W, b, "sigmoid")
    step = Network([layer_of_package]).trace(a_prev, y).steps[0]
    assert layer_of_package.pull_back(step.a_prev, step.delta)[:, 0] == pytest.approx([-wish for wish in together])


def untrained() -> Network:
    rng = np.random.default_rng(0)
    return Network([Dense(64, 12, "sigmoid", rng=rng), Dense(12, 10, "sigmoid", rng=rng)])


@pytest.mark.equation("SUMWISH", "WISHWEIGHT")
def test_wishes_of_pixels_are_the_image_itself() -> None:
    r"""What one image wishes for the 64 weights of a hidden neuron is the image times one number, and that number is the sum of all outputs' wishes times $\sigma'$."""
    data, network = digits(), untrained()
    x, label = data.x_train[2], 2
    p = network.parameters
    hidden = [float(p["W1"][k] @ x + p["b1"][k, 0]) for k in range(12)]
    z = [sum(p["W2"][j, k] * sigma(hidden[k]) for k in range(12)) + p["b2"][j, 0] for j in range(10)]
    grads = network.trace(x, label).gradients["W1"]
    for k in range(12):
        told = sum(p["W2"][j, k] * sigma_prime(z[j]) * ((j == label) - sigma(z[j])) for j in range(10))
        assert -grads[k] == pytest.approx(told * sigma_prime(hidden[k]) * x)


@pytest.mark.equation("EVERYTWO")
@pytest.mark.parametrize("seed", range(10))
def test_one_example_moves_every_image_the_same_way(seed: int) -> None:
    r"""After a step of the last layer on one example, $\tilde z_j$ of any other has moved by $\eta\,(1 + \sum_k a_k \tilde a_k)\,\sigma'(z_j)(y_j - a_j)$."""
    W, b, a_prev, y = numbers(seed)
    eta, other = 0.7, np.random.default_rng(100 + seed).random(5)
    last = Dense.from_parameters(W, b, "sigmoid")
    network = Network([last])
    gradients = network.trace(a_prev, y).gradients
    SGD(eta).step([*network.parameters.values()], [*gradients.values()])
    for j in range(4):
        before = sum(W[j, k] * other[k] for k in range(5)) + b[j]
        after = sum(last.W[j, k] * other[k] for k in range(5)) + last.b[j, 0]
        z = sum(W[j, k] * a_prev[k] for k in range(5)) + b[j]
        bracket = 1 + sum(a_prev[k] * other[k] for k in range(5))
        assert bracket > 1
        assert after - before == pytest.approx(eta * bracket * sigma_prime(z) * (y[j] - sigma(z)))


def test_taught_by_one_image_a_network_calls_everything_a_two() -> None:
    """Ten steps on one image of a 2 make every test image a 2; a fresh network had called none of them so."""
    data, network = digits(), untrained()
    assert not (network.predict(data.x_test).argmax(axis=1) == 2).any()
    rng = np.random.default_rng(0)
    list(fit(network, data.x_train[[2]], [2], epochs=10, batch_size=1, optimizer=SGD(1.0), rng=rng))
    assert data.y_train[2] == 2
    assert (network.predict(data.x_test).argmax(axis=1) == 2).all()
