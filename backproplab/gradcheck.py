"""Gradient checking: hold a claimed gradient against finite differences, and tell an error from a kink."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, columns, positive, real_array
from backproplab.network import Network

__all__ = ["GradientReport", "ParameterCheck", "check_gradients"]

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)
STEPS = (1e-4, 3e-6, 1e-7)


@dataclass(frozen=True)
class ParameterCheck:
    """The entry of one parameter at which the claimed gradient is furthest from the measured one.

    Attributes:
        name: The parameter.
        error: The relative error there, |claimed − measured| / max(|claimed|, |measured|).
        index: Which entry it is.
        claimed: The gradient that was handed in.
        measured: The central difference.
        verdict: "right"; "wrong"; or "kink", if the cost bends right there and the claim lies between its
            two one-sided slopes, so that no finite difference can decide.
    """

    name: str
    error: float
    index: tuple[int, ...]
    claimed: float
    measured: float
    verdict: str


@dataclass(frozen=True)
class GradientReport:
    """What a gradient check found; prints as a table.

    Attributes:
        checks: One line for each parameter.
        tolerance: The relative error up to which a gradient counts as right.
    """

    checks: tuple[ParameterCheck, ...]
    tolerance: float

    @property
    def verdict(self) -> str:
        """The worst verdict of all parameters: "wrong" before "kink" before "right"."""
        verdicts = {check.verdict for check in self.checks}
        return next(verdict for verdict in ("wrong", "kink", "right") if verdict in verdicts)

    @property
    def worst(self) -> ParameterCheck:
        """The line with the worst verdict, and of those the largest error."""
        return max(self.checks, key=lambda check: (check.verdict == "wrong", check.verdict == "kink", check.error))

    def __str__(self) -> str:
        header = ("parameter", "relative error", "at", "claimed", "measured", "verdict")
        lines = [
            (
                check.name,
                f"{check.error:.1e}",
                str(list(check.index)),
                f"{check.claimed:+.8e}",
                f"{check.measured:+.8e}",
                check.verdict,
            )
            for check in self.checks
        ]
        widths = [max(len(line[i]) for line in (header, *lines)) for i in range(len(header))]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (header, *lines)
        ]
        return "\n".join([*table, f"verdict: {self.verdict} (tolerance {self.tolerance:.0e})"])


@overload
def check_gradients(network: Network, x: ArrayLike, y: ArrayLike, /, *, tolerance: float = ...) -> GradientReport: ...


@overload
def check_gradients(
    cost: Callable[[dict[str, Array]], float],
    parameters: Mapping[str, ArrayLike],
    gradients: Mapping[str, ArrayLike],
    /,
    *,
    tolerance: float = ...,
) -> GradientReport: ...


def check_gradients(subject, first, second, /, *, tolerance=1e-6):  # type: ignore[no-untyped-def]
    r"""Compare a gradient with central differences, entry by entry, and report the worst of each parameter.

    There are two ways to call it:

    - `check_gradients(network, x, y)` checks what backpropagation says of a `Network`, in float64 whatever
      the network's own type. The network is not changed.
    - `check_gradients(cost, parameters, gradients)` checks *your* code: `cost` maps a dict of arrays to one
      number, `parameters` are the arrays to differentiate at, `gradients` your gradients under the same names.

    An entry is right if $|g - \hat g| \le \tau \max(|g|, |\hat g|)$, where $\hat g$ is the extrapolated
    central difference, or if
    the two are closer than the rounding error of $\hat g$ itself.

    Args:
        subject: A network, or a cost function.
        first: The examples `x`, or the parameters.
        second: The targets `y`, or the gradients to check.
        tolerance: The relative error τ up to which an entry counts as right.

    Returns:
        The report; `print` it, or ask for its `verdict`.

    Raises:
        TypeError: If `subject` is neither a network nor callable, or a value is not numeric.
        ValueError: If names or shapes do not agree, or a number is not finite.

    Source: Karpathy, *CS231n: Neural Networks Part 3*, section "Gradient checks", for the relative error and kinks.
    """
    tolerance = positive(tolerance, "tolerance")
    if isinstance(subject, Network):
        return _report(*_network_problem(subject, first, second), tolerance)
    if not callable(subject):
        raise TypeError(f"network: expected a Network or a cost function, got {subject!r}")
    for argument, value in (("parameters", first), ("gradients", second)):
        if not isinstance(value, Mapping):
            raise TypeError(f"{argument}: expected a dict of arrays, got {type(value).__name__}")
    parameters = {
        name: np.array(real_array(value, f"parameters[{name!r}]"), np.float64) for name, value in first.items()
    }
    if not parameters:
        raise ValueError("parameters: expected at least one array, got none")
    if parameters.keys() != second.keys():
        raise ValueError(f"gradients: expected the names {sorted(parameters)}, got {sorted(second)}")
    gradients = {name: real_array(value, f"gradients[{name!r}]") for name, value in second.items()}
    for name, array in parameters.items():
        if array.size == 0:
            raise ValueError(f"parameters[{name!r}]: expected at least one number, got shape {array.shape}")
        if gradients[name].shape != array.shape:
            raise ValueError(f"gradients[{name!r}]: expected shape {array.shape}, got {gradients[name].shape}")
    return _report(lambda: _one_number(subject(parameters)), parameters, gradients, tolerance)


def _one_number(cost: ArrayLike) -> float:
    value = real_array(cost, "cost")
    if value.size != 1:
        raise ValueError(f"cost: expected a function that returns one number, got an array of shape {value.shape}")
    return value.item()


def _network_problem(
    network: Network, x: ArrayLike, y: ArrayLike
) -> tuple[Callable[[], float], dict[str, Array], dict[str, Array]]:
    """Return the cost, the parameters and the gradients of a float64 copy of a network."""
    network = network.astype(np.float64)
    network.check_parameters()
    rows, targets = network.pairs(x, y)
    inputs, outputs = columns(rows), columns(targets)
    gradients = network.trace(rows, targets).gradients
    return lambda: network.loss.value(network.forward(inputs)[-1].a, outputs), network.parameters, gradients


def _report(
    cost: Callable[[], float], parameters: dict[str, Array], gradients: dict[str, Array], tolerance: float
) -> GradientReport:
    checks = []
    for name, array in parameters.items():
        entries = [
            _check_entry(cost, name, array, index, float(gradients[name][index]), tolerance)
            for index in np.ndindex(array.shape)
        ]
        checks.append(GradientReport(tuple(entries), tolerance).worst)
    return GradientReport(tuple(checks), tolerance)


def _check_entry(
    cost: Callable[[], float], name: str, array: Array, index: tuple[int, ...], claimed: float, tolerance: float
) -> ParameterCheck:
    """Check one entry with ever smaller steps: a kink beside the point is soon out of reach, one at it never is."""
    centre = float(array[index])

    def cost_at(position: float) -> float:
        array[index] = position
        value = cost()
        array[index] = centre
        return value

    attempts = []
    for relative_step in STEPS:
        sides = _one_sided_slopes(cost_at, centre, relative_step * max(1.0, abs(centre)))
        # a difference below the rounding error of the measurement says nothing, however small both numbers are
        size = max(abs(claimed), abs(sides.slope), sides.rounding / tolerance, TINY)
        error = abs(claimed - sides.slope) / size
        attempts.append(sides)
        if error <= tolerance:
            return ParameterCheck(name, error, index, claimed, sides.slope, "right")
        if abs(claimed - sides.slope) > sides.doubt:
            return ParameterCheck(name, error, index, claimed, sides.slope, "wrong")
    verdict = "kink" if _is_kink(attempts[-2], attempts[-1], claimed) else "wrong"
    return ParameterCheck(name, error, index, claimed, sides.slope, verdict)


class _Sides(NamedTuple):
    """The slopes to the left and to the right of a point, the slope over both, and how exact it is.

    The spread is the difference between the slopes over the whole step and over half of it.
    """

    left: float
    right: float
    slope: float
    spread: float
    rounding: float

    @property
    def gap(self) -> float:
        return abs(self.right - self.left)

    @property
    def doubt(self) -> float:
        """How far off the slope may be: by rounding, or far more because the function bends within the step."""
        return 4 * self.rounding + 100 * max(0.0, self.gap + self.spread - self.rounding)


def _one_sided_slopes(f: Callable[[float], float], x: float, h: float) -> _Sides:
    """Measure the slopes at x; the slope over both sides is extrapolated (Richardson), its error falls as h⁴."""
    here, below, above, near_below, near_above = (f(position) for position in (x, x - h, x + h, x - h / 2, x + h / 2))
    over_all, over_half = (above - below) / (2 * h), (near_above - near_below) / h
    slope = (4 * over_half - over_all) / 3
    rounding = 8 * EPS * max(abs(below), abs(here), abs(above)) / h
    return _Sides((here - below) / h, (above - here) / h, slope, abs(over_all - over_half), rounding)


def _is_kink(wide: _Sides, narrow: _Sides, claimed: float) -> bool:
    """Say whether the slopes stay apart however small the step, with the claim between them.

    Where a function is smooth the gap between the two slopes shrinks with the step.
    """
    stays_apart = narrow.gap > max(wide.gap / 4, 4 * narrow.rounding)
    low, high = sorted((narrow.left, narrow.right))
    return stays_apart and low - narrow.rounding <= claimed <= high + narrow.rounding
