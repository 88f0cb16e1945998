"""Chapter 1: a window as a dot product, a convolution as a matrix, its weights counted, and the turned kernel."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import sympy as sp

from backproplab import Conv2d, correlate

SIZES = ((5, 3), (4, 4), (6, 1), (7, 2))


def symbols(name: str, size: int) -> dict[tuple[int, int], sp.Symbol]:
    return {(y, x): sp.Symbol(f"{name}{y}_{x}") for y, x in product(range(size), repeat=2)}


@pytest.mark.equation("CONVDOT")
def test_one_place_is_a_dot_product_of_nine_terms() -> None:
    r"""For a random image, kernel and bias, the layer's $z_{i,j}$ is $b$ plus nine products $w_{u,v}\,a_{i+u,\,j+v}$, one by one."""
    rng = np.random.default_rng(0)
    a, w, b = rng.standard_normal((6, 5)), rng.standard_normal((3, 3)), 0.7
    z = Conv2d.from_parameters(w[None, None], [b]).forward(a[None, :, :, None])
    assert z.shape == (1, 4, 3, 1)
    for i, j in product(range(4), range(3)):
        terms = [w[u, v] * a[i + u, j + v] for u in range(3) for v in range(3)]
        assert len(terms) == 9
        assert z[0, i, j, 0] == pytest.approx(b + sum(terms))


@pytest.mark.equation("CONVMATRIX")
@pytest.mark.parametrize(("H", "K"), SIZES)
def test_a_convolution_is_a_sparse_matrix_with_tied_weights(H: int, K: int) -> None:
    r"""By SymPy $\partial z_{i,j} / \partial a_{y,x}$ is $w_{y-i,\,x-j}$ inside the kernel and 0 outside; $Ma + b$ is what `Conv2d` gives."""
    a, w = symbols("a", H), symbols("w", K)
    places = H - K + 1
    rng = np.random.default_rng(1)
    values = rng.standard_normal((K, K))
    M = np.zeros((places**2, H**2))
    for row, (i, j) in enumerate(product(range(places), repeat=2)):
        z = sum(w[u, v] * a[i + u, j + v] for u in range(K) for v in range(K))
        for column, (y, x) in enumerate(product(range(H), repeat=2)):
            inside = 0 <= y - i < K and 0 <= x - j < K
            assert sp.diff(z, a[y, x]) == (w[y - i, x - j] if inside else 0)
            M[row, column] = values[y - i, x - j] if inside else 0
    images = rng.standard_normal((1, H, H, 4))
    z_layer = Conv2d.from_parameters(values[None, None], [0.3]).forward(images)
    np.testing.assert_allclose(M @ images.reshape(H * H, 4) + 0.3, z_layer.reshape(-1, 4), atol=1e-13)


@pytest.mark.equation("CONVCOUNT")
@pytest.mark.parametrize(("H", "K"), SIZES)
def test_entries_products_and_weights_are_counted_on_the_matrix(H: int, K: int) -> None:
    r"""A matrix built from one white pixel after the other, for $K^2$ different weights, has $H'^2 H^2$ entries, $H'^2 K^2$ not zero, $K^2$ different."""
    w = np.arange(1.0, K * K + 1).reshape(1, 1, K, K)
    pixels = np.eye(H * H).reshape(1, H, H, H * H)  # image n has its white pixel at place n
    M = correlate(pixels, w).reshape(-1, H * H)
    places = sum(1 for i in range(H) if i + K <= H)
    assert places == H - K + 1
    assert M.size == places**2 * H**2
    assert np.count_nonzero(M) == places**2 * K**2
    assert np.unique(M[M != 0]).size == K**2
    assert Conv2d.from_parameters(w, [0.0]).multiply_adds((1, H, H)) == places**2 * K**2


def test_a_dense_layer_of_a_hundred_neurons_against_one_kernel() -> None:
    """100 neurons that hear 784 pixels have 78,400 weights, and a 3×3 kernel has nine."""
    assert 100 * 28 * 28 == 78_400
    assert Conv2d(1, 1, 3, rng=np.random.default_rng(0)).W.size == 9


@pytest.mark.equation("CONVFLIP")
@pytest.mark.parametrize(("H", "K"), SIZES)
def test_convolution_is_correlation_with_the_turned_kernel(H: int, K: int) -> None:
    r"""By SymPy $\sum w_{u,v}\,a_{y-u,\,x-v}$ is $\sum w_{K-1-u,\,K-1-v}\,a_{i+u,\,j+v}$ at $y = i + K - 1$ and $x = j + K - 1$."""
    a, w = symbols("a", H), symbols("w", K)
    kernel = list(product(range(K), repeat=2))
    for i, j in product(range(H - K + 1), repeat=2):
        y, x = i + K - 1, j + K - 1
        convolution = sum(w[u, v] * a[y - u, x - v] for u, v in kernel)
        correlation = sum(w[K - 1 - u, K - 1 - v] * a[i + u, j + v] for u, v in kernel)
        assert sp.expand(convolution - correlation) == 0


def test_numpy_keeps_the_two_names_apart() -> None:
    """For a row of pixels, NumPy's convolve is its correlate with the kernel reversed, and ours agrees with the latter."""
    rng = np.random.default_rng(2)
    a, w = rng.standard_normal(9), rng.standard_normal(3)
    ours = correlate(a[None, None, :, None], w[None, None, None])[0, 0, :, 0]
    np.testing.assert_allclose(ours, np.correlate(a, w, "valid"))
    np.testing.assert_allclose(np.convolve(a, w, "valid"), np.correlate(a, w[::-1], "valid"))
