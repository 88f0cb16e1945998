"""Chapter 1: a window as a dot product, a convolution as a matrix, its weights counted, and the turned kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import Conv2d, correlate
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.convolution import plane

if TYPE_CHECKING:
    from backproplab.checks import Array

SIZES = ((5, 3), (4, 4), (6, 1), (7, 2))


@pytest.mark.equation("CONVDOT")
def test_one_place_is_a_dot_product_of_nine_terms() -> None:
    r"""For an image, a kernel and a bias, $z_{i,j}$ is $b$ plus nine products $w_{u,v}\,a_{i+u,\,j+v}$, and so the layer's."""
    world = plane()
    layer = Conv2d.from_parameters(world["w"][None, None], [world["b"]])
    formula("CONVDOT").holds(world, package=lambda: layer.forward(world["a"][None, :, :, None])[0, ..., 0])
    assert world["w"].size == 9


def matrix(H: int, K: int) -> World:
    """A convolution as the package computes it, written as a matrix: image after image with one white pixel."""
    w = np.arange(1.0, K * K + 1).reshape(K, K)
    pixels = np.eye(H * H).reshape(1, H, H, H * H)  # image n has its white pixel at place n
    M = correlate(pixels, w[None, None])[0]
    counts = {"entries": M.size, "not zero": np.count_nonzero(M), "different": np.unique(M[M != 0]).size}
    side = H - K + 1
    return World({"M": M.reshape(side, side, H, H), "w": w, "K": K, "H": H, "H'": M.shape[0], **counts}, first=0)


@pytest.mark.equation("CONVMATRIX")
def test_a_convolution_is_a_sparse_matrix_with_tied_weights() -> None:
    r"""$\partial z_{i,j} / \partial a_{y,x}$ is $w_{y-i,\,x-j}$ inside the kernel and 0 outside: so says every row of the matrix."""
    formula("CONVMATRIX").holds(matrix(4, 2), matrix(5, 3))


@pytest.mark.equation("CONVCOUNT")
def test_entries_products_and_weights_are_counted_on_the_matrix() -> None:
    r"""A matrix for $K^2$ different weights has $H'^2 H^2$ entries, $H'^2 K^2$ not zero, $K^2$ different."""
    worlds = [matrix(H, K) for H, K in SIZES]
    formula("CONVCOUNT").holds(*worlds, reached=[matrix(4, 4)])
    for world in worlds:
        conv = Conv2d.from_parameters(world["w"][None, None], [0.0])
        assert conv.multiply_adds((1, world["H"], world["H"])) == world["not zero"]


def test_a_dense_layer_of_a_hundred_neurons_against_one_kernel() -> None:
    """100 neurons that hear 784 pixels have 78,400 weights, and a 3×3 kernel has nine."""
    assert 100 * 28 * 28 == 78_400
    assert Conv2d(1, 1, 3, rng=np.random.default_rng(0)).W.size == 9


def convolved(w: Array, a: Array) -> Array:
    r"""The convolution of mathematics, $(w * a)_{y,x} = \sum_{u,v} w_{u,v}\, a_{y-u,x-v}$, wherever it is not empty."""
    K, H = len(w), len(a)
    result = np.zeros((H + K - 1, H + K - 1))
    for u, v in np.ndindex(K, K):
        result[u : u + H, v : v + H] += w[u, v] * a
    return result


@pytest.mark.equation("CONVFLIP")
def test_convolution_is_correlation_with_the_turned_kernel() -> None:
    r"""At $(i + K - 1,\, j + K - 1)$ the convolution is the correlation with the turned kernel, and so what `correlate` gives."""
    rng = np.random.default_rng(3)
    for H, K in ((5, 3), (6, 2)):
        a, w = rng.standard_normal((H, H)), rng.standard_normal((K, K))
        values = {"w": w, "a": a, "overleftarrow_w": w[::-1, ::-1], "K": K, "*": convolved}
        ranges = {"i": range(H - K + 1), "j": range(H - K + 1)}
        turned = correlate(a[None, :, :, None], w[None, None, ::-1, ::-1])[0, ..., 0]
        formula("CONVFLIP").holds(World(values, first=0, ranges=ranges), package=lambda turned=turned: turned)


def test_numpy_keeps_the_two_names_apart() -> None:
    """For a row of pixels, NumPy's convolve is its correlate with the kernel reversed, and ours agrees with the latter."""
    rng = np.random.default_rng(2)
    a, w = rng.standard_normal(9), rng.standard_normal(3)
    ours = correlate(a[None, None, :, None], w[None, None, None])[0, 0, :, 0]
    np.testing.assert_allclose(ours, np.correlate(a, w, "valid"))
    np.testing.assert_allclose(np.convolve(a, w, "valid"), np.correlate(a, w[::-1], "valid"))
