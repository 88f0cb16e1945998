"""The chapter on slopes: each of its equations as a formula, in algebra and in numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy
from sympy import Rational, Symbol, cancel, exp, limit, sin, sqrt

from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.calculus import line, valley

if TYPE_CHECKING:
    from collections.abc import Callable

EPS = 2.0**-52
x, h = Symbol("x", real=True), Symbol("h", positive=True)


def polynomial(letter: str, degree: int = 3) -> sympy.Expr:
    """A polynomial with a letter for each coefficient: what holds for it holds for every polynomial of its degree."""
    return sum((Symbol(f"{letter}{i}") * x**i for i in range(degree + 1)), sympy.Integer(0))


def chord(f: sympy.Expr, step: sympy.Expr = h) -> sympy.Expr:
    return (f.subs(x, x + step) - f) / step


def slope(f: sympy.Expr) -> sympy.Expr:
    """The limit of a polynomial's chord: divide by h first, then let it be zero."""
    return cancel(chord(f)).subs(h, 0)


@pytest.mark.equation("LIMIT")
def test_chords_have_a_limit() -> None:
    r"""From both sides the chord's slope tends to $f'(x)$: $2x + 1$ for $x^2 + x$, 11 at 5; and $e^x$, $\cos x$, $-1/x^2$."""
    formula("LIMIT").holds(line())
    known = {x**2 + x: 2 * x + 1, exp(x): exp(x), sin(x): sympy.cos(x), 1 / x: -1 / x**2}
    for f, expected in known.items():
        assert sympy.simplify(limit(chord(f), h, 0) - expected) == 0
        assert sympy.simplify(limit(chord(f, -h), h, 0) - expected) == 0
    assert limit(chord(x**2 + x), h, 0).subs(x, 5) == 11
    slopes = [((5 + 2.0**-k) ** 2 + (5 + 2.0**-k) - 30) / 2.0**-k for k in range(20)]
    assert slopes == [11 + 2.0**-k for k in range(20)]


@pytest.mark.equation("UNIT")
def test_one_unit_is_not_the_slope() -> None:
    r"""The chord of $5b^2$ has the slope $10b + 5h$: from $-5$, that is $-45$ over one unit, and $-50$ in the limit."""
    formula("UNIT").holds(World({"b": -5.0, "h": 0.25}), World({"b": 2.0, "h": -0.5}))
    b = Symbol("b")
    per_step = cancel((5 * (b + h) ** 2 - 5 * b**2) / h)
    assert per_step.subs({b: -5, h: 1}) == -45
    assert per_step.subs({b: -5, h: 0}) == -50


@pytest.mark.equation("SUM")
def test_slopes_add_up() -> None:
    r"""$(\alpha f + \beta g)' = \alpha f' + \beta g'$ with measured slopes; and for all cubics, by the limit of the chord."""
    formula("SUM").holds(line())
    f, g = polynomial("p"), polynomial("q")
    alpha, beta = sympy.symbols("alpha beta")
    assert sympy.expand(slope(alpha * f + beta * g) - alpha * slope(f) - beta * slope(g)) == 0


@pytest.mark.equation("PRODUCT")
def test_a_product_has_two_slopes() -> None:
    r"""$(fg)' = f'g + fg'$ with measured slopes; and for all polynomials of third degree, by the limit of the chord."""
    formula("PRODUCT").holds(line())
    f, g = polynomial("p"), polynomial("q")
    assert sympy.expand(slope(f * g) - slope(f) * g - f * slope(g)) == 0
    assert sympy.expand(slope(f * g) - slope(f) * slope(g)) != 0


@pytest.mark.equation("POWER")
def test_the_slope_of_a_power() -> None:
    r"""The limit of the chord of $x^n$ is $n x^{n-1}$, for $n$ from $-4$ to 8."""
    formula("POWER").holds(*(World({"x": 0.7, "n": n}) for n in (4, 7, -3)))
    for n in range(-4, 9):
        assert sympy.simplify(slope(x**n) - n * x ** (n - 1)) == 0


@pytest.mark.equation("FORWARD", "CENTRAL")
def test_truncation_errors() -> None:
    r"""The leading error is $\frac12 f'' h$ forward and $\frac16 f''' h^2$ from both sides, where no odd power is left."""
    formula("FORWARD").holds(line(), small="h")
    formula("CENTRAL").holds(line(), small="h")
    f = polynomial("p", 6)
    forward = sympy.Poly(cancel(chord(f)), h)
    central = sympy.Poly(cancel((f.subs(x, x + h) - f.subs(x, x - h)) / (2 * h)), h)
    assert sympy.expand(forward.coeff_monomial(1) - f.diff(x)) == 0
    assert sympy.expand(forward.coeff_monomial(h) - f.diff(x, 2) / 2) == 0
    assert sympy.expand(central.coeff_monomial(1) - f.diff(x)) == 0
    assert sympy.expand(central.coeff_monomial(h**2) - f.diff(x, 3) / 6) == 0
    assert central.coeff_monomial(h) == central.coeff_monomial(h**3) == 0


