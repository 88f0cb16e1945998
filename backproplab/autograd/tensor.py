"""Arrays that remember how they were computed: automatic differentiation on NumPy."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike

from backproplab.autograd import operations
from backproplab.autograd.arrays import Axis, constant, copied, frozen, reduction, whole_numbers
from backproplab.autograd.graph import backward_order
from backproplab.autograd.operations import Operation, unbroadcast
from backproplab.checks import Array, real_number

__all__ = ["Tensor"]

Operand = Union["Tensor", ArrayLike]


class Tensor:
    r"""An array that remembers what it was computed from, and so can tell its gradient with respect to all of it.

    From the last result $L$, `backward` goes through everything that was recorded, each result $z$ after all that use
    it, and hands its gradient on to the operands $x$ by the pull-backs of the operations:

    $$\frac{\partial L}{\partial x_i} = \sum_{z \text{ uses } x} \sum_j \frac{\partial L}{\partial z_j}\,
    \frac{\partial z_j}{\partial x_i}$$

    The operations are `+`, `-`, `*`, `/`, `@`, `**` with a number as the exponent, indexing, and the methods below, and
    they broadcast as NumPy does. Arrays and numbers may stand in for tensors: they are constants, which get no gradient.
    NumPy's own functions refuse a tensor, because its gradient would be lost.

    Args:
        data: Numbers, which are copied; floats keep their type, float32 or float64, and others become float64.

    Attributes:
        grad: The gradient ∂L/∂x in the tensor's shape, or None before any pass. On a tensor that you made, passes add
            up until `zero_grad`; on a result, it is that of the last pass.
        parents: The tensors it was computed from; empty for a tensor that you made.

    Raises:
        TypeError: If the numbers are not real, or floats of another precision.
        ValueError: If they are ragged, or the shapes of two operands do not fit together.

    Source: Griewank and Walther 2008, *Evaluating Derivatives*, section 3.2.
    """

    __slots__ = ("_array", "_changes", "_operands", "_operation", "_recorded", "_settings", "grad", "parents")
    __array_ufunc__ = None  # an array on the left leaves the operation to the tensor

    grad: Array | None
    parents: tuple["Tensor", ...]
    _array: Array
    _changes: int  # how often an optimizer has moved it
    _operation: Operation  # this and the rest on results only
    _operands: list[tuple["Tensor | None", Array]]
    _settings: dict[str, Any]
    _recorded: list[tuple["Tensor", int]]

    def __init__(self, data: ArrayLike) -> None:
        self._array = copied(data, "data")
        self._changes, self.grad, self.parents = 0, None, ()

    @property
    def data(self) -> Array:
        """The numbers, which cannot be changed in place: give new ones, `w.data = w.data - 0.1 * w.grad`.

        What was recorded with the old ones keeps them. Only a tensor that you made takes new ones.
        """
        view = self._array.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if self.parents:
            raise ValueError("data: expected a tensor that you made, got the result of an operation")
        array = copied(value, "data").astype(self.dtype, copy=False)
        if array.shape != self.shape:
            raise ValueError(f"data: expected shape {self.shape}, got {array.shape}")
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its numbers, float32 or float64."""
        return self._array.dtype

    def __repr__(self) -> str:
        numbers = np.array2string(self._array, separator=", ", prefix="Tensor(")
        return f"Tensor({numbers})"

    def __float__(self) -> float:
        if self._array.size != 1:
            raise TypeError(f"tensor: expected a single number, got shape {self.shape}")
        return float(self._array.item())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("tensor: expected at least one axis, got a single number")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[place] for place in range(len(self)))

    def __bool__(self) -> bool:
        raise TypeError("tensor: expected a question about its numbers, such as t.data > 0, got the tensor itself")

    def __array__(self, *_: Any, **__: Any) -> Array:
        raise TypeError("expected numbers, got a Tensor, whose gradient would be lost: write t.data")

    def __array_function__(self, function: Callable[..., Any], *_: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__}: expected arrays, got a Tensor, whose gradient would be lost")

    def __add__(self, other: Operand) -> "Tensor":
        return record(operations.add, self, other)

    def __radd__(self, other: ArrayLike) -> "Tensor":
        return record(operations.add, other, self)

    def __sub__(self, other: Operand) -> "Tensor":
        return record(operations.subtract, self, other)

    def __rsub__(self, other: ArrayLike) -> "Tensor":
        return record(operations.subtract, other, self)

    def __mul__(self, other: Operand) -> "Tensor":
        return record(operations.multiply, self, other)

    def __rmul__(self, other: ArrayLike) -> "Tensor":
        return record(operations.multiply, other, self)

    def __truediv__(self, other: Operand) -> "Tensor":
        return record(operations.divide, self, other)

    def __rtruediv__(self, other: ArrayLike) -> "Tensor":
        return record(operations.divide, other, self)

    def __matmul__(self, other: Operand) -> "Tensor":
        return record(operations.matmul, self, other)

    def __rmatmul__(self, other: ArrayLike) -> "Tensor":
        return record(operations.matmul, other, self)

    def __neg__(self) -> "Tensor":
        return record(operations.negative, self)

    def __pow__(self, exponent: float) -> "Tensor":
        return record(operations.power, self, exponent=real_number(exponent, "exponent"))

    def __getitem__(self, key: Any) -> "Tensor":
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, Tensor) for part in parts):
            raise TypeError("index: expected whole numbers, slices or arrays of them, got a Tensor")
        return record(operations.take, self, key=copy.deepcopy(key))

    def exp(self) -> "Tensor":
        r"""Return $e^x$, entry by entry."""
        return record(operations.exp, self)

    def log(self) -> "Tensor":
        r"""Return the natural logarithm, entry by entry."""
        return record(operations.log, self)

    def tanh(self) -> "Tensor":
        r"""Return $\tanh x$, entry by entry."""
        return record(operations.tanh, self)

    def sigmoid(self) -> "Tensor":
        r"""Return $\sigma(x) = 1/(1 + e^{-x})$, entry by entry."""
        return record(operations.sigmoid, self)

    def relu(self) -> "Tensor":
        r"""Return $\max(0, x)$, entry by entry; its derivative at zero is 0."""
        return record(operations.relu, self)

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Add up all entries, or those along one or several axes."""
        return record(operations.sum_over, self, **reduction(axis, keepdims, self.shape))

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the mean of all entries, or of those along one or several axes."""
        return record(operations.mean_over, self, **reduction(axis, keepdims, self.shape, least=1))

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        """Return the largest entry of all, or along one or several axes; entries that tie share its gradient equally."""
        return record(operations.max_over, self, **reduction(axis, keepdims, self.shape, least=1))

    def reshape(self, *shape: int | Sequence[int]) -> "Tensor":
        """Lay the same entries out in another shape, of which one size may be −1."""
        return record(operations.reshape, self, shape=whole_numbers(shape, "shape"))

    def transpose(self, *axes: int | Sequence[int]) -> "Tensor":
        """Put the axes into another order; without one, turn it round."""
        order = whole_numbers(axes, "axes") or tuple(reversed(range(len(self.shape))))
        if sorted(axis % max(len(self.shape), 1) for axis in order) != list(range(len(self.shape))):
            raise ValueError(f"axes: expected each axis of shape {self.shape} once, got {order}")
        return record(operations.transpose, self, axes=tuple(axis % len(self.shape) for axis in order))

    @property
    def T(self) -> "Tensor":  # noqa: N802 – as in NumPy
        """The tensor with the order of its axes turned round."""
        return self.transpose()

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Work out the gradient with respect to every tensor that this one was computed from.

        Args:
            gradient: ∂L/∂z of this tensor z, in its shape; 1 if it is itself the last result, a single number.

        Raises:
            TypeError: If `gradient` is not numeric.
            ValueError: If its shape is not the tensor's, or it is left out and the tensor has not exactly one entry.
            RuntimeError: If an array was changed after it was recorded; then no gradient has been touched.
        """
        order = backward_order(self)
        for node in order:
            if node.parents and any(parent._changes != then for parent, then in node._recorded):
                raise RuntimeError(
                    f"{node._operation.name}: an array was changed after it was recorded, so the gradient would be that "
                    "of neither the old numbers nor the new: compute the result anew before backward()"
                )
        gradients = {self: _seed(self, gradient)}
        for node in order:
            if node.parents:
                node._hand_on(gradients)
        for node, total in gradients.items():
            if node.parents:
                node.grad = total
            else:
                node.grad = total.copy() if node.grad is None else node.grad + total

    def _hand_on(self, gradients: dict["Tensor", Array]) -> None:
        """Add what this result hands back to the gradient of each tensor that it was computed from."""
        g = gradients[self]
        arrays = [array for _, array in self._operands]
        for (tensor, array), pull_back in zip(self._operands, self._operation.pull_backs, strict=True):
            if tensor is not None:
                part = pull_back(g, self._array, *arrays, **self._settings)
                part = unbroadcast(part, array.shape).astype(array.dtype, copy=False)
                gradients[tensor] = frozen(gradients[tensor] + part if tensor in gradients else part)


def record(operation: Operation, *operands: Operand, **settings: Any) -> Tensor:
    """Carry an operation out, and remember it: the operands, their arrays, and how often each has been moved."""
    tensors = [operand for operand in operands if isinstance(operand, Tensor)]
    pairs: list[tuple[Tensor | None, Array]] = [
        (operand, operand.data) if isinstance(operand, Tensor) else (None, constant(operand, tensors[0].dtype))
        for operand in operands
    ]
    try:
        array = np.asarray(operation.forward(*(array for _, array in pairs), **settings))
    except (ValueError, IndexError) as error:
        kind = IndexError if isinstance(error, IndexError) else ValueError
        fit = "operand shapes that fit together, got" if len(pairs) > 1 else "what fits the shape"
        shapes = " and ".join(str(array.shape) for _, array in pairs)
        raise kind(f"{operation.name}: expected {fit} {shapes}: {error}") from None
    result = Tensor.__new__(Tensor)
    result._array = frozen(array if array.base is None else np.array(array))  # no view of what a step may move
    result._changes, result.grad, result.parents = 0, None, tuple(tensors)
    result._operation, result._operands, result._settings = operation, pairs, settings
    result._recorded = [(tensor, tensor._changes) for tensor in tensors]
    return result


def _seed(result: Tensor, gradient: ArrayLike | None) -> Array:
    """Return the gradient that a pass begins with."""
    if gradient is None:
        if math.prod(result.shape) != 1:
            raise ValueError(
                f"gradient: expected an array of shape {result.shape}, got none: only one number needs none"
            )
        return frozen(np.ones(result.shape, result.dtype))
    array = copied(gradient, "gradient").astype(result.dtype, copy=False)
    if array.shape != result.shape:
        raise ValueError(f"gradient: expected shape {result.shape}, got {array.shape}")
    return frozen(array)
