"""What a formula says, as a tree of small dataclasses; each writes itself on one line."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Expression:
    """Anything that has a value."""

    def children(self) -> Iterator[tuple[str, int | None, Expression]]:
        """Give every part that is an expression itself, with the field and the place in it."""
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Expression):
                yield item.name, None, value
            elif isinstance(value, tuple):
                for place, part in enumerate(value):
                    if isinstance(part, Expression):
                        yield item.name, place, part

    def exchanged(self, name: str, place: int | None, part: Expression) -> Expression:
        """Return the same expression with another part in one place."""
        if place is None:
            return replace(self, **{name: part})
        parts = getattr(self, name)
        return replace(self, **{name: (*parts[:place], part, *parts[place + 1 :])})

    def walk(self) -> Iterator[Expression]:
        """Give the expression and everything in it."""
        yield self
        for _, _, part in self.children():
            yield from part.walk()

    def mapped(self, change: Callable[[Expression], Expression]) -> Expression:
        """Return the expression with `change` made in every part of it, the innermost first."""
        whole = self
        for name, place, part in self.children():
            whole = whole.exchanged(name, place, part.mapped(change))
        return change(whole)


@dataclass(frozen=True)
class Number(Expression):
    """A whole number, or one with decimals."""

    value: float

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Symbol(Expression):
    r"""A name with what picks one of a family (the layer, for $w^l_{jk}$) and with the indices of an entry."""

    name: str
    layer: Expression | None = None
    indices: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        layer = "" if self.layer is None else f"^{{{self.layer}}}"
        indices = "_{" + ",".join(map(str, self.indices)) + "}" if self.indices else ""
        return f"{self.name}{layer}{indices}"


@dataclass(frozen=True)
class Plus(Expression):
    """Terms; one that is taken away is a `Minus`."""

    terms: tuple[Expression, ...]

    def __str__(self) -> str:
        text = str(self.terms[0])
        for term in self.terms[1:]:
            text += f" - {term.body}" if isinstance(term, Minus) else f" + {term}"
        return f"({text})"


@dataclass(frozen=True)
class Minus(Expression):
    """What is taken away, or the other way round."""

    body: Expression

    def __str__(self) -> str:
        return f"-{self.body}"


@dataclass(frozen=True)
class Times(Expression):
    """A product; of matrices in the order in which they stand."""

    factors: tuple[Expression, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.factors))


@dataclass(frozen=True)
class Dot(Expression):
    """A product with a point: of two vectors their scalar product."""

    left: Expression
    right: Expression

    def __str__(self) -> str:
        return f"{self.left} · {self.right}"


@dataclass(frozen=True)
class Entry(Expression):
    """The entry of what stands in brackets."""

    body: Expression
    indices: tuple[Expression, ...]

    def __str__(self) -> str:
        return f"({self.body})_{{{','.join(map(str, self.indices))}}}"


@dataclass(frozen=True)
class Braced(Expression):
    """A part with a brace under it, and what the brace says that it is."""

    body: Expression
    label: Expression

    def __str__(self) -> str:
        return f"{{{self.body} is {self.label}}}"


@dataclass(frozen=True)
class Entrywise(Expression):
    """The product ⊙."""

    factors: tuple[Expression, ...]

    def __str__(self) -> str:
        return " ⊙ ".join(map(str, self.factors))


@dataclass(frozen=True)
class Over(Expression):
    """A fraction."""

    above: Expression
    below: Expression

    def __str__(self) -> str:
        return f"({self.above})/({self.below})"


@dataclass(frozen=True)
class Power(Expression):
    """A power."""

    base: Expression
    exponent: Expression

    def __str__(self) -> str:
        return f"({self.base})^{self.exponent}"


@dataclass(frozen=True)
class Root(Expression):
    """A root."""

    body: Expression
    degree: Expression

    def __str__(self) -> str:
        return f"root({self.degree}, {self.body})"


@dataclass(frozen=True)
class Transpose(Expression):
    """A matrix turned."""

    body: Expression

    def __str__(self) -> str:
        return f"({self.body})^T"


@dataclass(frozen=True)
class Apply(Expression):
    """A function, so many times differentiated, of its arguments; without arguments, at the world's variable."""

    function: Expression
    arguments: tuple[Expression, ...] = ()
    primes: int = 0

    def __str__(self) -> str:
        arguments = "(" + ", ".join(map(str, self.arguments)) + ")" if self.arguments else ""
        return f"{self.function}{chr(39) * self.primes}{arguments}"


@dataclass(frozen=True)
class Derivative(Expression):
    """A slope: of an expression, in variables named as often as they count."""

    body: Expression
    variables: tuple[Expression, ...]

    def __str__(self) -> str:
        return f"∂[{self.body}]/∂[{', '.join(map(str, self.variables))}]"


