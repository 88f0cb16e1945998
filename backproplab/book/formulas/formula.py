r"""The printed formula is what is tested.

    @pytest.mark.equation("BP4")
    def test_weight_gradient() -> None:
        steps = package_steps(WORLD)
        formula("BP4").holds(WORLD, package=lambda l: weight_gradient(steps[l - 1].delta, steps[l - 1].a_prev))

`formula("BP4")` takes the LaTeX from the page that has the tag. `holds` reads it, evaluates both sides in each world at
every free index, with slopes measured, and compares the package's result with it. Then it shows its teeth: it makes
mistakes in the formula, one at a time, and fails if any of them would hold as well.

How to bind an equation:

1. Take the world of its family from `tests/worlds`, or write one: a `World(program)` whose program says what each
   symbol is, `let("z", value, l)` for $z^l$. Names are LaTeX without backslash: `delta`, `hat_y` for \hat y,
   `lambda_max` for \lambda_{\max}, `w^*`, `C_0`, `K'`; `the C` for the $C$ that stands without an index beside the
   family $C_i$. The longest name that is declared counts; what is left over of the scripts is a layer where the name
   is a family (`let` with a number behind the value), a power, or indices. A constant, a set or a function is
   declared like any other value. A second world does what one cannot: other values, an edge, a zero.
2. Free indices run over all that exists; sums too. Where no array shows how far an index runs, say `ranges={"t": …}`.
   Words that decide something, as `\text{ won window }`, are functions in `words`. `\theta \leftarrow` is compared with
   `let("new theta", …)`.
3. `small="h"` for ≈ and O(…), with `order=2` where ≈ shows no O(…); `reached=[world]` for a bound: a world where it
   is an equality. All sizes that could be mixed up should be equal in the world, all numbers different.
4. `package=` says what the package computes: a function of some free indices by name, giving an array over the rest.
5. A failure "would hold as well with: old → new" means that the world is too weak (better it), or that the mistake
   is none: then `same={"old → new": "the reason, in words"}`.
6. Where the reader stumbles, the page may be ambiguous: Σ and Π reach to the end of their term. Change the page; or
   teach the reader (tokens in tree.py; names.py, blocks.py, operators.py, reader.py) or the evaluator (arithmetic.py,
   slopes.py, ranges.py, truth.py) what it does not know. What cannot be evaluated at all stays in `tests/seen.json`.
7. `python -m tests.plants BP4` plants mistakes in the LaTeX and lists those that the tests of (BP4) do not notice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from backproplab.book import ledger
from backproplab.book.formulas import expression as ex
from backproplab.book.formulas.check import Manner, Untrue, check, check_elsewhere
from backproplab.book.formulas.edits import edits
from backproplab.book.formulas.reader import read
from backproplab.book.formulas.tree import ReadError
from backproplab.book.katex import TAG
from backproplab.book.source import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from backproplab.book.formulas.world import World

    Package = Callable[..., Any] | Sequence[Callable[..., Any] | None] | None


@cache
def displays() -> dict[str, str]:
    """Return the LaTeX of every tagged display, by its tag, as the pages have it now."""
    return {
        tag: TAG.sub("", display.strip("$")).strip()
        for page in pages(ROOT)
        for display in ledger.DISPLAY.findall(page.prose)
        for tag in TAG.findall(display)
    }


def formula(tag: str) -> Formula:
    """Return the formula that a page shows under a tag.

    Raises:
        KeyError: If no page has the tag.
    """
    return Formula(tag, displays()[tag])


class Formula:
    """LaTeX with the name that its errors have."""

    def __init__(self, tag: str, tex: str) -> None:
        self.tag = tag
        self.tex = tex

    def read(self, world: World) -> list[ex.Statement]:
        """Read the formula with the names of a world.

        Raises:
            ReadError: If it cannot be read, with the tag and the place.
        """
        try:
            return read(self.tex, world)
        except ReadError as error:
            message = f"({self.tag}) {error}"
            raise ReadError(message) from error

    def holds(
        self,
        *worlds: World,
        package: Package = None,
        same: Mapping[str, str] | None = None,
        reached: Sequence[World] = (),
        small: str = "",
        order: int = 0,
        grows: str = "",
        rtol: float = 1e-9,
    ) -> None:
        """See that everything the display states is true in every world, and that nothing close to it is.

        Args:
            worlds: What the symbols mean; several where one has too few values.
            package: What the package says that the left side is in the first world: a function of some of the free indices, by name,
                that gives an array over the others. For a display of several statements a list, in their order.
            same: Mistakes that change nothing, as the failure names them, each with the reason.
            reached: Worlds in which a bound is an equality, within `rtol`.
            small: For ≈ and O(…), the name of what is halved.
            order: For ≈, the power of what is small with which the two sides come together.
            grows: For → without a condition, the name of what grows without bound.
            rtol: The rounding that = allows.

        Raises:
            Untrue: If something is not so, or a mistake would hold as well.
            ReadError: If something has no meaning.
        """
        manner = Manner(small, order, rtol, grows)
        every = [(world, manner) for world in worlds]
        every += [(world, replace(manner, reached=True)) for world in reached]
        statements = self.is_true(every, package)
        survivors = {
            name
            for before, statement in zip([None, *statements], statements, strict=False)
            for name, edited in edits(statement, every[0][0])
            if not any(fails(edited, world, how, before) for world, how in every)
        }
        known = (same or {}).keys()
        if survivors - known:
            message = f"({self.tag}) would hold as well with: " + "; ".join(sorted(survivors - known))
            raise Untrue(message)
        if known - survivors:
            message = f"({self.tag}) is not the same with: " + "; ".join(sorted(known - survivors))
            raise Untrue(message)

    def is_true(self, every: Sequence[tuple[World, Manner]], package: Package) -> list[ex.Statement]:
        """See that everything the display states is true in every world, each in its manner."""
        statements = self.read(every[0][0])
        packages: list[Any] = list(package) if isinstance(package, list | tuple) else [package]
        for place, statement in enumerate(statements):
            before = statements[place - 1] if place else None
            for number, (world, how) in enumerate(every):
                said = packages[place] if number == 0 and place < len(packages) else None
                tried(statement, world, how, before, said)
        return statements


def tried(
    statement: ex.Statement,
    world: World,
    manner: Manner,
    before: ex.Statement | None,
    package: Callable[..., Any] | None = None,
) -> None:
    """Hold a statement against a world; one that is meant `elsewhere`, where the one before says nothing."""
    if before is not None and statement.conditions == (ex.Words("elsewhere"),):
        check_elsewhere(statement, before, world)
    else:
        check(statement, world, manner, package)


def fails(statement: ex.Statement, world: World, manner: Manner, before: ex.Statement | None = None) -> bool:
    """Whether a statement is untrue or means nothing."""
    try:
        tried(statement, world, manner, before)
    except (ReadError, Untrue, ArithmeticError):
        return True
    return False
