"""The formulas of the chapter on many neurons, each checked apart from the package."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import SGD, Dense, Network, digits, fit
from backproplab.book.formulas.formula import Formula, formula
from tests.worlds.network import layers, two_examples

if TYPE_CHECKING:
    from backproplab import Step
    from backproplab.book.formulas.world import World
    from backproplab.checks import Array

WORLD = layers()


def last_step(world: World) -> Step:
    """What the package computes in the last layer, for the example of a world."""
    layers = [Dense.from_parameters(world["W"][l], world["b"][l], "sigmoid") for l in world["W"]]
    return Network(layers).trace(world["x"], world["y"]).steps[-1]


@pytest.mark.equation("WEIGHTJK")
def test_slope_of_a_weight_has_one_path() -> None:
    r"""The slope over each weight is $a^{L-1}_k\,\sigma'(z^L_j)\,(a^L_j - y_j)$: no other output has a part in it."""
    formula("WEIGHTJK").holds(WORLD, package=lambda: last_step(WORLD).grads["W"])


@pytest.mark.equation("TWOPATHS")
def test_paths_through_all_outputs_add_up() -> None:
    r"""The slope over each $a^{L-1}_k$ is $\sum_j w^L_{jk}\,\sigma'(z^L_j)\,(a^L_j - y_j)$, and so `pull_back` hands it on."""
    step = last_step(WORLD)
    formula("TWOPATHS").holds(WORLD, package=lambda: step.layer.pull_back(step.a_prev, step.delta))


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
    r"""Minus the slope of the cost over $a^L_j$ is $y_j - a^L_j$."""
    formula("WISHOUT").holds(WORLD)


@pytest.mark.equation("WISHBIAS")
def test_wish_for_a_bias() -> None:
    r"""Minus the slope over $b^L_j$ is $\sigma'(z^L_j)\,(y_j - a^L_j)$."""
    formula("WISHBIAS").holds(WORLD, package=lambda: -last_step(WORLD).grads["b"])


@pytest.mark.equation("WISHWEIGHT")
def test_wish_for_a_weight() -> None:
    r"""Minus the slope over $w^L_{jk}$ is the bias's wish times $a^{L-1}_k$: in proportion to the activation at its start."""
    formula("WISHWEIGHT").holds(WORLD, package=lambda: -last_step(WORLD).grads["W"])


def test_wish_of_one_output_for_an_activation() -> None:
    r"""Of the cost of output $j$ alone, minus the slope over $a^{L-1}_k$ is $w^L_{jk}\,\sigma'(z^L_j)\,(y_j - a^L_j)$."""
    tex = r"-\frac{\partial C_0}{\partial a^{L-1}_k} = w^L_{jk}\,\sigma'(z^L_j)\,(y_j - a^L_j)"
    Formula("the wish of one output", tex).holds(layers((3, 3, 3, 1)))


@pytest.mark.equation("SUMWISH")
def test_wishes_of_all_outputs_add_up() -> None:
    r"""Minus the slope over $a^{L-1}_k$ is the sum over $j$ of what each output wishes; the package hands on its opposite."""
    step = last_step(WORLD)
    formula("SUMWISH").holds(WORLD, package=lambda: -step.layer.pull_back(step.a_prev, step.delta))


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
def test_one_example_moves_every_image_the_same_way() -> None:
    r"""After a step of the last layer on one example, $\tilde z^L_j$ of any other has moved by $\eta\,(1 + \sum_k a^{L-1}_k \tilde a^{L-1}_k)\,\sigma'(z^L_j)(y_j - a^L_j)$."""
    world = two_examples()
    last, other = Dense.from_parameters(world["W"], world["b"], "sigmoid"), world["tilde_a"][1][:, np.newaxis]
    before = last.forward(other)
    gradients = Network([last]).trace(world["a"][1], world["y"]).gradients
    SGD(world["eta"]).step([*last.parameters.values()], [*gradients.values()])
    formula("EVERYTWO").holds(world, package=lambda: last.forward(other) - before)


def test_taught_by_one_image_a_network_calls_everything_a_two() -> None:
    """Ten steps on one image of a 2 make every test image a 2; a fresh network had called none of them so."""
    data, network = digits(), untrained()
    assert not (network.predict(data.x_test).argmax(axis=1) == 2).any()
    rng = np.random.default_rng(0)
    list(fit(network, data.x_train[[2]], [2], epochs=10, batch_size=1, optimizer=SGD(1.0), rng=rng))
    assert data.y_train[2] == 2
    assert (network.predict(data.x_test).argmax(axis=1) == 2).all()