@dataclass(frozen=True)
class Along(Expression):
    """The slope of a function along a direction, $D_u f$."""

    body: Expression
    direction: Expression

    def __str__(self) -> str:
        return f"D_{self.direction} {self.body}"


@dataclass(frozen=True)
class Gradient(Expression):
    """∇: all slopes of an expression, in what the subscript says or the world declares."""

    body: Expression
    variable: str = ""

    def __str__(self) -> str:
        return f"∇{self.variable} {self.body}"


@dataclass(frozen=True)
class Big(Expression):
    """Σ, Π, min or max over indices: from bounds, or over the range of what they index, where a condition holds."""

    operator: str
    indices: tuple[str, ...]
    low: Expression | None
    high: Expression | None
    condition: Relation | None
    body: Expression

    def __str__(self) -> str:
        bounds = ",".join(self.indices)
        if self.low is not None:
            bounds += f"={self.low}..{self.high}"
        if self.condition is not None:
            bounds += f": {self.condition}"
        return f"{self.operator}[{bounds}] {self.body}"


@dataclass(frozen=True)
class Integral(Expression):
    """An integral from below to above."""

    variable: str
    low: Expression
    high: Expression
    body: Expression

    def __str__(self) -> str:
        return f"∫[{self.variable}={self.low}..{self.high}] {self.body}"


@dataclass(frozen=True)
class Limit(Expression):
    """What the body comes to when the variable comes to the target."""

    variable: str
    target: Expression
    body: Expression

    def __str__(self) -> str:
        return f"lim[{self.variable}→{self.target}] {self.body}"


@dataclass(frozen=True)
class Absolute(Expression):
    """The size of a number."""

    body: Expression

    def __str__(self) -> str:
        return f"|{self.body}|"


@dataclass(frozen=True)
class Norm(Expression):
    """The length of a vector."""

    body: Expression

    def __str__(self) -> str:
        return f"‖{self.body}‖"


@dataclass(frozen=True)
class Floor(Expression):
    """The whole number below, or above."""

    body: Expression
    up: bool = False

    def __str__(self) -> str:
        return f"⌈{self.body}⌉" if self.up else f"⌊{self.body}⌋"


@dataclass(frozen=True)
class Mean(Expression):
    """A bar over an expression: its mean over the examples."""

    body: Expression

    def __str__(self) -> str:
        return f"mean({self.body})"


@dataclass(frozen=True)
class Order(Expression):
    """O(…): as small as what stands in it."""

    body: Expression

    def __str__(self) -> str:
        return f"O({self.body})"


@dataclass(frozen=True)
class Relation(Expression):
    """A chain a = b ≤ c: expressions, and what stands between each and the next."""

    sides: tuple[Expression, ...]
    signs: tuple[str, ...]

    def __str__(self) -> str:
        return str(self.sides[0]) + "".join(
            f" {sign} {side}" for sign, side in zip(self.signs, self.sides[1:], strict=True)
        )


@dataclass(frozen=True)
class Iverson(Expression):
    """[…]: 1 where the relation holds, 0 where not."""

    body: Expression

    def __str__(self) -> str:
        return f"[{self.body}]"


@dataclass(frozen=True)
class Words(Expression):
    """A text between symbols, to which the world gives a truth: `if {i} won window {m}`."""

    text: str
    arguments: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        return f"“{self.text}”" + ("(" + ", ".join(map(str, self.arguments)) + ")" if self.arguments else "")


@dataclass(frozen=True)
class Cases(Expression):
    """Values, each with the condition under which it counts; the last may count otherwise (no condition)."""

    values: tuple[Expression, ...]
    conditions: tuple[Expression, ...]

    def __str__(self) -> str:
        return "{" + "; ".join(f"{v} if {c}" for v, c in zip(self.values, self.conditions, strict=True)) + "}"


@dataclass(frozen=True)
class Matrix(Expression):
    """A matrix written out, row after row."""

    entries: tuple[Expression, ...]
    columns: int

    def __str__(self) -> str:
        return f"matrix({', '.join(map(str, self.entries))})"


@dataclass(frozen=True)
class Tuple(Expression):
    """(i, j): several values side by side; an interval or a set says so by its brackets."""

    parts: tuple[Expression, ...]
    brackets: str = "()"

    def __str__(self) -> str:
        return self.brackets[0] + ", ".join(map(str, self.parts)) + self.brackets[1]


@dataclass(frozen=True)
class Statement(Expression):
    """What a display states: a relation, and perhaps what makes it hold."""

    relation: Expression
    conditions: tuple[Expression, ...] = ()

    def __str__(self) -> str:
        return "; if ".join(map(str, (self.relation, *self.conditions)))
