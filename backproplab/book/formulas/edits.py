"""Mistakes of one place in a formula: what a tired author might have typed instead."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.runs import moved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backproplab.book.formulas.world import World

TURNED = {"≤": "≥", "≥": "≤", "<": ">", ">": "<"}
STRICT = {"≤": "<", "<": "≤", "≥": ">", ">": "≥"}


def edits(statement: ex.Statement, world: World) -> Iterator[tuple[str, ex.Statement]]:
    """Give each mistake, as `old → new`, with the statement that has it; the second of a name has a number."""
    seen: Counter[str] = Counter()
    for name, edited in _within(statement, statement, world):
        assert isinstance(edited, ex.Statement)
        if renamed(edited) == renamed(statement):
            continue
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), edited


def renamed(expression: ex.Expression) -> ex.Expression:
    """Return an expression with the indices of its sums named by the order in which they appear, whatever they were."""

    def one(part: ex.Expression) -> ex.Expression:
        if not isinstance(part, ex.Big) or part.operator not in "Σ∀" or part.low or part.condition:
            return part
        indices, body = part.indices, part.body
        if isinstance(body, ex.Big) and body.operator == part.operator and not body.low and not body.condition:
            indices, body = (*indices, *body.indices), body.body
        names = dict.fromkeys(inner.name for inner in body.walk() if isinstance(inner, ex.Symbol))
        order = {name: f"#{place}" for place, name in enumerate(name for name in names if name in indices)}
        body = body.mapped(
            lambda inner: (
                replace(inner, name=order.get(inner.name, inner.name)) if isinstance(inner, ex.Symbol) else inner
            )
        )
        return ex.Big(part.operator, tuple(sorted(order.values())), None, None, None, body)

    return expression.mapped(one)


def _within(node: ex.Expression, whole: ex.Statement, world: World) -> Iterator[tuple[str, ex.Expression]]:
    for wrong in _mistakes(node, whole, world):
        yield f"{node} → {wrong}", wrong
    for name, place, part in node.children():
        if isinstance(node, ex.Symbol) and name == "indices":
            for other in _other_indices(part, node, whole):
                yield f"{node} → {node.exchanged(name, place, other)}", node.exchanged(name, place, other)
        for text, edited in _within(part, whole, world):
            yield text, node.exchanged(name, place, edited)


def _other_indices(index: ex.Expression, symbol: ex.Symbol, whole: ex.Statement) -> Iterator[ex.Expression]:
    """Give the other plain indices of the statement that a symbol does not have yet."""
    if isinstance(index, ex.Symbol) and not index.indices:
        found = {
            other
            for part in whole.walk()
            if (isinstance(part, ex.Symbol) and part.name == symbol.name)
            or (isinstance(part, ex.Symbol) and part.indices)
            for other in part.indices
            if isinstance(other, ex.Symbol) and not other.indices and other not in symbol.indices
        }
        yield from sorted(found, key=str)


def matrix(part: ex.Expression, world: World) -> bool:
    """Whether an expression is certainly a matrix: one that is named without indices, perhaps turned."""
    if isinstance(part, ex.Transpose):
        return True
    if not isinstance(part, ex.Symbol) or part.indices:
        return False
    value = world.values.get(part.name)
    while isinstance(value, dict) and value:
        value = value[max(value)]
    return isinstance(value, np.ndarray) and value.ndim == 2


def symmetric(part: ex.Symbol, world: World) -> bool:
    """Whether a matrix is its own transpose, so that to turn it is no mistake."""
    value = world.values[part.name]
    return isinstance(value, np.ndarray) and value.shape == value.T.shape and np.allclose(value, value.T)


def _mistakes(node: ex.Expression, whole: ex.Statement, world: World) -> Iterator[ex.Expression]:  # noqa: C901
    match node:
        case ex.Number(value):
            yield ex.Number(value + 1)
        case ex.Symbol(_, layer, indices):
            if layer is not None:
                yield replace(node, layer=moved(layer, 1))
                yield replace(node, layer=moved(layer, -1))
            for place in range(len(indices) - 1):
                one, other = indices[place : place + 2]
                if one != other:
                    yield replace(node, indices=(*indices[:place], other, one, *indices[place + 2 :]))
            if matrix(node, world) and not symmetric(node, world):
                yield ex.Transpose(node)
        case ex.Plus(terms):
            for place, term in enumerate(terms):
                turned = term.body if isinstance(term, ex.Minus) else ex.Minus(term)
                if not isinstance(term, ex.Order):
                    yield ex.Plus((*terms[:place], turned, *terms[place + 1 :]))
                    yield _fewer(node, place)
        case ex.Minus(body):
            yield body
        case ex.Times(factors) | ex.Entrywise(factors):
            for place in range(len(factors)):
                yield _fewer(node, place)
                if (
                    isinstance(node, ex.Times)
                    and place
                    and all(matrix(f, world) for f in factors[place - 1 : place + 1])
                ):
                    yield replace(
                        node,
                        factors=(*factors[: place - 1], *factors[place - 1 : place + 1][::-1], *factors[place + 1 :]),
                    )
            if isinstance(node, ex.Entrywise):
                yield ex.Times(factors)
        case ex.Dot(left, right):
            yield left
            yield right
        case ex.Transpose(body) | ex.Absolute(body) | ex.Mean(body):
            yield body
        case ex.Over(above, below):
            yield ex.Over(below, above)
            yield above
        case ex.Power(base, _) | ex.Root(base, _):
            yield base
        case ex.Apply(function, arguments, primes):
            if primes:
                yield replace(node, primes=primes - 1)
            elif len(arguments) == 1 and isinstance(function, ex.Symbol):
                yield arguments[0]
            for exchanged in {"min": "max", "max": "min"}.keys() & {str(function)}:
                yield replace(node, function=ex.Symbol({"min": "max", "max": "min"}[exchanged]))
        case ex.Big(operator, _, low, high):
            swapped = {"Σ": "Π", "Π": "Σ", "min": "max", "max": "min"}
            if operator in swapped:
                yield replace(node, operator=swapped[operator])
            if low is not None and high is not None:
                yield replace(node, low=moved(low, -1))
                if not isinstance(low, ex.Number):
                    yield replace(node, low=moved(low, 1))
                yield replace(node, high=moved(high, 1))
                yield replace(node, high=moved(high, -1))
        case ex.Integral(_, low, high):
            yield replace(node, low=high, high=low)
        case ex.Floor(body, up):
            yield ex.Floor(body, not up)
        case ex.Cases(values):
            yield replace(node, values=values[::-1])
        case ex.Relation(_, signs):
            for place, sign in enumerate(signs):
                wrong = [TURNED.get(sign)] + ([STRICT.get(sign)] if node is not whole.relation else [])
                for turned_sign in filter(None, wrong):
                    yield replace(node, signs=(*signs[:place], turned_sign, *signs[place + 1 :]))
            if node is whole.relation and signs[0] == "=" and not isinstance(node.sides[0], ex.Minus):
                yield replace(node, sides=(ex.Minus(node.sides[0]), *node.sides[1:]))


def _fewer(node: ex.Plus | ex.Times | ex.Entrywise, place: int) -> ex.Expression:
    """Leave one term or factor out."""
    parts = node.terms if isinstance(node, ex.Plus) else node.factors
    left = (*parts[:place], *parts[place + 1 :])
    return left[0] if len(left) == 1 else type(node)(left)
