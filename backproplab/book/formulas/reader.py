r"""LaTeX, as a page has it, read into expressions.

What a letter is decides how it is read: `f(x)` is a value where f is a function and a product where it is a number;
in $w^l$ the superscript is a layer where w is a family, and a power where it is a number. A sum and a product reach
to the end of the term they stand in. Whatever has no one meaning is an error that shows the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backproplab.book.formulas.expression import (
    Apply,
    Big,
    Braced,
    Derivative,
    Dot,
    Entrywise,
    Expression,
    Mean,
    Minus,
    Number,
    Over,
    Plus,
    Relation,
    Root,
    Statement,
    Symbol,
    Times,
    Words,
)
from backproplab.book.formulas.operators import Operators
from backproplab.book.formulas.runs import run, run_of_factors
from backproplab.book.formulas.tree import Token, Tokens, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.cursor import Vocabulary

RELATIONS = {
    "=": "=", "approx": "≈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "<": "<", ">": ">", "to": "→",
    "longrightarrow": "→", "rightarrow": "→", "in": "∈", "leftarrow": "←", "Longrightarrow": "⟹",
    "Longleftrightarrow": "⟺",
}  # fmt: skip
CONTINUES = {*RELATIONS, "+", "-", "cdot", "odot"}
HANGS = {"if", "as", "where"}
"""Words that open a condition."""


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


class Parser(Operators):
    """Reads statements, sums of terms and products of factors."""

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
                if not terms or self.take().text != "+":
                    raise self.error("the dots of a sum stand between two of its terms and plus signs")
                terms = [run("Σ", terms, [self.term()], self.error)]
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
                if isinstance(groups[-1][-1], Over) and self.starts():
                    raise self.error("it does not show whether this stands under the slash")
                continue
            if token.kind == "dots":
                self.take()
                groups[-1] = run_of_factors(groups[-1], self.rest(), self.error)
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

    def factor(self) -> Expression:  # noqa: C901  # one line for each kind of token
        """Read one factor with what is attached to it."""
        token = self.peek()
        match token.kind:
            case "number":
                self.take()
                return self.scripted(Number(float(token.text) if "." in token.text else int(token.text)))
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
                named = len(label) == 1 and self.names.declared(label[0].text)
                if not label or (any(part.kind == "text" for part in label) and not named):
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