@pytest.mark.equation("STEP")
def test_the_best_step_by_calculus() -> None:
    r"""Truncation plus rounding is least at $\sqrt{2\varepsilon|f/f''|}$ and at $\sqrt[3]{\frac32\varepsilon|f/f'''|}$."""
    formula("STEP").holds(valley(-0.5), valley(-1.2))
    eps, f, f2, f3 = sympy.symbols("epsilon f f2 f3", positive=True)
    for error, best in (
        (f2 * h / 2 + eps * f / h, sqrt(2 * eps * f / f2)),
        (f3 * h**2 / 6 + eps * f / (2 * h), sympy.cbrt(Rational(3, 2) * eps * f / f3)),
    ):
        assert sympy.simplify(error.diff(h).subs(h, best)) == 0
        assert sympy.simplify(error.diff(h, 2).subs(h, best)).is_positive


@pytest.mark.equation("STEP")
@pytest.mark.parametrize(
    ("f", "at", "prime", "second", "third"),
    [
        (np.exp, 1.0, math.e, math.e, math.e),
        (np.sin, 0.9, math.cos(0.9), -math.sin(0.9), -math.cos(0.9)),
        (lambda t: np.exp(20 * t), 0.1, 20 * math.exp(2), 400 * math.exp(2), 8000 * math.exp(2)),
        (lambda t: np.log(t) + 1000, 5.0, 1 / 5, -1 / 25, 2 / 125),
    ],
    ids=["exp", "sin", "exp(20x)", "log + 1000"],
)
def test_the_best_step_by_measuring(
    f: Callable[[object], np.ndarray], at: float, prime: float, second: float, third: float
) -> None:
    """Of all steps over sixteen decades, those near (STEP) give the smallest errors, for curves of very different bend."""
    steps = 2.0 ** np.arange(0, -53, -1.0)
    size = abs(float(f(np.float64(at))))
    for errors, best in (
        (np.abs((f(at + steps) - f(np.float64(at))) / steps - prime), math.sqrt(2 * EPS * size / abs(second))),
        (np.abs((f(at + steps) - f(at - steps)) / (2 * steps) - prime), (1.5 * EPS * size / abs(third)) ** (1 / 3)),
    ):
        near = errors[np.abs(np.log2(steps / best)) < 2].max()
        assert near < errors[steps > 200 * best].min(initial=np.inf)
        assert near < np.median(errors[steps < best / 200])


@pytest.mark.equation("EXTRA")
def test_extrapolation_removes_the_square() -> None:
    r"""In $\frac13(4D(h/2) - D(h))$ the term in $h^2$ is gone and $-\frac{1}{480} f^{(5)} h^4$ is the first that is left."""
    curve = line()["f"]
    formula("EXTRA").holds(line(D=lambda h: (curve(0.7 + h) - curve(0.7 - h)) / (2 * h)), small="h")
    f = polynomial("p", 7)

    def difference(step: sympy.Expr) -> sympy.Expr:
        return (f.subs(x, x + step) - f.subs(x, x - step)) / (2 * step)

    extrapolated = sympy.Poly(cancel((4 * difference(h / 2) - difference(h)) / 3), h)
    assert sympy.expand(extrapolated.coeff_monomial(1) - f.diff(x)) == 0
    assert [extrapolated.coeff_monomial(h**k) for k in (1, 2, 3)] == [0, 0, 0]
    assert sympy.expand(extrapolated.coeff_monomial(h**4) + f.diff(x, 5) / 480) == 0
    step = 0.01
    wide, narrow = ((math.exp(1 + s) - math.exp(1 - s)) / (2 * s) for s in (step, step / 2))
    assert (4 * narrow - wide) / 3 - math.e == pytest.approx(-math.e * step**4 / 480, rel=1e-2)


@pytest.mark.equation("COMPLEX")
def test_a_step_sideways() -> None:
    r"""$\operatorname{Im} f(x + ih)/h$ is off by $-\frac16 f''' h^2$, so a step far below any other loses no digit."""
    formula("COMPLEX").holds(line(), small="h")
    f = polynomial("p", 5).subs({Symbol(f"p{i}"): Symbol(f"p{i}", real=True) for i in range(6)})
    sideways = sympy.Poly(cancel(sympy.im(sympy.expand(f.subs(x, x + sympy.I * h))) / h), h)
    assert sympy.expand(sideways.coeff_monomial(1) - f.diff(x)) == 0
    assert sympy.expand(sideways.coeff_monomial(h**2) + f.diff(x, 3) / 6) == 0
    assert sideways.coeff_monomial(h) == sideways.coeff_monomial(h**3) == 0
    tiny = 1e-200
    for at in (-2.0, 0.3, 1.0):
        assert (np.exp(at + 1j * tiny).imag / tiny) == pytest.approx(math.exp(at), rel=4 * EPS)
        assert (np.sin(at + 1j * tiny).imag / tiny) == pytest.approx(math.cos(at), rel=4 * EPS)
