"""Verdicts on a claimed slope: right, wrong, kink or cannot tell, and the report that collects them."""

from dataclasses import dataclass
from textwrap import wrap
from typing import NamedTuple

import numpy as np

from backproplab.slopes import Line, Reading

__all__ = ["GradientReport", "ParameterCheck"]

VERDICTS = ("wrong", "cannot tell", "kink", "right")
"""The worst first: nothing false hides behind what is unknown, and nothing unknown behind what is known."""
MISTAKE = 30
"""The largest factor by which a claim is taken to be mistaken, where it could also mean a wave too fast to be measured."""
STILL = "the cost does not move here at all: zero is right, but whether your formula is shows only where the cost moves"
COLUMNS = 72
"""How wide the sentences of a report are."""
FAR = 10.0 ** np.array([24, *range(23)])


@dataclass(frozen=True)
class ParameterCheck:
    """The entry of one parameter with the worst verdict and, of those that are wrong, the largest relative error.

    Attributes:
        name: The parameter.
        error: The relative error there, |claimed − measured| / max(|claimed|, |measured|), or 0 if both are 0.
        index: Which entry it is.
        claimed: The gradient that was handed in.
        measured: The slope that was measured, at the steps that measured it best; at a kink the mean of both sides.
        uncertainty: How far the slope may be from `measured`; at a kink as far as the slopes on both sides.
        verdict: "right", "wrong", "kink" or "cannot tell".
        reason: What the verdict rests on, and what to do about it; empty if it is "right", but for a zero where the cost
            does not move.
        readings: What every three neighbouring steps said, the widest first.
    """

    name: str
    error: float
    index: tuple[int, ...]
    claimed: float
    measured: float
    uncertainty: float
    verdict: str
    reason: str
    readings: tuple[Reading, ...]

    @property
    def entry(self) -> str:
        """The parameter and which entry of it, as in "W[0, 1]"."""
        return f"{self.name}{list(self.index)}" if self.index else self.name


@dataclass(frozen=True)
class GradientReport:
    """What a gradient check found; prints as a table.

    Attributes:
        checks: One line for each parameter, and one for the random direction if there was one.
        tolerance: The relative error up to which a gradient counts as right.
        seen: How many entries were looked at.
        entries: How many there are.
    """

    checks: tuple[ParameterCheck, ...]
    tolerance: float
    seen: int
    entries: int

    @property
    def verdict(self) -> str:
        """The worst verdict of all: "wrong" before "cannot tell" before "kink" before "right"."""
        return self.worst.verdict

    @property
    def worst(self) -> ParameterCheck:
        """The line with the worst verdict, and of those the largest error."""
        return worst(self.checks, self.tolerance)

    def __str__(self) -> str:
        lines = [("parameter", "error", "claimed", "measured", "verdict")]
        for check in self.checks:
            measured = f"{check.measured:+.6e} ± {check.uncertainty:.0e}"
            lines.append((check.entry, f"{check.error:.1e}", f"{check.claimed:+.6e}", measured, check.verdict))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        seen = "all" if self.seen == self.entries else f"{self.seen:,} of"
        extent = f"{seen} {self.entries:,} entries seen"
        reasons = [f"{check.entry}: {check.reason}" for check in self.checks if check.reason]
        said = [line for reason in reasons for line in wrap(reason, COLUMNS, break_on_hyphens=False)]
        return "\n".join([*table, *said, f"verdict: {self.verdict} (tolerance {self.tolerance:.0e}, {extent})"])


def worst(checks: tuple[ParameterCheck, ...], tolerance: float) -> ParameterCheck:
    """Return the check with the worst verdict and the largest error; the error of a right zero counts for nothing."""

    def rank(check: ParameterCheck) -> tuple[int, float]:
        zero = check.verdict == "right" and check.error > tolerance
        return -VERDICTS.index(check.verdict), 0.0 if zero else check.error

    return max(checks, key=rank)


class Verdict(NamedTuple):
    """What is said of one claim, the numbers it rests on, and why."""

    word: str
    measured: float
    uncertainty: float
    reason: str = ""
    readings: tuple[Reading, ...] = ()

    def doubted_from_afar(self) -> bool:
        """Say whether some steps measured, beyond their doubt, quite another slope: a narrow one may have seen but a tooth."""
        return any(abs(one.slope - self.measured) > one.error + self.uncertainty for one in self.readings)


