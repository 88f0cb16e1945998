"""Whether what a display states is true in a world, at every value of every free index."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas import arithmetic, expression as ex, slopes  # noqa: F401  # they put their rules into the table
from backproplab.book.formulas.ranges import span
from backproplab.book.formulas.scope import Scope, close, evaluate, whole
from backproplab.book.formulas.tree import ReadError
from backproplab.book.formulas.truth import compared, holds, member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backproplab.book.formulas.world import World


BOUNDS = {"≤", "≥", "<", ">", "∈"}


class Untrue(AssertionError):  # noqa: N818  # it says what a formula is
    """What a formula states is not so."""


@dataclass(frozen=True)
class Manner:
    """How a statement is held against a world.

    Args:
        small: The name of what goes to zero, for ≈ and O(…); it is halved twice.
        order: The power of it with which the two sides of ≈ come together.
        rtol: The rounding that = allows.
        grows: The name of what grows without bound in → without a condition.
        reached: Whether one of the bounds in a chain must be an equality, within `rtol`.
    """

    small: str = ""
    order: int = 0
    rtol: float = 1e-9
    grows: str = ""
    reached: bool = False


def free_names(expression: ex.Expression, world: World) -> list[str]:
    """Return, in the order in which they appear, the names that stand for nothing yet: the free indices."""

    def walk(part: ex.Expression, bound: frozenset[str]) -> Iterator[str]:
        if isinstance(part, ex.Big):
            bound |= set(part.indices)
        elif isinstance(part, ex.Integral | ex.Limit):
            bound |= {part.variable}
        elif isinstance(part, ex.Symbol) and part.name not in bound and not world.declared(part.name):
            yield part.name
        for _, _, inner in part.children():
            yield from walk(inner, bound)

    return list(dict.fromkeys(walk(expression, frozenset())))


def assignments(names: list[str], statement: ex.Statement, scope: Scope) -> Iterator[Scope]:
    """Give the scope for every value of the free indices; layers first, since the ranges of others hang on them."""
    if not names:
        yield scope
        return
    problem: ReadError | None = None
    for name in names:
        leaders = inspect.signature(scope.world.follows[name]).parameters if name in scope.world.follows else {}
        if set(leaders) & set(names):
            continue
        try:
            values = _range(name, statement, scope)
        except ReadError as error:
            problem = problem or error
            continue
        for value in values:
            yield from assignments([n for n in names if n != name], statement, scope.with_names({name: value}))
        return
    assert problem is not None
    raise problem


def _range(name: str, statement: ex.Statement, scope: Scope) -> list[Any]:
    """Return the range of a free index; of a layer, all for which everything exists that the statement names."""
    families = [
        part
        for part in statement.walk()
        if isinstance(part, ex.Symbol)
        and scope.world.family(part.name)
        and any(ex.Symbol(name) in pick.walk() for pick in _picks(part, scope))
    ]
    follows = scope.world.follows.get(name)
    if follows is not None and set(inspect.signature(follows).parameters) <= scope.bound.keys():
        return [follows(**{leader: scope.bound[leader] for leader in inspect.signature(follows).parameters})]
    if name in scope.world.ranges or not families:
        return span(name, statement, scope, statement)
    keys = {key + shift for part in families for key in _keys(part, scope) for shift in (-2, -1, 0, 1, 2)}
    found = [key for key in sorted(keys) if all(_exists(part, scope.with_names({name: key})) for part in families)]
    if not found:
        message = f"there is no {name} for which everything in {statement} exists"
        raise ReadError(message)
    return found


def _picks(part: ex.Symbol, scope: Scope) -> list[ex.Expression]:
    """Return what picks one of a family: the superscript, and as many subscripts as the family has keys."""
    value = scope.raw(part.name)
    found, picks = [], [*([part.layer] if part.layer else []), *part.indices]
    while isinstance(value, dict) and picks:
        found.append(picks.pop(0))
        value = next(iter(value.values()))
    return found


def _keys(part: ex.Symbol, scope: Scope) -> list[int]:
    value = scope.raw(part.name)
    return [key for key in value if isinstance(key, int)]


def _exists(part: ex.Symbol, scope: Scope) -> bool:
    value = scope.raw(part.name)
    for pick in _picks(part, scope):
        try:
            key = whole(evaluate(pick, scope))
        except ReadError:
            return True
        if key not in value:
            return False
        value = value[key]
    return True


def _in_the_limit(relation: ex.Relation, limits: list[ex.Relation]) -> ex.Relation:
    """State of the limit of the left side what a relation states while a letter goes where the condition says."""
    ((variable, target),) = [condition.sides for condition in limits]
    if not isinstance(variable, ex.Symbol):
        message = f"{variable} → {target} is no limit of a letter"
        raise ReadError(message)
    return ex.Relation((ex.Limit(variable.name, target, relation.sides[0]), relation.sides[1]), ("=",))


def check(statement: ex.Statement, world: World, manner: Manner, package: Callable[..., Any] | None = None) -> None:
    """Hold a statement against a world, and the package's result against its left side.

    Raises:
        Untrue: If it is not so.
        ReadError: If it has no meaning in the world.
    """
    relation = statement.relation
    assert isinstance(relation, ex.Relation)
    names, tried = free_names(statement, world), False
    for scope in assignments(names, statement, Scope(world)):
        where = ", ".join(f"{name} = {scope.bound[name]}" for name in names)
        limits = [c for c in statement.conditions if isinstance(c, ex.Relation) and c.signs == ("→",)]
        for condition in statement.conditions:
            if condition not in limits and not holds(condition, scope):
                message = f"{condition} is not so in this world, where {statement.relation} should be tried"
                raise ReadError(message)
        if limits:
            relation = _in_the_limit(relation, limits)
        if set(relation.signs) & {"⟹", "⟺"}:
            tried |= "⟺" in relation.signs or holds(relation.sides[0], scope)
            if not holds(relation, scope):
                message = f"{relation} is not so at {where}"
                raise Untrue(message)
        else:
            tried = True
            _refuse_circle(relation)
            _check_relation(relation, scope, manner, where)
        if package is not None:
            side = relation.sides[0]
            if relation.signs[0] == "←":
                side = replaced_name(side)
            _check_package(package, side, scope, manner)
    if not tried:
        message = f"{relation.sides[0]} is never so in this world, where {relation} should be tried"
        raise ReadError(message)


def check_elsewhere(statement: ex.Statement, before: ex.Statement, world: World) -> None:
    """See that an array has one value wherever the statement before, `d_{…} = …`, does not say another.

    Raises:
        Untrue: If it has not.
        ReadError: If the statement before does not speak of the entries of this array.
    """
    assert isinstance(statement.relation, ex.Relation)
    assert isinstance(before.relation, ex.Relation)
    array, value = statement.relation.sides
    entry = before.relation.sides[0]
    if not isinstance(entry, ex.Symbol) or not isinstance(array, ex.Symbol) or entry.name != array.name:
        message = f"the line before {statement.relation} does not speak of {array}"
        raise ReadError(message)
    left = np.ones(np.shape(world[array.name]), bool)
    for scope in assignments(free_names(before, world), before, Scope(world)):
        left[tuple(whole(evaluate(index, scope)) - world.first for index in entry.indices)] = False
    if not np.all(world[array.name][left] == evaluate(value, Scope(world))):
        message = f"{array} is not {value} elsewhere"
        raise Untrue(message)


def _refuse_circle(relation: ex.Relation) -> None:
    """See that no definition speaks of what it defines."""
    left, right = relation.sides[:2]
    if relation.signs[0] == "=" and isinstance(left, ex.Symbol) and left in right.walk():
        message = f"{left} = {right} says what {left} is by {left} itself"
        raise ReadError(message)


def _check_relation(relation: ex.Relation, scope: Scope, manner: Manner, where: str) -> None:
    at = f" at {where}" if where else ""
    known: dict[ex.Expression, Any] = {}
    reached = False

    def value(side: ex.Expression) -> Any:
        if side not in known:
            known[side] = evaluate(side, scope)
        return known[side]

    for place, sign in enumerate(relation.signs):
        left, right = relation.sides[place : place + 2]
        inexact = any(isinstance(part, ex.Order) for side in (left, right) for part in side.walk())
        if sign == "≈" or inexact:
            _check_order(left, right, scope, manner, at)
            continue
        if sign == "←":
            left, sign = replaced_name(left), "="
        if sign == "∈":
            true = member(left, right, scope)
            reached |= member(left, right, scope, reached=True)
        elif sign == "→":
            true = _comes_to(left, right, scope, manner)
        else:
            true = compared(value(left), sign, value(right), manner.rtol)
            reached |= sign in BOUNDS and close(value(left), value(right), manner.rtol, 0)
        if not true:
            values = " and ".join(str(known.get(side, "")) for side in (left, right))
            message = f"{left} {sign} {right} is not so{at}: {values}"
            raise Untrue(message)
    if manner.reached and BOUNDS & set(relation.signs) and not reached:
        message = f"no bound of {relation} is reached{at}"
        raise Untrue(message)


def _comes_to(left: ex.Expression, right: ex.Expression, scope: Scope, manner: Manner) -> bool:
    if not manner.grows:
        message = f"{left} → {right} needs the name of what grows"
        raise ReadError(message)
    limit = ex.Limit(manner.grows, ex.Symbol("infty"), left)
    return close(evaluate(limit, scope), evaluate(right, scope), max(manner.rtol, 1e-8))


def replaced_name(left: ex.Expression) -> ex.Symbol:
    """Return the name of what a symbol is after an arrow ←: a world calls it `new w`."""
    if not isinstance(left, ex.Symbol):
        message = f"{left} is no name that could get a new value"
        raise ReadError(message)
    return ex.Symbol(f"new {left.name}", left.layer, left.indices)


def _check_order(left: ex.Expression, right: ex.Expression, scope: Scope, manner: Manner, at: str) -> None:
    """See that the two sides come together as fast as stated, when what is small is halved and halved again."""
    if not manner.small:
        message = f"{left} ≈ {right} needs the name of what is small"
        raise ReadError(message)
    orders = [part.body for side in (left, right) for part in side.walk() if isinstance(part, ex.Order)]
    bare_left, bare_right = without_order(left), without_order(right)
    start = scope.raw(manner.small)
    rests, sizes = [], []
    for halving in range(3):
        inner = scope.with_names({manner.small: start / 2**halving})
        rests.append(float(np.max(np.abs(evaluate(bare_left, inner) - evaluate(bare_right, inner)))))
        sizes.append(float(np.real(evaluate(orders[0], inner))) if orders else 0.5 ** (halving * manner.order))
    if min(rests) == 0 or min(sizes) <= 0:
        message = f"nothing is left of {left} − {right}: there is no order to see"
        raise Untrue(message)
    seen, stated = math.log2(rests[1] / rests[2]), math.log2(sizes[1] / sizes[2])
    if stated < 0.5 or abs(seen - stated) > 0.25:
        message = f"{left} and {right} come together with order {seen:.2f}, not {stated:.2f}{at}"
        raise Untrue(message)


def without_order(side: ex.Expression) -> ex.Expression:
    """Return a sum without its O(…)."""
    if isinstance(side, ex.Plus) and any(isinstance(term, ex.Order) for term in side.terms):
        terms = tuple(term for term in side.terms if not isinstance(term, ex.Order))
        return terms[0] if len(terms) == 1 else ex.Plus(terms)
    return side


def _check_package(package: Callable[..., Any], left: ex.Expression, scope: Scope, manner: Manner) -> None:
    """Compare what the package says with the left side: it takes some free indices by name, and has the others."""
    parameters = inspect.signature(package).parameters.values()
    takes = {parameter.name for parameter in parameters if parameter.default is parameter.empty}
    result = package(**{name: scope.bound[name] for name in takes})
    rest = tuple(scope.bound[name] - scope.world.first for name in free_names(left, scope.world) if name not in takes)
    if rest:
        result = np.asarray(result)
        result = result[:, 0] if result.ndim == len(rest) + 1 and result.shape[-1] == 1 else result
        if result.ndim != len(rest) or any(not 0 <= n < size for n, size in zip(rest, result.shape, strict=True)):
            message = f"the package's result of the shape {result.shape} has no entry for {left} at {rest}"
            raise Untrue(message)
        result = result[rest]
    elif isinstance(result, np.ndarray) and result.ndim == 1:
        result = result[:, None]
    value = evaluate(left, scope)
    if np.ndim(result) == 0 or np.size(result) == 1 == np.size(value):
        result, value = np.asarray(result).reshape(()), np.asarray(value)
    if not close(value, result, manner.rtol):
        message = f"the package has {result} where the formula has {left} = {value}"
        raise Untrue(message)
