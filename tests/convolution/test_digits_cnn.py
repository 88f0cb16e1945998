"""Chapter 7: what a convolutional network learns and computes, and what becomes of an image that moves."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from backproplab import Conv2d, Dense, Flatten, MaxPool2d, Network
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World

SIZES = ((1, 3, 3, 1, 1), (2, 4, 3, 1, 0), (3, 2, 2, 2, 0))  # C, F, K, stride, padding


def movers(C: int, F: int, K: int, stride: int, padding: int) -> int:
    """Count the parameters of a layer that, nudged alone, move the maps."""
    rng = np.random.default_rng(0)
    layer = Conv2d(C, F, K, stride=stride, padding=padding, rng=rng)
    image = rng.standard_normal((C, 6, 6, 1))
    before, found = layer.forward(image), 0
    for array in layer.parameters.values():
        for index in np.ndindex(array.shape):
            array[index] += 1
            found += not np.array_equal(layer.forward(image), before)
            array[index] -= 1
    assert Network([layer], input_shape=(C, 6, 6)).summary().parameters == found
    return found


@pytest.mark.equation("CNNPARAMS")
def test_parameters_are_the_entries_that_move_the_output() -> None:
    """Every one of $F (C K^2 + 1)$ parameters of a layer, nudged alone, moves the maps, and there are no others."""
    formula("CNNPARAMS").holds(*(World({"C": s[0], "F": s[1], "K": s[2], "P": movers(*s)}) for s in SIZES))


def counted(C: int, F: int, K: int, stride: int, padding: int) -> World:
    """Count each product of a weight and an activation, in plain loops that compute the layer's numbers."""
    rng = np.random.default_rng(0)
    layer = Conv2d(C, F, K, stride=stride, padding=padding, rng=rng)
    a = rng.standard_normal((C, 7, 6))
    padded = np.pad(a, ((0, 0), (padding, padding), (padding, padding)))
    z, products = layer.forward(a[..., None])[..., 0], 0
    for f, i, j in np.ndindex(z.shape):
        total = 0.0
        for c, u, v in product(range(C), range(K), range(K)):
            total += layer.W[f, c, u, v] * padded[c, i * stride + u, j * stride + v]
            products += 1
        assert total == pytest.approx(z[f, i, j])
    assert layer.multiply_adds((C, 7, 6)) == products
    return World({"C": C, "F": F, "K": K, "H'": z.shape[1], "W'": z.shape[2], "A": products})


@pytest.mark.equation("CNNWORK")
def test_multiply_adds_are_counted_one_by_one() -> None:
    r"""A program of plain loops, which counts each product of a weight and an activation, counts $F\,H' W' \cdot C K^2$ of them."""
    formula("CNNWORK").holds(*(counted(*sizes) for sizes in SIZES))


def test_the_classical_network() -> None:
    """Two rounds of convolution and pooling make 28 → 14 → 7 and 64 maps, so 3136 numbers for the ten neurons."""
    rng = np.random.default_rng(0)
    layers = [
        Conv2d(1, 32, 3, "relu", padding=1, rng=rng),
        MaxPool2d(2),
        Conv2d(32, 64, 3, "relu", padding=1, rng=rng),
        MaxPool2d(2),
        Flatten(),
        Dense(3136, 10, rng=rng),
    ]
    summary = Network(layers, input_shape=(1, 28, 28)).summary()
    shapes = [line.output_shape for line in summary.layers]
    assert shapes == [(32, 28, 28), (32, 14, 14), (64, 14, 14), (64, 7, 7), (3136,), (10,)]
    assert [line.parameters for line in summary.layers] == [32 * 10, 0, 64 * (32 * 9 + 1), 0, 0, 10 * 3137]


def moved(a: np.ndarray, d: int, e: int) -> np.ndarray:
    """Return the images with (Ta)[y,x] = a[y−d,x−e], zero where nothing comes from."""
    result = np.zeros_like(a)
    for y, x in np.ndindex(a.shape[1:3]):
        if 0 <= y - d < a.shape[1] and 0 <= x - e < a.shape[2]:
            result[:, y, x] = a[:, y - d, x - e]
    return result


@pytest.mark.equation("CNNSHIFT")
@pytest.mark.parametrize(("d", "e"), [(1, 2), (-1, 2), (2, -1)])
def test_the_map_moves_with_the_image(d: int, e: int) -> None:
    r"""For an image moved down by $d$ and right by $e$ inside its paper, $z_{i,j}$ is what $z_{i-d,\,j-e}$ was, and so it is after tanh."""
    rng = np.random.default_rng(0)
    layer = Conv2d(1, 1, 3, "tanh", padding=1, rng=rng)
    a = np.zeros((12, 12))
    a[3:9, 4:8] = rng.standard_normal((6, 4))

    def z(pixels: np.ndarray) -> np.ndarray:
        return layer.forward(pixels.reshape(1, 12, 12, 1))[0, ..., 0]

    T = np.stack([moved(pixel.reshape(1, 12, 12), d, e).ravel() for pixel in np.eye(144)], axis=1)
    world = World({"z": z, "T": T, "a": a.ravel(), "d": d, "e": e}, first=0, ranges=dict.fromkeys("ij", range(2, 10)))
    formula("CNNSHIFT").holds(world, package=lambda: z(moved(a[np.newaxis], d, e)))


def test_pooling_moves_with_every_second_pixel_only() -> None:
    """A window of two moves its map by one if the image moves by two; if it moves by one, no move of the map fits."""
    rng = np.random.default_rng(0)
    a = np.zeros((1, 12, 12, 1))
    a[0, 4:8, 4:8] = rng.random((4, 4, 1))
    pool = MaxPool2d(2)
    z = pool.forward(a)
    np.testing.assert_array_equal(pool.forward(moved(a, 2, 0)), moved(z, 1, 0))
    for d in (-1, 0, 1, 2):
        assert not np.allclose(pool.forward(moved(a, 1, 0)), moved(z, d, 0))