def relative_error(claimed: float, measured: float) -> float:
    """Return |claimed − measured| / max(|claimed|, |measured|), or 0 if both are 0."""
    size = max(abs(claimed), abs(measured))
    return abs(claimed - measured) / size if size else 0.0


def error_range(claimed: float, measured: float, uncertainty: float) -> tuple[float, float]:
    """Return the least and the largest relative error of a claim on a slope that is known to an uncertainty."""
    if not np.isfinite(uncertainty):
        return 0.0, 2.0
    low, high = measured - uncertainty, measured + uncertainty
    extremes = (low, high, min(max(claimed, low), high), min(max(-claimed, low), high))
    errors = [relative_error(claimed, slope) for slope in extremes]
    return min(errors), max(errors)


def at_a_glance(line: Line, claimed: float, tolerance: float) -> Verdict:
    """Say "right" of a claim that few steps see right, else "cannot tell", with the slope as far as these steps know it."""
    glance = line.glance(tolerance * abs(claimed))
    if glance is None:
        return Verdict("cannot tell", 0.0, np.inf)
    slope, doubt, still = glance
    size, apart = max(abs(claimed), abs(slope)), abs(claimed - slope)
    if claimed == 0 and still and _stands_still(line):
        return Verdict("right", slope, doubt, STILL)
    if apart + doubt <= tolerance * size:
        return Verdict("right", slope, doubt)
    if apart - doubt <= tolerance * size and (wide := _at_wide_steps(line, claimed, tolerance)):
        return wide
    return Verdict("cannot tell", slope, doubt)


def _at_wide_steps(line: Line, claimed: float, tolerance: float) -> Verdict | None:
    """Say "right" if three wide steps do, which see slopes that the rounding hides from narrow ones, and a narrow one agrees."""
    steps = line.steps()
    three = [one for step in steps[2:5] if (one := line.differences(step)) is not None]
    if len(three) < 3:
        return None
    reading, narrow, small = line.read(*three), three[-1], line.differences(steps[7])
    if reading.kind != "smooth" or small is None:
        return None
    doubt = 2 * small.rounding + reading.error + abs(narrow.central - reading.slope)
    agree = abs(small.central - reading.slope) <= doubt
    straight = abs(small.right - small.left) <= abs(narrow.right - narrow.left) + 4 * small.rounding
    verdict = _compare(line, [reading], claimed, tolerance)
    return verdict if agree and straight and verdict.word == "right" else None


def judge(line: Line, readings: tuple[Reading, ...], claimed: float, tolerance: float) -> Verdict:
    """Hold a claim against everything that the steps can tell.

    The narrowest steps at which the sides settle decide between smooth and bent, for wider ones may not see what is there.
    Of the readings that no narrower one contradicts, the most exact one is taken. Where the cost is noisy, the noise could be
    a wave too fast for the steps, whose slope no step that is wider than it can deny. A claim far above everything measured,
    beyond any usual mistake (a factor of two, a sign, a mean for a sum), is taken to mean such a wave.
    """
    kinks = [i for i, reading in enumerate(readings) if _is_kink(reading, readings[i + 1 :])]
    bent = max(kinks, default=-1)
    gap = abs(readings[bent].right - readings[bent].left) if bent >= 0 else np.inf
    later = [reading for reading in readings[bent + 1 :] if reading.kind in ("smooth", "faint")]
    if any((reading.side_error if reading.kind == "smooth" else reading.error) < gap / 10 for reading in later):
        verdict = _compare(line, _agreeing(later), claimed, tolerance)
    elif bent >= 0:
        best = min((readings[i] for i in kinks), key=lambda reading: reading.side_error)
        verdict = _compare_sides(best, claimed, tolerance)
    else:
        verdict = _unsettled(readings)
    noisy = line.noise > 8 * line.eps * abs(line.here)
    above, steepest = abs(verdict.measured) + verdict.uncertainty, max(reading.response for reading in readings)
    if verdict.word == "wrong" and noisy and abs(claimed) > max(MISTAKE * above, steepest / 1000):
        verdict = verdict._replace(
            word="cannot tell",
            reason="the cost moves up and down so fast that its slope cannot be told from noise: check at a smoother one",
        )
    return verdict._replace(readings=readings)


