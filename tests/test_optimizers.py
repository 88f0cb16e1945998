"""Optimizers: the step is the formula, and it lowers the cost as far as the gradient promises."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import SGD, Dense, Network
from backproplab.book.formulas.formula import formula
from tests.worlds.calculus import slope_of, uneven
from tests.worlds.steps import step

X = np.random.default_rng(1).standard_normal((6, 3))
Y = np.random.default_rng(2).uniform(size=(6, 2))


def network() -> Network:
    rng = np.random.default_rng(0)
    return Network([Dense(3, 4, "sigmoid", rng=rng), Dense(4, 2, "sigmoid", rng=rng)])


@pytest.mark.equation("UPDATE")
def test_a_step_is_the_formula() -> None:
    r"""`SGD` moves three parameters as $\theta \leftarrow \theta - \eta\,\nabla_\theta C$ says, with the slopes measured."""
    theta = np.array([0.4, -0.3, 0.8])
    moved = theta.copy()
    SGD(0.3).step([moved], [slope_of(uneven)(theta)])
    formula("UPDATE").holds(step(0.3, theta, moved))


@pytest.mark.equation("UPDATE")
def test_step_moves_every_entry_against_its_slope() -> None:
    r"""A step takes $\eta$ times its slope from every single parameter, in place, entry by entry."""
    net = network()
    gradients = net.trace(X, Y).gradients
    before = {name: array.copy() for name, array in net.parameters.items()}
    live = net.parameters
    SGD(0.3).step(list(live.values()), list(gradients.values()))
    for name, array in net.parameters.items():
        assert array is live[name]
        for index in np.ndindex(array.shape):
            assert array[index] == pytest.approx(before[name][index] - 0.3 * gradients[name][index], rel=1e-14)


def test_step_leaves_the_gradients_and_the_dtype() -> None:
    """A step changes parameters only, and a float32 parameter stays float32 under a rate given as double."""
    parameter, gradient = np.ones(3, np.float32), np.full(3, 2, np.float32)
    SGD(np.float64(0.25)).step([parameter], [gradient])
    np.testing.assert_array_equal(parameter, np.full(3, 0.5))
    np.testing.assert_array_equal(gradient, np.full(3, 2))
    assert parameter.dtype == np.float32


@pytest.mark.parametrize(
    ("gradients", "message"),
    [
        ([(2, 3)], "gradients: expected 2, one for each parameter, got 1"),
        ([(2, 3), (3,)], "gradients: expected one of shape (2, 3), as its parameter has, got (3,)"),
        ([(2, 3), (2, 1)], "gradients: expected one of shape (2, 3), as its parameter has, got (2, 1)"),
        ([(2, 3), ()], "gradients: expected one of shape (2, 3), as its parameter has, got ()"),
    ],
)
def test_every_parameter_needs_its_gradient(gradients: list[tuple[int, ...]], message: str) -> None:
    """One gradient too few, or one that NumPy would stretch to the parameter's shape, is refused; then none moves."""
    parameters = [np.ones((2, 3)), np.ones((2, 3))]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 – the whole text is compared
        SGD(1).step(parameters, [np.ones(shape) for shape in gradients])
    assert str(caught.value) == message
    for parameter in parameters:
        np.testing.assert_array_equal(parameter, np.ones((2, 3)))


def test_an_optimizer_prints_as_it_was_made() -> None:
    """The learning rate may be read off the printed optimizer."""
    assert repr(SGD(0.5)) == "SGD(0.5)"
    assert SGD(2).learning_rate == 2
