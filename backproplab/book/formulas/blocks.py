"""What has an outer form of its own: brackets, bars, fractions, slopes, cases, matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backproplab.book.formulas.cursor import CLOSING
from backproplab.book.formulas.expression import (
    Absolute,
    Apply,
    Cases,
    Derivative,
    Expression,
    Floor,
    Gradient,
    Iverson,
    Matrix,
    Norm,
    Number,
    Over,
    Power,
    Relation,
    Transpose,
    Tuple,
    Words,
)
from backproplab.book.formulas.names import Names
from backproplab.book.formulas.tree import Token, Tokens, written

if TYPE_CHECKING:
    from collections.abc import Callable


def trimmed(found: Tokens) -> Tokens:
    """Leave out the comma or full stop at the end of a line of cases."""
    return found[:-1] if found and found[-1].text in {",", "."} else found


class Blocks(Names):
    """Reads what its first token announces."""

    def bracketed(self) -> Expression:
        """Read what brackets or bars hold."""
        opened = self.take().text
        if opened == "{" and self.peek().kind == "array":
            cases = self.cases(self.take())
            self.expect(".")
            return cases
        if opened == "[" and self.peek().kind == "array":
            matrix = self.matrix(self.take())
            self.expect("]")
            return self.scripted(matrix)
        parts = [self.relation()]
        while self.peek().kind == "punct":
            self.take()
            parts.append(self.relation())
        close = self.take()
        if close.kind not in {"close", "bar"}:
            self.place -= 1
            raise self.error(f"a bracket {opened} is not closed")
        if opened + close.text in {"(]", "[)"} or (len(parts) > 1 or opened == "{"):
            return Tuple(tuple(parts), opened + close.text)
        if close.text != CLOSING[opened]:
            raise self.error(f"{opened} is closed by {close.text}")
        part = parts[0]
        if opened == "[":
            return Iverson(part) if isinstance(part, Relation | Words) else self.scripted(part)
        wrapped: dict[str, Callable[[Expression], Expression]] = {
            "|": Absolute, "‖": Norm, "lfloor": Floor, "lceil": lambda body: Floor(body, up=True),
        }  # fmt: skip
        return self.scripted(wrapped[opened](part) if opened in wrapped else part)

    def fraction(self) -> Expression:
        """Read a fraction: a slope where ∂ or d stands on both sides."""
        above, below = self.take().parts
        sign = above[0].text if above else ""
        upright = sign == "d" and below[0].text == "d" and len(below) > 1
        if not (sign == "partial" or upright):
            return self.scripted(Over(self.whole(above), self.whole(below)))
        variables = self.inside(below, lambda parser: Tuple(tuple(parser.variables(sign))))
        assert isinstance(variables, Tuple)
        order, rest = 1, above[1:]
        if rest and rest[0].kind == "script":
            power = self.whole(rest[0].parts[0])
            order, rest = int(power.value) if isinstance(power, Number) else 0, rest[1:]
        if order != len(variables.parts):
            raise self.error(f"the slope of a slope is written with as many {sign} below as above")
        body = self.whole(rest) if rest else self.term()
        if isinstance(body, Apply) and not body.arguments and self.peek() == Token("open", "("):
            return Derivative(Apply(body.function, self.arguments(), body.primes), variables.parts)
        return self.scripted(Derivative(body, variables.parts))

    def variables(self, sign: str) -> list[Expression]:
        """Read what stands under a slope: one or two variables, or one of them squared."""
        found: list[Expression] = []
        while self.peek().text == sign:
            self.take()
            variable = self.factor()
            if isinstance(variable, Power) and isinstance(variable.exponent, Number):
                found += [variable.base] * int(variable.exponent.value)
            else:
                found.append(variable)
        return found

    def gradient(self) -> Expression:
        """Read ∇, its subscript, and what it is the gradient of."""
        self.take()
        _, _, below = self.scripts()
        body = self.factor()
        if isinstance(body, Transpose):
            return Transpose(Gradient(body.body, written(below)))
        if isinstance(body, Power):
            raise self.error(f"it does not show whether ∇ or the power in ∇{body} comes first")
        return self.scripted(Gradient(body, written(below)))

    def cases(self, array: Token) -> Expression:
        """Read a brace with a value and a condition in each line."""
        values, conditions = [], []
        for row in array.parts:
            value, condition = row[0].parts
            values.append(self.whole(trimmed(value)))
            conditions.append(self.inside(trimmed(condition), lambda parser: parser.choice()))
        return Cases(tuple(values), tuple(conditions))

    def choice(self) -> Expression:
        """Read the condition of a case, which may hold for several things one after the other."""
        first = self.condition()
        if self.peek().kind == "punct" and isinstance(first, Relation):
            self.take()
            second = self.relation()
            if isinstance(second, Relation):
                low = Relation((first.sides[0], second.sides[0]), first.signs[:1])
                high = Relation((first.sides[-1], second.sides[-1]), second.signs)
                return Tuple((first, low, second, high))
        return first

    def matrix(self, array: Token) -> Expression:
        """Read a matrix, row by row."""
        rows = [row[0].parts for row in array.parts]
        entries = tuple(self.entry(cell) for row in rows for cell in row)
        return Matrix(entries, len(rows[0]))

    def entry(self, cell: Tokens) -> Expression:
        """Read one cell of a matrix, which may hold dots."""
        if not cell or written(cell) in {"…", "varvdots"}:
            return Words("…")
        return self.whole(cell)
