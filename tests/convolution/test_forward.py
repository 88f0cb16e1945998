"""Chapter 2: the size of a feature map, every number in it, and how much of the image it sees."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from backproplab import Conv2d


@pytest.mark.equation("CONVSIZE")
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("K", [1, 2, 3, 5])
def test_size_of_the_map_is_the_number_of_windows(K: int, stride: int, padding: int) -> None:
    r"""A window that slides over $H + 2p$ rows, $s$ at a time, until it no longer fits, stops $\lfloor (H + 2p - K) / s \rfloor + 1$ times."""
    for H in range(1, 13):
        rows, top, stops = list(range(H + 2 * padding)), 0, 0
        while rows[top : top + K] == list(range(top, top + K)):
            stops, top = stops + 1, top + stride
        if H + 2 * padding < K:
            assert stops == 0
            continue
        assert stops == int(np.floor((H + 2 * padding - K) / stride)) + 1
        if padding < K:
            layer = Conv2d(1, 1, K, stride=stride, padding=padding, rng=np.random.default_rng(0))
            assert layer.output_shape((1, H, H)) == (1, stops, stops)


def test_an_odd_kernel_with_half_its_size_as_rim_keeps_the_size() -> None:
    """With s = 1 and p = (K − 1)/2 the map is as large as the image, and a window of 2 with s = 2 halves an even size."""
    for H in range(2, 30, 2):
        for K in (1, 3, 5, 7):
            assert (H + 2 * ((K - 1) // 2) - K) // 1 + 1 == H
        assert (H - 2) // 2 + 1 == H // 2


@pytest.mark.equation("CONVOUT")
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_every_output_is_the_sum_over_channels_and_window(stride: int, padding: int) -> None:
    r"""By loops $z_{f,i,j}$ is $b_f$ plus the sum of $w_{f,c,u,v}\,a_{c,\,is+u-p,\,js+v-p}$, where $a$ is zero outside the image."""
    rng = np.random.default_rng(stride)
    a, W, b = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((4, 2, 3, 3)), rng.standard_normal(4)
    z = Conv2d.from_parameters(W, b, stride=stride, padding=padding).forward(a)
    for f, i, j, n in np.ndindex(z.shape):
        expected = b[f]
        for c, u, v in product(range(2), range(3), range(3)):
            y, x = i * stride + u - padding, j * stride + v - padding
            expected += W[f, c, u, v] * (a[c, y, x, n] if 0 <= y < 7 and 0 <= x < 6 else 0.0)
        assert z[f, i, j, n] == pytest.approx(expected)


@pytest.mark.equation("CONVFIELD")
@pytest.mark.parametrize(
    "shape", [((3, 1), (3, 1)), ((3, 1), (2, 2), (3, 1), (2, 2)), ((5, 2), (1, 1), (3, 3), (2, 1))]
)
def test_receptive_field_is_what_can_move_a_place(shape: tuple[tuple[int, int], ...]) -> None:
    r"""Change one row of pixels at a time: $r_l$ of them move the first place of layer $l$, $r_l = r_{l-1} + (K_l - 1)\,s_1 \cdots s_{l-1}$."""
    rng = np.random.default_rng(5)
    layers = [Conv2d(1, 1, K, stride=s, rng=rng) for K, s in shape]

    def first_place(image: np.ndarray, depth: int) -> float:
        for layer in layers[:depth]:
            image = layer.forward(image)
        return float(image[0, 0, 0, 0])

    r = 1
    for depth, (K, _) in enumerate(shape, 1):
        r += (K - 1) * int(np.prod([s for _, s in shape[: depth - 1]]))
        still = first_place(np.zeros((1, 40, 40, 1)), depth)
        moved = []
        for row in range(40):
            image = np.zeros((1, 40, 40, 1))
            image[0, row] = rng.standard_normal((40, 1))
            moved.append(first_place(image, depth) != still)
        assert moved == [True] * r + [False] * (40 - r)


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
