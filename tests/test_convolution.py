"""Convolution and pooling: as formulas, index by index, at the edges, and with bugs planted."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from backproplab import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Network,
    check_gradients,
    correlate,
    kernel_gradient,
    shifts,
    spread,
    window_rows,
)
from backproplab.correlation import LEAST, _tiles
from backproplab.windows import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backproplab.checks import Array
    from backproplab.layers import Layer
    from backproplab.windows import Pair

deterministic = settings(max_examples=40, derandomize=True, deadline=None, database=None)


# the formulas, index by index


def indices(*sizes: int) -> Iterator[tuple[int, ...]]:
    return product(*map(range, sizes))


def convolution_by_index(layer: Conv2d, a: Array) -> Array:
    """Add up w[f,c,u,v] a[c, i s + u − p, j s' + v − p'] and b[f], leaving out what lies outside the image."""
    (_, C, K, L), (_, H, W, N) = layer.W.shape, a.shape
    z = np.zeros((*layer.output_shape(a.shape[:3]), N))
    for f, i, j, n in np.ndindex(z.shape):
        z[f, i, j, n] = layer.b[f, 0]
        for c, u, v in indices(C, K, L):
            y, x = i * layer.stride[0] + u - layer.padding[0], j * layer.stride[1] + v - layer.padding[1]
            if 0 <= y < H and 0 <= x < W:
                z[f, i, j, n] += layer.W[f, c, u, v] * a[c, y, x, n]
    return z


def convolution_gradients_by_index(layer: Conv2d, a: Array, delta: Array) -> dict[str, Array]:
    """Send δ back along every product of the forward formula: to its weight, its activation, and the bias."""
    _, C, K, L = layer.W.shape
    _, H, W, _ = a.shape
    grads = {"W": np.zeros_like(layer.W), "b": np.zeros_like(layer.b), "a_prev": np.zeros(a.shape)}
    for f, i, j, n in np.ndindex(delta.shape):
        grads["b"][f, 0] += delta[f, i, j, n]
        for c, u, v in indices(C, K, L):
            y, x = i * layer.stride[0] + u - layer.padding[0], j * layer.stride[1] + v - layer.padding[1]
            if 0 <= y < H and 0 <= x < W:
                grads["W"][f, c, u, v] += delta[f, i, j, n] * a[c, y, x, n]
                grads["a_prev"][c, y, x, n] += delta[f, i, j, n] * layer.W[f, c, u, v]
    return grads


def pooling_by_index(layer: MaxPool2d | AvgPool2d, a: Array, delta: Array) -> tuple[Array, Array]:
    """Return z and ∂C/∂a_prev: the first maximum of each window takes all, or every entry its share."""
    (K, L), (s, t) = layer.window, layer.stride
    z, grad = np.zeros(delta.shape), np.zeros(a.shape)
    for c, i, j, n in np.ndindex(delta.shape):
        window = {(i * s + u, j * t + v): a[c, i * s + u, j * t + v, n] for u, v in indices(K, L)}  # row by row
        if isinstance(layer, MaxPool2d):
            y, x = max(window, key=lambda place: window[place])  # the first of equals
            z[c, i, j, n] = window[y, x]
            grad[c, y, x, n] += delta[c, i, j, n]
        else:
            z[c, i, j, n] = sum(window.values()) / (K * L)
            for y, x in window:
                grad[c, y, x, n] += delta[c, i, j, n] / (K * L)
    return z, grad


def differences(layer: Layer, a: Array, seed: int = 7) -> dict[str, float]:
    """Return how far a layer is from its formula, forward and in every gradient."""
    z = layer.forward(a)
    assert z.shape[:-1] == layer.output_shape(a.shape[:-1])
    delta = np.random.default_rng(seed).standard_normal(z.shape)
    if isinstance(layer, Conv2d):
        expected = {"z": convolution_by_index(layer, a), **convolution_gradients_by_index(layer, a, delta)}
    else:
        assert isinstance(layer, MaxPool2d | AvgPool2d)
        expected = dict(zip(("z", "a_prev"), pooling_by_index(layer, a, delta), strict=True))
    found = {"z": z, "a_prev": layer.pull_back(a, delta), **layer.gradients(a, delta)}
    assert {name: array.shape for name, array in found.items()} == {name: e.shape for name, e in expected.items()}
    return {name: float(np.abs(found[name] - expected[name]).max()) for name in found}


def images(rng: np.random.Generator, channels: int, height: int, width: int, examples: int) -> Array:
    return rng.standard_normal((channels, height, width, examples))


def convolution(rng: np.random.Generator, *arguments: Any, **options: Any) -> Conv2d:
    layer = Conv2d(*arguments, rng=rng, **options)
    layer.b[...] = rng.standard_normal(layer.b.shape)
    return layer


small = st.integers(1, 3)
geometry = st.tuples(st.tuples(st.integers(1, 4), st.integers(1, 4)), st.tuples(small, small))


@deterministic
@given(geometry, st.tuples(small, small, small), st.tuples(*[st.integers(0, 4)] * 2), st.data(), st.integers(0, 2**32))
def test_convolution_is_its_formula(
    sizes: tuple[Pair, Pair], numbers: tuple[int, int, int], room: Pair, data: st.DataObject, seed: int
) -> None:
    """Output and gradients are those of the index formulas for any kernel, stride, padding, image and batch."""
    (kernel, stride), (channels, filters, examples) = sizes, numbers
    padding = data.draw(st.tuples(st.integers(0, kernel[0] - 1), st.integers(0, kernel[1] - 1)))
    height, width = (max(1, part - 2 * zeros) + more for part, zeros, more in zip(kernel, padding, room, strict=True))
    rng = np.random.default_rng(seed)
    layer = convolution(rng, channels, filters, kernel, stride=stride, padding=padding)
    assert max(differences(layer, images(rng, channels, height, width, examples)).values()) < 1e-12


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
@deterministic
@given(geometry, st.tuples(small, small), st.tuples(*[st.integers(0, 5)] * 2), st.booleans(), st.integers(0, 2**32))
def test_pooling_is_its_formula(
    kind: type[MaxPool2d | AvgPool2d],
    sizes: tuple[Pair, Pair],
    numbers: tuple[int, int],
    room: Pair,
    ties: bool,
    seed: int,
) -> None:
    """Output and gradient are those of the index formulas: overlapping or not, with ties or without, at any border."""
    window, stride = sizes
    rng = np.random.default_rng(seed)
    a = images(rng, numbers[0], window[0] + room[0], window[1] + room[1], numbers[1])
    layer = kind(window, stride=stride)
    assert max(differences(layer, np.round(a) if ties else a).values()) < 1e-12


@pytest.mark.parametrize("examples", [1, LEAST, LEAST + 1, 2 * LEAST + 3])
def test_every_batch_size_gives_each_example_its_own(examples: int) -> None:
    """Where the batch is cut into tiles makes no difference: forward and back are those of the examples one by one."""
    rng = np.random.default_rng(0)
    layer, a = convolution(rng, 16, 32, 3), images(rng, 16, 4, 9, examples)
    assert len(list(_tiles(examples, layer.W.size * 7))) == -(-examples // LEAST)
    z = layer.forward(a)
    delta = rng.standard_normal(z.shape)
    back, grads = layer.pull_back(a, delta), layer.gradients(a, delta)
    each = [(a[..., [n]], delta[..., [n]]) for n in range(examples)]
    np.testing.assert_allclose(z, np.concatenate([layer.forward(one) for one, _ in each], axis=-1), atol=1e-12)
    np.testing.assert_allclose(back, np.concatenate([layer.pull_back(*one) for one in each], axis=-1), atol=1e-12)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, sum(layer.gradients(*one)[name] for one in each), atol=1e-11)


# the edges, each by name


def test_overlapping_windows_add_their_errors() -> None:
    """An entry that several windows share receives from each of them."""
    a = np.array([[0, 5, 0], [0, 0, 0]], float).reshape(1, 2, 3, 1)
    delta = np.array([[2.0, 3.0]]).reshape(1, 1, 2, 1)
    np.testing.assert_array_equal(MaxPool2d(2, stride=1).pull_back(a, delta)[0, :, :, 0], [[0, 5, 0], [0, 0, 0]])
    np.testing.assert_array_equal(
        AvgPool2d(2, stride=1).pull_back(a, delta)[0, :, :, 0], [[0.5, 1.25, 0.75], [0.5, 1.25, 0.75]]
    )
    ones = Conv2d.from_parameters(np.ones((1, 1, 2, 2)), [0])
    np.testing.assert_array_equal(ones.pull_back(a, delta)[0, :, :, 0], [[2, 5, 3], [2, 5, 3]])


def test_of_tied_maxima_the_first_takes_all() -> None:
    """Row by row from the left: not the first in the column, not each a part, not each the whole."""
    a = np.array([[0, 7, 0], [7, 7, 0], [0, 0, 0]], float).reshape(1, 3, 3, 1)
    pool = MaxPool2d(3)
    np.testing.assert_array_equal(
        pool.pull_back(a, np.full((1, 1, 1, 1), 2.0))[0, :, :, 0], [[0, 2, 0], [0, 0, 0], [0, 0, 0]]
    )
    assert set(differences(pool, a).values()) == {0.0}
    np.testing.assert_array_equal(
        MaxPool2d(2).pull_back(np.zeros((1, 2, 2, 1)), np.ones((1, 1, 1, 1)))[0, :, :, 0], [[1, 0], [0, 0]]
    )


@pytest.mark.parametrize(
    "layer", [MaxPool2d(2), AvgPool2d(2), Conv2d.from_parameters(np.ones((1, 1, 2, 2)), [0], stride=2)]
)
def test_a_border_that_no_window_reaches_gets_no_error(layer: Layer) -> None:
    """A 5 × 5 image holds 2 × 2 windows of that size; its last row and column say nothing and hear nothing."""
    a = np.random.default_rng(0).uniform(1, 2, (1, 5, 5, 3))
    z = layer.forward(a)
    assert z.shape == (1, 2, 2, 3)
    a[:, 4], a[:, :, 4] = 100, 100
    np.testing.assert_array_equal(layer.forward(a), z)
    back = layer.pull_back(a, np.ones(z.shape))
    assert not back[:, 4].any()
    assert not back[:, :, 4].any()
    assert back[:, :4, :4].any()


def test_a_1x1_kernel_is_a_dense_layer_at_every_pixel() -> None:
    """Its kernels mix the channels of one pixel, with the weights that a dense layer would have."""
    rng = np.random.default_rng(0)
    layer, a = convolution(rng, 3, 4, 1), images(rng, 3, 5, 6, 2)
    dense = Dense.from_parameters(layer.W[:, :, 0, 0], layer.b)
    pixels, delta = a.reshape(3, -1), rng.standard_normal((4, 5, 6, 2))
    np.testing.assert_allclose(layer.forward(a).reshape(4, -1), dense.forward(pixels), atol=1e-14)
    np.testing.assert_allclose(
        layer.pull_back(a, delta).reshape(3, -1), dense.pull_back(pixels, delta.reshape(4, -1)), atol=1e-14
    )
    there = dense.gradients(pixels, delta.reshape(4, -1))
    here = layer.gradients(a, delta)
    np.testing.assert_allclose(here["W"][:, :, 0, 0], there["W"], atol=1e-12)
    np.testing.assert_allclose(here["b"], there["b"], atol=1e-12)


def test_a_kernel_as_large_as_the_image_is_a_dense_layer() -> None:
    """There is one window, the whole image: convolution is then the dense layer behind `Flatten`."""
    rng = np.random.default_rng(0)
    layer, a = convolution(rng, 2, 4, (3, 5)), images(rng, 2, 3, 5, 6)
    dense, flat = Dense.from_parameters(layer.W.reshape(4, -1), layer.b), Flatten()
    z = layer.forward(a)
    assert z.shape == (4, 1, 1, 6)
    np.testing.assert_allclose(z[:, 0, 0], dense.forward(flat.forward(a)), atol=1e-13)
    delta = rng.standard_normal(z.shape)
    np.testing.assert_allclose(
        layer.pull_back(a, delta), flat.pull_back(a, dense.pull_back(flat.forward(a), delta[:, 0, 0])), atol=1e-13
    )


def test_pooling_by_one_changes_nothing() -> None:
    """A window of one pixel is its own maximum and mean."""
    a = images(np.random.default_rng(0), 2, 3, 4, 5)
    for layer in (MaxPool2d(1), AvgPool2d(1)):
        np.testing.assert_array_equal(layer.forward(a), a)
        np.testing.assert_array_equal(layer.pull_back(a, a), a)


def test_nothing_that_goes_in_is_changed() -> None:
    """Activations, errors and parameters are as they were after every pass."""
    rng = np.random.default_rng(0)
    for layer in (convolution(rng, 2, 3, 2, padding=1), MaxPool2d(2, stride=1), AvgPool2d(2), Flatten()):
        a = images(rng, 2, 4, 4, 3)
        delta = rng.standard_normal(layer.forward(a).shape)
        given = [a, delta, *layer.parameters.values()]
        before = [array.copy() for array in given]
        layer.forward(a), layer.gradients(a, delta), layer.pull_back(a, delta)
        for array, copy in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, copy)


# the functions that the layers are made of


def test_window_rows_hold_every_window_as_a_column() -> None:
    """Row (u, c, v) and column (j, n) of matrix i hold a[c, i s + u, j s' + v, n]."""
    a = np.arange(2 * 5 * 6 * 3).reshape(2, 5, 6, 3)
    rows = window_rows(a, (3, 2), (2, 3))
    assert rows.shape == (2, 3 * 2 * 2, 2 * 3)
    matrices = rows.reshape(2, 3, 2, 2, 2, 3)
    for i, u, c, v, j, n in np.ndindex(matrices.shape):
        assert matrices[i, u, c, v, j, n] == a[c, 2 * i + u, 3 * j + v, n]


def test_window_rows_copy_only_the_shifts_across() -> None:
    """The matrices of neighbouring rows share memory: they stand on K' copies of the image, not on K·K'."""
    a = np.zeros((1, 10, 10, 1))
    rows = window_rows(a, (3, 3))
    assert np.shares_memory(rows[0], rows[1])
    low, high = np.lib.array_utils.byte_bounds(rows)
    assert high - low == 3 * 10 * 8 * a.itemsize


def test_shifts_are_views_of_the_entries_of_all_windows() -> None:
    """`shifts(a)[v][j]` is `a[j s + v]`, and what is written there lands in `a`."""
    a = np.arange(8.0)
    for v, shift in enumerate(shifts(a, 0, 3, 2)):
        np.testing.assert_array_equal(shift, [a[v], a[2 + v], a[4 + v]])
        assert np.shares_memory(shift, a)


def test_spread_sets_errors_as_far_apart_as_their_windows() -> None:
    """With stride 2 there is a zero between two errors, and around them as many as the kernel reaches beyond."""
    delta = np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1)
    np.testing.assert_array_equal(
        spread(delta, (2, 4), (2, 2), (2, 2))[0, :, :, 0], [[0, 0, 0, 0, 0], [0, 1, 0, 2, 0], [0, 0, 0, 0, 0]]
    )


