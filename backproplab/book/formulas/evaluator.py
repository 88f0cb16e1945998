"""The value of an expression in a world, in plain loops; slopes are measured, never looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.tree import ReadError
from backproplab.book.formulas.world import CONSTANTS, FUNCTIONS, Nudges, Place, World, entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEP = 1e-30
"""The imaginary step of a first slope: nothing is subtracted, so it cannot be too small."""
CIRCLE, RADIUS = 32, 0.25
"""Points and radius of the circle over which a higher slope of an analytic function is a mean (Cauchy)."""
RUNNING = "…"


@dataclass(frozen=True)
class Scope:
    """A world, some numbers of it nudged, and what the bound names stand for just now."""

    world: World
    bound: dict[str, Any] = field(default_factory=dict)
    nudges: Nudges = ()

    def without(self, names: tuple[str, ...]) -> Scope:
        """Return the scope in which these names are not bound, since they are about to be."""
        return Scope(self.world, {name: v for name, v in self.bound.items() if name not in names}, self.nudges)

    def with_names(self, names: dict[str, Any]) -> Scope:
        """Return the scope in which these names are bound."""
        return Scope(self.world, {**self.bound, **names}, self.nudges)

    def nudged(self, *nudges: tuple[Place, complex]) -> Scope:
        """Return the scope with some numbers changed, bound ones among them."""
        bound, rest = dict(self.bound), list(self.nudges)
        for (name, keys, index), step in nudges:
            if name in bound:
                value = np.array(bound[name], complex)
                value[index] += step
                bound[name] = value if value.ndim else value.item()
            else:
                rest.append(((name, keys, index), step))
        return Scope(self.world, bound, tuple(rest))

    def raw(self, name: str) -> Any:
        """Return what a name stands for.

        Raises:
            ReadError: If it stands for nothing.
        """
        if name in self.bound:
            return self.bound[name]
        values = self.world.nudged(self.nudges)
        for known in (values, CONSTANTS, FUNCTIONS):
            if name in known:
                return known[name]
        message = f"{name} stands for nothing here"
        raise ReadError(message)


def shown(value: Any) -> Any:
    """A vector as a column, a matrix of one entry as a number."""
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.dtype != object:
            value = value[:, None]
        if value.size == 1:
            return value.item()
    return value


def whole(value: Any) -> int:
    """A value as an index."""
    if isinstance(value, int):
        return value
    if isinstance(value, np.ndarray) or abs(value - round(float(np.real(value)))) > 1e-9:
        message = f"{value} is no index"
        raise ReadError(message)
    return round(float(np.real(value)))


def number(value: Any, what: object) -> Any:
    """Return a value that must be a number."""
    if isinstance(value, np.ndarray | dict | tuple) or callable(value):
        message = f"{what} is no number"
        raise ReadError(message)
    return value


def evaluate(expression: ex.Expression, scope: Scope) -> Any:
    """Return the value of an expression: a number, a matrix (vectors are columns), or a tuple.

    Raises:
        ReadError: If it has no value: a shape does not fit, a name stands for nothing, an entry does not exist.
    """
    return RULES[type(expression)](expression, scope)


# names


def located(symbol: ex.Symbol, scope: Scope) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """Return the value that a symbol names, what picked it from its family, and the indices that are left over."""
    value = scope.raw(symbol.name)
    picks = [] if symbol.layer is None else [whole(evaluate(symbol.layer, scope))]
    indices = [whole(evaluate(index, scope)) for index in symbol.indices]
    keys: list[int] = []
    while isinstance(value, dict):
        if not picks and not indices:
            message = f"{symbol} does not say which {symbol.name} is meant"
            raise ReadError(message)
        keys.append(picks.pop(0) if picks else indices.pop(0))
        if keys[-1] not in value:
            message = f"there is no {symbol.name} with the number {keys[-1]}"
            raise ReadError(message)
        value = value[keys[-1]]
    if picks:
        message = f"{symbol.name} is no family: {symbol}"
        raise ReadError(message)
    return value, tuple(keys), tuple(indices)


def _symbol(symbol: ex.Symbol, scope: Scope) -> Any:
    value, _, indices = located(symbol, scope)
    if indices:
        if not isinstance(value, np.ndarray):
            message = f"{symbol.name} has no entries: {symbol}"
            raise ReadError(message)
        value = entry(value, indices, scope.world.first, padded=symbol.name in scope.world.padded)
    if isinstance(value, np.generic):
        return value.item()
    return shown(value)


def _entry(expression: ex.Entry, scope: Scope) -> Any:
    value = evaluate(expression.body, scope)
    indices = tuple(whole(evaluate(index, scope)) for index in expression.indices)
    if not isinstance(value, np.ndarray):
        message = f"{expression.body} has no entries"
        raise ReadError(message)
    if value.ndim == len(indices) + 1 and value.shape[1] == 1:
        value = value[:, 0]
    return entry(value, indices, scope.world.first, padded="*" in scope.world.padded)


# arithmetic


def _plus(expression: ex.Plus, scope: Scope) -> Any:
    return reduce(lambda one, other: added(one, other, scope), (evaluate(term, scope) for term in expression.terms))


def added(one: Any, other: Any, scope: Scope) -> Any:
    """Add what has the same shape."""
    rows = scope.world.rows and np.ndim(other) == np.ndim(one) == 2 and other.shape == (1, one.shape[1])
    if np.shape(one) != np.shape(other) and not rows:
        message = f"the shapes {np.shape(one)} and {np.shape(other)} cannot be added"
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


def _times(expression: ex.Times, scope: Scope) -> Any:
    return reduce(times, (evaluate(factor, scope) for factor in expression.factors))


def _dot(expression: ex.Dot, scope: Scope) -> Any:
    left, right = evaluate(expression.left, scope), evaluate(expression.right, scope)
    if np.ndim(left) == 2 and np.shape(left) == np.shape(right) and np.shape(left)[1] == 1:
        return (left * right).sum()
    return times(left, right)


def _entrywise(expression: ex.Entrywise, scope: Scope) -> Any:
    values = [evaluate(factor, scope) for factor in expression.factors]
    if len({np.shape(value) for value in values}) > 1:
        message = f"the shapes {' and '.join(str(np.shape(value)) for value in values)} differ on the two sides of ⊙"
        raise ReadError(message)
    return reduce(lambda one, other: one * other, values)


def _over(expression: ex.Over, scope: Scope) -> Any:
    below = number(evaluate(expression.below, scope), expression.below)
    if below == 0:
        message = f"{expression.below} is zero"
        raise ReadError(message)
    return evaluate(expression.above, scope) / below


def _power(expression: ex.Power, scope: Scope) -> Any:
    base = number(evaluate(expression.base, scope), expression.base)
    exponent = number(evaluate(expression.exponent, scope), expression.exponent)
    if base == 0 and np.real(exponent) < 0:
        message = f"{expression} divides by zero"
        raise ReadError(message)
    return base**exponent


def _root(expression: ex.Root, scope: Scope) -> Any:
    body, degree = (number(evaluate(part, scope), part) for part in (expression.body, expression.degree))
    return body ** (1 / degree)


def _transpose(expression: ex.Transpose, scope: Scope) -> Any:
    value = evaluate(expression.body, scope)
    if not isinstance(value, np.ndarray) or value.ndim != 2:
        message = f"{expression.body} is no matrix that could be transposed"
        raise ReadError(message)
    return value.T


def _absolute(expression: ex.Absolute, scope: Scope) -> Any:
    return abs(number(evaluate(expression.body, scope), expression.body))


def _norm(expression: ex.Norm, scope: Scope) -> Any:
    return np.sqrt(np.sum(np.asarray(evaluate(expression.body, scope)) ** 2)).item()


def _floor(expression: ex.Floor, scope: Scope) -> Any:
    value = np.real(number(evaluate(expression.body, scope), expression.body))
    return int(np.ceil(value - 1e-9) if expression.up else np.floor(value + 1e-9))


def _braced(expression: ex.Braced, scope: Scope) -> Any:
    body, label = evaluate(expression.body, scope), evaluate(expression.label, scope)
    if not close(body, label, 1e-9):
        message = f"the brace says {expression.label}, and that is not {expression.body}"
        raise ReadError(message)
    return body


# functions and slopes


def called(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Call a function with vectors as it takes them, and return a vector as a column."""
    flat = [a[:, 0] if isinstance(a, np.ndarray) and a.ndim == 2 and a.shape[1] == 1 else a for a in arguments]
    try:
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


