"""`Value`: every operation against central differences, and what a record must withstand."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from backproplab import Value, autograd

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]

OPERATIONS: dict[str, Callable[..., Any]] = {
    "x + y": lambda x, y: x + y,
    "x + 2": lambda x, _: x + 2,
    "2 + x": lambda x, _: 2 + x,
    "x - y": lambda x, y: x - y,
    "x - 2": lambda x, _: x - 2,
    "2 - x": lambda x, _: 2 - x,
    "x * y": lambda x, y: x * y,
    "x * 2": lambda x, _: x * 2,
    "2 * x": lambda x, _: 2 * x,
    "x / y": lambda x, y: x / y,
    "x / 2": lambda x, _: x / 2,
    "2 / x": lambda x, _: 2 / x,
    "x ** 3": lambda x, _: x**3,
    "x ** -2": lambda x, _: x**-2,
    "x ** 0": lambda x, y: x**0 + y,
    "(x x) ** 0.5": lambda x, _: (x * x) ** 0.5,
    "-x": lambda x, _: -x,
    "exp": lambda x, _: x.exp(),
    "log": lambda x, _: (x * x).log(),
    "tanh": lambda x, _: x.tanh(),
    "sigmoid": lambda x, _: x.sigmoid(),
    "relu": lambda x, _: x.relu(),
    "all together": lambda x, y: ((x * y).tanh() + (x - y).sigmoid() / (x * x + 1)).exp() * x.relu() - y**2,
}
NUMBERS = st.one_of(st.floats(-3, -0.1), st.floats(0.1, 3))


def hidden(value: object) -> Any:
    """Return what a type checker would refuse."""
    return value


def slopes_agree(operation: Callable[..., Any], x: float, y: float) -> bool:
    """Whether both derivatives are those that central differences measure."""
    h = 1e-5
    values = Value(x), Value(y)
    operation(*values).backward()

    def at(x: float, y: float) -> float:
        return operation(Value(x), Value(y)).data

    measured = (at(x + h, y) - at(x - h, y)) / (2 * h), (at(x, y + h) - at(x, y - h)) / (2 * h)
    size = 1 + max(map(abs, measured)) + abs(at(x, y))
    return all(abs(value.grad - slope) <= 1e-6 * size for value, slope in zip(values, measured, strict=True))


@pytest.mark.parametrize("name", OPERATIONS)
@given(x=NUMBERS, y=NUMBERS)
def test_every_slope_is_the_measured_one(name: str, x: float, y: float) -> None:
    """Both derivatives of every operation, also with a plain number in place of a value."""
    assert slopes_agree(OPERATIONS[name], x, y)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "x ** 0"])
@pytest.mark.parametrize("factor", [0.0, 0.5, 1.001])
def test_a_wrong_slope_would_be_noticed(name: str, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the slopes of an operation lost, halved or wrong by a thousandth, the comparison fails."""
    module = sys.modules["backproplab.autograd.value"]
    right = module._result
    monkeypatch.setattr(
        module, "_result", lambda z, parents, slopes: right(z, parents, tuple(slope * factor for slope in slopes))
    )
    assert not slopes_agree(OPERATIONS[name], 1.5, -0.7)


def test_results_are_those_of_floats() -> None:
    """The number in a result is the one that plain arithmetic gives."""
    x, y = 1.7, -0.3
    a, b = Value(x), Value(y)
    assert [v.data for v in (a + b, a - b, a * b, a / b, a**3, -a)] == [x + y, x - y, x * y, x / y, x**3, -x]
    assert [v.data for v in (a.exp(), a.log(), a.tanh(), a.relu(), b.relu())] == [
        math.exp(x), math.log(x), math.tanh(x), x, 0.0,
    ]  # fmt: skip
    assert b.sigmoid().data == pytest.approx(1 / (1 + math.exp(-y)), rel=1e-15)


def test_shared_parents_add_up() -> None:
    """b = a + a, c = b + b: four paths lead back to a, and b hands on nothing before it has both of its shares."""
    a = Value(3)
    b = a + a
    c = b + b
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1, 2, 4)
    x = Value(3)
    (x * x).backward()
    assert x.grad == 6


def test_an_early_and_a_late_use_are_taken_in_order() -> None:
    """A value that is used at once and again much later waits for the longer path."""
    a = Value(2)
    b = a * 3
    long = b
    for _ in range(10):
        long = long + 1
    (b * long).backward()
    assert b.grad == long.data + b.data
    assert a.grad == 3 * b.grad


def test_used_a_thousand_times() -> None:
    """All thousand shares arrive."""
    x = Value(0.5)
    y = x * 2
    sum(y * k for k in range(1_000)).backward()  # type: ignore[union-attr]
    assert x.grad == 2 * sum(range(1_000))


