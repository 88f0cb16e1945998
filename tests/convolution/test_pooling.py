"""The way back through pooling: Jacobians, router and split, overlaps and ties, by index."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import AvgPool2d, MaxPool2d, jacobian, put_back
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array
    from backproplab.windows import Pair

GEOMETRIES: tuple[tuple[Pair, int], ...] = (((2, 2), 2), ((3, 2), 2), ((2, 3), 1), ((3, 3), 1))
"""Windows and strides: side by side, then overlapping."""


def data(window: Pair, stride: int) -> tuple[Array, Array]:
    """Return a map of 5 × 6 with two channels, and errors for its windows."""
    rng = np.random.default_rng(stride)
    shape = (2, (5 - window[0]) // stride + 1, (6 - window[1]) // stride + 1, 1)
    return rng.standard_normal((2, 5, 6, 1)), rng.standard_normal(shape)


def window_of(i: int, j: int, window: Pair, stride: int) -> list[tuple[int, int]]:
    """List the pixels of a window in reading order."""
    return [(i * stride + u, j * stride + v) for u in range(window[0]) for v in range(window[1])]


def jacobians(a: Array, window: Pair, stride: int) -> tuple[Array, Array]:
    """Write out both Jacobians of one map by their definitions."""
    height, width = ((side - K) // stride + 1 for side, K in zip(a.shape, window, strict=True))
    of_max, of_mean = np.zeros((height, width, *a.shape)), np.zeros((height, width, *a.shape))
    for i, j in np.ndindex(height, width):
        pixels = window_of(i, j, window, stride)
        of_max[i, j][max(pixels, key=lambda pixel: a[pixel])] = 1
        for pixel in pixels:
            of_mean[i, j][pixel] = 1 / (window[0] * window[1])
    return of_max.reshape(height * width, -1), of_mean.reshape(height * width, -1)


@pytest.mark.equation("POOLJAC")
@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_the_jacobians_of_pooling(window: Pair, stride: int) -> None:
    r"""$J^{\max}$ has a single 1 in each row and $J^{\text{mean}}$ $K K'$ times $1/(K K')$: so say the measured Jacobians of both layers."""
    a = data(window, stride)[0][0, :, :, 0]
    kinds: tuple[type[MaxPool2d | AvgPool2d], ...] = (MaxPool2d, AvgPool2d)
    measured = []
    for kind in kinds:

        def pooled(pixels: Array, kind: type[MaxPool2d | AvgPool2d] = kind) -> Array:
            z: Array = kind(window, stride=stride).forward(pixels.reshape(1, 5, 6, 1)).ravel()
            return z

        places = [(side - K) // stride + 1 for side, K in zip(a.shape, window, strict=True)]
        measured.append(jacobian(pooled, a.ravel()).value.reshape(*places, *a.shape))
    world = World(
        {
            "J^max": measured[0],
            "J^mean": measured[1],
            "K": window[0],
            "K'": window[1],
            "m": lambda i, j: max(window_of(i, j, window, stride), key=lambda pixel: a[pixel]),
        },
        first=0,
        words={"window": lambda place: window_of(place[0], place[1], window, stride)},
    )
    formula("POOLJAC").holds(world, rtol=1e-7)


def pooling(window: Pair, stride: int, pool: Callable[[list[Any]], Any]) -> World:
    r"""Two maps, each window made one number by `pool`, and a cost of these; $m_c(i,j)$ is where the maximum was."""
    a, _ = data(window, stride)
    shape = (2, (5 - window[0]) // stride + 1, (6 - window[1]) // stride + 1)
    weights = np.random.default_rng(1).uniform(0.5, 2, shape)

    def program(let: Let) -> None:
        pixels = let("a", a[..., 0])
        let("K", window[0]), let("K'", window[1])
        z = [[[pool([pixels[c][p] for p in window_of(i, j, window, stride)]) for j in range(shape[2])]
              for i in range(shape[1])] for c in range(2)]  # fmt: skip
        z = let("z", z)
        let("C", sum(weights[place] * np.tanh(z[place]) for place in np.ndindex(*shape)))
        let("delta", weights / np.cosh(z.real) ** 2)
        for c in range(2):
            let("m", lambda i, j, c=c: max(window_of(i, j, window, stride), key=lambda p: a[c, *p, 0]), c)

    return World(program, first=0, words={"window": lambda place: window_of(place[0], place[1], window, stride)})


def largest(pixels: list[Any]) -> Any:
    return max(pixels, key=np.real)


def middle(pixels: list[Any]) -> Any:
    return sum(pixels) / len(pixels)


@pytest.mark.equation("POOLMAX")
@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_max_pooling_routes_the_error_to_the_winner(window: Pair, stride: int) -> None:
    r"""$\partial C / \partial a_{c,y,x}$ is the sum of $\delta_{c,i,j}$ over the windows that the pixel wins, and a measured slope."""
    world, layer = pooling(window, stride, largest), MaxPool2d(window, stride=stride)
    a, delta = world["a"][..., np.newaxis], world["delta"][..., np.newaxis]
    formula("POOLMAX").holds(world, package=lambda: layer.pull_back(a, delta)[..., 0])


@pytest.mark.equation("POOLAVG")
@pytest.mark.parametrize(("window", "stride"), GEOMETRIES)
def test_average_pooling_splits_the_error_equally(window: Pair, stride: int) -> None:
    r"""$\partial C / \partial a_{c,y,x}$ is $1/(K K')$ times the sum of $\delta_{c,i,j}$ over the windows that hold the pixel, and a measured slope."""
    world, layer = pooling(window, stride, middle), AvgPool2d(window, stride=stride)
    a, delta = world["a"][..., np.newaxis], world["delta"][..., np.newaxis]
    formula("POOLAVG").holds(world, package=lambda: layer.pull_back(a, delta)[..., 0])


@pytest.mark.equation("POOLSUM")
def test_pooling_neither_makes_nor_destroys_error() -> None:
    r"""The rows of both Jacobians add up to 1, and so $\sum \partial C / \partial a = \sum \delta$."""
    worlds = [
        flow(matrix.reshape(*delta.shape[1:3], 5, 6), a[0, :, :, 0], delta[0, :, :, 0])
        for window, stride in GEOMETRIES
        for a, delta in [data(window, stride)]
        for matrix in jacobians(a[0, :, :, 0], window, stride)
    ]
    rows = "each row of a Jacobian of pooling adds up to 1"
    formula("POOLSUM").holds(*worlds, same={"delta_{i,j} Σ[y,x] J_{i,j,y,x} → delta_{i,j}": rows})
    for window, stride in GEOMETRIES:
        a, delta = data(window, stride)
        for layer in (MaxPool2d(window, stride=stride), AvgPool2d(window, stride=stride)):
            np.testing.assert_allclose(layer.pull_back(a, delta).sum(axis=(1, 2)), delta.sum(axis=(1, 2)))


def flow(J: Array, a: Array, delta: Array) -> World:
    """A map that a matrix makes smaller, and a cost that weighs what comes out."""

    def program(let: Let) -> None:
        pixels = let("a", a)
        let("J", J), let("delta", delta)
        let("C", sum(delta[i, j] * np.sum(J[i, j] * pixels) for i, j in np.ndindex(*delta.shape)))

    return World(program, first=0)


@pytest.mark.equation("POOLOVERLAP")
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (2, 1), (3, 1)])
def test_overlapping_windows_add_what_they_send(window: int, stride: int) -> None:
    r"""$a_i = \sum_{v,j:\,js+v=i} r_{v,j}$, the transpose of reading, is what `put_back` returns."""
    places = (7 - window) // stride + 1
    r, step = np.random.default_rng(0).standard_normal((window, places)), np.eye(7)

    def sent_on(pixels: Array) -> Any:
        return sum(r[v, j] * pixels[j * stride + v] for v in range(window) for j in range(places))

    a = np.array([sent_on(pixel) for pixel in step])
    world = World({"a": a, "r": r, "s": stride}, first=0)
    one = "a stride of 1 changes nothing, and leaves v and j the same part"
    same = {"j s → j": one, "r_{v,j} → r_{j,v}": one} if stride == 1 else {}
    formula("POOLOVERLAP").holds(world, package=lambda: put_back(list(r), (7,), 0, stride), same=same)


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
