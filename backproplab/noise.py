"""How exactly a cost is computed: its noise along a line, the teeth of its rounding, and the precision of its numbers."""

import math

import numpy as np

from backproplab.checks import Array
from backproplab.slopes import EPS, LOST, SHORTEST, Line

GOLDEN = (5**0.5 - 1) / 2
PLACES = np.arange(13) + np.arange(13) ** 2 * GOLDEN % 1 / 2
"""Neighbouring places, no two of them as far apart as two others."""


def _fourth_differences(places: Array) -> Array:
    """Return a row for every five neighbouring places: the weights of the divided difference, scaled to a length of one."""
    rows = np.zeros((len(places) - 4, len(places)))
    for k, row in enumerate(rows):
        five = places[k : k + 5]
        row[k : k + 5] = 1 / np.prod(five[:, None] - five + np.eye(5), axis=1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


FOURTH = _fourth_differences(PLACES)


def scatter(line: Line) -> float:
    r"""Estimate the noise of a cost along a line, whatever its source, from what its fourth differences leave.

    $$f[x_k, \dots, x_{k+4}] = \sum_{j=k}^{k+4} w_{kj} f(x_j), \qquad w_{kj} \propto \prod_{i \ne j} \frac{1}{x_j - x_i}, \qquad \sum_j w_{kj}^2 = 1$$

    At neighbouring points they make a smooth function vanish; of independent errors of size σ they keep σ. The points are not
    evenly spaced: rounding moves a cost in equal stairs, and over even steps these, too, can vanish. The points are taken closer and closer until the answer is the precision of the machine, or the cost stands still, or the
    answer stays the same within a factor of four: over two spacings if it is small, over five if it fills the whole
    range of the values, as that of a fast wave or a logarithm may for one or two. The median lets a kink or a jump pass.

    Returns:
        Eight times σ: few errors are larger.

    Source: Moré and Wild 2011, *Estimating computational noise*, which takes several orders of differences.
    """
    sizes = {line.scale, abs(line.x) or 1.0}  # some costs are noisy just around zero
    return 8 * max(_scatter(line, 0.7 * size) for size in sizes)


def _scatter(line: Line, size: float) -> float:
    least, before = np.inf, 0.0
    filling: list[float] = []
    for spacing in size / 10.0 ** np.arange(3, 16):
        values = np.array([line.cost(line.x + place * spacing) for place in PLACES])
        changes = np.diff(values)
        if not np.isfinite(values).all() or np.count_nonzero(changes) <= changes.size / 2:
            continue
        left = FOURTH @ (values - values[0])
        sigma, largest = float(np.median(np.abs(left))) / 0.67, np.abs(values).max()
        if before / 4 < sigma < min(4 * before, largest / 1e6):
            return max(sigma, before)
        if sigma > np.ptp(values) / 10:  # here the cost does nothing but scatter, or it is a fast wave
            filling.append(sigma)
            alike = [other for other in filling if sigma / 4 < other < 4 * sigma]
            if len(alike) >= 5:
                return max(alike)
        if sigma <= line.eps * largest:  # no more than the last digit
            return 0.0
        least, before = min(least, sigma), sigma
    return float(least) if np.isfinite(least) else 0.0


def teeth(line: Line) -> float:
    """Estimate the noise of a cost that is a sawtooth, or return 0 if it is none.

    A cost such as (10⁸ + w)² − 10¹⁶ − 2·10⁸w computes the first term through numbers so large that it stands still
    while the last one moves, and then jumps. On a tooth, narrow steps measure a slope exactly that is not the slope of the
    cost. What gives it away is that they measure such slopes at many places around, and that the cost does not move like
    that from one place to the next.

    A distance d from the curves that are laid through the 21 places moves the slope of the cubic in their middle by at most
    7.9 d, and that of the parabola through the slopes by 1.4 d: beyond ten times the distances the two contradict each other.

    Returns:
        Twice the largest distance of the cost from a cubic through many places.
    """
    sizes = {line.scale, abs(line.x) or 1.0}
    found = [_teeth(line, width) for size in sizes for width in (size, size / 100)]
    return min((noise for noise in found if noise), default=0.0)


def _teeth(line: Line, width: float) -> float:
    u = np.sort(np.arange(1, 22) * GOLDEN % 1) - 0.5
    places = line.x + width * u
    values = np.array([line.cost(place) for place in places]) - line.here
    if not np.isfinite(values).all():
        return 0.0
    cubic = np.polyfit(u, values, 3)
    apart = float(np.abs(values - np.polyval(cubic, u)).max())
    for step in width * 0.1 ** np.arange(4, 16):
        if step < SHORTEST * np.abs(places).max():
            return 0.0
        rises = [line.cost(place + step) - line.cost(place - step) for place in places]
        slopes = np.array(rises) / (places + step - (places - step)) * width
        inside = np.polyfit(u, slopes, 2)
        rough = float(np.abs(slopes - np.polyval(inside, u)).max())
        rounding = EPS * np.abs(values + line.here).max() * width / step
        if abs(cubic[-2] - inside[-1]) > 10 * (apart + rough + rounding):
            return 2 * apart
    return 0.0


def stair(line: Line) -> float:
    """Return the height of the stairs on which a cost moves that is flat around a point, or 0 if there are none.

    Going away from the point, the first changes of the cost tell: on stairs all are whole multiples of one height. Changes that
    are not have a common measure at the rounding of a program that loses twelve bits; that eight of them have one
    sixteen times as large by chance happens less than once in ten thousand times. So a unit that is off, and switched on
    from further away, is no stair.
    """
    for far in line.scale * 10.0 ** np.arange(-6, 9):
        places = line.x + far * np.outer((-1, 1), 1 + np.arange(1, 11) * GOLDEN % 1).ravel()
        changes = np.abs(np.array([line.cost(place) for place in places]) - line.here)
        changes = changes[np.isfinite(changes) & (changes > 0)]
        if changes.size >= 8:
            rounding = LOST * EPS * float(changes.max())
            height = _common_measure(changes.tolist(), rounding)
            return height if height > 16 * rounding else 0.0
    return 0.0


def _common_measure(values: list[float], rounding: float) -> float:
    """Return the largest number of which all values are whole multiples but for rounding, by Euclid's algorithm.

    After each value the measure is taken anew, as a whole part of the largest one, or its own rounding would grow from
    division to division.
    """
    measure = largest = 0.0
    for value in values:
        largest = max(largest, value)
        while measure > rounding:
            value, measure = measure, abs(math.remainder(value, measure))
        measure = largest / np.rint(largest / value)
    return measure


def precision(values: Array) -> float:
    """Return the relative precision of numbers: that of the coarsest type which holds all of them exactly."""
    values = np.unique(values[np.isfinite(values)])
    with np.errstate(over="ignore"):
        for dtype in (np.float16, np.float32):
            if values.size > 3 and np.array_equal(values.astype(dtype), values):
                return float(np.finfo(dtype).eps)
    return EPS
