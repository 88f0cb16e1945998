"""Why it is fast: forward passes and multiplications counted, and the sum over all paths."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import Dense, Network
from backproplab.book.formulas.check import Manner
from backproplab.book.formulas.formula import formula
from tests.worlds.counts import sizes as counts, walked
from tests.worlds.steps import edges, forward_difference

if TYPE_CHECKING:
    from backproplab.checks import Array

SIZES = ((1, 1), (2, 3), (3, 4, 2), (5, 4, 3, 2), (2, 2, 2, 2, 2))


class Counting(Dense):
    """A dense layer that counts its runs, and the products of two numbers in its matrix products."""

    runs = 0
    products = 0

    def forward(self, a_prev: Array) -> Array:
        self.runs += 1
        self.products += sum(1 for _ in product(*map(range, (*self.W.shape, a_prev.shape[1]))))
        return super().forward(a_prev)

    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        grads = super().gradients(a_prev, delta)
        self.products += grads["W"].size * delta.shape[1]
        return grads

    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        back = super().pull_back(a_prev, delta)
        self.products += back.size * len(delta)
        return back


def network_of(sizes: tuple[int, ...], layer: type[Dense] = Dense) -> Network:
    rng = np.random.default_rng(4)
    return Network([layer(n, m, "sigmoid", rng=rng) for n, m in pairwise(sizes)])


def counting(network: Network) -> list[Counting]:
    return [layer for layer in network.layers if isinstance(layer, Counting)]


@pytest.mark.equation("FORWARDDIFF")
@pytest.mark.parametrize("sizes", SIZES)
def test_finite_differences_run_the_network_once_more_than_it_has_parameters(sizes: tuple[int, ...]) -> None:
    r"""$(C(\theta + h e_p) - C(\theta))/h$ takes $P + 1$ forward passes, and its error halves with $h$."""
    formula("FORWARDDIFF").holds(forward_difference(), small="h", order=1)
    network = network_of(sizes, Counting)
    x, y = np.linspace(-1, 1, sizes[0]), np.linspace(0, 1, sizes[-1])
    exact = network_of(sizes).trace(x, y).gradients
    P = sum(n * m + m for n, m in pairwise(sizes))
    errors = []
    for h in (1e-3, 5e-4):
        before = counting(network)[0].runs
        here = network.cost(x, y)
        error = []
        for name, array in network.parameters.items():
            for index in np.ndindex(array.shape):
                kept = array[index]
                array[index] = kept + h
                error.append((network.cost(x, y) - here) / h - exact[name][index])
                array[index] = kept
        assert counting(network)[0].runs - before == P + 1
        errors.append(np.linalg.norm(error))
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.01)
    assert errors[0] < 1e-3


@pytest.mark.equation("OPCOUNT")
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("examples", [1, 7])
def test_operations_of_one_pass_forward_and_back(sizes: tuple[int, ...], examples: int) -> None:
    r"""One trace multiplies $3\sum_l n_l n_{l-1} - n_1 n_0$ times for each example: counted, between two and three forward passes."""
    network = network_of(sizes, Counting)
    network.trace(np.ones((examples, sizes[0])), np.zeros((examples, sizes[-1])))
    counted = sum(layer.products for layer in counting(network))
    forward_only = network_of(sizes, Counting)
    forward_only.predict(np.ones((1, sizes[0])))
    forward = sum(layer.products for layer in counting(forward_only))
    world = counts({"forward": forward, "backward": counted // examples - forward}, *sizes)
    formula("OPCOUNT").is_true([(world, Manner())], None)
    if len(set(sizes)) > 3:
        formula("OPCOUNT").holds(world)
    assert 2 * forward * examples <= counted < 3 * forward * examples
    assert all(layer.runs == 1 for layer in counting(network))


@pytest.mark.equation("SPEEDUP")
def test_speed_up_is_at_least_a_third_of_the_parameters() -> None:
    r"""The two counts give $\frac{(P+1)F}{3F - n_1 n_0}$, at least $\frac{P+1}{3}$, and that nearly where the first layer is a small part."""
    worlds = []
    for sizes in SIZES:
        nudged, traced = network_of(sizes, Counting), network_of(sizes, Counting)
        x, y = np.ones(sizes[0]), np.zeros(sizes[-1])
        parameters = sum(array.size for array in nudged.parameters.values())
        for _ in range(parameters + 1):
            nudged.cost(x, y)
        traced.trace(x, y)
        ratio = sum(layer.products for layer in counting(nudged)) / sum(layer.products for layer in counting(traced))
        edges = sum(n * m for n, m in pairwise(sizes))
        worlds.append(counts({"P": parameters, "F": edges, "speed-up": ratio}, *sizes))
    far = counts({"P": 41, "F": 10**12, "speed-up": 14 * (1 + 1 / (3 * 10**12 - 1))}, 1, 1)
    formula("SPEEDUP").holds(*worlds[2:], *worlds[:2], reached=[far])


def edges_of(network: Network, x: list[float]) -> tuple[list[Array], list[Array]]:
    """The slopes $e^l_{kj} = w^l_{kj} σ'(z^{l-1}_j)$ of each layer from the second on, and the errors δ of all layers."""
    steps = network.trace(x, np.zeros(network.output_shape)).steps
    slopes = []
    for before, after in pairwise(steps):
        W = after.layer.parameters["W"]
        e = np.empty_like(W)
        for k, j in np.ndindex(W.shape):
            sigma = 1 / (1 + np.exp(-before.z[j, 0]))
            e[k, j] = W[k, j] * sigma * (1 - sigma)
        slopes.append(e)
    return slopes, [step.delta for step in steps]


