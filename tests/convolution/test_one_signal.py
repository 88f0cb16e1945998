"""One signal through convolution, sigmoid, max-pooling and a dense layer and back: every path, by the page's formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import SGD, Conv2d, Dense, Flatten, MaxPool2d, Network
from backproplab.book.formulas.formula import formula
from tests.worlds.convolution import signal

if TYPE_CHECKING:
    from backproplab import Step
    from backproplab.book.formulas.world import World

PAGE: dict[str, Any] = {
    "x": np.array([
        [0, 1, 1, 1, 1, 0],
        [0, 0, 0, 0.5, 1, 0],
        [0, 0, 0, 1, 0.5, 0],
        [0, 0, 1, 0.5, 0, 0],
        [0, 0.5, 1, 0, 0, 0],
        [0, 1, 0.5, 0, 0, 0],
    ]),
    "w": np.array([[-0.4, 0.3, 0.8], [-0.2, 0.9, 0.1], [0.7, 0.5, -0.6]]),
    "w^4": np.array([[0.9, -1.2, 1.5, -0.8], [-0.7, 2.0, -1.1, 0.6]]),
    "c": np.array([0.2, -0.1]),
    "y": np.array([1, 0]),
}  # fmt: skip
"""The numbers of the page."""
WEIGHTS = [signal((0, 2)), signal((1, 0))]
"""Worlds that follow one weight each."""
ALL = signal()


def network(world: World) -> Network:
    """The package's network with the numbers of a world."""
    layers = [
        Conv2d.from_parameters(world["w"][np.newaxis, np.newaxis], [world["b"]], "sigmoid"),
        MaxPool2d(2),
        Flatten(),
        Dense.from_parameters(world["w^4"], world["c"], "sigmoid"),
    ]
    return Network(layers, "half_squared_error", input_shape=(1, 6, 6))


def steps(world: World) -> list[Step]:
    return network(world).trace([world["x"]], world["y"]).steps


@pytest.mark.equation("TRACEPATH")
def test_a_path_is_the_product_of_six_slopes() -> None:
    r"""With every other road held still, a nudge of a weight moves the cost of output $k$ through place $(i, j)$ by $P_{k,i,j}$."""
    formula("TRACEPATH").holds(*WEIGHTS)


@pytest.mark.equation("TRACESUM")
def test_the_derivative_is_the_sum_over_all_paths() -> None:
    """For a weight the 32 products add up to the measured slope, and to the gradient of the package."""
    formula("TRACESUM").holds(*WEIGHTS)
    gradient = steps(ALL)[0].grads["W"][0, 0]
    for world in WEIGHTS:
        assert world["P"].size == 32
        assert world["P"].sum() == pytest.approx(gradient[world["u"], world["v"]], abs=1e-15)


@pytest.mark.equation("TRACEDENSE")
def test_the_error_of_a_pooled_number_comes_back_along_both_outputs() -> None:
    r"""A nudge of $a^3_m$ moves the cost by $\sum_k w^4_{k,m}\,\delta^4_k$ for each unit, and the package's $\delta^3$ is that."""
    formula("TRACEDENSE").holds(ALL, package=lambda: steps(ALL)[2].delta)


@pytest.mark.equation("TRACEROUTE")
def test_a_maximum_sends_its_error_to_the_winner_alone() -> None:
    r"""A nudge of $a^1_{i,j}$ moves the cost by $\delta^3_m$ for each unit if it won its window, and not at all if it lost."""
    formula("TRACEROUTE").holds(ALL)


@pytest.mark.equation("TRACEDELTA")
def test_the_error_of_the_map_is_the_slope_of_the_cost() -> None:
    r"""A nudge of $z^1_{i,j}$ moves the cost by $\delta^1_{i,j}$ for each unit, and the package's $\delta^1$ is that map."""
    formula("TRACEDELTA").holds(ALL, package=lambda: steps(ALL)[0].delta[0, ..., 0])


@pytest.mark.equation("TRACEKERNEL")
def test_a_weight_collects_error_times_pixel_from_every_place() -> None:
    r"""$\sum_{i,j} \delta^1_{i,j}\,x_{i+u,j+v}$ is the slope for each weight, and $\sum_{i,j} \delta^1_{i,j}$ that for the bias."""
    grads = steps(ALL)[0].grads
    formula("TRACEKERNEL").holds(ALL, package=[lambda: grads["W"][0, 0], lambda: grads["b"]])


@pytest.mark.equation("TRACEUPDATE")
def test_the_update_by_index_is_the_one_the_package_makes() -> None:
    r"""After one step of `SGD` each weight is $w_{u,v} - \eta \sum_{i,j} \delta^1_{i,j}\,x_{i+u,j+v}$."""
    moved = network(ALL)
    gradients = moved.trace([ALL["x"]], ALL["y"]).gradients
    SGD(ALL["eta"]).step([*moved.parameters.values()], [*gradients.values()])
    formula("TRACEUPDATE").holds(ALL, package=lambda: moved.parameters["W1"][0, 0])


@pytest.mark.equation("TRACEFALL")
def test_one_weight_lowers_the_cost_by_eta_times_its_squared_derivative() -> None:
    r"""The cost falls by $\eta\,(\partial C / \partial w_{u,v})^2$, and what is missing shrinks with the square of $\eta$."""
    formula("TRACEFALL").holds(*WEIGHTS, small="eta", order=2)


def test_of_the_32_paths_of_the_page_8_are_open() -> None:
    """Of the paths of the page's weight eight carry something, and they pull both ways."""
    world = signal((0, 2), numbers=PAGE)
    assert np.count_nonzero(world["P"]) == 8
    assert world["P"].min() < 0 < world["P"].max()
