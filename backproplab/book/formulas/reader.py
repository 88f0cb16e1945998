r"""LaTeX, as a page has it, read into expressions.

What a letter is decides how it is read: `f(x)` is a value where f is a function and a product where it is a number;
in $w^l$ the superscript is a layer where w is a family, and a power where it is a number. A sum and a product reach
to the end of the term they stand in. Whatever has no one meaning is an error that shows the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from backproplab.book.formulas.expression import (
    Absolute,
    Apply,
    Big,
    Braced,
    Cases,
    Derivative,
    Dot,
    Entry,
    Entrywise,
    Expression,
    Floor,
    Gradient,
    Integral,
    Iverson,
    Limit,
    Matrix,
    Mean,
    Minus,
    Norm,
    Number,
    Order,
    Over,
    Plus,
    Power,
    Relation,
    Root,
    Statement,
    Symbol,
    Times,
    Transpose,
    Tuple,
    Words,
)  # fmt: skip
from backproplab.book.formulas.tree import ReadError, Token, Tokens, tokens, written

if TYPE_CHECKING:
    from collections.abc import Callable

RELATIONS = {
    "=": "=", "approx": "≈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "<": "<", ">": ">", "to": "→",
    "longrightarrow": "→", "rightarrow": "→", "in": "∈", "leftarrow": "←", "Longrightarrow": "⟹",
    "Longleftrightarrow": "⟺",
}  # fmt: skip
CONTINUES = {*RELATIONS, "+", "-", "cdot", "odot"}
HANGS = {"if", "as", "where"}
"""Words that open a condition."""
RUNNING = "…"
CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "‖": "‖", "lfloor": "rfloor", "lceil": "rceil"}
FUNCTIONS = {"ln", "exp", "max", "min", "Im", "Re", "log"}


class Vocabulary(Protocol):
    """What the reader must know about a name."""

    def declared(self, name: str) -> bool:
        """Whether the name stands for something."""

    def family(self, name: str) -> bool:
        """Whether a superscript (or a subscript) picks one of many."""

    def function(self, name: str) -> bool:
        """Whether brackets after it hold its arguments."""


def read(tex: str, names: Vocabulary) -> list[Statement]:
    """Read a display, without its tag, into the statements that it makes, in order.

    Raises:
        ReadError: If something in it has no meaning, or more than one.
    """
    found = tokens(tex)
    if found and found[-1] == Token("letter", "."):
        found = found[:-1]
    if len(found) == 1 and found[0].kind == "array":
        rows = [tuple(token for cell in row[0].parts for token in cell) for row in found[0].parts]
        lines: list[Tokens] = []
        for row in rows:
            first, last = row[0], lines[-1][-1] if lines else None
            if last and (first.text in CONTINUES or last.text == "Longrightarrow" or first.text.strip() in HANGS):
                lines[-1] += row
            else:
                lines.append(row)
    else:
        lines = [found]
    return [statement for line in lines for statement in Parser(line, names).statements()]


class Parser:
    """One list of tokens, read from left to right."""

    def __init__(self, found: Tokens, names: Vocabulary) -> None:
        self.found = found
        self.names = names
        self.place = 0

    # the tokens

    def peek(self, ahead: int = 0) -> Token:
        """Look at a token without taking it."""
        place = self.place + ahead
        return self.found[place] if place < len(self.found) else Token("end")

    def take(self) -> Token:
        """Take the next token."""
        token = self.peek()
        self.place += 1
        return token

    def error(self, what: str) -> ReadError:
        """Make an error that shows the place."""
        before, after = written(self.found[: self.place]), written(self.found[self.place :])
        return ReadError(f"{what}, at the mark in {before} ▸ {after}")

    def whole(self, found: Tokens) -> Expression:
        """Read a list of tokens as one expression, to its end."""
        return self.inside(found, Parser.expression)

    def inside(self, found: Tokens, rule: Callable[[Parser], Expression]) -> Expression:
        """Read a list of tokens by a rule, to its end."""
        parser = Parser(found, self.names)
        expression = rule(parser)
        if parser.peek().kind != "end":
            raise parser.error("this does not belong to what stands before it")
        return expression

    # statements

    def statements(self) -> list[Statement]:
        """Read relations with what they hang on; a comma opens the next."""
        found: list[Statement] = []
        conditions: list[Expression] = []
        while self.peek().kind != "end":
            label = self.peek()
            if label.kind == "text" and label.text.strip() == "with":
                self.take()
                continue
            if label.kind == "text" and label.text.endswith(":"):
                self.take()
                found.append(Statement(Relation((Symbol(label.text[:-1]), self.expression()), ("=",))))
                continue
            relation = self.relation()
            if self.peek() == Token("rel", ":"):
                self.take()
                conditions.append(relation)
                continue
            while self.peek().kind == "text" and self.peek().text.strip() != "with":
                conditions.append(self.condition())
            if not isinstance(relation, Relation):
                raise self.error(f"{relation} states nothing")
            found.append(Statement(relation, tuple(conditions)))
            if self.peek().kind == "punct":
                self.take()
            elif self.peek().kind not in {"end", "text"}:
                raise self.error("here a relation should end")
        return found

    def condition(self) -> Expression:
        """Read what follows a word such as `if`."""
        words = self.take().text.strip()
        if words in HANGS:
            return self.relation()
        if words in {"otherwise", "if not"}:
            return Words("otherwise")
        return self.worded(words)

    def worded(self, words: str, *subject: Expression) -> Expression:
        """Read words that hold symbols, as `window (i,j)`, into the words and what they are about."""
        about = list(subject)
        while self.peek().kind not in {"end", "punct", "close", "rel"} and self.peek() != Token("letter", "."):
            if self.peek().kind == "text":
                words += " … " + self.take().text.strip()
            else:
                about.append(self.factor())
        return Words(words, tuple(about))

    def relation(self) -> Expression:
        """Read a comparison, or what follows from one."""
        return self.chain(self.comparison, {"⟹", "⟺"})

    def comparison(self) -> Expression:
        """Read an expression, or a chain of them, and for what or as what it holds."""
        chain = self.chain(self.expression, set(RELATIONS.values()) - {"⟹", "⟺"})
        words = self.peek().text.strip() if self.peek().kind == "text" else ""
        if words in {"for all", "for every"}:
            self.take()
            names = []
            while self.peek().kind in {"letter", "punct"}:
                names.append(self.take())
            return Big("∀", self.run_over(tuple(names)), None, None, None, chain)
        if not isinstance(chain, Relation) and words and words not in {*HANGS, "with"}:
            self.take()
            return self.worded(words, chain)
        return chain

    def chain(self, rule: Callable[[], Expression], allowed: set[str]) -> Expression:
        """Read sides with signs of some kinds between them."""
        sides, signs = [rule()], []
        while self.peek().kind in {"rel", "operator"} and RELATIONS.get(self.peek().text) in allowed:
            signs.append(RELATIONS[self.take().text])
            sides.append(rule())
        return Relation(tuple(sides), tuple(signs)) if signs else sides[0]

    # sums and products

    def expression(self) -> Expression:
        """Read terms with their signs."""
        if self.peek().kind == "text" and not self.names.declared(self.peek().text):
            return self.condition()
        terms: list[Expression] = []
        while True:
            sign = "+"
            if self.peek().kind == "bin" and self.peek().text in {"+", "-"}:
                sign = self.take().text
            elif terms:
                break
            if self.peek().kind == "dots":
                self.take()
                if self.take().text != "+":
                    raise self.error("after the dots of a sum stands a plus")
                terms = [run("Σ", terms, [self.term()], self)]
                continue
            term = self.term()
            terms.append(Minus(term) if sign == "-" else term)
        return terms[0] if len(terms) == 1 else Plus(tuple(terms))

    def starts(self) -> bool:
        """Say whether a factor can begin here."""
        token = self.peek()
        if token.kind in {"letter", "operator"}:
            return token.text not in {".", "/"} and token.text not in RELATIONS
        if token.kind == "bar":
            return False
        return token.kind in {"number", "fraction", "root", "open", "mean", "brace", "dots", "array"}

    def term(self) -> Expression:
        """Read factors, side by side or with a sign of multiplication between them."""
        groups: list[list[Expression]] = [[self.factor()]]
        while True:
            token = self.peek()
            if token.kind == "bin" and token.text in {"cdot", "times"}:
                self.take()
                groups[-1][-1] = Dot(groups[-1][-1], self.factor())
                continue
            if token.kind == "bin" and token.text in {"*", "ast"}:
                self.take()
                groups[-1][-1] = Apply(Symbol("*"), (groups[-1][-1], self.factor()))
                continue
            if token.kind == "bin" and token.text == "odot":
                self.take()
                groups.append([self.factor()])
                continue
            if token.text == "/":
                self.take()
                groups[-1][-1] = self.over(groups[-1][-1], self.factor())
                continue
            if token.kind == "dots":
                self.take()
                groups[-1] = run_of_factors(groups[-1], self.rest(), self)
                continue
            if not self.starts():
                break
            groups[-1].append(self.factor())
        products = [group[0] if len(group) == 1 else Times(tuple(group)) for group in groups]
        return products[0] if len(products) == 1 else Entrywise(tuple(products))

    def rest(self) -> list[Expression]:
        """Read the factors up to the end of the term."""
        rest = [self.factor()]
        while self.starts():
            rest.append(self.factor())
        return rest

    def over(self, above: Expression, below: Expression) -> Expression:
        """Read a fraction with a slash, which is a slope where ∂ stands on both sides."""
        if isinstance(above, Derivative) and isinstance(below, Derivative):
            return Derivative(above.body, (below.body,))
        return Over(above, below)

    # factors

    def factor(self) -> Expression:  # noqa: C901  # one line for each kind of token
        """Read one factor with what is attached to it."""
        token = self.peek()
        match token.kind:
            case "number":
                self.take()
                return self.scripted(Number(int(token.text)))
            case "text":
                self.take()
                return Symbol(token.text)
            case "fraction":
                return self.fraction()
            case "root":
                self.take()
                degree = self.whole(token.parts[1]) if token.parts[1] else Number(2)
                return self.scripted(Root(self.whole(token.parts[0]), degree))
            case "mean":
                self.take()
                return self.scripted(Mean(self.whole(token.parts[0])))
            case "brace":
                self.take()
                body, label = self.whole(token.parts[0]), self.scripts()[2]
                if not label or any(part.kind == "text" for part in label):
                    return body
                return Braced(body, self.whole(label))
            case "open":
                return self.bracketed()
            case "operator":
                return self.operator()
            case "array":
                self.take()
                return self.matrix(token)
            case "letter" if token.text == "partial":
                self.take()
                return Derivative(self.factor(), ())
            case "letter" if token.text == "nabla":
                return self.gradient()
            case "letter":
                return self.letter()
        raise self.error("here a factor is missing")

    def scripts(self) -> tuple[int, Tokens, Tokens]:
        """Take a script, if there is one: primes, superscript, subscript."""
        if self.peek().kind != "script":
            return 0, (), ()
        above, below = self.take().parts
        primes = 0
        while primes < len(above) and above[primes].text == "prime":
            primes += 1
        return primes, above[primes:], below

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
        if token.text == "O" and not self.names.declared("O") and self.peek() == Token("open", "("):
            return Order(self.arguments()[0])
        if token.text == "Delta" and self.peek().kind == "letter" and self.names.declared("Delta" + self.peek().text):
            token = Token("letter", "Delta" + self.take().text)
        primes, above, below = self.scripts()
        name, marks = token.text, "'" * primes
        for candidate, left in (
            (f"{name}{marks}_{written(below)}^{written(above)}", ((), (), 0)),
            (f"{name}{marks}_{written(below)}", (above, (), 0)),
            (f"{name}{marks}^{written(above)}", ((), below, 0)),
            (f"{name}{marks}", (above, below, 0)),
            (f"{name}_{written(below)}", (above, (), primes)),
            (name, (above, below, primes)),
        ):
            if candidate[-1] not in "_^" and self.names.declared(candidate):
                return self.named(candidate, *left)
        if primes:
            return self.named(name + marks, above, below, 0)
        return self.named(name, above, below, primes)

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

    def expect(self, close: str) -> None:
        """Take a closing bracket."""
        if self.peek().kind not in {"close", "bar"} or self.peek().text != close:
            raise self.error(f"a closing {close} is missing")
        self.take()

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

    # fractions and slopes

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
            order, rest = power.value if isinstance(power, Number) else 0, rest[1:]
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
                found += [variable.base] * variable.exponent.value
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

    # operators

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
                condition = self.inside(below, Parser.relation)
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
        arguments = self.arguments() if self.peek() in opens else (self.factor(),)
        return self.raised(Apply(Symbol(name), arguments, primes), above)

    def big(self, operator: str) -> Expression:
        """Read Σ, Π, min or max: what it runs over, then all the factors after it."""
        _, above, below = self.scripts()
        low = high = condition = None
        texts = [token.text for token in below]
        if above or (operator in {"Σ", "Π"} and "=" in texts and ":" not in texts):
            bounds = self.inside(below, Parser.relation)
            assert isinstance(bounds, Relation)
            assert isinstance(bounds.sides[0], Symbol)
            indices: tuple[str, ...] = (bounds.sides[0].name,)
            low, high = bounds.sides[1], self.whole(above)
        elif ":" in texts:
            place = texts.index(":")
            indices = self.run_over(below[:place])
            condition = self.inside(below[place + 1 :], Parser.relation)
        elif "in" in texts:
            condition = self.inside(below, Parser.relation)
            indices = self.run_over(below[: texts.index("in")])
        elif set(texts) & {"le", "<"}:
            condition = self.inside(below, Parser.relation)
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

    def run_over(self, below: Tokens) -> tuple[str, ...]:
        """Read the names of what a sum runs over."""
        names: list[str] = []
        for token in below:
            if token.kind == "letter":
                names.append(token.text)
            elif token.kind == "script" and names:
                names[-1] += "'" * len(token.parts[0])
            elif token.kind not in {"punct", "open", "close"}:
                raise self.error(f"a sum cannot run over {written(below)}")
        return tuple(names)

    def integral(self) -> Expression:
        """Read an integral up to its d and the variable after it."""
        _, above, below = self.scripts()
        end = self.place
        while end < len(self.found) - 1 and self.found[end] != Token("letter", "d"):
            end += 1
        body, variable = self.found[self.place : end], self.found[end + 1].text
        self.place = end + 2
        return Integral(variable, self.whole(below), self.whole(above), self.whole(body))

    # cases and matrices

    def cases(self, array: Token) -> Expression:
        """Read a brace with a value and a condition in each line."""
        values, conditions = [], []
        for row in array.parts:
            value, condition = row[0].parts
            values.append(self.whole(trimmed(value)))
            conditions.append(self.inside(trimmed(condition), Parser.choice))
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


def trimmed(found: Tokens) -> Tokens:
    """Leave out the comma or full stop at the end of a line of cases."""
    return found[:-1] if found and found[-1].text in {",", "."} else found


def run(operator: str, before: list[Expression], after: list[Expression], parser: Parser) -> Expression:
    """Read $x_1 + … + x_n$: the first, the last, and between them every one; what else is written must be the next."""
    body, low, high = unified(before[0], after[-1], RUNNING)
    if low is None or high is None or body == Symbol(RUNNING):
        raise parser.error(f"it does not show what runs from {before[0]} to {after[-1]}")
    steps = {+1, -1}
    for part, end, away in [
        *((p, low, n) for n, p in enumerate(before)),
        *((p, high, -n) for n, p in enumerate(after[::-1])),
    ]:
        steps &= {step for step in (1, -1) if part == placed(body, moved(end, step * away))}
    if not steps:
        raise parser.error(f"{', '.join(map(str, (*before, *after)))} do not follow one another")
    return Big(operator + ("↓" if steps == {-1} else ""), (RUNNING,), low, high, None, body)


def run_of_factors(before: list[Expression], after: list[Expression], parser: Parser) -> list[Expression]:
    """Read dots in a product: only the factors of one kind on both sides of the dots belong to the run."""

    def alike(one: Expression, other: Expression) -> bool:
        body, low, high = unified(one, other, RUNNING)
        return one == other or (low is not None and high is not None and body != Symbol(RUNNING))

    start = len(before) - 1
    while start > 0 and alike(before[start - 1], after[0]):
        start -= 1
    end = 1
    while end < len(after) and alike(after[end], before[-1]):
        end += 1
    return [*before[:start], run("Π", before[start:], after[:end], parser), *after[end:]]


def moved(end: Expression, by: int) -> Expression:
    """Add a whole number to the end of a run, in the simplest writing."""
    if by == 0:
        return end
    if isinstance(end, Number):
        return Number(end.value + by)
    if isinstance(end, Plus) and len(end.terms) == 2 and end.terms[1] == Minus(Number(by)):
        return end.terms[0]
    return Plus((end, Number(by) if by > 0 else Minus(Number(-by))))


def placed(body: Expression, value: Expression) -> Expression:
    """Put a value in the place of what runs."""
    return body.mapped(lambda part: value if part == Symbol(RUNNING) else part)


def unified(
    one: Expression, other: Expression, running: str
) -> tuple[Expression, Expression | None, Expression | None]:
    """Return what two expressions have in common, with `running` where they differ, and the two differences."""
    if one == other:
        return one, None, None
    if type(one) is type(other):
        mine, theirs = list(one.children()), list(other.children())
        heads = [(n, p) for n, p, _ in mine] == [(n, p) for n, p, _ in theirs]
        if heads and not isinstance(one, Number | Plus) and (not isinstance(one, Symbol) or mine):
            low = high = None
            whole = one
            for (name, place, part), (_, _, against) in zip(mine, theirs, strict=True):
                body, mine_low, theirs_high = unified(part, against, running)
                if mine_low is not None:
                    if low is not None and (low, high) != (mine_low, theirs_high):
                        return one, None, None
                    low, high = mine_low, theirs_high
                whole = whole.exchanged(name, place, body)
            return whole, low, high
    return Symbol(running), one, other