def test_correlation_and_its_transpose_are_one_inner_product() -> None:
    """⟨correlate(a, W), δ⟩ is ⟨a, pulled-back δ⟩ and ⟨W, kernel gradient⟩, whatever the numbers."""
    rng = np.random.default_rng(0)
    a, W = images(rng, 2, 7, 6, 3), rng.standard_normal((4, 2, 3, 2))
    delta = rng.standard_normal((4, 3, 3, 3))
    product = np.vdot(correlate(a, W, (2, 2)), delta)
    turned = W[:, :, ::-1, ::-1].swapaxes(0, 1)
    assert np.vdot(a, correlate(spread(delta, (7, 6), (3, 2), (2, 2)), turned)) == pytest.approx(product)
    assert np.vdot(W, kernel_gradient(delta, a, (3, 2), (2, 2))) == pytest.approx(product)


def test_whole_numbers_are_not_rounded_to() -> None:
    """Images of whole numbers go with kernels of any numbers, as they may stand on a page."""
    a = np.arange(9).reshape(1, 3, 3, 1)
    half = np.full((1, 1, 1, 1), 0.5)
    np.testing.assert_array_equal(correlate(a, half), a / 2)
    np.testing.assert_array_equal(kernel_gradient(half, a[:, :1, 1:2], (1, 1)), half)
    np.testing.assert_array_equal(AvgPool2d(3).pull_back(a, half)[0, :, :, 0], np.full((3, 3), 0.5 / 9))


