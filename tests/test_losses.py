"""Losses as formulas: SymPy derives their gradients, many-digit arithmetic their values at extreme logits."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
import sympy

from backproplab import LOSSES, binary_cross_entropy, one_hot, softmax_cross_entropy
from backproplab.losses import Loss, target_rows

if TYPE_CHECKING:
    from collections.abc import Callable

EPS = np.finfo(np.float64).eps
TINY = np.finfo(np.float64).tiny
mp = mpmath.mp.clone()
mp.prec = 1_200  # digits down to the smallest double, even after subtracting from one

A = [[0.3, -0.8], [1.1, 0.2], [-0.4, 0.6]]  # three outputs as rows, two examples as columns
Y = [[0.2, 1.0], [0.5, 0.0], [0.3, 0.0]]  # each column adds up to one


def squares(a: sympy.Matrix, y: sympy.Matrix) -> sympy.Expr:
    return sum((a[j, i] - y[j, i]) ** 2 for j in range(3) for i in range(2))


def binary(z: sympy.Matrix, y: sympy.Matrix) -> sympy.Expr:
    sigma = z.applyfunc(lambda score: 1 / (1 + sympy.exp(-score)))
    terms = (y[k] * sympy.log(sigma[k]) + (1 - y[k]) * sympy.log(1 - sigma[k]) for k in range(6))
    return -sum(terms) / 2


def categorical(z: sympy.Matrix, y: sympy.Matrix) -> sympy.Expr:
    powers = z.applyfunc(sympy.exp)
    shares = sympy.Matrix(3, 2, lambda j, i: powers[j, i] / sum(powers[:, i]))
    return -sum(y[k] * sympy.log(shares[k]) for k in range(6)) / 2


FORMULAS: dict[str, Callable[[sympy.Matrix, sympy.Matrix], sympy.Expr]] = {
    "half_squared_error": lambda a, y: squares(a, y) / 2 / 2,
    "squared_error": lambda a, y: squares(a, y) / 2,
    "mean_squared_error": lambda a, y: squares(a, y) / (2 * 3),
    "binary_cross_entropy": binary,
    "softmax_cross_entropy": categorical,
}


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_those_of_the_formula(name: str) -> None:
    """The cost is the formula of its page, and the gradient is what SymPy gets by differentiating that formula."""
    a = sympy.Matrix(3, 2, sympy.symbols("a0:6"))
    at = dict(zip(a, sympy.Matrix(A), strict=True))
    cost = FORMULAS[name](a, sympy.Matrix(Y))
    loss = LOSSES[name]
    assert loss.value(np.array(A), np.array(Y)) == pytest.approx(float(cost.subs(at)), rel=1e-14)
    gradient = [[float(sympy.diff(cost, a[j, i]).subs(at)) for i in range(2)] for j in range(3)]
    np.testing.assert_allclose(loss.gradient(np.array(A), np.array(Y)), gradient, rtol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_means_over_the_examples(name: str) -> None:
    r"""The cost of a batch is the mean of its examples' costs, and the $\frac1N$ is in the gradient as well."""
    loss, a, y = LOSSES[name], np.array(A), np.array(Y)
    columns = [slice(0, 1), slice(1, 2)]
    assert loss.value(a, y) == pytest.approx(np.mean([loss.value(a[:, c], y[:, c]) for c in columns]), rel=1e-14)
    together = np.hstack([loss.gradient(a[:, c], y[:, c]) for c in columns]) / 2
    np.testing.assert_allclose(loss.gradient(a, y), together, rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_keep_the_dtype(name: str, dtype: Any) -> None:
    """The gradient has the dtype of the activations, the cost is a Python float, and both inputs stay as they were."""
    a, y = np.array(A, dtype), np.array(Y, dtype)
    loss = LOSSES[name]
    assert loss.gradient(a, y).dtype == dtype
    assert type(loss.value(a, y)) is float
    np.testing.assert_array_equal(a, np.array(A, dtype))
    np.testing.assert_array_equal(y, np.array(Y, dtype))
    assert loss.prediction(a).dtype == dtype


MAGNITUDES = [0.0, 5e-324, 1e-310, 1e-300, 1e-20, 1e-8, 1e-3, 0.5, 1.0, 5.0, 18.0, 30.0, 36.0, 40.0, 100.0]
MAGNITUDES += [700.0, 709.0, 710.0, 744.0, 746.0, 1e3, 5e3, 1e4]
LOGITS = [-z for z in reversed(MAGNITUDES)] + MAGNITUDES


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25, 1e-9, 1 - 1e-9])
def test_binary_cross_entropy_keeps_every_digit(y: float) -> None:
    """Value and gradient are right to double precision up to logits of ten thousand, be they right or wrong."""
    for logit in LOGITS:
        z = mp.mpf(logit)
        sigma, rest = 1 / (1 + mp.exp(-z)), 1 / (1 + mp.exp(z))
        value = -mp.mpf(y) * mp.log(sigma) - (1 - mp.mpf(y)) * mp.log(rest)
        gains, losses = (1 - mp.mpf(y)) * sigma, mp.mpf(y) * rest
        with np.errstate(all="raise", under="ignore"):
            given_value = binary_cross_entropy.value(np.array([[logit]]), np.array([[y]]))
            given_gradient = binary_cross_entropy.gradient(np.array([[logit]]), np.array([[y]])).item()
        assert abs(mp.mpf(given_value) - value) <= 8 * EPS * value + TINY, logit
        # where the two terms cancel, the logit sits at the minimum; they are what the error is measured by
        assert abs(mp.mpf(given_gradient) - (gains - losses)) <= 8 * EPS * max(gains, losses) + TINY, logit


