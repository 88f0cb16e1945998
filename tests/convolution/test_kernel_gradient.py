"""The three gradients of a convolution: kernel, shared bias and input, read from the page."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from backproplab import Conv2d, correlate, kernel_gradient, spread
from backproplab.book.formulas.formula import formula
from tests.worlds.convolution import layer, plane

BATCH = layer((2, 7, 8, 4), (2, 2, 2, 3), (2, 3))
"""Two maps of two channels, three rows and two columns of windows, four examples."""
ONE = layer((2, 5, 6, 1), (2, 2, 3, 2), batch=False)


@pytest.mark.equation("KERNELGRAD")
def test_the_gradient_of_a_kernel_sums_over_all_places() -> None:
    r"""$\sum_{n,i,j} \delta_{f,i,j,n}\,a_{c,is+u,js'+v,n}$ is the measured slope and `kernel_gradient`."""
    formula("KERNELGRAD").holds(BATCH, package=lambda: kernel_gradient(BATCH["delta"], BATCH["a"], (2, 3), (2, 3)))


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
            correlation = sum((z[i][j] - y[i][j]) * a[4 * (i + u) + j + v] for i in range(3) for j in range(3))
            assert sp.expand(sp.diff(cost, w[2 * u + v]) - correlation) == 0
    rng = np.random.default_rng(1)
    image, delta = rng.standard_normal((1, 4, 4, 1)), rng.standard_normal((1, 3, 3, 1))
    slid = correlate(image, delta[..., 0][:, np.newaxis])[..., 0]
    np.testing.assert_allclose(kernel_gradient(delta, image, (2, 2))[0], slid)


@pytest.mark.equation("KERNELBIAS")
def test_the_gradient_of_a_shared_bias_is_the_sum_of_its_map() -> None:
    r"""$\partial C / \partial b_f$ is $\sum_{n,i,j} \delta_{f,i,j,n}$, and no mean."""
    conv = Conv2d.from_parameters(BATCH["w"], BATCH["b"], stride=(2, 3))
    formula("KERNELBIAS").holds(BATCH, package=lambda: conv.gradients(BATCH["a"], BATCH["delta"])["b"])


@pytest.mark.equation("KERNELINPUT")
def test_the_gradient_of_a_pixel_sums_over_the_windows_on_it() -> None:
    r"""$\partial C / \partial a_{c,y,x}$ is $\sum_{f,u,v} w_{f,c,u,v}\,\delta_{f,y-u,x-v}$ with $\delta = 0$ outside, and `pull_back`."""
    conv, delta = Conv2d.from_parameters(ONE["w"], ONE["b"]), ONE["delta"][..., np.newaxis]
    formula("KERNELINPUT").holds(ONE, package=lambda: conv.pull_back(np.zeros((2, 5, 6, 1)), delta)[..., 0])


@pytest.mark.equation("KERNELFLIP")
def test_a_flipped_kernel_makes_it_a_full_correlation() -> None:
    r"""The same slope is $\sum_{f,u',v'} w_{f,c,K-1-u',K'-1-v'}\,d_{f,y+u',x+v'}$, where `spread` puts zeros around $\delta$."""
    formula("KERNELFLIP").holds(ONE)
    delta = ONE["delta"][..., np.newaxis]
    np.testing.assert_array_equal(spread(delta, (5, 6), (3, 2))[..., 0], ONE["d"])


@pytest.mark.equation("KERNELSPREAD")
def test_errors_stand_as_far_apart_as_their_windows() -> None:
    r"""With $\delta_{i,j}$ at row $is + K - 1 - p$ of $d$, the turned kernels give what every product of the forward formula sends back."""
    geometries = [((2, 3), (1, 0)), ((3, 2), (0, 1)), ((1, 1), (0, 0))]
    worlds = [layer((2, 7, 7, 1), (2, 2, 3, 2), stride, padding, batch=False) for stride, padding in geometries]
    formula("KERNELSPREAD").holds(*worlds)
    for world, (stride, padding) in zip(worlds, geometries, strict=True):
        w, d, delta = world["w"], world["d"], world["delta"][..., np.newaxis]
        np.testing.assert_array_equal(spread(delta, (7, 7), (3, 2), stride, padding)[..., 0], d)
        conv = Conv2d.from_parameters(w, world["b"], stride=stride, padding=padding)
        back = conv.pull_back(np.zeros((2, 7, 7, 1)), delta)[..., 0]
        for c, y, x in np.ndindex(back.shape):
            turned = sum(w[f, c, 2 - u, 1 - v] * d[f, y + u, x + v] for f, u, v in np.ndindex(2, 3, 2))
            assert turned == pytest.approx(back[c, y, x])


@pytest.mark.equation("KERNELDOT")
def test_three_readings_of_one_sum_agree() -> None:
    r"""$\sum \delta (z - b)$, $\sum w\,\partial C/\partial w$ and $\sum a\,\partial C/\partial a$ are one number, and the package's."""
    world = plane()
    conv = Conv2d.from_parameters(world["w"][np.newaxis, np.newaxis], [world["b"]])
    a, delta = (world[name][np.newaxis, :, :, np.newaxis] for name in ("a", "delta"))
    formula("KERNELDOT").holds(world, package=lambda: np.sum(world["w"] * conv.gradients(a, delta)["W"]))
    assert np.sum(a * conv.pull_back(a, delta)) == pytest.approx(np.sum(delta[0, ..., 0] * (world["z"] - world["b"])))
