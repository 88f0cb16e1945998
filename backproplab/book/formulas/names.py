"""Names, with all that can be attached to them: layers, indices, primes, powers, arguments."""

from __future__ import annotations

from backproplab.book.formulas.cursor import CLOSING, Cursor
from backproplab.book.formulas.expression import Along, Apply, Entry, Expression, Order, Power, Symbol, Transpose
from backproplab.book.formulas.tree import Token, Tokens, written


class Names(Cursor):
    """What a letter is decides how it is read."""

    def scripted(self, base: Expression) -> Expression:
        """Read what stands above a number or a bracket: primes, a T, a power."""
        primes, above, below = self.scripts()
        if below:
            base = Entry(base, self.indices(below))
        if primes:
            base = Apply(base, (), primes)
        return self.raised(base, above)

    def raised(self, base: Expression, above: Tokens) -> Expression:
        """Read a superscript that is no layer: a T, or a power."""
        if not above:
            return base
        if written(above) in {"T", "top"} and not self.names.declared("T"):
            return Transpose(base)
        return Power(base, self.whole(above))

    def letter(self) -> Expression:
        """Read a name; the longest that is declared counts, and what is left over are indices, a layer or a power."""
        token = self.take()
        if not token.text:
            raise self.error("a name is empty")
        if token.text == "O" and not self.names.declared("O") and self.peek() == Token("open", "("):
            return Order(self.arguments()[0])
        if token.text == "Delta" and self.peek().kind == "letter" and self.names.declared("Delta" + self.peek().text):
            token = Token("letter", "Delta" + self.take().text)
        primes, above, below = self.scripts()
        name, marks = token.text, "'" * primes
        whole = f"{name}_{written(below)}"
        if name == "D" and not self.names.declared(whole) and self.names.declared(written(below)):
            return Along(self.factor(), self.whole(below))
        for candidate, left in (
            (f"{name}{marks}_{written(below)}^{written(above)}", ((), (), 0)),
            (f"{name}{marks}_{written(below)}", (above, (), 0)),
            (f"{name}{marks}^{written(above)}", ((), below, 0)),
            (f"{name}{marks}", (above, below, 0)),
            (f"{name}_{written(below)}", (above, (), primes)),
            (name, (above, below, primes)),
        ):
            if left[2] and not self.names.function(candidate):
                continue
            if candidate[-1] not in "_^" and self.names.declared(candidate):
                return self.named(candidate, *left)
        return self.named(name + marks, above, below, 0)

    def named(self, name: str, above: Tokens, below: Tokens, primes: int) -> Expression:
        """Read what follows a name: a layer, indices, arguments, a power."""
        layer = None
        if above and self.names.family(name):
            layer, above = self.whole(above), ()
        symbol: Expression = Symbol(name, layer, self.indices(below))
        if not self.names.function(name):
            if primes:
                raise self.error(f"{name} is no function, and {name}{chr(39) * primes} is not declared")
            return self.raised(symbol, above)
        arguments = self.arguments() if self.peek() in {Token("open", "("), Token("open", "[")} else ()
        value = Apply(symbol, arguments, primes)
        return self.raised(self.scripted(value) if arguments and not above else value, above)

    def indices(self, below: Tokens) -> tuple[Expression, ...]:
        """Read subscripts: between commas, or letter by letter where nothing but letters stand there."""
        below = tuple(token for token in below if token not in {Token("open", "("), Token("close", ")")})
        if not below:
            return ()
        if any(token.kind == "punct" for token in below):
            parts: list[list[Token]] = [[]]
            for token in below:
                if token.kind == "punct":
                    parts.append([])
                else:
                    parts[-1].append(token)
            return tuple(self.whole(tuple(part)) for part in parts)
        if len(below) > 1 and all(token.kind == "letter" for token in below):
            return tuple(self.whole((token,)) for token in below)
        return (self.whole(below),)

    def arguments(self) -> tuple[Expression, ...]:
        """Read what stands in brackets after a function."""
        close = CLOSING[self.take().text]
        found = [self.relation()]
        while self.peek().kind == "punct":
            self.take()
            found.append(self.relation())
        self.expect(close)
        return tuple(found)

    def run_over(self, below: Tokens) -> tuple[str, ...]:
        """Read the names of what a sum runs over."""
        if below and below[0] == Token("open", "(") and below[-1] == Token("close", ")"):
            below = below[1:-1]
        if not below:
            return ()
        names: list[str] = []
        listed = any(token.kind == "punct" for token in below)
        apart = True
        for token in below:
            if token.kind == "letter" and (apart or not listed):
                names.append(token.text)
                apart = False
            elif token.kind == "script" and names and not apart:
                names[-1] += "'" * len(token.parts[0])
            elif token.kind == "punct" and not apart:
                apart = True
            else:
                raise self.error(f"a sum cannot run over {written(below)}")
        if apart or len(set(names)) < len(names):
            raise self.error(f"a sum cannot run over {written(below)}")
        return tuple(names)
