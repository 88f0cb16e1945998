"""Names, sums and products of two, fractions, powers: the value of what a formula is built of."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.scope import Scope, close, evaluate, located, number, rule, shown, whole
from backproplab.book.formulas.tree import ReadError
from backproplab.book.formulas.world import entry


@rule(ex.Number)
def _number(expression: ex.Number, _: Scope) -> Any:
    return expression.value


@rule(ex.Minus)
def _minus(expression: ex.Minus, scope: Scope) -> Any:
    return -evaluate(expression.body, scope)


@rule(ex.Symbol)
def _symbol(symbol: ex.Symbol, scope: Scope) -> Any:
    value, _, indices = located(symbol, scope)
    if indices:
        if not isinstance(value, np.ndarray):
            message = f"{symbol.name} has no entries: {symbol}"
            raise ReadError(message)
        if scope.world.columns and value.ndim == 2 and len(indices) == 1:
            return shown(value[:, entry(np.arange(value.shape[1]), indices, scope.world.first, padded=False)])
        value = entry(value, indices, scope.world.first, padded=symbol.name in scope.world.padded)
    if isinstance(value, np.generic):
        return value.item()
    return shown(value)


@rule(ex.Entry)
def _entry(expression: ex.Entry, scope: Scope) -> Any:
    value = evaluate(expression.body, scope)
    indices = tuple(whole(evaluate(index, scope)) for index in expression.indices)
    if not isinstance(value, np.ndarray):
        message = f"{expression.body} has no entries"
        raise ReadError(message)
    if value.ndim == len(indices) + 1 and value.shape[1] == 1:
        value = value[:, 0]
    return entry(value, indices, scope.world.first, padded="*" in scope.world.padded)


@rule(ex.Plus)
def _plus(expression: ex.Plus, scope: Scope) -> Any:
    return reduce(lambda one, other: added(one, other, scope), (evaluate(term, scope) for term in expression.terms))


def added(one: Any, other: Any, scope: Scope) -> Any:
    """Add what has the same shape, or what the world adds to each of its examples."""
    world, mine, theirs = scope.world, np.shape(one), np.shape(other)
    rows = world.rows and len(mine) == 2 and theirs == (1, mine[1])
    columns = world.columns and (not mine or not theirs or theirs == (mine[0], 1))
    if mine != theirs and not rows and not columns:
        message = f"the shapes {mine} and {theirs} cannot be added"
        raise ReadError(message)
    return one + other


def times(one: Any, other: Any) -> Any:
    """Multiply as matrices, or by a number."""
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)):
        return one * other
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[0]:
        message = f"the shapes {one.shape} and {other.shape} cannot be multiplied"
        raise ReadError(message)
    return shown(one @ other)


@rule(ex.Times)
def _times(expression: ex.Times, scope: Scope) -> Any:
    return reduce(times, (evaluate(factor, scope) for factor in expression.factors))


@rule(ex.Dot)
def _dot(expression: ex.Dot, scope: Scope) -> Any:
    left, right = evaluate(expression.left, scope), evaluate(expression.right, scope)
    if np.ndim(left) == 2 and np.shape(left) == np.shape(right) and np.shape(left)[1] == 1:
        return (left * right).sum()
    return times(left, right)


@rule(ex.Entrywise)
def _entrywise(expression: ex.Entrywise, scope: Scope) -> Any:
    values = [evaluate(factor, scope) for factor in expression.factors]
    if len({np.shape(value) for value in values}) > 1:
        message = f"the shapes {' and '.join(str(np.shape(value)) for value in values)} differ on the two sides of ⊙"
        raise ReadError(message)
    return reduce(lambda one, other: one * other, values)


@rule(ex.Over)
def _over(expression: ex.Over, scope: Scope) -> Any:
    below = number(evaluate(expression.below, scope), expression.below)
    if below == 0:
        message = f"{expression.below} is zero"
        raise ReadError(message)
    return evaluate(expression.above, scope) / below


@rule(ex.Power)
def _power(expression: ex.Power, scope: Scope) -> Any:
    base = number(evaluate(expression.base, scope), expression.base)
    exponent = number(evaluate(expression.exponent, scope), expression.exponent)
    if base == 0 and np.real(exponent) < 0:
        message = f"{expression} divides by zero"
        raise ReadError(message)
    return base**exponent


@rule(ex.Root)
def _root(expression: ex.Root, scope: Scope) -> Any:
    body, degree = (number(evaluate(part, scope), part) for part in (expression.body, expression.degree))
    if np.isreal(body) and body < 0:
        message = f"{expression} is the root of a negative number"
        raise ReadError(message)
    return body ** (1 / degree)


@rule(ex.Transpose)
def _transpose(expression: ex.Transpose, scope: Scope) -> Any:
    value = evaluate(expression.body, scope)
    if not isinstance(value, np.ndarray) or value.ndim != 2:
        message = f"{expression.body} is no matrix that could be transposed"
        raise ReadError(message)
    return value.T


@rule(ex.Absolute)
def _absolute(expression: ex.Absolute, scope: Scope) -> Any:
    return abs(number(evaluate(expression.body, scope), expression.body))


@rule(ex.Norm)
def _norm(expression: ex.Norm, scope: Scope) -> Any:
    return np.sqrt(np.sum(np.asarray(evaluate(expression.body, scope)) ** 2)).item()


@rule(ex.Floor)
def _floor(expression: ex.Floor, scope: Scope) -> Any:
    value = np.real(number(evaluate(expression.body, scope), expression.body))
    return int(np.ceil(value - 1e-9) if expression.up else np.floor(value + 1e-9))


@rule(ex.Braced)
def _braced(expression: ex.Braced, scope: Scope) -> Any:
    body, label = evaluate(expression.body, scope), evaluate(expression.label, scope)
    if not close(body, label, 1e-9):
        message = f"the brace says {expression.label}, and that is not {expression.body}"
        raise ReadError(message)
    return body
