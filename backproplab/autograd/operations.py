"""The operations on arrays, each with its derivatives beside it: how a gradient goes back to each operand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.activations import sigmoid as logistic
from backproplab.checks import Array
from backproplab.losses import softmax_cross_entropy as loss

Axes = tuple[int, ...]


class Operation:
    """What is done to arrays, and how the gradient of the result goes back to each of them.

    Args:
        name: What errors call it.
        forward: Maps the operands x, y, and what else the operation has to know, to the result z.
        pull_backs: For each operand a function of the result's gradient g, the result and the operands,
            `(g, z, x, y)`, which returns the operand's gradient; it changes none of them.
    """

    def __init__(self, name: str, forward: Callable[..., ArrayLike], *pull_backs: Callable[..., Array]) -> None:
        self.name, self.forward, self.pull_backs = name, forward, pull_backs


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    r"""Add a gradient up over all places to which broadcasting has copied an entry of an operand.

    $$\frac{\partial L}{\partial x_i} = \sum_{j \text{ copied from } i} \frac{\partial L}{\partial z_j}$$

    Args:
        g: The gradient in the shape that broadcasting made.
        shape: The shape of the operand.
    """
    added = g.ndim - len(shape)
    stretched = [added + axis for axis, size in enumerate(shape) if size == 1 != g.shape[added + axis]]
    axes = (*range(added), *stretched)
    return g.sum(axis=axes).reshape(shape) if axes else g


add = Operation("+", lambda x, y: x + y, lambda g, z, x, y: g, lambda g, z, x, y: g)
subtract = Operation("-", lambda x, y: x - y, lambda g, z, x, y: g, lambda g, z, x, y: -g)
multiply = Operation("*", lambda x, y: x * y, lambda g, z, x, y: g * y, lambda g, z, x, y: g * x)
divide = Operation("/", lambda x, y: x / y, lambda g, z, x, y: g / y, lambda g, z, x, y: -g * z / y)
negative = Operation("-", lambda x: -x, lambda g, z, x: -g)


def _power_to_x(g: Array, z: Array, x: Array, *, exponent: float) -> Array:
    return g * (exponent * x ** (exponent - 1)) if exponent else np.zeros_like(g)


power = Operation("**", lambda x, *, exponent: x**exponent, _power_to_x)


def _matmul_to_x(g: Array, z: Array, x: Array, y: Array) -> Array:
    if y.ndim == 1:
        return g[..., np.newaxis] * y
    if x.ndim == 1:
        return (y @ g[..., np.newaxis])[..., 0]
    return g @ y.swapaxes(-1, -2)


def _matmul_to_y(g: Array, z: Array, x: Array, y: Array) -> Array:
    if x.ndim == 1:
        return x[:, np.newaxis] * g[..., np.newaxis, :] if y.ndim > 1 else g * x
    if y.ndim == 1:
        return (x.swapaxes(-1, -2) @ g[..., np.newaxis])[..., 0]
    return x.swapaxes(-1, -2) @ g


matmul = Operation("@", lambda x, y: x @ y, _matmul_to_x, _matmul_to_y)


def _tanh_to_x(g: Array, z: Array, x: Array) -> Array:
    with np.errstate(over="ignore"):
        return g / np.square(np.cosh(x))  # 1 − z², with its digits where z rounds to 1


exp = Operation("exp", np.exp, lambda g, z, x: g * z)
log = Operation("log", np.log, lambda g, z, x: g / x)
tanh = Operation("tanh", np.tanh, _tanh_to_x)
sigmoid = Operation("sigmoid", logistic.function, lambda g, z, x: g * z * logistic.function(-x))  # 1 − z = σ(−x)
relu = Operation(
    "relu", lambda x: np.maximum(x, np.zeros_like(x)), lambda g, z, x: np.where(x > 0, g, np.zeros_like(g))
)


def _widened(g: Array, x: Array, axes: Axes) -> Array:
    """Give back the axes that a reduction has taken away, each with one entry."""
    return g.reshape([1 if axis in axes else size for axis, size in enumerate(x.shape)])


def _sum_to_x(g: Array, z: Array, x: Array, *, axes: Axes, keepdims: bool) -> Array:
    return np.broadcast_to(_widened(g, x, axes), x.shape)


def _mean_to_x(g: Array, z: Array, x: Array, *, axes: Axes, keepdims: bool) -> Array:
    entries = math.prod(x.shape[axis] for axis in axes)
    return np.broadcast_to(_widened(g, x, axes) / entries, x.shape)


def _max_to_x(g: Array, z: Array, x: Array, *, axes: Axes, keepdims: bool) -> Array:
    largest = x == _widened(z, x, axes)
    return largest * (_widened(g, x, axes) / largest.sum(axis=axes, keepdims=True))


sum_over = Operation("sum", lambda x, *, axes, keepdims: x.sum(axis=axes, keepdims=keepdims), _sum_to_x)
mean_over = Operation("mean", lambda x, *, axes, keepdims: x.mean(axis=axes, keepdims=keepdims), _mean_to_x)
max_over = Operation("max", lambda x, *, axes, keepdims: x.max(axis=axes, keepdims=keepdims), _max_to_x)

reshape = Operation("reshape", lambda x, *, shape: x.reshape(shape), lambda g, z, x, *, shape: g.reshape(x.shape))
transpose = Operation(
    "transpose", lambda x, *, axes: x.transpose(axes), lambda g, z, x, *, axes: g.transpose(np.argsort(axes))
)


def _take_to_x(g: Array, z: Array, x: Array, *, key: Any) -> Array:
    whole = np.zeros(x.shape, g.dtype)
    np.add.at(whole, key, g)  # an entry that was taken twice gets both gradients
    return whole


take = Operation("[…]", lambda x, *, key: x[key], _take_to_x)


def _cross_entropy_to_x(g: Array, z: Array, x: Array, *, y: Array) -> Array:
    return g * loss.gradient(x.T, y.T).T


cross_entropy_of_rows = Operation("cross_entropy", lambda x, *, y: loss.value(x.T, y.T), _cross_entropy_to_x)
