"""The chapter on the neuron: its equations as formulas, in algebra and in numbers."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy
from sympy import Rational, Symbol, diff, exp, limit, oo, simplify, symbols

from backproplab import ACTIVATIONS, Dense, Network, leaky_relu, relu, sigmoid, tanh

if TYPE_CHECKING:
    from collections.abc import Callable

z, w, b, x = (Symbol(name, real=True) for name in "zwbx")
SIGMOID = 1 / (1 + exp(-z))
TANH = (exp(z) - exp(-z)) / (exp(z) + exp(-z))
POINTS = np.linspace(-6, 6, 49)
INPUTS = list(itertools.product((0, 1), repeat=2))


@pytest.mark.equation("NEURON")
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_neuron_by_index(name: str) -> None:
    r"""A neuron says $a = \sigma(z)$ with $z = \sum_k w_k x_k + b$: every input once, the bias once."""
    formulas: dict[str, Callable[[float], float]] = {
        "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
        "tanh": math.tanh,
        "relu": lambda v: max(0.0, v),
        "leaky_relu": lambda v: v if v > 0 else v / 100,
        "identity": lambda v: v,
    }
    rng = np.random.default_rng(0)
    for inputs in (1, 2, 5):
        weights, bias, example = rng.standard_normal(inputs), float(rng.standard_normal()), rng.standard_normal(inputs)
        weighted = bias
        for k in range(inputs):
            weighted += weights[k] * example[k]
        step = Network([Dense.from_parameters([weights], [bias], name)]).trace(example, [[0.0]]).steps[0]
        assert step.z[0, 0] == pytest.approx(weighted, rel=1e-12)
        assert step.a[0, 0] == pytest.approx(formulas[name](weighted), rel=1e-12)


@pytest.mark.equation("MIDDLE")
def test_the_middle_of_a_sigmoid_neuron() -> None:
    r"""At $x = -b/w$ a sigmoid neuron says $\frac12$, with the slope $w/4$."""
    neuron = SIGMOID.subs(z, w * x + b)
    assert simplify(neuron.subs(x, -b / w)) == Rational(1, 2)
    assert simplify(diff(neuron, x).subs(x, -b / w) - w / 4) == 0
    h = 1e-5
    for weight, bias in [(2.0, -3.0), (-0.5, 1.0), (4.0, 0.0)]:
        near = sigmoid(weight * (-bias / weight + np.array([-h, 0, h])) + bias)
        assert near[1] == pytest.approx(1 / 2, abs=1e-15)
        assert (near[2] - near[0]) / (2 * h) == pytest.approx(weight / 4, rel=1e-8)


def perceptron(weights: tuple[Fraction, ...], bias: Fraction, example: tuple[int, ...]) -> int:
    return 1 if sum(weight * value for weight, value in zip(weights, example, strict=True)) + bias > 0 else 0


@pytest.mark.equation("PERCEPTRON")
def test_perceptron_by_index() -> None:
    r"""A perceptron says 1 where $w \cdot x + b > 0$ and otherwise 0, and so computes OR, AND and NAND."""
    half = Fraction(1, 2)
    gates = {
        (1, 1, -half): [0, 1, 1, 1],
        (1, 1, -3 * half): [0, 0, 0, 1],
        (-1, -1, 3 * half): [1, 1, 1, 0],
    }
    for (first, second, bias), table in gates.items():
        answers = [perceptron((Fraction(first), Fraction(second)), Fraction(bias), example) for example in INPUTS]
        assert answers == table
        steep = sigmoid(200 * np.array([first * p + second * q + float(bias) for p, q in INPUTS]))
        np.testing.assert_allclose(steep, table, atol=1e-12)
    assert perceptron((Fraction(1),), Fraction(-1), (1,)) == 0  # on the line itself it says 0


@pytest.mark.equation("XOR")
def test_no_perceptron_computes_xor() -> None:
    r"""The two sums are one, $(w_1 + b) + (w_2 + b) = b + (w_1 + w_2 + b)$: it cannot be above 0 and not above 0."""
    w1, w2 = symbols("w1 w2", real=True)
    weighted: dict[tuple[int, ...], sympy.Expr] = {(p, q): w1 * p + w2 * q + b for p, q in INPUTS}
    ones = [weighted[example] for example in INPUTS if sum(example) == 1]
    zeros = [weighted[example] for example in INPUTS if sum(example) != 1]
    assert sympy.expand(sum(ones) - sum(zeros)) == 0
    s = Symbol("s", real=True)
    assert (
        sympy.solveset(s > 0, s, sympy.S.Reals).intersect(sympy.solveset(s <= 0, s, sympy.S.Reals)) is sympy.S.EmptySet
    )


@pytest.mark.equation("XOR", "PERCEPTRON")
def test_fourteen_of_sixteen_tables() -> None:
    """Of the sixteen tables of two inputs, small weights already give fourteen; XOR and its opposite are missing."""
    steps = [Fraction(number, 2) for number in range(-3, 4)]
    found = {
        tuple(perceptron((first, second), bias, example) for example in INPUTS)
        for first, second, bias in itertools.product(steps, repeat=3)
    }
    assert set(itertools.product((0, 1), repeat=4)) - found == {(0, 1, 1, 0), (1, 0, 0, 1)}


@pytest.mark.equation("SIGMOID")
def test_sigmoid_derivative_in_algebra() -> None:
    r"""In algebra $\sigma' = \sigma\,(1 - \sigma)$, largest at 0 where it is $\frac14$; $\sigma$ runs from 0 to 1."""
    assert simplify(diff(SIGMOID, z) - SIGMOID * (1 - SIGMOID)) == 0
    assert (limit(SIGMOID, z, -oo), SIGMOID.subs(z, 0), limit(SIGMOID, z, oo)) == (0, Rational(1, 2), 1)
    slope = SIGMOID * (1 - SIGMOID)
    assert slope.subs(z, 0) == Rational(1, 4)
    assert simplify(Rational(1, 4) - slope - (SIGMOID - Rational(1, 2)) ** 2) == 0  # a square is what is missing
    formula = [1 / (1 + math.exp(-v)) * (1 - 1 / (1 + math.exp(-v))) for v in POINTS]
    np.testing.assert_allclose(sigmoid.derivative(POINTS), formula, rtol=1e-12)
    np.testing.assert_allclose(sigmoid(POINTS), [1 / (1 + math.exp(-v)) for v in POINTS], rtol=1e-13)


