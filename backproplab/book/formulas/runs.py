"""Dots: what runs from the first factor or term that is written to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backproplab.book.formulas.expression import Big, Expression, Minus, Number, Plus, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.tree import ReadError

RUNNING = "…"
"""The name of what runs."""


def run(
    operator: str, before: list[Expression], after: list[Expression], error: Callable[[str], ReadError]
) -> Expression:
    """Read $x_1 + … + x_n$: the first, the last, and between them every one; what else is written must be the next."""
    body, low, high = unified(before[0], after[-1], RUNNING)
    if low is None or high is None or body == Symbol(RUNNING):
        raise error(f"it does not show what runs from {before[0]} to {after[-1]}")
    steps = {+1, -1}
    for part, end, away in [
        *((p, low, n) for n, p in enumerate(before)),
        *((p, high, -n) for n, p in enumerate(after[::-1])),
    ]:
        steps &= {step for step in (1, -1) if part == placed(body, moved(end, step * away))}
    if not steps:
        raise error(f"{', '.join(map(str, (*before, *after)))} do not follow one another")
    return Big(operator + ("↓" if steps == {-1} else ""), (RUNNING,), low, high, None, body)


def run_of_factors(
    before: list[Expression], after: list[Expression], error: Callable[[str], ReadError]
) -> list[Expression]:
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
    return [*before[:start], run("Π", before[start:], after[:end], error), *after[end:]]


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
