"""One slope, measured: differences over steps of many sizes, extrapolated, each with what it leaves in doubt."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["Reading"]

EPS = float(np.finfo(np.float64).eps)
WIDEST, RATIO = 5.1, 7.3
"""The steps: 5.1, 5.1/7.3, … of the size of the parameter. No power of two, so that they share no beat with a wave."""
SMALLEST = 1e-17
SHORTEST = 2.0**-44
"""In units of the parameter: a step that keeps eight bits of its own when it is added to it."""
SAFETY = 10
LOST = 2**12
"""In units of the last digit: a program loses up to twelve bits on its way."""


@dataclass(frozen=True)
class Reading:
    """What three neighbouring steps say about the slopes at one point.

    Attributes:
        step: The smallest of the three steps.
        slope: The central difference, extrapolated to a step of zero.
        error: Its uncertainty: how much the last extrapolation changed it, and the rounding of the cost over the step.
        left: The slope on the left, extrapolated.
        right: The slope on the right, extrapolated.
        side_error: The uncertainty of the two.
        response: The steepest line from the point to where the largest step leads: how strongly the cost answers.
        kind: "smooth", if the two sides agree; "bent", if they settle on two slopes; "faint", if the cost
            changed by no more than its rounding; "jump", if the slopes grow as the step shrinks; else "unclear".
    """

    step: float
    slope: float
    error: float
    left: float
    right: float
    side_error: float
    response: float
    kind: str


class Differences(NamedTuple):
    """The slopes to both sides over one step, and the rounding error of either."""

    step: float
    left: float
    right: float
    rounding: float

    @property
    def central(self) -> float:
        return (self.left + self.right) / 2

    @property
    def steepest(self) -> float:
        return max(abs(self.left), abs(self.right))


class Glance(NamedTuple):
    """What four values of the cost say of its slope, how far that may be off, and whether nothing moved at all."""

    slope: float
    error: float
    still: bool


class _Limit(NamedTuple):
    value: float
    error: float
    settles: bool


@dataclass(frozen=True)
class Line:
    """A cost along a line through one point.

    Attributes:
        cost: The cost at a position; NaN where it has none.
        x: The point.
        here: The cost there.
        eps: The relative precision in which the cost is computed.
        noise: The scatter of the cost around the point, see `scatter`.
    """

    cost: Callable[[float], float]
    x: float
    here: float
    eps: float = EPS
    noise: float = 0.0

    @property
    def scale(self) -> float:
        """The size of the parameter, or one if it is smaller."""
        return max(1.0, abs(self.x))

    def steps(self) -> list[float]:
        """All steps, from the widest down to where the position itself is rounded too coarsely."""
        smallest = max(SMALLEST, SHORTEST * abs(self.x))
        count = int(np.log(WIDEST * self.scale / smallest) / np.log(RATIO)) + 1
        return [WIDEST * self.scale / RATIO**i for i in range(count)]

    def glance(self, doubt: float) -> Glance | None:
        r"""Measure the slope by four values of the cost, or nothing where one of them does not exist.

        The central difference over a step $h$ is the slope up to $f^{(3)} h^2/6$. What a narrow step on one side shows,
        its bend taken off, tells how much that is, and whether there is a kink or anything narrow; it is taken for the slope
        where the two differ by more than rounding. A wide step tells whether the cost goes on like that, or was
        seen on one tooth of its rounding: what the cubic term adds there is larger by the ratio of the steps, squared.

        Args:
            doubt: How exact a slope is asked for. The narrow step is so narrow that its rounding error is a quarter of it.
        """
        wide, middle, narrow, narrowest = (WIDEST * self.scale / RATIO**i for i in (2, 5, 6, 7))
        over = self.differences(middle)
        if over is None:
            return None
        near = narrowest if over.rounding * middle / narrowest <= doubt / 4 else narrow
        back, ahead = self.x - near, self.x + wide
        behind, far = self.cost(back), self.cost(ahead)
        if not (np.isfinite(behind) and np.isfinite(far)):
            return None
        bend, rounding = (over.right - over.left) / middle, 1.2 * over.rounding * middle / near
        from_near = (self.here - behind) / (self.x - back) + bend * near / 2
        from_far = (far - self.here) / (ahead - self.x) - bend * wide / 2
        apart = abs(over.central - from_near)
        slope = over.central if apart <= rounding else from_near
        error = 1.1 * apart + rounding + LOST * self.eps * abs(slope)
        if abs(from_far - slope) > 2 * error * (wide / middle) ** 2:
            error += abs(from_far - slope)
        return Glance(slope, error, still=over.steepest == 0 and behind == far == self.here)

    def differences(self, step: float) -> Differences | None:
        """Measure the slopes over one step, or nothing if it leaves the domain of the cost."""
        right, left = self.x + step, self.x - step
        above, below = self.cost(right), self.cost(left)
        if not (np.isfinite(above) and np.isfinite(below)):
            return None
        slopes = (self.here - below) / (self.x - left), (above - self.here) / (right - self.x)
        doubt = max(2 * self.eps * max(abs(above), abs(below), abs(self.here)), self.noise)
        moved = self.eps * abs(self.x) * max(abs(slopes[0]), abs(slopes[1]))  # the position is rounded, too
        return Differences(step, *slopes, (2 * doubt + moved) / step)

    def readings(self) -> Iterator[Reading]:
        """Read the slopes from every three neighbouring steps within the domain, the widest first."""
        found: list[Differences] = []
        for step in self.steps():
            if (one := self.differences(step)) is not None:
                found.append(one)
            if one is not None and len(found) >= 3:
                yield self.read(*found[-3:])

    def read(self, wide: Differences, middle: Differences, narrow: Differences) -> Reading:
        """Extrapolate three differences to a step of zero."""
        three = (wide, middle, narrow)
        steps, rounding = [d.step for d in three], narrow.rounding
        both = _limit([d.central for d in three], steps, 2, rounding)
        if not both.settles:  # two curves may meet without a kink, and the error then falls just as the step
            straight = _limit([d.central for d in three], steps, 1, rounding)
            both = straight if straight.error - 1.2 * rounding < abs(narrow.central - middle.central) / 100 else both
        left, right = (_limit([d[side] for d in three], steps, 1, rounding) for side in (1, 2))
        side_error = max(left.error, right.error)
        settled, gap = left.settles and right.settles, abs(right.value - left.value)
        if wide.steepest <= 2 * wide.rounding:
            kind, both = "faint", _Limit(wide.central, 2 * wide.rounding, settles=True)
        elif narrow.steepest > 1.5 * middle.steepest > 2.25 * wide.steepest and narrow.steepest > 8 * rounding:
            kind = "jump"
        elif settled and gap > 20 * side_error:
            kind = "bent"
        elif settled and both.settles and gap <= 2 * side_error <= wide.steepest / 10:
            kind = "smooth"
        else:
            kind = "unclear"
        plain_error = abs(wide.central - middle.central) + middle.rounding / 2
        if kind == "smooth" and plain_error < both.error:  # where the cost is straight, wide steps are the best
            both = _Limit(wide.central, plain_error, settles=True)
        error = both.error + LOST * self.eps * abs(both.value)
        return Reading(narrow.step, both.value, error, left.value, right.value, side_error, wide.steepest, kind)


def _limit(values: list[float], steps: list[float], power: int, rounding: float) -> _Limit:
    """Extrapolate three values, whose errors go with a power of the step, to a step of zero.

    Source: Ridders 1982, *Accurate computation of F′(x) and F′(x)F″(x)*.
    """
    first, second, third = values
    ratio = (steps[1] / steps[2]) ** power
    before = second + (second - first) / ((steps[0] / steps[1]) ** power - 1)
    after = third + (third - second) / (ratio - 1)
    value = after + (after - before) / ((steps[0] / steps[2]) ** power - 1)
    settles = abs(third - second) <= 3 / ratio * abs(second - first) + 4 * rounding
    error = SAFETY * abs(value - after) if settles else abs(third - second) + abs(second - first)
    return _Limit(value, error + 1.2 * rounding, settles)
