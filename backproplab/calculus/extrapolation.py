"""Differences over steps of many sizes, extrapolated to a step of zero: how `derivative` and its kin measure."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, real_array, shown

__all__ = ["Estimate"]

EPS = float(np.finfo(np.float64).eps)
STEPS = 2.0**-7 / 4.0 ** np.arange(20)
LEAST = 7  # of these steps at least so many are taken, and so many orders of extrapolation


class Estimate(NamedTuple):
    """A measured derivative, and an estimate of how far off it is.

    The error adds up the spread between neighbouring extrapolations and the rounding of `f`, which is taken to be
    computed to the precision of the machine. At a kink it reaches from the slope on one side to the other.

    Attributes:
        value: The derivative; a number, or an array.
        error: An estimate of its absolute error, of the same shape. It is no bound: a feature of `f` narrower than
            $2^{-13}$, and in proportion where the coordinate is above one, can escape all steps; a second derivative
            can miss what is narrower than 1/64.
    """

    value: Any
    error: Any


def value_at(f: Callable[[Any], ArrayLike], point: Array, shape: tuple[int, ...]) -> Array:
    """Return what `f` makes of a copy of a point; a point without axes is given as a number."""
    value = real_array(f(point.copy()[()]), "f(x)", np.dtype(np.float64))
    if value.shape != shape:
        raise ValueError(f"f(x): expected {f'shape {shape}' if shape else 'one number'}, got shape {value.shape}")
    return value


def scale_of(x: float) -> float:
    """Return the power of two next above |x|, or 1: steps of that size are added to x without rounding."""
    return float(2.0 ** np.ceil(np.log2(max(1.0, abs(x)))))


def partials(f: Callable[[Any], ArrayLike], point: Array, shape: tuple[int, ...]) -> Estimate:
    """Measure the derivative by each entry of a point; shape (*point.shape, *shape)."""
    here = value_at(f, point, shape)
    estimates = [_partial(f, point, index, here) for index in np.ndindex(point.shape)]
    value, error = np.moveaxis(np.reshape(estimates, (point.size, 2, *shape)), 1, 0)
    return Estimate(value.reshape(point.shape + shape)[()], error.reshape(point.shape + shape)[()])


def shortening(f: Callable[[Any], ArrayLike], point: Array, moves: Array, shape: tuple[int, ...]) -> float:
    """Return the factor, 1 or a power of a quarter, by which moves are shortened so that all stay where `f` has a value."""
    for factor in STEPS / STEPS[0]:
        try:
            with np.errstate(all="ignore"):
                for move in moves:
                    value_at(f, point + factor * move, shape)
        except (ArithmeticError, ValueError) as error:
            trouble = error
        else:
            return float(factor)
    step = factor * np.abs(moves).max()
    raise ValueError(
        f"f(x): expected a number on every side of x = {shown(point.tolist())}, got none even at a step of {step:.0e}: {trouble}"
    ) from trouble


def _partial(f: Callable[[Any], ArrayLike], point: Array, index: tuple[int, ...], here: Array) -> Estimate:
    """Measure the derivative by one entry of a point, and see whether there is a kink.

    Steps are taken until a narrower one could measure nothing better, for its rounding would exceed the error.
    """
    x, unit = abs(float(point[index])), np.zeros(point.shape)
    unit[index] = scale_of(x)
    unit *= shortening(f, point, STEPS[0] * np.array([unit, -unit]), here.shape)
    quotients: list[Array] = []
    noises: list[Array] = []
    kink, gap = np.zeros(here.shape, bool), np.full(here.shape, np.inf)
    middle = half = gap
    for h in STEPS:
        above, below = (value_at(f, point + move, here.shape) for move in (h * unit, -h * unit))
        step = h * unit[index]
        quotients.append((above - below) / (2 * step))
        noises.append(4 * EPS * (np.abs(here) + 2 * np.abs(quotients[0]) * max(x, unit[index])) / step)
        # between the slopes of the two sides is a gap that falls with the step, but not at a kink
        before, gap = gap, np.abs(above - 2 * here + below) / step
        seen = gap > 4 * noises[-1]
        known, kink = kink & (len(quotients) > LEAST), np.where(seen, gap > before / 2, kink)
        middle, half = np.where(known, middle, quotients[-1]), np.where(known, half, gap / 2 + noises[-1])
        if len(quotients) >= LEAST:
            best = limit(quotients, noises)
            if np.all(np.where(kink, half, best.error) <= noises[-1]):
                break
    best = _veto(quotients, noises, best)
    return Estimate(np.where(kink, middle, best.value), np.where(kink, half, best.error))


def _veto(quotients: list[Array], noises: list[Array], best: Estimate) -> Estimate:
    """Prefer the narrowest three quotients where they agree among themselves and not with what wider steps tell."""
    first, second, third = quotients[-3:]
    apart, own = np.abs(third - best.value), np.abs(third - second) + np.abs(second - first)
    narrow = limit(quotients[-3:], noises[-3:])
    overruled = (apart > 10 * own) & (apart > 1000 * noises[-1])
    return Estimate(np.where(overruled, narrow.value, best.value), np.where(overruled, narrow.error, best.error))


def limit(quotients: Sequence[Array], noises: Sequence[Array] | Array) -> Estimate:
    """Extrapolate quotients at steps of falling size, whose errors are even powers of the step; keep what errs least."""
    row: list[Array] = []
    best = error = np.full(np.shape(quotients[0]), np.inf)
    for quotient, rounding in zip(quotients, noises, strict=True):
        before, row = row[: LEAST - 1], [quotient]
        for k, old in enumerate(before, 1):
            last = row[-1]
            row.append(last + (last - old) / (16**k - 1))
            spread = np.maximum(np.abs(row[-1] - last), np.abs(row[-1] - old)) + rounding
            best, error = np.where(spread < error, row[-1], best), np.minimum(spread, error)
    return Estimate(best, error)
