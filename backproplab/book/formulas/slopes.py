"""Functions and their slopes, which are measured, never looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.scope import Scope, evaluate, located, rule, shown
from backproplab.book.formulas.tree import ReadError
from backproplab.book.formulas.world import Place, entry

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = 1e-30
"""The imaginary step of a first slope: nothing is subtracted, so it cannot be too small."""
CIRCLE, RADIUS = 32, 0.25
"""Points and radius of the circle over which a higher slope of an analytic function is a mean (Cauchy)."""
ARGUMENT = "…"
"""The name of an argument that has none."""


def called(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Call a function with vectors as it takes them, and return a vector as a column."""
    flat = [a[:, 0] if isinstance(a, np.ndarray) and a.ndim == 2 and a.shape[1] == 1 else a for a in arguments]
    try:
        with np.errstate(all="ignore"):  # what is not finite equals nothing
            value = function(*flat)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        message = f"the function does not take {', '.join(str(np.shape(a)) for a in flat)}: {error}"
        raise ReadError(message) from error
    return shown(value) if isinstance(value, np.ndarray) else value


def circled(function: Callable[[complex], Any], order: int) -> Any:
    """Return a slope of any order at 0 as a mean over a circle around it (Cauchy's integral)."""
    points = RADIUS * np.exp(2j * np.pi * np.arange(CIRCLE) / CIRCLE)
    mean = sum(function(complex(point)) / point**order for point in points) / CIRCLE
    return mean * float(np.prod(np.arange(1, order + 1)))


@rule(ex.Apply)
def _apply(expression: ex.Apply, scope: Scope) -> Any:
    if not isinstance(expression.function, ex.Symbol):  # a prime behind brackets
        variable = ex.Symbol(scope.world.at.get("", "x"))
        return evaluate(ex.Derivative(expression.function, (variable,) * expression.primes), scope)
    function, _, indices = located(expression.function, scope)
    if not callable(function):
        message = f"{expression.function} is no function"
        raise ReadError(message)
    arguments = [evaluate(argument, scope) for argument in given(expression, scope)]
    if not expression.primes:
        value = called(function, arguments)
        if len(indices) == 1 and np.ndim(value) == 2:
            value = value[:, 0]
        return entry(value, indices, scope.world.first, padded=False) if indices else value
    if len(arguments) != 1:
        message = f"{expression} has primes and {len(arguments)} arguments"
        raise ReadError(message)
    real = not np.iscomplexobj(arguments[0])
    if expression.primes == 1 and real:
        return np.imag(called(function, [arguments[0] + 1j * STEP])) / STEP
    value = circled(lambda step: called(function, [arguments[0] + step]), expression.primes)
    return np.real(value) if real else value


def given(expression: ex.Apply, scope: Scope) -> tuple[ex.Expression, ...]:
    """Return the arguments of a function, or the one at which it is meant when it stands without."""
    assert isinstance(expression.function, ex.Symbol)
    return expression.arguments or (ex.Symbol(scope.world.at.get(expression.function.name, "x")),)


@rule(ex.Derivative)
def _derivative(expression: ex.Derivative, scope: Scope) -> Any:
    places = [entries(variable, scope) for variable in expression.variables]
    if not 1 <= len(places) <= 3 or (len(places) > 1 and any(shape for shape, _ in places)):
        message = f"{expression} is no slope that could be measured"
        raise ReadError(message)
    if len(places) > 1:
        return higher(expression.body, [found[0] for _, found in places], scope)
    shape, found = places[0]
    _check_depends(expression, found[0], scope)
    slopes = [slope(expression.body, place, scope) for place in found]
    if not shape:
        return slopes[0]
    if np.ndim(slopes[0]) == 0:
        return shown(np.array(slopes).reshape(shape))
    if len(shape) == 1 and np.shape(slopes[0])[1] == 1:
        return np.hstack(slopes)
    message = f"{expression} has too many axes"
    raise ReadError(message)


