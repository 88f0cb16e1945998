"""Sums and all else that runs: over bounds, over the range of what an index picks from, to a limit."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.arithmetic import added, times
from backproplab.book.formulas.runs import RUNNING, placed, unified
from backproplab.book.formulas.scope import Scope, close, evaluate, number, rule, shown, whole
from backproplab.book.formulas.tree import ReadError
from backproplab.book.formulas.truth import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@rule(ex.Big)
def _big(expression: ex.Big, scope: Scope) -> Any:
    values = list(_summands(expression, scope)) if expression.indices else []
    match expression.operator:
        case "Σ" if not expression.indices:
            entries = evaluate(expression.body, scope)
            if not isinstance(entries, np.ndarray):
                message = f"{expression} adds up the entries of a single number"
                raise ReadError(message)
            return entries.sum().item()
        case "Σ":
            return reduce(lambda one, other: added(one, other, scope), values) if values else 0.0
        case "Π" | "Π↓":
            return reduce(times, values) if values else 1.0
        case "∀":
            return all(values)
        case "min" | "max" if values:
            return {"min": min, "max": max}[expression.operator](np.real(value) for value in values)
    message = f"{expression} runs over nothing"
    raise ReadError(message)


def _summands(expression: ex.Big, scope: Scope) -> Iterator[Any]:
    if expression.low is not None and expression.high is not None:
        low, high = (whole(evaluate(bound, scope)) for bound in (expression.low, expression.high))
        values = range(low, high - 1, -1) if "↓" in expression.operator else range(low, high + 1)
        ranges: list[list[Any]] = [list(values)]
    else:
        inside = ex.Tuple((expression.body, *((expression.condition,) if expression.condition else ())))
        ranges = [span(name, inside, scope.without(expression.indices), expression) for name in expression.indices]
    for chosen in product(*ranges):
        inner = scope.with_names(dict(zip(expression.indices, chosen, strict=True)))
        if expression.condition is None or holds(expression.condition, inner):
            yield evaluate(expression.body, inner)


def span(name: str, body: ex.Expression, scope: Scope, where: object) -> list[Any]:
    """Return the range of an index: from the world, from the set it is taken from, or from what it is an index of.

    Raises:
        ReadError: If nothing shows the range, or two things disagree about it.
    """
    if name in scope.world.ranges:
        return scope.world.ranges[name]
    sizes: set[tuple[int, ...]] = set()
    for part in body.walk():
        if isinstance(part, ex.Relation) and part.signs == ("∈",) and part.sides[0] == ex.Symbol(name):
            return sorted(evaluate(part.sides[1], scope))
        if isinstance(part, ex.Symbol) and part.name not in scope.bound:
            sizes |= set(_sizes(name, part, scope))
    if len(sizes) != 1:
        said = "nothing shows" if not sizes else f"{sorted(sizes)} are different answers to"
        message = f"{said} how far {name} runs in {where}"
        raise ReadError(message)
    return list(sizes.pop())


def _sizes(name: str, symbol: ex.Symbol, scope: Scope) -> Iterator[tuple[int, ...]]:
    """Give the range of an index wherever it stands alone as an index of a symbol."""
    index = ex.Symbol(name)
    if symbol.layer != index and index not in symbol.indices:
        return
    try:
        value = scope.raw(symbol.name)
        picks = [*([symbol.layer] if symbol.layer else []), *symbol.indices]
        while picks and isinstance(value, dict):
            pick = picks.pop(0)
            if pick == index:
                yield tuple(sorted(value))
                return
            value = value[whole(evaluate(pick, scope))]
    except (ReadError, KeyError):
        return
    if isinstance(value, np.ndarray) and scope.world.columns and len(picks) == 1 and value.ndim == 2:
        yield tuple(range(scope.world.first, scope.world.first + value.shape[1]))
    elif isinstance(value, np.ndarray) and value.ndim == len(picks):
        for size, pick in zip(value.shape, picks, strict=True):
            if pick == index:
                yield tuple(range(scope.world.first, scope.world.first + size))


@rule(ex.Mean)
def _mean(expression: ex.Mean, scope: Scope) -> Any:
    """A mean over the examples: of vectors, entry by entry."""
    names = {part.name for part in expression.walk() if isinstance(part, ex.Symbol)}
    vectors = {name: value for name in names if isinstance(value := scope.raw(name), np.ndarray)}
    sizes = {len(value) for value in vectors.values()}
    if len(sizes) != 1:
        message = f"{expression} is a mean over {sorted(sizes)} examples"
        raise ReadError(message)
    size = sizes.pop()
    found = [
        evaluate(expression.body, scope.with_names({name: value[i] for name, value in vectors.items()}))
        for i in range(size)
    ]
    return sum(found[1:], found[0]) / size


@rule(ex.Limit)
def _limit(expression: ex.Limit, scope: Scope) -> Any:
    """The limit from both sides; or from above where the target is ∞, as a function of one over the variable."""
    target = evaluate(expression.target, scope)

    def along(step: float) -> Any:
        there = 1 / step if np.isinf(target) else target + step
        return evaluate(expression.body, scope.with_names({expression.variable: there}))

    above = extrapolated(along, 0.1)
    if not np.isinf(target) and not close(above, extrapolated(along, -0.1), 1e-6):
        message = f"{expression} comes to something else from the other side"
        raise ReadError(message)
    return above


def extrapolated(function: Callable[[float], Any], start: float) -> Any:
    """Return what a smooth function comes to at 0, from its values at halved and halved steps (Neville)."""
    row = [function(start / 2**k) for k in range(9)]
    for order in range(1, len(row)):
        row = [later + (later - earlier) / (2**order - 1) for earlier, later in pairwise(row)]
    return row[0]


@rule(ex.Integral)
def _integral(expression: ex.Integral, scope: Scope) -> Any:
    low, high = evaluate(expression.low, scope), evaluate(expression.high, scope)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    return sum(
        weight * evaluate(expression.body, scope.with_names({expression.variable: float((low + high + (high - low) * node) / 2)}))
        for node, weight in zip(nodes, weights, strict=True)
    ) * (high - low) / 2  # fmt: skip


@rule(ex.Matrix)
def _matrix(expression: ex.Matrix, scope: Scope) -> Any:
    """A matrix written out; dots stand for what lies between the first and the last."""
    width = expression.columns
    rows = [list(expression.entries[start : start + width]) for start in range(0, len(expression.entries), width)]
    whole_rows = [filled(row, scope) for row in rows if any(not isinstance(e, ex.Words) for e in row)]
    if len({len(row) for row in whole_rows}) > 1:
        message = f"the rows of {expression} are not of one length"
        raise ReadError(message)
    if len(whole_rows) < len(rows):
        columns = [filled([one, ex.Words(RUNNING), other], scope) for one, other in zip(*whole_rows, strict=True)]
        if len({len(column) for column in columns}) > 1:
            message = f"the columns of {expression} are not of one length"
            raise ReadError(message)
        whole_rows = [list(row) for row in zip(*columns, strict=True)]
    return shown(np.array([[number(evaluate(e, scope), e) for e in row] for row in whole_rows]))


def filled(row: list[ex.Expression], scope: Scope) -> list[ex.Expression]:
    """Put into a row what its dots stand for."""
    if not any(isinstance(e, ex.Words) for e in row):
        return row
    body, low, high = unified(row[0], row[-1], RUNNING)
    if low is None or high is None or (placed(body, low), placed(body, high)) != (row[0], row[-1]):
        message = f"it does not show what runs from {row[0]} to {row[-1]}"
        raise ReadError(message)
    first, last = whole(evaluate(low, scope)), whole(evaluate(high, scope))
    return [placed(body, ex.Number(number)) for number in range(first, last + 1)]
