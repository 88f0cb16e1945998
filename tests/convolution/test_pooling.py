"""The way back through pooling: Jacobians, router and split, overlaps and ties, by index."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy as sp

from backproplab import AvgPool2d, MaxPool2d, jacobian, put_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.checks import Array

GEOMETRIES = ((2, 2), (3, 2), (2, 1), (3, 1))  # windows and strides: side by side, then overlapping


def data(window: int, stride: int) -> tuple[Array, Array]:
    """Return a map of 5 × 6 with two channels, and errors for its windows."""
    rng = np.random.default_rng(window * 10 + stride)
    shape = (2, (5 - window) // stride + 1, (6 - window) // stride + 1, 1)
    return rng.standard_normal((2, 5, 6, 1)), rng.standard_normal(shape)


def window_of(i: int, j: int, window: int, stride: int) -> list[tuple[int, int]]:
    """List the pixels of a window in reading order."""
    return [(i * stride + u, j * stride + v) for u in range(window) for v in range(window)]


def jacobians(a: Array, window: int, stride: int) -> tuple[Array, Array]:
    """Write out both Jacobians of one map by their definitions."""
    height, width = ((side - window) // stride + 1 for side in a.shape)
    of_max, of_mean = np.zeros((height, width, *a.shape)), np.zeros((height, width, *a.shape))
    for i, j in np.ndindex(height, width):
        pixels = window_of(i, j, window, stride)
        of_max[i, j][max(pixels, key=lambda pixel: a[pixel])] = 1
        for pixel in pixels:
            of_mean[i, j][pixel] = 1 / window**2
    return of_max.reshape(height * width, -1), of_mean.reshape(height * width, -1)


@pytest.mark.equation("POOLJAC")
@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_the_jacobians_of_pooling(window: int, stride: int) -> None:
    r"""$J^{\max}$ has a single 1 in each row and $J^{\text{mean}}$ $K K'$ times $1/(K K')$: so say the measured Jacobians of both layers."""
    a = data(window, stride)[0][0, :, :, 0]
    kinds: tuple[type[MaxPool2d | AvgPool2d], ...] = (MaxPool2d, AvgPool2d)
    for kind, expected in zip(kinds, jacobians(a, window, stride), strict=True):

        def pooled(pixels: Array, kind: type[MaxPool2d | AvgPool2d] = kind) -> Array:
            z: Array = kind(window, stride=stride).forward(pixels.reshape(1, 5, 6, 1)).ravel()
            return z

        np.testing.assert_allclose(jacobian(pooled, a.ravel()).value, expected, atol=1e-8)


@pytest.mark.equation("POOLMAX")
@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_max_pooling_routes_the_error_to_the_winner(window: int, stride: int) -> None:
    r"""$\partial C / \partial a_{c,y,x}$ is the sum of $\delta_{c,i,j}$ over the windows that the pixel wins, and a measured slope."""
    a, delta = data(window, stride)
    expected = np.zeros_like(a)
    for c, i, j, n in np.ndindex(delta.shape):
        y, x = max(window_of(i, j, window, stride), key=lambda pixel: a[c, *pixel, n])
        expected[c, y, x, n] += delta[c, i, j, n]
    layer = MaxPool2d(window, stride=stride)
    np.testing.assert_allclose(layer.pull_back(a, delta), expected, atol=1e-12)
    np.testing.assert_allclose(measured(a, delta, window, stride, max), expected, atol=1e-7)


@pytest.mark.equation("POOLAVG")
@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_average_pooling_splits_the_error_equally(window: int, stride: int) -> None:
    r"""$\partial C / \partial a_{c,y,x}$ is $1/(K K')$ times the sum of $\delta_{c,i,j}$ over the windows that hold the pixel, and a measured slope."""
    a, delta = data(window, stride)
    expected = np.zeros_like(a)
    for c, y, x, n in np.ndindex(a.shape):
        for i, j in np.ndindex(delta.shape[1:3]):
            if (y, x) in window_of(i, j, window, stride):
                expected[c, y, x, n] += delta[c, i, j, n] / window**2
    layer = AvgPool2d(window, stride=stride)
    np.testing.assert_allclose(layer.pull_back(a, delta), expected, atol=1e-12)
    slopes = measured(a, delta, window, stride, lambda pixels: sum(pixels) / len(pixels))
    np.testing.assert_allclose(slopes, expected, atol=1e-7)


def measured(a: Array, delta: Array, window: int, stride: int, pool: Callable[[list[float]], float]) -> Array:
    """Measure the slopes of Σ δ z, pooling window by window in plain Python."""

    def cost(a: Array) -> float:
        return sum(
            float(delta[c, i, j, n]) * pool([a[c, *pixel, n] for pixel in window_of(i, j, window, stride)])
            for c, i, j, n in np.ndindex(delta.shape)
        )

    slopes, h = np.zeros_like(a), 1e-6
    for index in np.ndindex(a.shape):
        nudge = np.zeros_like(a)
        nudge[index] = h
        slopes[index] = (cost(a + nudge) - cost(a - nudge)) / (2 * h)
    return slopes


@pytest.mark.equation("POOLSUM")
def test_pooling_neither_makes_nor_destroys_error() -> None:
    r"""The rows of both Jacobians add up to 1, and so $\sum \partial C / \partial a = \sum \delta$."""
    for window, stride in GEOMETRIES:
        a, delta = data(window, stride)
        for matrix in jacobians(a[0, :, :, 0], window, stride):
            np.testing.assert_allclose(matrix.sum(axis=1), 1)
            back = matrix.T @ delta[0, :, :, 0].ravel()
            assert back.sum() == pytest.approx(delta[0, :, :, 0].sum())
        for layer in (MaxPool2d(window, stride=stride), AvgPool2d(window, stride=stride)):
            np.testing.assert_allclose(layer.pull_back(a, delta).sum(axis=(1, 2)), delta.sum(axis=(1, 2)))


@pytest.mark.equation("POOLOVERLAP")
def test_overlapping_windows_add_what_they_send() -> None:
    r"""$a_i = \sum_{v,j:\,js+v=i} r_{v,j}$, by a loop over all $v$ and $j$, is what `put_back` returns, and the transpose of reading."""
    for window, stride in GEOMETRIES:
        places = (7 - window) // stride + 1
        r = sp.symbols(f"r:{window}:{places}")
        expected = [sp.Integer(0)] * 7
        for v in range(window):
            for j in range(places):
                expected[j * stride + v] += r[places * v + j]
        pixels = sp.symbols("a:7")
        product = sum(r[places * v + j] * pixels[j * stride + v] for v in range(window) for j in range(places))
        assert [sp.diff(product, pixel) for pixel in pixels] == expected
        parts = np.random.default_rng(0).standard_normal((window, places))
        values = dict(zip(r, parts.ravel(), strict=True))
        found = put_back(list(parts), (7,), 0, stride)
        np.testing.assert_allclose(found, [float(e.subs(values)) for e in expected], atol=1e-12)


def test_of_equal_pixels_the_first_takes_all() -> None:
    """Of equal pixels the first in reading order takes the whole error, wherever the two are."""
    pixels = list(np.ndindex(2, 2))
    for first, second in [*pairwise(pixels), (pixels[0], pixels[3]), (pixels[0], pixels[2]), (pixels[1], pixels[3])]:
        a = np.zeros((1, 2, 2, 1))
        for y, x in (first, second):
            a[0, y, x, 0] = 5
        back = MaxPool2d(2).pull_back(a, np.ones((1, 1, 1, 1)))[0, :, :, 0]
        assert back[first] == 1
        assert back.sum() == 1