def _check_depends(expression: ex.Derivative, place: Place, scope: Scope) -> None:
    """See that what is differentiated is no index, and not there before what it is differentiated by."""
    body, (name, keys, _) = expression.body, place
    if isinstance(body, ex.Symbol) and name not in scope.bound:
        if body.name in scope.bound:
            message = f"{body} is an index, and has no slope"
            raise ReadError(message)
        if not scope.world.later((body.name, located(body, scope)[1]), (name, keys)):
            message = f"{body} does not hang on {expression.variables[0]}"
            raise ReadError(message)


def entries(variable: ex.Expression, scope: Scope) -> tuple[tuple[int, ...], list[Place]]:
    """Return the shape of what a slope is taken in, and the place of each of its numbers."""
    if not isinstance(variable, ex.Symbol):
        message = f"{variable} cannot be nudged"
        raise ReadError(message)
    value, keys, indices = located(variable, scope)
    if indices:
        entry(value, indices, scope.world.first, padded=False)
        return (), [(variable.name, keys, tuple(index - scope.world.first for index in indices))]
    shape = np.shape(value)
    return shape, [(variable.name, keys, index) for index in np.ndindex(shape)]


def slope(body: ex.Expression, place: Place, scope: Scope) -> Any:
    """Measure a first slope by an imaginary step."""
    return np.imag(evaluate(body, scope.nudged((place, 1j * STEP)))) / STEP


def higher(body: ex.Expression, places: list[Place], scope: Scope) -> Any:
    """Measure a slope of a slope: in one number over a circle, in two by going along their sum and difference."""

    def along(*signs: int) -> Any:
        return circled(
            lambda step: evaluate(body, scope.nudged(*((p, s * step) for p, s in zip(places, signs, strict=True)))), 2
        ).real

    if len(set(places)) == 1:
        once = places[0]
        return circled(lambda step: evaluate(body, scope.nudged((once, step))), len(places)).real
    if len(places) > 2:
        message = "a third slope in different variables is not measured"
        raise ReadError(message)
    return (along(1, 1) - along(1, -1)) / 4


@rule(ex.Gradient)
def _gradient(expression: ex.Gradient, scope: Scope) -> Any:
    if isinstance(expression.body, ex.Apply) and not expression.variable:
        inner, bound = opened(expression.body, scope)
        return evaluate(ex.Derivative(inner, (ex.Symbol(ARGUMENT),)), bound)
    name, *keys = scope.world.nabla.get(expression.variable, (expression.variable or "theta",))
    layer = ex.Number(keys[0]) if keys else None
    return evaluate(ex.Derivative(expression.body, (ex.Symbol(name, layer),)), scope)


def opened(body: ex.Apply, scope: Scope) -> tuple[ex.Apply, Scope]:
    """Return a function of one argument with a name in its place, and the scope that binds the name to it."""
    arguments = given(body, scope)
    if len(arguments) != 1:
        message = f"{body} is a function of several arguments"
        raise ReadError(message)
    point = evaluate(arguments[0], scope)
    flat = point[:, 0] if np.ndim(point) == 2 else point
    return ex.Apply(body.function, (ex.Symbol(ARGUMENT),), body.primes), scope.with_names({ARGUMENT: flat})


@rule(ex.Along)
def _along(expression: ex.Along, scope: Scope) -> Any:
    if not isinstance(expression.body, ex.Apply):
        message = f"{expression.body} is no function to walk along"
        raise ReadError(message)
    inner, bound = opened(expression.body, scope)
    direction = np.asarray(evaluate(expression.direction, scope))
    point = bound.raw(ARGUMENT)
    if direction.shape != (*np.shape(point), 1):
        message = f"{expression.direction} is no direction for {expression.body}"
        raise ReadError(message)
    return np.imag(evaluate(inner, bound.with_names({ARGUMENT: point + 1j * STEP * direction[:, 0]}))) / STEP
