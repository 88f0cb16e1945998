"""Worlds: what the symbols of a family of formulas stand for, computed by a short program that can be nudged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.tree import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Place = tuple[str, tuple[int, ...], tuple[int, ...]]
"""One number in a world: a name, what picks one of a family, and the position in its array."""
Nudges = tuple[tuple[Place, complex], ...]

CONSTANTS = {"e": float(np.e), "pi": float(np.pi), "infty": float(np.inf)}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ln": np.log,
    "exp": np.exp,
    "Im": np.imag,
    "max": lambda *values: max(values, key=np.real),
    "min": lambda *values: min(values, key=np.real),
}


class Let:
    """Takes what a world's program computes, name by name, and nudges what should be nudged before it goes on."""

    def __init__(self, nudges: Nudges) -> None:
        self._nudges = nudges
        self.values: dict[str, Any] = {}
        self.order: dict[tuple[str, tuple[int, ...]], int] = {}

    def __call__(self, name: str, value: Any, *keys: int) -> Any:
        """Give a name its value, or one of the family of that name, and return the value to compute with."""
        for (nudged, family, index), step in self._nudges:
            if nudged == name and family == keys:
                value = np.array(value, complex)
                value[index] += step
        if isinstance(value, list):
            value = np.array(value)
        inside: dict[Any, Any] = self.values
        for key in (name, *keys)[:-1]:
            inside = inside.setdefault(key, {})
        inside[(name, *keys)[-1]] = value
        self.order.setdefault((name, keys), len(self.order))
        return value


class World:
    r"""What every symbol means, with numbers.

    `program(let)` says it in plain loops: `z = let("z", …, l)` gives $z^l$ its value and goes on with it. Whoever asks
    for $\partial C / \partial z^l_j$ runs the program again with that one number nudged, so nothing is differentiated
    but by measuring. The program draws its numbers from a generator that it makes itself: two runs must agree.

    Vectors are arrays of one axis, and stand in a product as columns; a family (all layers, all examples) is a
    dictionary by whole numbers, and functions are functions that also take complex numbers.

    Args:
        program: Computes the values and gives them to `let`; or a plain mapping from names to values.
        first: The first index of an array: 1 in networks, 0 in images.
        nabla: For ∇ with each subscript ("" for none), what it differentiates by, as `("a", 2)`.
        at: For each function without arguments, the name of its argument; "x" otherwise.
        padded: Names of arrays that are zero outside.
        words: For each text between symbols, a function of those symbols that says whether it is true.
        ranges: For an index whose range no array shows, the range.
        follows: For an index that others determine, as the window m of a pixel (i, j), the function of those.
        rows: Whether a matrix holds the examples as rows: a row is added to each of them.
        columns: Whether it holds them as columns: a column is added to each, a number to all, and one index picks one.
    """

    def __init__(
        self,
        program: Callable[[Let], object] | Mapping[str, Any],
        *,
        first: int = 1,
        nabla: Mapping[str, tuple[Any, ...]] | None = None,
        at: Mapping[str, str] | None = None,
        padded: Iterable[str] = (),
        words: Mapping[str, Callable[..., Any]] | None = None,
        ranges: Mapping[str, Iterable[int]] | None = None,
        follows: Mapping[str, Callable[..., int]] | None = None,
        rows: bool = False,
        columns: bool = False,
    ) -> None:
        self.program = program if callable(program) else _told(program)
        self._known: dict[Nudges, dict[str, Any]] = {}
        self._order: dict[tuple[str, tuple[int, ...]], int] = {}
        self.first = first
        self.nabla = dict(nabla or {})
        self.at = dict(at or {})
        self.padded = frozenset(padded)
        self.words = dict(words or {})
        self.ranges = {name: list(values) for name, values in (ranges or {}).items()}
        self.follows = dict(follows or {})
        self.rows = rows
        self.columns = columns
        self.values = self.nudged(())

    def __getitem__(self, name: str) -> Any:
        """Give the value of a name, as the program left it."""
        return self.values[name]

    def nudged(self, nudges: Nudges) -> dict[str, Any]:
        """Run the program with some numbers nudged, and give all values."""
        if nudges not in self._known:
            let = Let(nudges)
            try:
                self.program(let)
            except TypeError as error:
                if not nudges:
                    raise
                message = f"{nudges[0][0][0]} is a count, and has no slopes: {error}"
                raise ReadError(message) from error
            self._known[nudges], self._order = let.values, let.order
        return self._known[nudges]

    def later(self, one: tuple[str, tuple[int, ...]], other: tuple[str, tuple[int, ...]]) -> bool:
        """Whether the program comes to the first of two names only when it already has the second."""
        return self._order.get(one, len(self._order)) >= self._order.get(other, -1)

    def declared(self, name: str) -> bool:
        """Whether the name stands for something."""
        return name in self.values or name in CONSTANTS or name in FUNCTIONS

    def family(self, name: str) -> bool:
        """Whether a superscript picks one of many."""
        return isinstance(self.values.get(name), dict)

    def function(self, name: str) -> bool:
        """Whether brackets after the name hold arguments."""
        value = self.values.get(name, FUNCTIONS.get(name))
        while isinstance(value, dict) and value:
            value = next(iter(value.values()))
        return callable(value)


def _told(values: Mapping[str, Any]) -> Callable[[Let], None]:
    def program(let: Let) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                for key, one in value.items():
                    let(name, one, key)
            else:
                let(name, value)

    return program


def entry(values: Any, indices: tuple[int, ...], first: int, *, padded: bool) -> Any:
    """Pick an entry of an array by indices that count from `first`; outside it is an error, or zero where padded.

    Raises:
        ReadError: If the array has no such entry.
    """
    if np.ndim(values) != len(indices):
        message = f"an array of {np.ndim(values)} axes has no entry at {len(indices)} indices"
        raise ReadError(message)
    place = tuple(index - first for index in indices)
    if all(0 <= index < size for index, size in zip(place, values.shape, strict=True)):
        return values[place]
    if padded:
        return 0.0
    message = f"there is no entry {indices} in an array of the shape {values.shape}"
    raise ReadError(message)
