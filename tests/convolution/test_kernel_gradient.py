"""The three gradients of a convolution: kernel, shared bias and input, by index and by SymPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy as sp

from backproplab import Conv2d, correlate, kernel_gradient, spread

if TYPE_CHECKING:
    from backproplab.checks import Array

F, C, K, L, H, W, N, S, T = 2, 2, 2, 3, 5, 6, 2, 2, 1  # maps, channels, kernel, image, examples, strides
HEIGHT, WIDTH = (H - K) // S + 1, (W - L) // T + 1


def numbers(seed: int) -> tuple[Array, Array, Array, Array]:
    """Return an image, kernels, biases and errors."""
    rng = np.random.default_rng(seed)
    shapes = ((C, H, W, N), (F, C, K, L), (F, 1), (F, HEIGHT, WIDTH, N))
    a, w, b, delta = (rng.standard_normal(shape) for shape in shapes)
    return a, w, b, delta


def forward_by_index(a: Array, w: Array, b: Array) -> Array:
    z = np.zeros((F, HEIGHT, WIDTH, N))
    for f, i, j, n in np.ndindex(z.shape):
        z[f, i, j, n] = b[f, 0]
        for c, u, v in np.ndindex(C, K, L):
            z[f, i, j, n] += w[f, c, u, v] * a[c, i * S + u, j * T + v, n]
    return z


def slopes(what: int, seed: int) -> Array:
    """Measure the slopes of Σ δ z with respect to a (0), w (1) or b (2); z is linear in each, so a step of one is exact."""
    *given, delta = numbers(seed)
    measured = np.zeros_like(given[what])
    for index in np.ndindex(measured.shape):
        sides = []
        for nudge in (0.5, -0.5):
            nudged = [array.copy() for array in given]
            nudged[what][index] += nudge
            sides.append(np.sum(delta * forward_by_index(*nudged)))
        measured[index] = sides[0] - sides[1]
    return measured


@pytest.mark.equation("KERNELGRAD")
def test_the_gradient_of_a_kernel_sums_over_all_places() -> None:
    r"""$\sum_{n,i,j} \delta_{f,i,j,n}\,a_{c,is+u,js'+v,n}$ by loops is the measured slope and `kernel_gradient`; no single term is."""
    a, _, _, delta = numbers(0)
    by_index, single = np.zeros((F, C, K, L)), np.zeros((F, C, K, L, HEIGHT * WIDTH * N))
    for f, c, u, v in np.ndindex(by_index.shape):
        terms = [delta[f, i, j, n] * a[c, i * S + u, j * T + v, n] for i, j, n in np.ndindex(HEIGHT, WIDTH, N)]
        by_index[f, c, u, v], single[f, c, u, v] = sum(terms), terms
    np.testing.assert_allclose(by_index, slopes(1, 0), atol=1e-12)
    np.testing.assert_allclose(kernel_gradient(delta, a, (K, L), (S, T)), by_index, atol=1e-12)
    assert np.all(np.abs(single - by_index[..., np.newaxis]) > 1e-6)


@pytest.mark.equation("KERNELGRAD")
def test_the_gradient_of_a_kernel_is_a_correlation() -> None:
    r"""With one channel and one map, SymPy's derivative of $C$ is the correlation of the image with $\delta$."""
    w, a = sp.symbols("w:2:2"), sp.symbols("a:4:4")
    y = [[3, 1, 4], [1, 5, 9], [2, 6, 5]]
    z = [
        [sum(w[2 * u + v] * a[4 * (i + u) + j + v] for u in range(2) for v in range(2)) for j in range(3)]
        for i in range(3)
    ]
    cost = sum((z[i][j] - y[i][j]) ** 2 for i in range(3) for j in range(3)) / 2
    for u in range(2):
        for v in range(2):
            formula = sum((z[i][j] - y[i][j]) * a[4 * (i + u) + j + v] for i in range(3) for j in range(3))
            assert sp.expand(sp.diff(cost, w[2 * u + v]) - formula) == 0
    rng = np.random.default_rng(1)
    image, delta = rng.standard_normal((1, 4, 4, 1)), rng.standard_normal((1, 3, 3, 1))
    slid = correlate(image, delta[..., 0][:, np.newaxis])[..., 0]
    np.testing.assert_allclose(kernel_gradient(delta, image, (2, 2))[0], slid)


@pytest.mark.equation("KERNELBIAS")
def test_the_gradient_of_a_shared_bias_is_the_sum_of_its_map() -> None:
    r"""$\partial C / \partial b_f$ is $\sum_{n,i,j} \delta_{f,i,j,n}$, added up one by one, and no mean."""
    a, w, b, delta = numbers(2)
    by_index = np.zeros((F, 1))
    for f, i, j, n in np.ndindex(delta.shape):
        by_index[f, 0] += delta[f, i, j, n]
    np.testing.assert_allclose(by_index, slopes(2, 2), atol=1e-12)
    layer = Conv2d.from_parameters(w, b, stride=(S, T))
    np.testing.assert_allclose(layer.gradients(a, delta)["b"], by_index, atol=1e-12)
    np.testing.assert_allclose(by_index[:, 0], delta[0].size * delta.mean(axis=(1, 2, 3)))


@pytest.mark.equation("KERNELINPUT")
def test_the_gradient_of_a_pixel_sums_over_the_windows_on_it() -> None:
    r"""SymPy's $\partial C / \partial a_{y,x}$ is $\sum_{u,v} w_{u,v}\,\delta_{y-u,x-v}$ with $\delta = 0$ outside, and `pull_back` sums it over the maps."""
    w, a, d = sp.symbols("w:2:2"), sp.symbols("a:4:4"), sp.symbols("d:3:3")
    cost = sum(
        d[3 * i + j] * w[2 * u + v] * a[4 * (i + u) + j + v] for i, j, u, v in np.ndindex(3, 3, 2, 2)
    )  # its slopes with respect to z are d
    for y, x in np.ndindex(4, 4):
        places = [(u, v) for u, v in np.ndindex(2, 2) if 0 <= y - u < 3 and 0 <= x - v < 3]
        formula = sum(w[2 * u + v] * d[3 * (y - u) + x - v] for u, v in places)
        assert sp.expand(sp.diff(cost, a[4 * y + x]) - formula) == 0

    rng = np.random.default_rng(3)
    kernels, delta = rng.standard_normal((F, C, K, L)), rng.standard_normal((F, 4, 4, 1))
    by_index = np.zeros((C, 5, 6, 1))
    for c, y, x, f, u, v in np.ndindex(C, 5, 6, F, K, L):
        if 0 <= y - u < 4 and 0 <= x - v < 4:
            by_index[c, y, x, 0] += kernels[f, c, u, v] * delta[f, y - u, x - v, 0]
    layer = Conv2d.from_parameters(kernels, np.zeros(F))
    np.testing.assert_allclose(layer.pull_back(np.zeros((C, 5, 6, 1)), delta), by_index, atol=1e-12)


@pytest.mark.equation("KERNELFLIP")
def test_a_flipped_kernel_makes_it_a_full_correlation() -> None:
    r"""$\sum_{f,u',v'} w_{f,c,K-1-u',K'-1-v'}\,d_{f,y+u',x+v'}$ by loops is $\sum_{f,u,v} w_{f,c,u,v}\,\delta_{f,y-u,x-v}$; without the flip it is not."""
    rng = np.random.default_rng(4)
    w, delta = rng.standard_normal((F, C, K, L)), rng.standard_normal((F, 4, 4))
    d = np.zeros((F, 4 + 2 * (K - 1), 4 + 2 * (L - 1)))
    for f, i, j in np.ndindex(delta.shape):
        d[f, i + K - 1, j + L - 1] = delta[f, i, j]
    np.testing.assert_array_equal(spread(delta[..., np.newaxis], (5, 6), (K, L))[..., 0], d)
    for c, y, x in np.ndindex(C, 5, 6):
        flipped = unflipped = direct = 0.0
        for f, u, v in np.ndindex(F, K, L):
            flipped += w[f, c, K - 1 - u, L - 1 - v] * d[f, y + u, x + v]
            unflipped += w[f, c, u, v] * d[f, y + u, x + v]
            if 0 <= y - u < 4 and 0 <= x - v < 4:
                direct += w[f, c, u, v] * delta[f, y - u, x - v]
        assert flipped == pytest.approx(direct)
        assert unflipped != pytest.approx(direct)


@pytest.mark.equation("KERNELSPREAD")
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (2, 1), (3, 1)])
def test_errors_stand_as_far_apart_as_their_windows(stride: int, padding: int) -> None:
    r"""With $\delta_{i,j}$ at row $is + K - 1 - p$ of $d$, the turned kernels give what every product of the forward formula sends back."""
    rng = np.random.default_rng(5)
    w, a = rng.standard_normal((F, C, 3, 2)), np.zeros((C, 7, 6, 1))
    layer = Conv2d.from_parameters(w, np.zeros(F), stride=stride, padding=(padding, 0))
    delta = rng.standard_normal((*layer.output_shape((C, 7, 6)), 1))
    d = np.zeros((F, 7 + 2, 6 + 1))
    back = np.zeros((C, 7, 6))
    for f, i, j in np.ndindex(delta.shape[:3]):
        d[f, i * stride + 2 - padding, j * stride + 1] = delta[f, i, j, 0]
        for c, u, v in np.ndindex(C, 3, 2):
            y, x = i * stride + u - padding, j * stride + v
            if 0 <= y < 7:
                back[c, y, x] += w[f, c, u, v] * delta[f, i, j, 0]
    np.testing.assert_array_equal(spread(delta, (7, 6), (3, 2), (stride, stride), (padding, 0))[..., 0], d)
    for c, y, x in np.ndindex(back.shape):
        turned = sum(w[f, c, 2 - u, 1 - v] * d[f, y + u, x + v] for f, u, v in np.ndindex(F, 3, 2))
        assert turned == pytest.approx(back[c, y, x])
    np.testing.assert_allclose(layer.pull_back(a, delta)[..., 0], back, atol=1e-12)


@pytest.mark.equation("KERNELDOT")
def test_three_readings_of_one_sum_agree() -> None:
    r"""$\sum \delta (z - b)$, $\sum w\,\partial C/\partial w$ and $\sum a\,\partial C/\partial a$ are one number, whatever the numbers."""
    for seed in range(5):
        a, w, b, delta = numbers(seed)
        forward = np.sum(delta * (forward_by_index(a, w, b) - b[:, :, np.newaxis, np.newaxis]))
        assert np.sum(w * slopes(1, seed)) == pytest.approx(forward)
        assert np.sum(a * slopes(0, seed)) == pytest.approx(forward)
        layer = Conv2d.from_parameters(w, b, stride=(S, T))
        assert np.sum(w * layer.gradients(a, delta)["W"]) == pytest.approx(forward)
        assert np.sum(a * layer.pull_back(a, delta)) == pytest.approx(forward)