@pytest.mark.equation("TANH")
def test_tanh_derivative_in_algebra() -> None:
    r"""In algebra $\tanh' = 1 - \tanh^2$ and $\tanh z = 2\,\sigma(2z) - 1$; it runs from $-1$ to $1$."""
    assert simplify(diff(TANH, z) - (1 - TANH**2)) == 0
    assert simplify(TANH - (2 * SIGMOID.subs(z, 2 * z) - 1)) == 0
    assert (limit(TANH, z, -oo), TANH.subs(z, 0), limit(TANH, z, oo)) == (-1, 0, 1)
    np.testing.assert_allclose(tanh.derivative(POINTS), [1 - math.tanh(v) ** 2 for v in POINTS], rtol=1e-9)
    np.testing.assert_allclose(tanh(POINTS), [math.tanh(v) for v in POINTS], rtol=1e-13)


@pytest.mark.equation("RELU")
def test_relu_slopes_on_both_sides() -> None:
    r"""$\max(0, z)$ has the slope 1 on the right of 0 and 0 on the left, and at 0, where it has none, we take 0."""
    formula = sympy.Max(0, z)
    assert limit((formula - formula.subs(z, 0)) / z, z, 0, "+") == 1
    assert limit((formula - formula.subs(z, 0)) / z, z, 0, "-") == 0
    np.testing.assert_array_equal(relu(POINTS), [max(0.0, v) for v in POINTS])
    np.testing.assert_array_equal(relu.derivative(POINTS), [1 if v > 0 else 0 for v in POINTS])
    assert 0 in POINTS


@pytest.mark.equation("LEAKY")
def test_leaky_relu_slopes_on_both_sides() -> None:
    r"""The leaky ReLU has the slope 1 on the right of 0 and $1/100$ on the left, and at 0 we take the left one."""
    formula, h = sympy.Piecewise((z, z > 0), (z / 100, True)), Symbol("h", positive=True)
    assert formula.subs(z, 0) == 0
    assert formula.subs(z, h) / h == 1
    assert formula.subs(z, -h) / -h == Rational(1, 100)
    np.testing.assert_allclose(leaky_relu(POINTS), [v if v > 0 else v / 100 for v in POINTS], rtol=1e-15)
    np.testing.assert_array_equal(leaky_relu.derivative(POINTS), [1 if v > 0 else 1 / 100 for v in POINTS])