def _apply(expression: ex.Apply, scope: Scope) -> Any:
    if not isinstance(expression.function, ex.Symbol):  # a prime behind brackets
        variable = ex.Symbol(scope.world.at.get("", "x"))
        return evaluate(ex.Derivative(expression.function, (variable,) * expression.primes), scope)
    function = located(expression.function, scope)[0]
    if not callable(function):
        message = f"{expression.function} is no function"
        raise ReadError(message)
    arguments = [evaluate(argument, scope) for argument in given(expression, scope)]
    if not expression.primes:
        return called(function, arguments)
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


def _derivative(expression: ex.Derivative, scope: Scope) -> Any:
    places = [entries(variable, scope) for variable in expression.variables]
    if not 1 <= len(places) <= 3 or (len(places) > 1 and any(shape for shape, _ in places)):
        message = f"{expression} is no slope that could be measured"
        raise ReadError(message)
    if len(places) > 1:
        return higher(expression.body, [found[0] for _, found in places], scope)
    shape, found = places[0]
    slopes = [slope(expression.body, place, scope) for place in found]
    if not shape:
        return slopes[0]
    if np.ndim(slopes[0]) == 0:
        return shown(np.array(slopes).reshape(shape))
    if len(shape) == 1 and np.shape(slopes[0])[1] == 1:
        return np.hstack(slopes)
    message = f"{expression} has too many axes"
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