SCORES = [
    *[(z, 0.0) for z in LOGITS],
    *[(z, -z, 0.25) for z in (1e-3, 1.0, 20.0, 40.0, 700.0, 1e4)],
    (7.0, 7.0, 7.0, 7.0),
    (50.0, 49.0, 0.0),
    (1e4, 9_990.0, 9_999.0),
    (3.0,),
]


@pytest.mark.parametrize("z", SCORES, ids=str)
def test_softmax_cross_entropy_keeps_every_digit(z: tuple[float, ...]) -> None:
    """For each class as the right one, value and gradient keep their digits even where its share rounds to one."""
    powers = [mp.exp(mp.mpf(score)) for score in z]
    shares = [power / mp.fsum(powers) for power in powers]
    rest = [mp.fsum(powers[:j] + powers[j + 1 :]) / mp.fsum(powers) for j in range(len(z))]
    apart = max(z) - min(z)  # the digits that the difference of two scores itself loses
    for right in range(len(z)):
        y = np.eye(len(z))[:, [right]]
        with np.errstate(all="raise", under="ignore"):
            value = softmax_cross_entropy.value(np.array([z]).T, y)
            gradient = softmax_cross_entropy.gradient(np.array([z]).T, y)[:, 0]
        truth = -mp.log(shares[right])
        assert abs(mp.mpf(value) - truth) <= EPS * (8 + apart) * truth + TINY
        for j, given in enumerate(gradient):
            slope = -rest[j] if j == right else shares[j]
            assert abs(mp.mpf(given) - slope) <= EPS * (8 + apart) * abs(slope) + TINY


def test_softmax_cross_entropy_takes_shares_as_targets() -> None:
    """With shares for targets the gradient is at rest where outputs and targets meet, and the cost is not zero."""
    z = np.array([[0.5], [-1.0], [2.0]])
    y = softmax_cross_entropy.prediction(z)
    value = -sum(y[j, 0] * np.log(y[j, 0]) for j in range(3))
    assert softmax_cross_entropy.value(z, y) == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(softmax_cross_entropy.gradient(z, y), 0, atol=EPS)


def test_cross_entropies_of_float32_do_not_overflow() -> None:
    """Single precision is as safe: logits of ten thousand give a finite cost and no slope steeper than one."""
    for loss, first, second in product((binary_cross_entropy, softmax_cross_entropy), (-1e4, 0, 1e4), (-1e4, 0, 1e4)):
        z, y = np.array([[first], [second]], np.float32), np.array([[1], [0]], np.float32)
        assert np.isfinite(loss.value(z, y))
        assert np.abs(loss.gradient(z, y)).max() <= 1


@pytest.mark.parametrize("loss", LOSSES.values(), ids=str)
def test_a_loss_is_known_by_its_name(loss: Loss) -> None:
    """A loss prints as the name under which networks and files know it."""
    assert repr(loss) == loss.name
    assert LOSSES[loss.name] is loss


def test_one_hot_marks_the_place_of_the_label() -> None:
    """Row i has a one at the place of label i and zeros elsewhere."""
    np.testing.assert_array_equal(one_hot([2, 0], 3), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(one_hot(np.uint8(1), 2), [[0, 1]])


TARGETS = [
    # y, examples, shape of one output, the rows it stands for
    ([1, 0], 2, (2,), [[0, 1], [1, 0]]),
    (1, 1, (2,), [[0, 1]]),
    ([1], 1, (2,), [[0, 1]]),
    ([0, 1], 1, (2,), [[0, 1]]),
    ([[0, 1]], 1, (2,), [[0, 1]]),
    ([0.5, 0.25], 1, (2,), [[0.5, 0.25]]),
    ([0.5, 0.25], 2, (1,), [[0.5], [0.25]]),
    ([[0.5], [0.25]], 2, (1,), [[0.5], [0.25]]),
    ([True, False], 2, (1,), [[1], [0]]),
    (0.5, 1, (1,), [[0.5]]),
    ([0.5], 1, (1,), [[0.5]]),
]


@pytest.mark.parametrize(("y", "number", "shape", "rows"), TARGETS, ids=str)
def test_targets_come_in_many_forms(y: object, number: int, shape: tuple[int, ...], rows: list[list[float]]) -> None:
    """Labels, one-hot rows, a vector for one output and a single target all become rows of the network's own dtype."""
    result = target_rows(y, number, shape, np.dtype(np.float32))  # type: ignore[arg-type]
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, rows)
