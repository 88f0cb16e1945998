"""Optimizers: the step is the formula, and what is remembered belongs to one network."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import (
    SGD,
    Adam,
    ConstantRate,
    CosineDecay,
    Dense,
    DivergenceError,
    Momentum,
    Network,
    StepDecay,
    Warmup,
    fit,
)
from backproplab.book.formulas.formula import formula
from tests.worlds.calculus import slope_of, uneven
from tests.worlds.steps import step

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab import Optimizer

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


def in_words(kind: str, theta: list[float], slopes: list[list[float]], decay: float) -> list[float]:
    """Momentum and Adam as their papers write them, one plain number after the other; rates 1/4 and 1/8."""
    for k in range(len(theta)):
        v = m = s = 0.0
        for t, slope in enumerate(slopes, 1):
            g = slope[k] + decay * theta[k]
            if kind == "momentum":
                v = 0.75 * v + g
                theta[k] -= 0.25 * v
            else:
                m = 0.8 * m + (1 - 0.8) * g
                s = 0.9 * s + (1 - 0.9) * g * g
                theta[k] -= 0.125 * (m / (1 - 0.8**t)) / ((s / (1 - 0.9**t)) ** 0.5 + 0.01)
    return theta


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("momentum", lambda decay: Momentum(0.25, momentum=0.75, weight_decay=decay)),
        ("adam", lambda decay: Adam(0.125, beta1=0.8, beta2=0.9, epsilon=0.01, weight_decay=decay)),
    ],
)
def test_steps_are_those_of_the_papers(kind: str, make: Callable[[float], Optimizer], decay: float) -> None:
    """Twenty steps of two parameters arrive where the formulas lead that are worked out number by number."""
    rng = np.random.default_rng(5)
    theta, slopes = rng.standard_normal(4), rng.standard_normal((20, 4))
    ours, optimizer = [theta[:1].copy(), theta[1:].reshape(3, 1).copy()], make(decay)
    for slope in slopes:
        optimizer.step(ours, [slope[:1], slope[1:].reshape(3, 1)])
    expected = in_words(kind, theta.tolist(), slopes.tolist(), decay)
    np.testing.assert_allclose(np.concatenate([part.ravel() for part in ours]), expected, rtol=1e-13)


def test_the_first_step_of_adam_is_as_long_as_its_rate() -> None:
    """Freed of their bias, the first moments are the gradient and its square: every entry moves by η, whatever its slope."""
    theta = np.zeros(4)
    Adam(0.25).step([theta], [np.array([1e-3, -2.0, 30, 1e6])])
    np.testing.assert_allclose(theta, [-0.25, 0.25, -0.25, -0.25], rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [lambda: SGD(0.1, 0.1), lambda: Momentum(0.1), lambda: Adam(0.1, weight_decay=0.1)])
def test_a_step_makes_no_arrays_and_keeps_the_precision(make: Callable[[], Optimizer], dtype: Any) -> None:
    """After the first step everything is calculated in arrays that are there; gradients stay, and so does the dtype."""
    parameter, gradient, optimizer = np.ones((200, 100), dtype), np.full((200, 100), 2, dtype), make()
    optimizer.step([parameter], [gradient])
    tracemalloc.start()
    for _ in range(3):
        optimizer.step([parameter], [gradient])
    assert tracemalloc.get_traced_memory()[1] < parameter.nbytes / 4
    tracemalloc.stop()
    assert parameter.dtype == dtype
    assert (gradient == 2).all()


REMEMBERING: dict[str, Callable[[], Optimizer]] = {
    "Momentum(0.1, momentum=0.9)": lambda: Momentum(0.1),
    "Adam(0.001)": Adam,
    "SGD(StepDecay(0.1, every=5, factor=0.1))": lambda: SGD(StepDecay(0.1, 5)),
}


@pytest.mark.parametrize("printed", REMEMBERING)
def test_what_is_remembered_belongs_to_one_network(printed: str) -> None:
    """Other arrays, be they of the same shapes or not, are refused by name, and then nothing has moved."""
    optimizer, first = REMEMBERING[printed](), [np.ones((2, 3)), np.ones((2, 1))]
    optimizer.step(first, first)
    for other, given in (
        ([np.ones((2, 3)), np.ones((2, 1))], "others of the same shapes, [(2, 3), (2, 1)]"),
        ([np.ones((2, 3))], "[(2, 3)]"),
        ([first[1], first[0]], "[(2, 1), (2, 3)]"),
    ):
        before = [array.copy() for array in other]
        with pytest.raises(ValueError) as caught:  # noqa: PT011 – the whole text is compared
            optimizer.step(other, other)
        assert str(caught.value) == (
            f"parameters: expected the arrays of the first step, [(2, 3), (2, 1)], because {printed} remembers their "
            f"past, got {given}: make a new optimizer for each network"
        )
        for array, old in zip(other, before, strict=True):
            np.testing.assert_array_equal(array, old)
    optimizer.step(first, first)


def test_plain_descent_remembers_nothing() -> None:
    """SGD with a number as its rate steps for one network after another."""
    optimizer, arrays = SGD(0.5), [np.ones(2), np.ones((3, 1)), np.ones(2)]
    for array in [*arrays, *arrays]:
        optimizer.step([array], [array.copy()])
    assert [array.flat[0] for array in arrays] == [0.25] * 3


@pytest.mark.parametrize("make", [lambda: Momentum(0.1), lambda: Adam(0.1), lambda: SGD(CosineDecay(0.1, 50))])
def test_an_epoch_that_fails_takes_the_optimizer_back_too(make: Callable[[], Optimizer]) -> None:
    """After an epoch whose last batch fails, training goes on as if that epoch had never been."""
    last = np.random.default_rng(1).permutation(len(X))[-1]
    unreachable = np.where(np.arange(len(X))[:, np.newaxis] == last, 1e300, Y)

    def fail(net: Network, optimizer: Optimizer) -> None:
        rng = np.random.default_rng(1)
        with pytest.raises(DivergenceError, match=r"^epoch 1, batch 6: the cost is inf"):
            list(fit(net, X, unreachable, epochs=1, batch_size=1, optimizer=optimizer, rng=rng))

    runs = []
    for broken in (False, True):
        net, optimizer, rng = network(), make(), np.random.default_rng(0)
        for _ in range(2):
            if broken:
                fail(net, optimizer)
            list(fit(net, X, Y, epochs=1, batch_size=2, optimizer=optimizer, rng=rng))
        runs.append([*net.parameters.values()])
    for plain, after in zip(*runs, strict=True):
        np.testing.assert_array_equal(plain, after)


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


@pytest.mark.parametrize(
    ("optimizer", "printed"),
    [
        (SGD(0.5), "SGD(0.5)"),
        (SGD(0.5, weight_decay=0.01), "SGD(0.5, weight_decay=0.01)"),
        (SGD(ConstantRate(2)), "SGD(2)"),
        (Momentum(0.1, 0.8), "Momentum(0.1, momentum=0.8)"),
        (Adam(), "Adam(0.001)"),
        (Adam(0.01, beta1=0.5, epsilon=1e-7), "Adam(0.01, beta1=0.5, epsilon=1e-07)"),
        (Adam(Warmup(CosineDecay(0.01, 90), 10)), "Adam(Warmup(CosineDecay(0.01, steps=90), steps=10))"),
    ],
)
def test_an_optimizer_prints_as_it_was_made(optimizer: Optimizer, printed: str) -> None:
    """What was set may be read off the printed optimizer, and a printed optimizer is how it could be made again."""
    assert repr(optimizer) == printed
    assert repr(eval(printed)) == printed


def test_the_learning_rate_may_be_read_and_set() -> None:
    """What is read is the rate of the next step."""
    optimizer, parameter = Momentum(CosineDecay(2, steps=2)), np.ones(1)
    rates = []
    for _ in range(3):
        rates.append(optimizer.learning_rate)
        optimizer.step([parameter], [parameter])
    assert rates == pytest.approx([2, 1, 0])
    optimizer.learning_rate = 0.5
    assert optimizer.learning_rate == 0.5