def test_a_chain_of_a_hundred_thousand_additions() -> None:
    """No recursion limits the length of a chain, neither on the way back nor when it is thrown away."""
    x = Value(1)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert x.grad == 100_001
    del y


def test_a_second_pass_adds_the_same_again() -> None:
    """Passes add up on what the user made, and a result shows the last one; zero begins anew."""
    x = Value(2)
    y = x * x
    z = y * x
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24, 2, 1)
    x.grad = 0
    z.backward()
    assert x.grad == 12
    alone = Value(5)
    alone.backward()
    alone.backward()
    assert alone.grad == 2


def test_two_results_that_share_a_part() -> None:
    """The passes of two results add up to the pass of their sum."""
    x = Value(2)
    y = x.exp()
    (y * 3).backward()
    (y * y).backward()
    apart, x.grad = x.grad, 0
    (y * 3 + y * y).backward()
    assert apart == pytest.approx(x.grad, rel=1e-15)


def test_a_number_changed_later_spoils_nothing() -> None:
    """The slopes belong to the numbers that were recorded."""
    x, y = Value(2), Value(5)
    z = x * y
    x.data = y.data = 100.0
    z.backward()
    assert (x.grad, y.grad) == (5, 2)


@pytest.mark.parametrize("x", [-1e308, -800.0, -40.0, 0.0, 40.0, 800.0, 1e308])
def test_far_out_the_bounded_functions_stay_finite(x: float) -> None:
    """Sigmoid and tanh overflow nowhere, and their slopes keep their digits as long as there are any."""
    a, b = Value(x), Value(x)
    a.sigmoid().backward()
    b.tanh().backward()
    tail = math.exp(-abs(x))
    assert a.grad == pytest.approx(tail / (1 + tail) ** 2, rel=1e-14)
    assert b.grad == pytest.approx(4 * tail**2 / (1 + tail**2) ** 2, rel=1e-14)


def test_at_the_kinks() -> None:
    """The rectifier takes 0 at zero, as PyTorch does; a root is infinitely steep there, and x⁰ is flat."""
    for act, slope in ((Value.relu, 0), (lambda v: v**0.5, math.inf), (lambda v: v**0, 0), (lambda v: v**1, 1)):
        x = Value(0)
        act(x).backward()
        assert x.grad == slope


def test_nan_comes_through() -> None:
    """What is not a number stays none; no operation hides it."""
    for name, operation in OPERATIONS.items():
        if name != "x ** 0":
            assert math.isnan(operation(Value(math.nan), Value(math.nan)).data), name


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Value(hidden("2")), TypeError, "data: expected a number, got '2'"),
        (lambda: Value(data=True), TypeError, "data: expected a number, got True"),
        (lambda: Value(10**400), ValueError, "data: expected a number that a float can hold"),
        (lambda: Value(1) + hidden("2"), TypeError, "operand: expected a number, got '2'"),
        (lambda: hidden([1]) - Value(1), TypeError, r"operand: expected a number, got \[1\]"),
        (
            lambda: Value(2) ** hidden(Value(2)),
            TypeError,
            r"exponent: expected a number, got Value\(data=2.0, grad=0.0\)",
        ),
        (lambda: Value(-2) ** 0.5, ValueError, r"exponent: expected a whole number for a negative base, -2.0, got 0.5"),
        (lambda: Value(0).log(), ValueError, "log: expected a number above zero, got 0.0"),
        (lambda: Value(1) / 0, ZeroDivisionError, "division by zero"),
        (lambda: Value(1000).exp(), OverflowError, "range"),
    ],
)
def test_what_is_refused(act: Callable[[], object], error: type[Exception], words: str) -> None:
    """One sentence says what was expected; arithmetic fails as it does for floats."""
    with pytest.raises(error, match=words):
        act()


def test_numpys_numbers_may_stand_in() -> None:
    """On either side, and also those that are no Python floats."""
    numbers: tuple[Any, ...] = (np.float64(2), np.float32(2), np.int64(2))
    for two in numbers:
        x = Value(3)
        (two * x + x * two).backward()
        assert x.grad == 4


def test_it_works_without_numpy() -> None:
    """With NumPy blocked, `Value` can be imported, by either door, and used."""
    code = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "numpy":
            raise ModuleNotFoundError("no NumPy here")
sys.meta_path.insert(0, Blocked())
from backproplab.autograd import Value
import backproplab
assert backproplab.Value is Value
x = Value(3)
(x * x).backward()
print(x.grad)
try:
    from backproplab.autograd import Tensor
except ModuleNotFoundError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.split("\n")[:2] == ["6.0", "no NumPy here"]


def test_the_door_of_the_wing() -> None:
    """It hands out each public name of its modules, and refuses others as every module does."""
    assert autograd.Value is Value
    with pytest.raises(AttributeError, match=r"^module 'backproplab\.autograd' has no attribute 'nothing'$"):
        autograd.nothing  # noqa: B018
