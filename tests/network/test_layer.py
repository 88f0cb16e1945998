"""The chapter on the layer: its equations index by index, and its counts one parameter at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from backproplab import Dense, Network
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.counts import sizes as counts
from tests.worlds.network import columns, layers


@pytest.mark.equation("LAYER")
def test_layer_by_index() -> None:
    r"""A layer says $\sigma(W^l a^{l-1} + b^l)$: the package's answers, layer by layer, are those of the formula."""
    world = layers()
    dense = [Dense.from_parameters(world["W"][l], world["b"][l], "sigmoid") for l in world["W"]]
    steps = Network(dense).trace(world["x"], world["y"]).steps
    formula("LAYER").holds(world, package=lambda l: steps[l - 1].a)


@pytest.mark.equation("BATCH")
def test_each_column_of_a_batch_is_on_its_own() -> None:
    r"""The batch is $W^l A^{l-1} + b^l\,\mathbf{1}^T$, its columns worked out one by one, whatever the other columns hold."""
    world = columns()
    layer, A = Dense.from_parameters(world["W"][1], world["b"][1]), world["A"][0]
    formula("BATCH").holds(
        world, package=lambda l: Dense.from_parameters(world["W"][l], world["b"][l]).forward(world["A"][l - 1])
    )
    others = A.copy()
    others[:, 1:] = 7
    np.testing.assert_allclose(layer.forward(others)[:, 0], layer.forward(A)[:, 0], rtol=1e-12)


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
        assert one_by_one == count
    formula("PARAMS").holds(*(counts({"P": count}, *sizes) for sizes, count in known.items() if len(sizes) == 4))


@pytest.mark.equation("COLLAPSE")
def test_two_layers_without_a_bend_are_one() -> None:
    r"""$W^2 (W^1 x + b^1) + b^2 = (W^2 W^1)\,x + (W^2 b^1 + b^2)$, entry by entry; with a bend it is not so."""
    rng = np.random.default_rng(3)
    W, b = ({l: rng.standard_normal(shape) for l in (1, 2)} for shape in ((3, 3), 3))
    formula("COLLAPSE").holds(World({"W": W, "b": b, "x": rng.standard_normal(3)}))

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
