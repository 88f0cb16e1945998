"""Activations and their derivatives, held against many-digit arithmetic over the whole range of numbers."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from backproplab import ACTIVATIONS, identity, leaky_relu, relu, sigmoid, softmax, softmax_jacobian, tanh
from backproplab.calculus.derivatives import gradient

EPS = np.finfo(np.float64).eps
TINY = np.finfo(np.float64).tiny
MAGNITUDES = np.concatenate(
    [[5e-324, 1e-310, TINY], np.logspace(-300, 4, 153), [0.5, 1, 20, 36, 40, 709, 710, 745, 746]]
)
GRID = np.concatenate([-MAGNITUDES[::-1], [0.0], MAGNITUDES])

mp = mpmath.mp.clone()
mp.prec = 1_200  # digits down to the smallest double, even after subtracting from one


def exact_sigmoid(z: float) -> mpmath.mpf:
    return 1 / (1 + mp.exp(-mp.mpf(z)))


def exact_sigmoid_derivative(z: float) -> mpmath.mpf:
    return exact_sigmoid(z) * (1 - exact_sigmoid(z))


def exact_tanh_derivative(z: float) -> mpmath.mpf:
    return 1 - mp.tanh(mp.mpf(z)) ** 2


SMOOTH = [
    pytest.param(sigmoid.function, exact_sigmoid, id="sigmoid"),
    pytest.param(sigmoid.derivative, exact_sigmoid_derivative, id="sigmoid′"),
    pytest.param(tanh.function, lambda z: mp.tanh(mp.mpf(z)), id="tanh"),
    pytest.param(tanh.derivative, exact_tanh_derivative, id="tanh′"),
]


@pytest.mark.parametrize(("function", "exact"), SMOOTH)
def test_smooth_activations_keep_every_digit(function, exact) -> None:  # type: ignore[no-untyped-def]
    """From the smallest number there is to ten thousand, both signs: four units in the last place, and no warning."""
    with np.errstate(all="raise", under="ignore"):
        values = function(GRID)
    for z, value in zip(GRID, values, strict=True):
        truth = exact(z)
        assert abs(mp.mpf(value) - truth) <= 4 * EPS * abs(truth) + TINY, z


PIECEWISE = [
    # z, relu, relu′, leaky_relu, leaky_relu′
    (-1e4, 0, 0, -1e2, 0.01),
    (-1.0, 0, 0, -0.01, 0.01),
    (-5e-324, 0, 0, -0.0, 0.01),
    (-0.0, 0, 0, 0, 0.01),
    (0.0, 0, 0, 0, 0.01),
    (5e-324, 5e-324, 1, 5e-324, 1),
    (1.0, 1, 1, 1, 1),
    (1e4, 1e4, 1, 1e4, 1),
]


@pytest.mark.parametrize(("z", "rectified", "slope", "leaky", "leaky_slope"), PIECEWISE)
def test_rectifiers_at_and_around_zero(
    z: float, rectified: float, slope: float, leaky: float, leaky_slope: float
) -> None:
    """At zero both rectifiers take the slope of the left side, as PyTorch does."""
    for given in (z, np.array([z]), np.array([[z]])):
        assert relu(given) == rectified  # type: ignore[arg-type]
        assert relu.derivative(given) == slope  # type: ignore[arg-type]
        assert leaky_relu(given) == leaky  # type: ignore[arg-type]
        assert leaky_relu.derivative(given) == leaky_slope  # type: ignore[arg-type]
        assert identity(given) == z  # type: ignore[arg-type]
        assert identity.derivative(given) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_keep_shape_and_dtype(name: str, dtype: Any) -> None:
    """An activation and its derivative return the shape and the dtype they are given, and leave the input alone."""
    activation = ACTIVATIONS[name]
    for shape in [(), (3,), (3, 4), (2, 3, 4, 5)]:
        z = np.asarray(np.random.default_rng(0).standard_normal(shape)).astype(dtype)
        before = z.copy()
        for result in (activation(z), activation.derivative(z)):
            assert result.shape == shape
            assert result.dtype == dtype
        np.testing.assert_array_equal(z, before)
    assert repr(activation) == activation.name == name


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_forward_pass_gives_what_function_and_derivative_give(name: str, dtype: Any) -> None:
    """What an activation gives at once is, to the last digit, what it gives one after the other."""
    activation, z = ACTIVATIONS[name], GRID.astype(dtype)
    a, prime_z = activation.forward(z)
    np.testing.assert_array_equal(a, activation(z))
    if prime_z is not None:
        np.testing.assert_array_equal(prime_z, activation.derivative(z))
    assert (prime_z is None) == (activation is not sigmoid)


def test_the_sigmoid_keeps_the_digits_of_single_precision() -> None:
    """In float32, four units in the last place over all its range, and no overflow."""
    z = GRID[np.abs(GRID) > np.finfo(np.float32).tiny].astype(np.float32)
    with np.errstate(all="raise", under="ignore"):
        a, prime_z = sigmoid.forward(z)
    assert prime_z is not None
    for function, values in ((exact_sigmoid, a), (exact_sigmoid_derivative, prime_z)):
        truths = [function(float(number)) for number in z]
        for value, truth in zip(values, truths, strict=True):
            allowed = 4 * np.finfo(np.float32).eps * truth + np.finfo(np.float32).tiny
            assert abs(mp.mpf(float(value)) - truth) <= allowed


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_whole_numbers_are_numbers(name: str) -> None:
    """Python numbers and integer arrays give what the same floats give."""
    activation = ACTIVATIONS[name]
    for z in (-2, 0, 3):
        for function in (activation.function, activation.derivative):
            expected = function(np.array(float(z)))
            assert function(z) == expected  # type: ignore[arg-type]
            assert function(np.array([z])) == expected


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_the_slope_of_the_function(name: str) -> None:
    """The function directly above is the one whose derivative stands below it: central differences agree."""
    activation = ACTIVATIONS[name]
    for z in (-3.0, -0.7, -0.1, 0.2, 1.0, 2.5):
        measured = (activation(np.array(z + 1e-5)) - activation(np.array(z - 1e-5))) / 2e-5
        assert activation.derivative(np.array(z)) == pytest.approx(measured, rel=1e-8)


SCORES = [
    [0.0],
    [3.0, 3.0, 3.0],
    [1.0, -2.0, 0.5, 0.0],
    [40.0, 0.0, -1.0],
    [700.0, 0.0],
    [1e4, -1e4],
    [-1e4, -1e4 + 1, 1e-320],
    [1e4, 9_999.0, 9_960.0],
    [1e-300, 0.0],
]


def exact_softmax(z: list[float]) -> list[mpmath.mpf]:
    powers = [mp.exp(mp.mpf(score)) for score in z]
    return [power / mp.fsum(powers) for power in powers]


@pytest.mark.parametrize("z", SCORES, ids=str)
def test_softmax_keeps_its_digits(z: list[float]) -> None:
    """Each share is as exact as the difference of two scores, the shares add up to one, and nothing overflows."""
    with np.errstate(all="raise", under="ignore"):
        shares = softmax(np.array(z))
    for share, score, truth in zip(shares, z, exact_softmax(z), strict=True):
        assert abs(mp.mpf(share) - truth) <= EPS * (4 + abs(score - max(z))) * truth + TINY
    assert sum(shares) == pytest.approx(1, rel=4 * EPS)


@pytest.mark.parametrize("z", SCORES, ids=str)
def test_softmax_jacobian_keeps_its_digits(z: list[float]) -> None:
    r"""The slopes $a_j(\delta_{jk} - a_k)$ keep their digits even where a share rounds to one."""
    a = exact_softmax(z)
    with np.errstate(all="raise", under="ignore"):
        jacobian = softmax_jacobian(np.array(z))
    for j, k in np.ndindex(jacobian.shape):
        truth = a[j] * ((j == k) - a[k])
        apart = abs(z[j] - max(z)) + abs(z[k] - max(z))
        if j == k and len(z) > 1:
            apart += max(z) - sorted(z)[-2]
        assert abs(mp.mpf(jacobian[j, k]) - truth) <= EPS * (8 + apart) * abs(truth) + TINY


def test_softmax_jacobian_is_the_derivative_of_the_formula() -> None:
    """SymPy, differentiating the formula of the softmax, and central differences give the same Jacobian."""
    symbols = sympy.symbols("z0:3")
    shares = [sympy.exp(z) / sum(map(sympy.exp, symbols)) for z in symbols]
    at = dict(zip(symbols, (0.3, -1.2, 0.8), strict=True))
    z = np.array(list(at.values()))
    jacobian = softmax_jacobian(z)
    for j, share in enumerate(shares):
        slope = gradient(lambda point, j=j: float(softmax(point)[j]), z).value  # type: ignore[misc]
        formula = [float(sympy.diff(share, symbol).subs(at)) for symbol in symbols]
        np.testing.assert_allclose(jacobian[j], formula, rtol=1e-13)
        np.testing.assert_allclose(jacobian[j], slope, rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_works_column_by_column(dtype: Any) -> None:
    """Every column of a batch is shared out on its own, in the dtype it came in."""
    z = np.random.default_rng(2).standard_normal((4, 5)).astype(dtype)
    shares = softmax(z)
    assert shares.dtype == softmax_jacobian(z[:, 0]).dtype == dtype
    for i in range(5):
        np.testing.assert_allclose(shares[:, i], softmax(z[:, i]), rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(softmax([0, 0]), [0.5, 0.5])  # type: ignore[arg-type]