def _gradient(expression: ex.Gradient, scope: Scope) -> Any:
    body = expression.body
    if isinstance(body, ex.Apply) and not expression.variable:
        arguments = given(body, scope)
        if len(arguments) != 1:
            message = f"{expression} is a gradient in several arguments"
            raise ReadError(message)
        point = evaluate(arguments[0], scope)
        flat = np.atleast_1d(np.asarray(point)[:, 0] if np.ndim(point) == 2 else np.asarray(point))
        inner = ex.Apply(body.function, (ex.Symbol(RUNNING),), body.primes)
        bound = scope.with_names({RUNNING: flat if np.ndim(point) else flat[0].item()})
        return evaluate(ex.Derivative(inner, (ex.Symbol(RUNNING),)), bound)
    name, *keys = scope.world.nabla.get(expression.variable, (expression.variable or "theta",))
    layer = ex.Number(keys[0]) if keys else None
    return evaluate(ex.Derivative(body, (ex.Symbol(name, layer),)), scope)


# sums


def _big(expression: ex.Big, scope: Scope) -> Any:
    values = list(_summands(expression, scope))
    match expression.operator:
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
    if isinstance(value, np.ndarray) and value.ndim == len(picks):
        for size, pick in zip(value.shape, picks, strict=True):
            if pick == index:
                yield tuple(range(scope.world.first, scope.world.first + size))


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


# limits, integrals, cases, matrices


def _limit(expression: ex.Limit, scope: Scope) -> Any:
    """The limit from both sides, by extrapolation (Neville)."""
    target = evaluate(expression.target, scope)
    sides = []
    for side in (1, -1):
        steps = [side * 0.1 / 2**k for k in range(9)]
        row = [evaluate(expression.body, scope.with_names({expression.variable: target + step})) for step in steps]
        for order in range(1, len(row)):
            row = [later + (later - earlier) / (2**order - 1) for earlier, later in pairwise(row)]
        sides.append(row[0])
    if not close(sides[0], sides[1], 1e-6):
        message = f"{expression} comes to something else from the other side"
        raise ReadError(message)
    return (sides[0] + sides[1]) / 2


def _integral(expression: ex.Integral, scope: Scope) -> Any:
    low, high = evaluate(expression.low, scope), evaluate(expression.high, scope)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    return sum(
        weight * evaluate(expression.body, scope.with_names({expression.variable: float((low + high + (high - low) * node) / 2)}))
        for node, weight in zip(nodes, weights, strict=True)
    ) * (high - low) / 2  # fmt: skip


def _cases(expression: ex.Cases, scope: Scope) -> Any:
    for value, condition in zip(expression.values, expression.conditions, strict=True):
        if holds(condition, scope):
            return evaluate(value, scope)
    message = f"none of the cases of {expression} holds"
    raise ReadError(message)


def _matrix(expression: ex.Matrix, scope: Scope) -> Any:
    """A matrix written out; dots stand for what lies between the first and the last."""
    width = expression.columns
    rows = [list(expression.entries[start : start + width]) for start in range(0, len(expression.entries), width)]
    whole_rows = [filled(row, scope) for row in rows if any(not isinstance(e, ex.Words) for e in row)]
    if len(whole_rows) < len(rows):
        columns = [filled([one, ex.Words(RUNNING), other], scope) for one, other in zip(*whole_rows, strict=True)]
        whole_rows = [list(row) for row in zip(*columns, strict=True)]
    return shown(np.array([[number(evaluate(e, scope), e) for e in row] for row in whole_rows]))