def test_places_are_counted_as_windows_fit() -> None:
    """⌊(H + 2p − K) / s⌋ + 1, against counting the windows one by one."""
    for size, window, stride in indices(9, 5, 4):
        if 0 < window <= size and stride:
            fitting = sum(1 for start in range(0, size, stride) if start + window <= size)
            assert places((size, size), (window, window), (stride, stride), "a") == (fitting, fitting)


# bugs, planted


class BiasAveraged(Conv2d):
    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        return {**super().gradients(a_prev, delta), "b": delta.mean(axis=(1, 2, 3)).reshape(-1, 1)}


class BiasNotSummedOverPlaces(Conv2d):
    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        return {**super().gradients(a_prev, delta), "b": delta[:, 0, 0].sum(axis=-1, keepdims=True)}


class KernelNotSummedOverPlaces(Conv2d):
    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        one = np.zeros_like(delta)
        one[:, 0, 0] = delta[:, 0, 0]
        return {**super().gradients(a_prev, delta), "W": super().gradients(a_prev, one)["W"]}


class KernelNotFlipped(Conv2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        turned_twice = Conv2d.from_parameters(
            self.W[:, :, ::-1, ::-1], self.b, stride=self.stride, padding=self.padding
        )
        return turned_twice.pull_back(a_prev, delta)


class KernelFlippedOneWay(Conv2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        turned_twice = Conv2d.from_parameters(self.W[:, :, ::-1], self.b, stride=self.stride, padding=self.padding)
        return turned_twice.pull_back(a_prev, delta)


class KernelNotTransposed(Conv2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        swapped = Conv2d.from_parameters(self.W.swapaxes(0, 1), self.b, stride=self.stride, padding=self.padding)
        return swapped.pull_back(a_prev, delta)


class PaddingForgottenOnTheWayBack(Conv2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        field = spread(delta, (a_prev.shape[1] + 2, a_prev.shape[2] + 2), self.kernel, self.stride)
        back = correlate(field, self.W[:, :, ::-1, ::-1].swapaxes(0, 1))
        return back[:, : a_prev.shape[1], : a_prev.shape[2]]


class MaxPoolOverwrites(MaxPool2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        grad = np.zeros_like(a_prev)
        for _, i, j, _ in np.ndindex(1, *delta.shape[1:3], 1):
            one = np.zeros_like(delta)
            one[:, i, j] = delta[:, i, j]
            part = super().pull_back(a_prev, one)
            grad[part != 0] = part[part != 0]  # where += is due
        return grad


class AvgPoolOverwrites(AvgPool2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        grad = np.zeros_like(a_prev)
        for row in self._shifts(grad, 1):
            for entry in self._shifts(row, 2):
                entry[...] = delta / 4  # where += is due
        return grad


class AvgPoolNotDivided(AvgPool2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        return 4 * super().pull_back(a_prev, delta)


class AllTiedMaximaFed(MaxPool2d):
    def _routed(self, a: Array, largest: Array, delta: Array, axis: int) -> Array:
        grad = np.zeros_like(a)
        for entry, entry_grad in zip(self._shifts(a, axis), self._shifts(grad, axis), strict=True):
            entry_grad += delta * (entry == largest)
        return grad


class LastTiedMaximumFed(MaxPool2d):
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        return super().pull_back(a_prev[:, ::-1, ::-1], delta[:, ::-1, ::-1])[:, ::-1, ::-1]


CONVOLUTION_BUGS = {
    BiasAveraged: "b3",
    BiasNotSummedOverPlaces: "b3",
    KernelNotSummedOverPlaces: "W3",
    KernelNotFlipped: "W1",
    KernelFlippedOneWay: "W1",
    KernelNotTransposed: "W1",
    PaddingForgottenOnTheWayBack: "W1",
}
POOLING_BUGS = (MaxPoolOverwrites, AvgPoolOverwrites, AvgPoolNotDivided)


def verdicts(convolutional: type[Conv2d] = Conv2d, pool: Layer | None = None) -> dict[str, str]:
    """Return what the gradient check says of every parameter of a network with a layer of that kind in the middle."""
    rng = np.random.default_rng(5)
    layers = [
        convolution(rng, 1, 2, 2, "tanh"),
        pool or MaxPool2d(2, stride=1),
        convolutional.from_parameters(rng.standard_normal((2, 2, 2, 2)), rng.standard_normal(2), "tanh", padding=1),
        Flatten(),
        Dense(50, 2, rng=rng),
    ]
    network = Network(layers, input_shape=(1, 6, 6))
    report = check_gradients(network, rng.standard_normal((2, 1, 6, 6)), rng.standard_normal((2, 2)))
    return {check.name: check.verdict for check in report.checks}


def test_without_a_bug_the_network_is_right() -> None:
    """The network in which the bugs are planted is right without them."""
    assert set(verdicts().values()) == {"right"}
    assert set(verdicts(pool=AvgPool2d(2, stride=1)).values()) == {"right"}


@pytest.mark.parametrize(
    ("bug", "parameter"), CONVOLUTION_BUGS.items(), ids=lambda value: getattr(value, "__name__", value)
)
def test_a_bug_in_convolution_is_caught(bug: type[Conv2d], parameter: str) -> None:
    """The gradient check finds each classic mistake, in the parameter whose gradient it spoils."""
    assert verdicts(bug)[parameter] == "wrong"


@pytest.mark.parametrize("bug", CONVOLUTION_BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_in_convolution_differs_from_the_formula(bug: type[Conv2d]) -> None:
    """And so do the index formulas."""
    rng = np.random.default_rng(5)
    layer = bug.from_parameters(rng.standard_normal((2, 2, 2, 2)), rng.standard_normal(2), padding=1)
    assert max(differences(layer, images(rng, 2, 4, 5, 3)).values()) > 0.1


@pytest.mark.parametrize("bug", POOLING_BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_in_pooling_is_caught(bug: type[MaxPool2d | AvgPool2d]) -> None:
    """Overlapping windows that overwrite each other, and a mean not divided, spoil the kernels before the pool."""
    assert verdicts(pool=bug(2, stride=1))["W1"] == "wrong"
    a = images(np.random.default_rng(5), 2, 4, 5, 3)
    assert differences(bug(2, stride=1), a)["a_prev"] > 0.1


@pytest.mark.parametrize("bug", [AllTiedMaximaFed, LastTiedMaximumFed], ids=lambda bug: bug.__name__)
def test_a_bug_in_ties_is_caught(bug: type[MaxPool2d]) -> None:
    """Without ties such a pool is right, with ties it is not: only data that ties can tell."""
    a = images(np.random.default_rng(5), 1, 4, 4, 3)
    assert differences(bug(2), a)["a_prev"] == 0
    assert differences(bug(2), np.round(a))["a_prev"] > 0.1
    assert differences(MaxPool2d(2), np.round(a))["a_prev"] == 0
