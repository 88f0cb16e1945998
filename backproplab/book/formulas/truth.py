"""Whether relations, conditions and words are true, and what hangs on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.scope import Scope, close, evaluate, rule
from backproplab.book.formulas.tree import ReadError


def compared(left: Any, sign: str, right: Any, rtol: float = 1e-9) -> bool:
    """Whether a sign between two values tells the truth."""
    if sign == "=":
        return close(left, right, rtol)
    if sign == "∈":
        return bool(left in right)
    if isinstance(left, np.ndarray | tuple) or isinstance(right, np.ndarray | tuple):
        message = f"only numbers can be compared with {sign}"
        raise ReadError(message)
    left, right = np.real(left), np.real(right)
    slack = rtol * max(abs(left), abs(right), 1e-3)
    match sign:
        case "<":
            return bool(left < right)
        case ">":
            return bool(left > right)
        case "≤":
            return bool(left <= right + slack)
        case "≥":
            return bool(left >= right - slack)
    message = f"{sign} is no sign that could be true or not"
    raise ReadError(message)


@rule(ex.Relation)
def holds(condition: ex.Expression, scope: Scope) -> bool:
    """Whether a relation, several of them, or words are true."""
    match condition:
        case ex.Relation(sides, ("⟹",)):
            return not holds(sides[0], scope) or holds(sides[1], scope)
        case ex.Relation(sides, ("⟺",)):
            return holds(sides[0], scope) == holds(sides[1], scope)
        case ex.Relation(sides, signs):
            return all(_true(sides[k], sign, sides[k + 1], scope) for k, sign in enumerate(signs))
        case ex.Tuple(parts):
            return all(holds(part, scope) for part in parts)
    return bool(evaluate(condition, scope))


def _true(left: ex.Expression, sign: str, right: ex.Expression, scope: Scope) -> bool:
    if sign == "∈":
        return member(left, right, scope)
    if sign == "→":  # a family comes to a value if its last does
        if not isinstance(left, ex.Symbol) or not left.indices:
            message = f"{left} is no family that could come to {right}"
            raise ReadError(message)
        family = scope.raw(left.name)
        last = ex.Symbol(left.name, left.layer, (ex.Number(max(family)),))
        return close(evaluate(last, scope), evaluate(right, scope), 1e-6)
    return compared(evaluate(left, scope), sign, evaluate(right, scope))


def member(item: ex.Expression, of: ex.Expression, scope: Scope, *, reached: bool = False) -> bool:
    """Whether a value lies in a set or an interval; or, if it should be reached, at the end that belongs to it."""
    value = evaluate(item, scope)
    if not isinstance(of, ex.Tuple):
        return bool(value in evaluate(of, scope))
    ends = [evaluate(part, scope) for part in of.parts]
    if of.brackets == "{}":
        return any(close(value, end, 1e-12) for end in ends)
    low, high = ends
    if reached:
        return (of.brackets[0] == "[" and close(low, value, 1e-9)) or (
            of.brackets[1] == "]" and close(high, value, 1e-9)
        )
    return (low < value or (of.brackets[0] == "[" and low == value)) and (
        value < high or (of.brackets[1] == "]" and value <= high)
    )


@rule(ex.Words)
def _words(expression: ex.Words, scope: Scope) -> Any:
    if expression.text == "otherwise":
        return True
    if expression.text not in scope.world.words:
        message = f"the words {expression.text!r} have no meaning here"
        raise ReadError(message)
    about = [evaluate(argument, scope) for argument in expression.arguments]
    try:
        return scope.world.words[expression.text](*about)
    except TypeError as error:
        message = f"the words {expression.text!r} do not speak of {', '.join(map(str, expression.arguments))}"
        raise ReadError(message) from error


@rule(ex.Order)
def _order(expression: ex.Order, _: Scope) -> Any:
    raise ReadError(f"{expression} is no number but says how small one is")


@rule(ex.Cases)
def _cases(expression: ex.Cases, scope: Scope) -> Any:
    """The value whose condition holds; where two conditions hold, the values must agree."""
    lines = list(zip(expression.values, expression.conditions, strict=True))
    found = [evaluate(value, scope) for value, said in lines if said != ex.Words("otherwise") and holds(said, scope)]
    found = found or [evaluate(value, scope) for value, said in lines if said == ex.Words("otherwise")]
    if not found:
        message = f"none of the cases of {expression} holds"
        raise ReadError(message)
    if any(not close(found[0], other, 1e-9) for other in found[1:]):
        message = f"two of the cases of {expression} hold, and say different things"
        raise ReadError(message)
    return found[0]


@rule(ex.Iverson)
def _iverson(expression: ex.Iverson, scope: Scope) -> int:
    return int(holds(expression.body, scope))


@rule(ex.Tuple)
def _tuple(expression: ex.Tuple, scope: Scope) -> tuple[Any, ...]:
    return tuple(evaluate(part, scope) for part in expression.parts)
