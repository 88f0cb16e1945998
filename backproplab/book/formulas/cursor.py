"""A list of tokens read from left to right: what every part of the reader stands on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, Self

from backproplab.book.formulas.tree import ReadError, Token, Tokens, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.expression import Expression


CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", "‖": "‖", "lfloor": "rfloor", "lceil": "rceil"}
"""The bracket that closes each bracket."""


class Vocabulary(Protocol):
    """What the reader must know about a name."""

    def declared(self, name: str) -> bool:
        """Whether the name stands for something."""

    def family(self, name: str) -> bool:
        """Whether a superscript (or a subscript) picks one of many."""

    def function(self, name: str) -> bool:
        """Whether brackets after it hold its arguments."""


class Cursor(ABC):
    """One list of tokens, and the place in it; the rules that read each other are named here."""

    def __init__(self, found: Tokens, names: Vocabulary) -> None:
        self.found = found
        self.names = names
        self.place = 0

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
        return self.inside(found, lambda parser: parser.expression())

    def inside(self, found: Tokens, rule: Callable[[Self], Expression]) -> Expression:
        """Read a list of tokens by a rule, to its end."""
        parser = type(self)(found, self.names)
        expression = rule(parser)
        if parser.peek().kind != "end":
            raise parser.error("this does not belong to what stands before it")
        return expression

    def expect(self, close: str) -> None:
        """Take a closing bracket."""
        if self.peek().kind not in {"close", "bar"} or self.peek().text != close:
            raise self.error(f"a closing {close} is missing")
        self.take()

    def scripts(self) -> tuple[int, Tokens, Tokens]:
        """Take a script, if there is one: primes, superscript, subscript."""
        if self.peek().kind != "script":
            return 0, (), ()
        above, below = self.take().parts
        primes = 0
        while primes < len(above) and above[primes].text == "prime":
            primes += 1
        return primes, above[primes:], below

    @abstractmethod
    def expression(self) -> Expression:
        """Read terms with their signs."""

    @abstractmethod
    def relation(self) -> Expression:
        """Read a comparison, or what follows from one."""

    @abstractmethod
    def condition(self) -> Expression:
        """Read what follows a word such as `if`."""

    @abstractmethod
    def factor(self) -> Expression:
        """Read one factor with what is attached to it."""

    @abstractmethod
    def term(self) -> Expression:
        """Read factors, side by side or with a sign of multiplication between them."""

    @abstractmethod
    def starts(self) -> bool:
        """Say whether a factor can begin here."""