@pytest.mark.equation("SUMPATHS")
def test_delta_is_the_sum_over_all_paths() -> None:
    r"""$\delta^1_j = \sum_{k,m} e^2_{kj}\,e^3_{mk}\,\delta^3_m$, path by path, is the slope of $C$ in $z^1_j$, with the slope along every edge measured."""
    formula("SUMPATHS").holds(edges())
    network = network_of((2, 4, 3, 2))
    (e2, e3), (delta1, _, delta3) = edges_of(network, [0.4, -0.8])
    for j in range(4):
        paths = [e2[k, j] * e3[m, k] * delta3[m, 0] for k in range(3) for m in range(2)]
        assert len(paths) == 6
        assert delta1[j, 0] == pytest.approx(sum(paths))


@pytest.mark.equation("PATHCOUNT")
def test_number_of_paths_and_edges() -> None:
    r"""Walking every path from an input to an output, one edge at a time, finds $\prod_l n_l$ paths over $\sum_l n_l n_{l-1}$ edges."""
    formula("PATHCOUNT").holds(walked(3, 4, 2, 5), walked(2, 3), walked(4, 3, 2))


def test_the_counts_of_a_known_network() -> None:
    sizes = (784, 16, 16, 10)
    assert int(np.prod(sizes)) == 2_007_040
    assert sum(layer.parameters["W"].size for layer in network_of(sizes).layers) == 12_960


@pytest.mark.equation("DP")
def test_shared_ends_give_the_same_sum() -> None:
    r"""$\delta^{l-1}_j = \sum_k e^l_{kj}\,\delta^l_k$, from the end, gives for every layer what all its paths to the end add up to."""
    formula("DP").holds(edges())
    network = network_of((2, 3, 4, 3, 2))
    slopes, deltas = edges_of(network, [0.4, -0.8])
    for layer in range(4):
        sizes = [len(delta) for delta in deltas[layer:]]
        by_paths = np.zeros(sizes[0])
        for path in product(*map(range, sizes)):
            term = deltas[-1][path[-1], 0]
            for e, j, k in zip(slopes[layer:], path, path[1:], strict=False):
                term *= e[k, j]
            by_paths[path[0]] += term
        np.testing.assert_allclose(deltas[layer][:, 0], by_paths, rtol=1e-12)
