"""Numbers that remember how they were computed: automatic differentiation in pure Python, without NumPy."""

import math
from numbers import Real
from typing import Union

from backproplab.autograd.graph import backward_order

__all__ = ["Value"]

Operand = Union["Value", float]


class Value:
    r"""A number that remembers what it was computed from, and so can tell its derivative with respect to all of it.

    Each operation notes its operands $x$ and beside them the slopes $\partial z / \partial x$ of its result $z$. From
    the last result $L$, `backward` goes through all of them, each after everything that uses it, and hands on

    $$\frac{\partial L}{\partial x} = \sum_{z \text{ uses } x} \frac{\partial z}{\partial x}\,\frac{\partial L}{\partial z},
    \qquad \frac{\partial L}{\partial L} = 1$$

    The operations are `+`, `-`, `*`, `/`, `**` with a number as the exponent, `exp`, `log`, `tanh`, `sigmoid` and
    `relu`; numbers may stand in for values. As with floats, a division by zero is a `ZeroDivisionError`, and a result
    that no float can hold an `OverflowError`.

    Args:
        data: The number.

    Attributes:
        data: The number, a float. What has been recorded keeps the slopes it had if you change it.
        grad: The derivative ∂L/∂x. On a value that you made, passes add up until you set it to zero; on a result, it
            is that of the last pass.
        parents: What it was computed from; empty for a value that you made.
        slopes: The derivative with respect to each parent.

    Raises:
        TypeError: If `data` or an operand is not a real number.
        ValueError: If it is a whole number too large for a float.

    Source: Griewank and Walther 2008, *Evaluating Derivatives*, section 3.2; the arithmetic is that of Karpathy's
    micrograd.
    """

    __slots__ = ("data", "grad", "parents", "slopes")

    data: float
    grad: float
    parents: tuple["Value", ...]
    slopes: tuple[float, ...]

    def __init__(self, data: float) -> None:
        self.data = data if type(data) is float else _number(data, "data")
        self.grad = 0.0
        self.parents, self.slopes = (), ()

    def __repr__(self) -> str:
        return f"Value(data={self.data!r}, grad={self.grad!r})"

    def __add__(self, other: Operand) -> "Value":
        y = other if isinstance(other, Value) else _constant(other)
        return _result(self.data + y.data, (self, y), (1.0, 1.0))

    def __sub__(self, other: Operand) -> "Value":
        y = other if isinstance(other, Value) else _constant(other)
        return _result(self.data - y.data, (self, y), (1.0, -1.0))

    def __mul__(self, other: Operand) -> "Value":
        y = other if isinstance(other, Value) else _constant(other)
        return _result(self.data * y.data, (self, y), (y.data, self.data))

    def __truediv__(self, other: Operand) -> "Value":
        y = other if isinstance(other, Value) else _constant(other)
        quotient = self.data / y.data
        return _result(quotient, (self, y), (1 / y.data, -quotient / y.data))

    def __pow__(self, exponent: float) -> "Value":
        n = _number(exponent, "exponent")
        x = self.data
        if x < 0 and not n.is_integer():
            raise ValueError(f"exponent: expected a whole number for a negative base, {x!r}, got {n!r}")
        return _result(x**n, (self,), (_power_slope(x, n),))

    def __neg__(self) -> "Value":
        return _result(-self.data, (self,), (-1.0,))

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __rsub__(self, other: float) -> "Value":
        return _constant(other) - self

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __rtruediv__(self, other: float) -> "Value":
        return _constant(other) / self

    def exp(self) -> "Value":
        r"""Return $e^x$, whose slope is $e^x$ itself."""
        power = math.exp(self.data)
        return _result(power, (self,), (power,))

    def log(self) -> "Value":
        r"""Return the natural logarithm, whose slope is $1/x$; a `ValueError` unless $x$ is above zero."""
        x = self.data
        if x <= 0:
            raise ValueError(f"log: expected a number above zero, got {x!r}")
        return _result(math.log(x), (self,), (1 / x,))

    def tanh(self) -> "Value":
        r"""Return $\tanh x$, whose slope is $1 - \tanh^2 x$, computed so that it keeps its digits for large $|x|$."""
        e = math.exp(-abs(self.data))
        return _result(math.tanh(self.data), (self,), ((2 * e / (1 + e * e)) ** 2,))

    def sigmoid(self) -> "Value":
        r"""Return $\sigma(x) = 1/(1 + e^{-x})$, whose slope is $\sigma(x)\,\sigma(-x)$."""
        e = math.exp(-abs(self.data))
        small, large = e / (1 + e), 1 / (1 + e)
        return _result(small if self.data < 0 else large, (self,), (small * large,))

    def relu(self) -> "Value":
        r"""Return $\max(0, x)$, whose slope is 1 above zero and 0 elsewhere."""
        x = self.data
        return _result(x, (self,), (1.0,)) if x > 0 else _result(0.0 * x, (self,), (0.0,))

    def backward(self) -> None:
        """Work out the derivative of this value with respect to everything that it was computed from."""
        order = backward_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in order:
            if node.parents:
                grad = node.grad
                for parent, slope in zip(node.parents, node.slopes, strict=True):
                    parent.grad += slope * grad


def _result(data: float, parents: tuple[Value, ...], slopes: tuple[float, ...]) -> Value:
    """Return the value of an operation, with the slope of each operand beside it."""
    node = _new(Value)
    node.data, node.grad, node.parents, node.slopes = data, 0.0, parents, slopes
    return node


_new = object.__new__


def _constant(value: float) -> Value:
    return Value(_number(value, "operand"))


def _number(value: object, name: str) -> float:
    """Return a real number as a float, or raise an error that names the argument."""
    try:
        if type(value) is not bool and isinstance(value, Real):
            return float(value)
    except OverflowError:
        raise ValueError(f"{name}: expected a number that a float can hold, got one that is too large") from None
    except TypeError:
        pass  # NumPy's spans of time call themselves real
    raise TypeError(f"{name}: expected a number, got {_shown(value)}")


def _power_slope(x: float, n: float) -> float:
    """Return n xⁿ⁻¹, which at zero is infinite for an exponent below one, and nothing at all for none."""
    if n == 0:
        return 0.0
    return math.inf if x == 0 and n < 1 else n * x ** (n - 1)


def _shown(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else f"{text[:100]} …"
