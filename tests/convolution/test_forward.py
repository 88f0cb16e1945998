"""Chapter 2: the size of a feature map, every number in it, and how much of the image it sees."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from backproplab import Conv2d
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.convolution import layer as layer_world


def stops(H: int, K: int, stride: int, padding: int) -> int:
    """Count the stops of a window that slides over the padded rows until it no longer fits."""
    rows, top, stops = list(range(H + 2 * padding)), 0, 0
    while rows[top : top + K] == list(range(top, top + K)):
        stops, top = stops + 1, top + stride
    return stops


@pytest.mark.equation("CONVSIZE")
def test_size_of_the_map_is_the_number_of_windows() -> None:
    r"""A window that slides over $H + 2p$ rows, $s$ at a time, until it no longer fits, stops $\lfloor (H + 2p - K) / s \rfloor + 1$ times."""
    sizes = [
        (H, K, stride, padding)
        for H, K, stride, padding in product(range(1, 13), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2))
        if H + 2 * padding >= K > padding
    ]
    formula("CONVSIZE").holds(
        *(World({"H": H, "K": K, "s": s, "p": p, "H'": stops(H, K, s, p)}) for H, K, s, p in sizes)
    )
    for H, K, stride, padding in sizes:
        layer = Conv2d(1, 1, K, stride=stride, padding=padding, rng=np.random.default_rng(0))
        assert layer.output_shape((1, H, H)) == (1, *2 * (stops(H, K, stride, padding),))


def test_an_odd_kernel_with_half_its_size_as_rim_keeps_the_size() -> None:
    """With s = 1 and p = (K − 1)/2 the map is as large as the image, and a window of 2 with s = 2 halves an even size."""
    for H in range(2, 30, 2):
        for K in (1, 3, 5, 7):
            assert (H + 2 * ((K - 1) // 2) - K) // 1 + 1 == H
        assert (H - 2) // 2 + 1 == H // 2


@pytest.mark.equation("CONVOUT")
@pytest.mark.parametrize(("stride", "padding"), [(2, 1), (3, 2)])
def test_every_output_is_the_sum_over_channels_and_window(stride: int, padding: int) -> None:
    r"""$z_{f,i,j}$ is $b_f$ plus the sum of $w_{f,c,u,v}\,a_{c,\,is+u-p,\,js+v-p}$, where $a$ is zero outside the image."""
    world = layer_world((2, 5, 6, 1), (2, 2, 3, 3), (stride, stride), (padding, padding), batch=False)
    conv = Conv2d.from_parameters(world["w"], world["b"], stride=stride, padding=padding)
    formula("CONVOUT").holds(world, package=lambda: conv.forward(world["a"][..., np.newaxis])[..., 0])


@pytest.mark.equation("CONVFIELD")
def test_receptive_field_is_what_can_move_a_place() -> None:
    r"""Change one row of pixels at a time: $r_l$ of them move the first place of layer $l$, $r_l = r_{l-1} + (K_l - 1)\,s_1 \cdots s_{l-1}$."""
    shapes = (((3, 1), (3, 1)), ((3, 1), (2, 2), (3, 1), (2, 2)), ((5, 2), (1, 1), (3, 3), (2, 1)))
    formula("CONVFIELD").holds(*map(fields, shapes))


def fields(shape: tuple[tuple[int, int], ...]) -> World:
    """Count, layer by layer, the rows of pixels that move the first place of the map."""
    rng = np.random.default_rng(5)
    layers = [Conv2d(1, 1, K, stride=s, rng=rng) for K, s in shape]

    def first_place(image: np.ndarray, depth: int) -> float:
        for layer in layers[:depth]:
            image = layer.forward(image)
        return float(image[0, 0, 0, 0])

    r = {0: 1}
    for depth in range(1, len(layers) + 1):
        still = first_place(np.zeros((1, 40, 40, 1)), depth)
        moved = []
        for row in range(40):
            image = np.zeros((1, 40, 40, 1))
            image[0, row] = rng.standard_normal((40, 1))
            moved.append(first_place(image, depth) != still)
        r[depth] = sum(moved)
        assert moved == [True] * r[depth] + [False] * (40 - r[depth])
    K, s = ({number: pair[which] for number, pair in enumerate(shape, 1)} for which in (0, 1))
    return World({"r": r, "K": K, "s": s})


def test_rows_behind_the_last_window_do_nothing() -> None:
    """Eight rows, a window of three and a stride of two leave the last row unseen: the map stays, and its gradient is zero."""
    rng = np.random.default_rng(0)
    layer = Conv2d(1, 1, 3, stride=2, rng=rng)
    image = rng.standard_normal((1, 8, 8, 1))
    painted = image.copy()
    painted[:, 7] = painted[:, :, 7] = 99
    np.testing.assert_array_equal(layer.forward(image), layer.forward(painted))
    grad = layer.pull_back(image, np.ones((1, 3, 3, 1)))
    assert not grad[:, 7].any()
    assert not grad[:, :, 7].any()
    assert grad[:, :7, :7].all()


def test_a_rim_takes_the_row_that_nobody_sees() -> None:
    """With a rim of one the remainder is one as before, but the row behind the last window belongs to the rim."""
    layer = Conv2d(1, 1, 3, stride=2, padding=1, rng=np.random.default_rng(0))
    assert (8 + 2 * 1 - 3) % 2 == (8 - 3) % 2 == 1
    grad = layer.pull_back(np.zeros((1, 8, 8, 1)), np.ones((1, 4, 4, 1)))
    assert grad.all()
