"""Gradient checking: hold a claimed gradient against what the cost itself shows, and say so where it shows too little."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, columns, generator, positive, real_array, whole_number
from backproplab.network import Network
from backproplab.noise import scatter, stair, teeth
from backproplab.probing import Problem
from backproplab.slopes import Line
from backproplab.verdicts import (
    GradientReport,
    ParameterCheck,
    Verdict,
    at_a_glance,
    error_range,
    judge,
    relative_error,
    worst,
)

__all__ = ["check_gradients"]

DIRECTION = "one direction"
ALIKE = 1.001
"""Errors that differ by less than this factor are as bad as each other."""


@overload
def check_gradients(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    /,
    *,
    tolerance: float | None = ...,
    entries: int | None = ...,
    rng: np.random.Generator | None = ...,
) -> GradientReport: ...


@overload
def check_gradients(
    cost: Callable[[dict[str, Array]], float],
    parameters: Mapping[str, ArrayLike],
    gradients: Mapping[str, ArrayLike],
    /,
    *,
    tolerance: float | None = ...,
    entries: int | None = ...,
    rng: np.random.Generator | None = ...,
) -> GradientReport: ...


def check_gradients(subject, first, second, /, *, tolerance=None, entries=None, rng=None):  # type: ignore[no-untyped-def]
    r"""Hold a gradient against the slopes that differences of the cost show, and report the worst of each parameter.

    There are two ways to call it:

    - `check_gradients(network, x, y)` checks what backpropagation says of a `Network`, in float64 whatever
      the network's own type. The network is not changed.
    - `check_gradients(cost, parameters, gradients)` checks *your* code: `cost` maps a dict of arrays to one
      number, `parameters` are the arrays to differentiate at, `gradients` your gradients under the same names.
      Each call gets a dict and arrays of its own, in float64, to do with as it likes.

    Let $g$ be the claim and $\hat g \pm u$ the measured slope. The claim is wrong if no slope within the
    uncertainty would do, $|g - \hat g| - u > \tau \max(|g|, |\hat g|)$, and right if each would,
    $|g - \hat g| + u \le \tau \max(|g|, |\hat g|)$. Three times "right" is looser than that. Let $r$ be the steepest line
    over steps up to the size of the parameter. Where $u \le 10 \tau r$, a claim within $u$ is right if
    $u \le \sqrt\tau \max(|g|, |\hat g|)$, as for a slope that has almost vanished, or if $|g| \le 16 \varepsilon r$, as at a
    minimum. And a claim of exactly zero is right where the cost does not move at all. At a kink a claim between the
    slopes of the two sides is a "kink". Whatever else happens, the check "cannot tell".

    Args:
        subject: A network, or a cost function.
        first: The examples `x`, or the parameters.
        second: The targets `y`, or the gradients to check.
        tolerance: The relative error τ up to which an entry counts as right; by default 1e-6, or as much as the
            type of the gradients asks for: 1e-3 in single precision.
        entries: For large problems: how many entries of each parameter to check, drawn at random. One random
            direction through all parameters is checked as well. By default every entry is.
        rng: Draws the entries and the direction; needed with `entries`.

    Returns:
        The report; `print` it, or ask for its `verdict`.

    Raises:
        TypeError: If `subject` is neither a network nor callable, or a value is not numeric.
        ValueError: If names or shapes do not agree, a number is not finite, the tolerance not below one, the cost gives two numbers at one point
            or another shape elsewhere, or it has no value on both sides of a parameter however small the step.

    Source: Karpathy, *CS231n: Neural Networks Part 3*, section "Gradient checks", for the relative error and kinks.
    """
    if tolerance is not None and (tolerance := positive(tolerance, "tolerance")) >= 1:
        raise ValueError(f"tolerance: expected less than one, with which zero would do for any slope, got {tolerance}")
    if entries is not None:
        entries, rng = whole_number(entries, "entries"), generator(rng)
    elif rng is not None:
        raise ValueError("rng: expected to be given together with entries, got it alone")
    if isinstance(subject, Network):
        problem, gradients = _network_problem(subject, first, second)
    else:
        problem, gradients = _own_problem(subject, first, second)
    with np.errstate(all="ignore"):
        problem.prepare()
        if tolerance is None:
            tolerance = _tolerance(gradients, problem.eps)
        return _report(problem, gradients, tolerance, entries, rng)


def _network_problem(network: Network, x: ArrayLike, y: ArrayLike) -> tuple[Problem, dict[str, Array]]:
    """Return the cost, the parameters and the gradients of a float64 copy of a network."""
    network = network.astype(np.float64)
    network.check_parameters()
    rows, targets = network.pairs(x, y)
    inputs, outputs = columns(rows), columns(targets)
    gradients = network.trace(rows, targets).gradients
    cost = lambda _: network.loss.value(network.forward(inputs)[-1].a, outputs)  # noqa: E731
    return Problem(cost, network.parameters, shared=True), gradients


def _own_problem(
    cost: object, parameters: Mapping[str, ArrayLike], gradients: Mapping[str, ArrayLike]
) -> tuple[Problem, dict[str, Array]]:
    """Return the reader's cost, and copies of the parameters and the gradients."""
    if not callable(cost):
        raise TypeError(f"network: expected a Network or a cost function, got {cost!r}")
    for argument, value in (("parameters", parameters), ("gradients", gradients)):
        if not isinstance(value, Mapping):
            raise TypeError(f"{argument}: expected a dict of arrays, got {type(value).__name__}")
    points = {
        name: np.array(real_array(value, f"parameters[{name!r}]"), np.float64) for name, value in parameters.items()
    }
    if not points:
        raise ValueError("parameters: expected at least one array, got none")
    if points.keys() != gradients.keys():
        raise ValueError(f"gradients: expected the names {sorted(points)}, got {sorted(gradients)}")
    claims = {name: real_array(value, f"gradients[{name!r}]").copy() for name, value in gradients.items()}
    for name, array in points.items():
        if array.size == 0:
            raise ValueError(f"parameters[{name!r}]: expected at least one number, got shape {array.shape}")
        if claims[name].shape != array.shape:
            raise ValueError(f"gradients[{name!r}]: expected shape {array.shape}, got {claims[name].shape}")
    return Problem(cost, points), claims


