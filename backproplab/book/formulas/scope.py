"""What an expression is evaluated in, and the table of rules by which each kind of expression has its value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.tree import ReadError
from backproplab.book.formulas.world import CONSTANTS, FUNCTIONS, Nudges, Place, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas import expression as ex


RULES: dict[type, Callable[[Any, Scope], Any]] = {}
"""How to evaluate each kind of expression; the modules that know put it here."""


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


def rule(*kinds: type) -> Callable[[Callable[[Any, Scope], Any]], Callable[[Any, Scope], Any]]:
    """Put a function into the table, for these kinds of expression."""

    def put(function: Callable[[Any, Scope], Any]) -> Callable[[Any, Scope], Any]:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return put


def evaluate(expression: ex.Expression, scope: Scope) -> Any:
    """Return the value of an expression: a number, a matrix (vectors are columns), or a tuple.

    Raises:
        ReadError: If it has no value: a shape does not fit, a name stands for nothing, an entry does not exist.
    """
    return RULES[type(expression)](expression, scope)


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


def located(symbol: ex.Symbol, scope: Scope) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """Return the value that a symbol names, what picked it from its family, and the indices that are left over."""
    value = scope.raw(symbol.name)
    picks = [] if symbol.layer is None else [whole(evaluate(symbol.layer, scope))]
    indices = [whole(evaluate(index, scope)) for index in symbol.indices]
    keys: list[int] = []
    if isinstance(value, dict) and not picks and not indices and scope.world.declared(f"the {symbol.name}"):
        return scope.raw(f"the {symbol.name}"), (), ()
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


def close(one: Any, other: Any, rtol: float, atol: float = 1e-12) -> bool:
    """Whether two values are equal within rounding."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        return isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other) and all(
            close(a, b, rtol, atol) for a, b in zip(one, other, strict=True)
        )  # fmt: skip
    if np.shape(one) != np.shape(other):
        return np.ndim(other) == 0 and not np.any(other) and bool(np.max(np.abs(one)) < 1e-12)
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return False
    size = max(float(np.max(np.abs(one))), float(np.max(np.abs(other))))
    return bool(np.max(np.abs(np.subtract(one, other))) <= rtol * size + atol)