def filled(row: list[ex.Expression], scope: Scope) -> list[ex.Expression]:
    """Put into a row what its dots stand for."""
    from backproplab.book.formulas.reader import placed, unified

    if not any(isinstance(e, ex.Words) for e in row):
        return row
    body, low, high = unified(row[0], row[-1], RUNNING)
    if low is None or high is None:
        message = f"it does not show what runs from {row[0]} to {row[-1]}"
        raise ReadError(message)
    first, last = whole(evaluate(low, scope)), whole(evaluate(high, scope))
    return [placed(body, ex.Number(number)) for number in range(first, last + 1)]


# truths


def close(one: Any, other: Any, rtol: float) -> bool:
    """Whether two values are equal within rounding."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        return isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other) and all(
            close(a, b, rtol) for a, b in zip(one, other, strict=True)
        )  # fmt: skip
    if np.shape(one) != np.shape(other):
        return np.ndim(other) == 0 and not np.any(other) and bool(np.max(np.abs(one)) < 1e-12)
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return False
    size = max(float(np.max(np.abs(one))), float(np.max(np.abs(other))))
    return bool(np.max(np.abs(np.subtract(one, other))) <= rtol * size + 1e-12)


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


def holds(condition: ex.Expression, scope: Scope) -> bool:
    """Whether a relation, several of them, or words are true."""
    match condition:
        case ex.Relation(sides, ("⟹",)):
            return not holds(sides[0], scope) or holds(sides[1], scope)
        case ex.Relation(sides, ("⟺",)):
            return holds(sides[0], scope) == holds(sides[1], scope)
        case ex.Relation(sides, signs):
            return all(
                member(sides[k], sides[k + 1], scope)
                if sign == "∈"
                else compared(evaluate(sides[k], scope), sign, evaluate(sides[k + 1], scope))
                for k, sign in enumerate(signs)
            )
        case ex.Tuple(parts):
            return all(holds(part, scope) for part in parts)
    return bool(evaluate(condition, scope))


def member(item: ex.Expression, of: ex.Expression, scope: Scope) -> bool:
    """Whether a value lies in a set or an interval."""
    value = evaluate(item, scope)
    if not isinstance(of, ex.Tuple):
        return bool(value in evaluate(of, scope))
    ends = [evaluate(part, scope) for part in of.parts]
    if of.brackets == "{}":
        return any(close(value, end, 1e-12) for end in ends)
    low, high = ends
    return (low < value or (of.brackets[0] == "[" and low == value)) and (
        value < high or (of.brackets[1] == "]" and value <= high)
    )


def _words(expression: ex.Words, scope: Scope) -> Any:
    if expression.text == "otherwise":
        return True
    if expression.text not in scope.world.words:
        message = f"the words {expression.text!r} have no meaning here"
        raise ReadError(message)
    return scope.world.words[expression.text](*(evaluate(argument, scope) for argument in expression.arguments))


def _order(expression: ex.Order, _: Scope) -> Any:
    raise ReadError(f"{expression} is no number but says how small one is")


RULES: dict[type, Callable[[Any, Scope], Any]] = {
    ex.Number: lambda expression, _: expression.value,
    ex.Symbol: _symbol,
    ex.Entry: _entry,
    ex.Plus: _plus,
    ex.Minus: lambda expression, scope: -evaluate(expression.body, scope),
    ex.Times: _times,
    ex.Dot: _dot,
    ex.Entrywise: _entrywise,
    ex.Over: _over,
    ex.Power: _power,
    ex.Root: _root,
    ex.Transpose: _transpose,
    ex.Absolute: _absolute,
    ex.Norm: _norm,
    ex.Floor: _floor,
    ex.Braced: _braced,
    ex.Apply: _apply,
    ex.Derivative: _derivative,
    ex.Gradient: _gradient,
    ex.Big: _big,
    ex.Mean: _mean,
    ex.Limit: _limit,
    ex.Integral: _integral,
    ex.Cases: _cases,
    ex.Matrix: _matrix,
    ex.Words: _words,
    ex.Order: _order,
    ex.Relation: holds,
    ex.Iverson: lambda expression, scope: int(holds(expression.body, scope)),
    ex.Tuple: lambda expression, scope: tuple(evaluate(part, scope) for part in expression.parts),
}