def _tolerance(gradients: dict[str, Array], eps: float) -> float:
    """Return 1e-6, or more if the gradients are less exact: by their type, or all short numbers beside such a cost."""
    claims = np.concatenate([array.ravel().astype(np.float64) for array in gradients.values()])
    coarsest = max(float(np.finfo(array.dtype).eps) for array in gradients.values())
    for dtype in (np.float32, np.float16):
        if float(np.finfo(dtype).eps) <= eps and np.array_equal(claims.astype(dtype), claims):
            coarsest = max(coarsest, float(np.finfo(dtype).eps))
    return max(1e-6, 3 * coarsest**0.5)


def _report(
    problem: Problem,
    gradients: dict[str, Array],
    tolerance: float,
    entries: int | None,
    rng: np.random.Generator | None,
) -> GradientReport:
    checks, seen = [], 0
    for name, array in problem.parameters.items():
        if rng is None or entries is None or entries >= array.size:
            places = list(np.ndindex(array.shape))
        else:
            chosen = np.sort(rng.choice(array.size, entries, replace=False))
            places = [tuple(int(i) for i in np.unravel_index(flat, array.shape)) for flat in chosen]
        seen += len(places)
        checks.append(_check_parameter(problem, name, gradients[name], places, tolerance))
    if rng is not None:
        towards = problem.direction(rng)
        claimed = sum(float(np.sum(towards[name] * gradients[name])) for name in towards)
        line = Line(problem.along(towards), 0.0, problem.here, problem.eps, problem.noise)
        checks.append(_as_check(DIRECTION, (), claimed, _decide(problem, line, claimed, tolerance)))
    total = sum(array.size for array in problem.parameters.values())
    return GradientReport(tuple(checks), tolerance, seen, total)


def _check_parameter(
    problem: Problem, name: str, gradient: Array, places: list[tuple[int, ...]], tolerance: float
) -> ParameterCheck:
    """Check entries at a glance, and with all steps those that do not pass and may still be the worst."""
    checks, suspects = [], []
    for index in places:
        claimed = float(gradient[index])
        verdict = at_a_glance(problem.line(name, index), claimed, tolerance)
        if verdict.word == "right":
            checks.append(_as_check(name, index, claimed, verdict))
        else:
            least, most = error_range(claimed, verdict.measured, verdict.uncertainty)
            suspects.append((least, most, index, claimed))
    found = 0.0
    for _, most, index, claimed in sorted(suspects, reverse=True):
        if found and most <= ALIKE * found:
            continue
        verdict = _decide(problem, problem.line(name, index), claimed, tolerance)
        checks.append(check := _as_check(name, index, claimed, verdict))
        if check.verdict == "wrong":
            found = max(found, check.error)
    check = worst(tuple(checks), tolerance)
    if check.verdict == "wrong" and check.readings[0].response == 0 and problem.ignores(name):
        return replace(
            check,
            reason=f"the cost does not change with parameters[{name!r}] at all: does it use the arrays that it is given?",
        )
    return check


def _decide(problem: Problem, line: Line, claimed: float, tolerance: float) -> Verdict:
    """Judge a claim by all steps."""
    place = problem.place
    line = replace(line, noise=max(line.noise, scatter(line)))
    readings = tuple(line.readings())
    if not readings:
        raise ValueError(
            f"cost: expected a number on both sides of {place}, got {problem.trouble} even at a step of "
            f"{line.steps()[-1]:.0e}"
        )
    problem.see_that_it_stays()
    verdict = judge(line, readings, claimed, tolerance)
    if verdict.word in ("wrong", "kink") or verdict.doubted_from_afar():
        line = replace(line, noise=max(line.noise, teeth(line), stair(line) if readings[-1].response == 0 else 0.0))
        verdict = judge(line, tuple(line.readings()), claimed, tolerance)
    return verdict


def _as_check(name: str, index: tuple[int, ...], claimed: float, verdict: Verdict) -> ParameterCheck:
    return ParameterCheck(
        name,
        relative_error(claimed, verdict.measured),
        index,
        claimed,
        verdict.measured,
        verdict.uncertainty,
        verdict.word,
        verdict.reason,
        verdict.readings,
    )
