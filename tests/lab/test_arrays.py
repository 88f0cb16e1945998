"""Arrays: the ways back of broadcasting, reductions, products and cross-entropy as the chapter prints them, and what it counts."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Linear, Tensor, Value, cross_entropy
from backproplab.autograd.graph import backward_order
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.arrays import copied, matrices, pairs, reduced, rows_of_logits, two_layers


def slopes(world: World, name: str) -> np.ndarray:
    """The slopes of L in all entries of an array, measured."""
    step, shape = 1e-30, np.shape(world[name])
    nudged = [world.nudged((((name, (), place), 1j * step),))["L"] for place in np.ndindex(*shape)]
    return np.reshape(np.imag(nudged) / step, shape)


def layer_of_values(N: int, m: int, n: int) -> World:
    """The sizes of a layer, and how many results single numbers make of it."""
    weights, biases = [[Value(0.5)] * n for _ in range(m)], [Value(0.1)] * m
    made = 0
    for _, (row, bias) in ((i, neuron) for i in range(N) for neuron in zip(weights, biases, strict=True)):
        first, *others = (w * 0.3 for w in row)
        made += sum(bool(node.parents) for node in backward_order(sum(others, first) + bias))
    return World({"R": made, "N": N, "m": m, "n": n})


@pytest.mark.equation("LAYERNODES")
def test_a_layer_of_single_numbers_has_two_nodes_per_weight_and_example() -> None:
    """The results in the records of a layer of values, counted, are twice the examples times neurons times inputs."""
    formula("LAYERNODES").holds(layer_of_values(3, 4, 5), layer_of_values(2, 1, 1))


@pytest.mark.equation("UNBROADCAST")
def test_what_is_copied_forward_is_added_up_backward() -> None:
    """The measured slope in an entry that was copied to every row is the sum of the slopes in its copies, and a tensor's gradient."""
    world = copied(lambda x, b: x + b)
    b = Tensor(world["b"])
    (world["x"] + b).backward(slopes(world, "z"))
    formula("UNBROADCAST").holds(world, package=lambda: b.grad)


@pytest.mark.equation("SCALED")
def test_a_copied_factor_gets_the_sum_of_its_products() -> None:
    """A row of factors gets the slopes of the products, times what it was multiplied by, added up over the rows."""
    world = copied(lambda x, s: x * s)
    s = Tensor(world["s"])
    (world["x"] * s).backward(slopes(world, "z"))
    formula("SCALED").holds(world, package=lambda: s.grad)


@pytest.mark.equation("REDUCE")
def test_what_is_added_up_forward_is_copied_backward() -> None:
    """Each entry of a sum has the slope of the sum, each of a mean an equal share of the slope of the mean, as tensors have."""
    world = reduced()
    x, y = Tensor(world["x"]), Tensor(world["y"])
    x.sum(axis=1).backward(slopes(world, "s"))
    y.mean(axis=1).backward(slopes(world, "m"))
    formula("REDUCE").holds(world, package=[lambda: x.grad, lambda: y.grad])


@pytest.mark.equation("MATMULINDEX")
def test_the_matrix_product_goes_back_by_index() -> None:
    """A factor's measured slopes are sums of products of the other factor and the slopes of the result, and a tensor's gradients."""
    world = matrices()
    x, y = Tensor(world["x"]), Tensor(world["y"])
    (x @ y).backward(slopes(world, "z"))
    formula("MATMULINDEX").holds(world, package=[lambda: x.grad, lambda: y.grad])


@pytest.mark.equation("MATMULBACK")
def test_the_matrix_product_goes_back_by_matrices() -> None:
    """The same in matrices: each factor gets a product with the other one, transposed, on the other one's side."""
    world = matrices()
    x, y = Tensor(world["X"]), Tensor(world["Y"])
    (x @ y).backward(slopes(world, "Z"))
    formula("MATMULBACK").holds(world, package=[lambda: x.grad, lambda: y.grad])


@pytest.mark.equation("CEROWS")
def test_cross_entropy_of_rows() -> None:
    """The measured slope in a logit is its share less the target over the number of examples, and the tensor's gradient."""
    world = rows_of_logits()
    z = Tensor(world["z"])
    cost = cross_entropy(z, world["y"])
    cost.backward()
    assert float(cost) == pytest.approx(world["C"])
    formula("CEROWS").holds(world, package=lambda: z.grad)


@pytest.mark.equation("TWOLAYERS")
def test_standard_normal_weights_make_large_logits() -> None:
    """Over all signs of weights of variance 1 the logits have the variance of the formula, and over many draws a `Linear` has it too."""
    formula("TWOLAYERS").holds(two_layers(np.array([0.7, -1.1, 0.4]), 2), two_layers(np.array([1.2, 0.5]), 3))
    rng = np.random.default_rng(0)
    x = rng.random(20)
    drawn = [
        Linear(30, 1, init="normal", rng=rng)(Linear(20, 30, init="normal", rng=rng)(x[None]).relu()).data.item()
        for _ in range(2000)
    ]
    assert np.var(drawn) == pytest.approx(20 * 30 / 2 * np.mean(x**2), rel=0.1)


@pytest.mark.equation("FLATFIT")
def test_pairs_of_all_with_all_pull_to_the_mean() -> None:
    """Predictions in a column less targets in a row give the mean of all pairs, whose gradient knows the mean of the targets alone."""
    world = pairs()
    p = Tensor(world["p"][:, None])
    cost = ((p - world["y"]) ** 2).mean()
    cost.backward()
    assert float(cost) == pytest.approx(world["C"])
    assert p.grad is not None
    formula("FLATFIT").holds(world, package=lambda: p.grad[:, 0])  # type: ignore[index]