def _is_kink(reading: Reading, narrower: tuple[Reading, ...]) -> bool:
    """Say whether a reading sees two slopes that no narrower one contradicts."""
    return reading.kind == "bent" and all(
        max(abs(one.left - reading.left), abs(one.right - reading.right)) <= one.side_error + reading.side_error
        for one in narrower
    )


def _agreeing(readings: list[Reading]) -> list[Reading]:
    """Return the readings that no narrower one contradicts, the narrowest first."""
    agreeing: list[Reading] = []
    for reading in reversed(readings):
        if any(abs(reading.slope - other.slope) > reading.error + other.error for other in agreeing):
            break
        agreeing.append(reading)
    return agreeing


def _compare(line: Line, readings: list[Reading], claimed: float, tolerance: float) -> Verdict:
    reading = min(readings, key=lambda reading: reading.error)
    slope, doubt = reading.slope, reading.error
    size, apart = max(abs(claimed), abs(slope)), abs(claimed - slope)
    if apart - doubt > tolerance * size:
        return Verdict("wrong", slope, doubt, "the claim lies outside of what the cost's slope can be")
    # a slope far smaller than the cost's answer to the step is known less exactly, and a zero one only as zero
    near = [one for one in readings if one.kind == "smooth" and one.step <= (abs(line.x) or 1.0)]
    response = max((one.response for one in near if one.error <= 10 * tolerance * one.response), default=0.0)
    sharp = reading.kind == "smooth" and doubt <= 10 * tolerance * response
    zero = abs(claimed) <= 16 * line.eps * response
    small = sharp and apart <= doubt and (doubt <= tolerance**0.5 * size or zero)
    still = claimed == reading.response == 0 and _stands_still(line)
    if apart + doubt <= tolerance * size or small or still:
        return Verdict("right", slope, doubt, STILL if still else "")
    if reading.kind == "faint":
        reason = f"the cost changes by no more than its own rounding, as it would with any slope up to ±{doubt:.0e}"
    else:
        reason = f"claim and measurement agree, but the slope is known to ±{doubt:.0e} only"
    advice = (
        "compute the cost in double precision, leave out what does not depend on this entry, or allow more tolerance"
    )
    return Verdict("cannot tell", slope, doubt, f"{reason}: {advice}")


def _compare_sides(reading: Reading, claimed: float, tolerance: float) -> Verdict:
    low, high = sorted((reading.left, reading.right))
    doubt = reading.side_error + tolerance * max(abs(low), abs(high))
    middle, half = (low + high) / 2, (high - low) / 2
    sides = f"the cost bends here: its slope is {reading.left:.6g} on the left and {reading.right:.6g} on the right"
    if low - doubt <= claimed <= high + doubt:
        return Verdict(
            "kink", middle, half, f"{sides}, and every claim between the two is as good; check at another point"
        )
    return Verdict("wrong", middle, half, f"{sides}, and the claim lies outside of both")


def _stands_still(line: Line) -> bool:
    """Say whether the cost is flat, and has not just a slope too small to be seen, which would show from further away.

    From very far away a cost that stood still because a unit was off shows the unit switched on, all at once.
    """
    rounding = 2 * line.eps * abs(line.here) + line.noise
    for far in line.scale * FAR:
        changes = [abs(line.cost(line.x + sign * far) - line.here) for sign in (1, -1)]
        if far == line.scale * FAR[0] and max(changes) == 0:
            return True
        if far < line.scale * FAR[0] and max(changes) != 0:
            return not any(0 < change <= 100 * rounding for change in changes)
    return False


def _unsettled(readings: tuple[Reading, ...]) -> Verdict:
    seen = [reading for reading in readings if reading.kind != "faint"]
    last = min(seen, key=lambda reading: reading.error)
    if seen[-1].kind == "jump":
        return Verdict(
            "cannot tell",
            last.slope,
            last.error,
            "the slopes grow as the step shrinks: the cost jumps here or is vertical, and has no slope; check elsewhere",
        )
    return Verdict(
        "cannot tell",
        last.slope,
        last.error,
        "no steps agree on a slope: the cost is too rough or computed too coarsely; compute it in double precision",
    )
