"""Functions in upright letters, sums, products, limits and integrals."""

from __future__ import annotations

from backproplab.book.formulas.blocks import Blocks
from backproplab.book.formulas.expression import Apply, Big, Expression, Integral, Limit, Relation, Symbol
from backproplab.book.formulas.tree import Token

FUNCTIONS = {"ln", "exp", "max", "min", "Im", "Re", "log"}


class Operators(Blocks):
    """Reads what takes the rest of its term."""

    def operator(self) -> Expression:
        """Read a name in upright letters, and all that it takes."""
        name = self.take().text
        match name:
            case "sum" | "prod":
                return self.big({"sum": "Σ", "prod": "Π"}[name])
            case "min" | "max" if self.peek().kind == "script":
                return self.big(name)
            case "int":
                return self.integral()
            case "lim":
                _, _, below = self.scripts()
                condition = self.inside(below, lambda parser: parser.relation())
                assert isinstance(condition, Relation)
                assert isinstance(condition.sides[0], Symbol)
                return Limit(condition.sides[0].name, condition.sides[1], self.term())
        primes, above, below = self.scripts()
        if below:
            raise self.error(f"a subscript of {name} has no meaning")
        if not (self.names.declared(name) or name in FUNCTIONS):
            raise self.error(f"the function {name} is not declared")
        opens = {Token("open", "("), Token("open", "[")}
        if self.names.declared(name) and not self.names.function(name):
            return self.raised(Symbol(name), above)
        bare = self.peek() not in opens
        arguments = (self.factor(),) if bare else self.arguments()
        if bare and self.starts():
            raise self.error(f"it does not show whether this belongs to {name}")
        return self.raised(Apply(Symbol(name), arguments, primes), above)

    def big(self, operator: str) -> Expression:
        """Read Σ, Π, min or max: what it runs over, then all the factors after it."""
        _, above, below = self.scripts()
        low = high = condition = None
        texts = [token.text for token in below]
        if above or (operator in {"Σ", "Π"} and "=" in texts and ":" not in texts):
            bounds = self.inside(below, lambda parser: parser.relation())
            assert isinstance(bounds, Relation)
            assert isinstance(bounds.sides[0], Symbol)
            indices: tuple[str, ...] = (bounds.sides[0].name,)
            low, high = bounds.sides[1], self.whole(above)
        elif ":" in texts:
            place = texts.index(":")
            indices = self.run_over(below[:place])
            condition = self.inside(below[place + 1 :], lambda parser: parser.relation())
        elif "in" in texts:
            condition = self.inside(below, lambda parser: parser.relation())
            indices = self.run_over(below[: texts.index("in")])
        elif set(texts) & {"le", "<"}:
            condition = self.inside(below, lambda parser: parser.relation())
            indices = (str(self.primed(condition)),)
        else:
            indices = self.run_over(below)
        if condition is not None and not isinstance(condition, Relation):
            raise self.error(f"{condition} is no condition of a sum")
        return Big(operator, indices, low, high, condition, self.term())

    def primed(self, condition: Expression) -> Expression:
        """Return the primed symbol of a condition such as e′ ≤ e, which is what runs."""
        primed = [part for part in condition.walk() if isinstance(part, Symbol) and part.name.endswith("'")]
        if len(primed) != 1:
            raise self.error(f"it does not show what runs in {condition}")
        return primed[0]

    def integral(self) -> Expression:
        """Read an integral up to its d and the variable after it."""
        _, above, below = self.scripts()
        end = self.place
        while end < len(self.found) - 1 and self.found[end] != Token("letter", "d"):
            end += 1
        body, variable = self.found[self.place : end], self.found[end + 1].text
        self.place = end + 2
        return Integral(variable, self.whole(below), self.whole(above), self.whole(body))
