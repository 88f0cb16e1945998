"""The chapter on the layer: its equations index by index, and its counts one parameter at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import sympy

from backproplab import Dense, Network

SHAPES = [(1, 1, 1), (2, 3, 4), (5, 2, 3), (3, 4, 1), (2, 3, 3)]


@pytest.mark.equation("LAYER")
@pytest.mark.parametrize(("inputs", "neurons", "examples"), SHAPES)
def test_layer_by_index(inputs: int, neurons: int, examples: int) -> None:
    r"""Entry $j$ of $\sigma(W^l a^{l-1} + b^l)$ is what neuron $j$ says on its own, with row $j$ of $W^l$."""
    rng = np.random.default_rng(0)
    W, b = rng.standard_normal((neurons, inputs)), rng.standard_normal(neurons)
    x = rng.standard_normal((examples, inputs))
    outputs = Network([Dense.from_parameters(W, b, "tanh")]).predict(x)
    assert outputs.shape == (examples, neurons)
    for i in range(examples):
        for j in range(neurons):
            z = sum(W[j, k] * x[i, k] for k in range(inputs)) + b[j]
            assert outputs[i, j] == pytest.approx(math.tanh(z), rel=1e-12)


@pytest.mark.equation("BATCH")
@pytest.mark.parametrize(("inputs", "neurons", "examples"), SHAPES)
def test_each_column_of_a_batch_is_on_its_own(inputs: int, neurons: int, examples: int) -> None:
    r"""Column $i$ of $W A + b\,\mathbf{1}^T$ is $W a_i + b$, whatever the other columns hold."""
    rng = np.random.default_rng(1)
    W, b, A = (rng.standard_normal(shape) for shape in [(neurons, inputs), (neurons, 1), (inputs, examples)])
    formula = np.empty((neurons, examples))
    for j, i in np.ndindex(formula.shape):
        formula[j, i] = sum(W[j, k] * A[k, i] for k in range(inputs)) + b[j, 0] * 1
    layer = Dense.from_parameters(W, b)
    np.testing.assert_allclose(layer.forward(A), formula, rtol=1e-12)
    others = A.copy()
    others[:, 1:] = 7
    np.testing.assert_allclose(layer.forward(others)[:, 0], formula[:, 0], rtol=1e-12)


@pytest.mark.equation("PARAMS")
def test_parameters_are_counted() -> None:
    r"""A network has $\sum_l n_l (n_{l-1} + 1)$ parameters: 13,002 for 784-16-16-10, and 9 for 2-2-1."""
    known = {
        (784, 16, 16, 10): 13_002,
        (784, 15, 10): 11_935,
        (784, 10, 10): 7_960,
        (784, 30, 10): 23_860,
        (2, 2, 1): 9,
        (784, 100): 78_500,
    }
    rng = np.random.default_rng(2)
    for sizes, count in known.items():
        layers = [Dense(n_prev, n, rng=rng) for n_prev, n in itertools.pairwise(sizes)]
        assert sum(array.size for array in Network(layers).parameters.values()) == count
        one_by_one = 0
        for n_prev, n in itertools.pairwise(sizes):
            for _neuron in range(n):
                for _weight in range(n_prev):
                    one_by_one += 1
                one_by_one += 1  # its bias
        assert one_by_one == count == sum(n * (n_prev + 1) for n_prev, n in itertools.pairwise(sizes))


@pytest.mark.equation("COLLAPSE")
def test_two_layers_without_a_bend_are_one() -> None:
    r"""In algebra $W^2 (W^1 x + b^1) + b^2 = (W^2 W^1)\,x + (W^2 b^1 + b^2)$, entry by entry; with a bend it is not so."""
    W1, W2 = (
        sympy.Matrix(*shape, lambda i, j, name=name: sympy.Symbol(f"{name}{i}{j}"))
        for name, shape in (("u", (3, 2)), ("v", (2, 3)))
    )
    x, b1, b2 = (
        sympy.Matrix(size, 1, lambda i, _, name=name: sympy.Symbol(f"{name}{i}"))
        for name, size in (("x", 2), ("b", 3), ("c", 2))
    )
    two, one = W2 * (W1 * x + b1) + b2, (W2 * W1) * x + (W2 * b1 + b2)
    assert (two - one).expand() == sympy.zeros(2, 1)

    rng = np.random.default_rng(3)
    first, second = Dense(4, 5, "identity", rng=rng), Dense(5, 3, "identity", rng=rng)
    for layer in (first, second):
        layer.b[...] = rng.standard_normal(layer.b.shape)
    single = Dense.from_parameters(second.W @ first.W, second.W @ first.b + second.b)
    examples = rng.standard_normal((6, 4))
    np.testing.assert_allclose(
        Network([first, second]).predict(examples), Network([single]).predict(examples), rtol=1e-12, atol=1e-14
    )
    bent = Dense.from_parameters(first.W, first.b, "tanh")
    assert not np.allclose(Network([bent, second]).predict(examples), Network([single]).predict(examples), atol=0.1)
