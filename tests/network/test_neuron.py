"""The chapter on the neuron: its equations as formulas, in algebra and in numbers."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import ACTIVATIONS, Dense, Network, leaky_relu, relu, sigmoid, tanh
from backproplab.book.formulas.check import Manner
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.network import sigma
from tests.worlds.neuron import bend, leaky_relu as leaky_relu_of, middle, neuron, perceptron, quotient, relu as relu_of

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": sigma,
    "tanh": math.tanh,
    "relu": relu_of,
    "leaky_relu": leaky_relu_of,
    "identity": lambda z: z,
}
POINTS = np.linspace(-6, 6, 49)
INPUTS = list(itertools.product((0, 1), repeat=2))


@pytest.mark.equation("NEURON")
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_neuron_by_index(name: str) -> None:
    r"""A neuron says $a = \sigma(z)$ with $z = \sum_k w_k x_k + b$: every input once, the bias once."""
    for bias in (0.4, -3.0, 3.0):
        world = neuron(FUNCTIONS[name], bias)
        layer = Dense.from_parameters([world["w"]], [bias], name)
        step = Network([layer]).trace(world["x"], [[0.0]]).steps[0]
        assert step.z[0, 0] == pytest.approx(world["z"], rel=1e-12)
        assert step.a[0, 0] == pytest.approx(world["a"], rel=1e-12)
    formula("NEURON").holds(neuron())


@pytest.mark.equation("MIDDLE")
def test_the_middle_of_a_sigmoid_neuron() -> None:
    r"""At $x = -b/w$ a sigmoid neuron says $\frac12$, with the slope $w/4$."""
    worlds = [middle(w, b) for w, b in ((2.0, -3.0), (-0.5, 1.0), (4.0, 0.7))]
    formula("MIDDLE").holds(*worlds)
    for world in worlds:
        assert sigmoid(np.array([world["w"] * world["x"] + world["b"]])) == pytest.approx(1 / 2, abs=1e-15)


def answer(weights: tuple[Fraction, ...], bias: Fraction, example: tuple[int, ...]) -> int:
    return 1 if sum(weight * value for weight, value in zip(weights, example, strict=True)) + bias > 0 else 0


@pytest.mark.equation("PERCEPTRON")
def test_perceptron_by_index() -> None:
    r"""A perceptron says 1 where $w \cdot x + b > 0$ and otherwise 0, and so computes OR, AND and NAND."""
    formula("PERCEPTRON").holds(*(perceptron(z) for z in (0.5, 1.5, 0.0, -0.5, -1.5)))
    half = Fraction(1, 2)
    gates = {
        (1, 1, -half): [0, 1, 1, 1],
        (1, 1, -3 * half): [0, 0, 0, 1],
        (-1, -1, 3 * half): [1, 1, 1, 0],
    }
    for (first, second, bias), table in gates.items():
        answers = [answer((Fraction(first), Fraction(second)), Fraction(bias), example) for example in INPUTS]
        assert answers == table
        steep = sigmoid(200 * np.array([first * p + second * q + float(bias) for p, q in INPUTS]))
        np.testing.assert_allclose(steep, table, atol=1e-12)
    assert answer((Fraction(1),), Fraction(-1), (1,)) == 0  # on the line itself it says 0


@pytest.mark.equation("XOR")
def test_no_perceptron_computes_xor() -> None:
    r"""The two sums are one, $(w_1 + b) + (w_2 + b) = b + (w_1 + w_2 + b)$: it cannot be above 0 and not above 0."""
    formula("XOR").holds(World({"w": np.array([1.3, -0.7]), "b": 0.4}))


@pytest.mark.equation("XOR", "PERCEPTRON")
def test_fourteen_of_sixteen_tables() -> None:
    """Of the sixteen tables of two inputs, small weights already give fourteen; XOR and its opposite are missing."""
    steps = [Fraction(number, 2) for number in range(-3, 4)]
    found = {
        tuple(answer((first, second), bias, example) for example in INPUTS)
        for first, second, bias in itertools.product(steps, repeat=3)
    }
    assert set(itertools.product((0, 1), repeat=4)) - found == {(0, 1, 1, 0), (1, 0, 0, 1)}


@pytest.mark.equation("SIGMOID")
def test_sigmoid_derivative() -> None:
    r"""The slope of the sigmoid is $\sigma' = \sigma\,(1 - \sigma)$, largest at 0 where it is $\frac14$; $\sigma$ runs from 0 to 1."""
    for z in POINTS:
        formula("SIGMOID").holds(bend(sigma, z), package=lambda z=z: sigmoid.derivative(np.array([z])))
    assert sigmoid.derivative(np.zeros(1)) == sigmoid.derivative(POINTS).max() == 1 / 4
    np.testing.assert_allclose(sigmoid(np.array([-40.0, 0, 40])), [0, 1 / 2, 1], atol=1e-15)


@pytest.mark.equation("TANH")
def test_tanh_derivative() -> None:
    r"""The slope of the hyperbolic tangent is $1 - \tanh^2$, and $\tanh z = 2\,\sigma(2z) - 1$; it runs from $-1$ to $1$."""
    for z in (-2.0, -0.6, 0.7, 3.0):
        formula("TANH").holds(quotient(z), package=lambda z=z: tanh.derivative(np.array([z])))
    np.testing.assert_allclose(tanh(POINTS), 2 * sigmoid(2 * POINTS) - 1, atol=1e-15)
    np.testing.assert_allclose(tanh(np.array([-40.0, 0, 40])), [-1, 0, 1], atol=1e-15)


@pytest.mark.equation("RELU")
def test_relu_slopes_on_both_sides() -> None:
    r"""$\max(0, z)$ has the slope 1 on the right of 0 and 0 on the left, and at 0, where it has none, we take 0."""
    formula("RELU").holds(*(bend(FUNCTIONS["relu"], z) for z in (-1.5, -0.5, 0.0, 0.5, 1.5)))
    for z in POINTS:
        world, at = bend(FUNCTIONS["relu"], z), np.array([z])
        package = [lambda at=at: relu(at), lambda at=at: relu.derivative(at)]
        formula("RELU").is_true([(world, Manner())], package)
    assert 0 in POINTS


@pytest.mark.equation("LEAKY")
def test_leaky_relu_slopes_on_both_sides() -> None:
    r"""The leaky ReLU has the slope 1 on the right of 0 and $1/100$ on the left, and at 0 we take the left one."""
    none = {"z > 0 → z ≥ 0": "at 0 both lines are 0"}
    formula("LEAKY").holds(*(bend(FUNCTIONS["leaky_relu"], z) for z in (-1.5, -0.5, 0.0, 0.5, 1.5)), same=none)
    for z in POINTS:
        world, at = bend(FUNCTIONS["leaky_relu"], z), np.array([z])
        package = [lambda at=at: leaky_relu(at), lambda at=at: leaky_relu.derivative(at)]
        formula("LEAKY").is_true([(world, Manner())], package)
    assert 0 in POINTS
