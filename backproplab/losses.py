"""Loss functions, each with its gradient directly under it: the mean over the examples of a batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike

from backproplab.activations import identity, sigmoid, softmax, softmax_others
from backproplab.checks import Array, array_size, class_labels, examples, number_array, plain_array, whole_number
from backproplab.options import function, symbol

__all__ = [
    "LOSSES",
    "Loss",
    "binary_cross_entropy",
    "half_squared_error",
    "mean_squared_error",
    "one_hot",
    "softmax_cross_entropy",
    "squared_error",
]


def _any_target(y: Array) -> None:
    """Accept every finite target."""


def _probability(y: Array) -> None:
    outside = y[(y < 0) | (y > 1)]
    if outside.size:
        raise ValueError(f"y: expected targets from 0 to 1, got {outside[0]}")


def _shares(y: Array) -> None:
    _probability(y)
    sums = y.sum(axis=1)
    wrong = sums[~np.isclose(sums, 1, rtol=1e-4)]
    if wrong.size:
        raise ValueError(f"y: expected the targets of each example to add up to 1, got a sum of {wrong[0]:g}")


@dataclass(frozen=True)
class Loss:
    r"""A cost $C(a, y)$, the mean over the examples, together with its gradient $\partial C / \partial a$.

    Attributes:
        name: The name under which networks and saved files know it.
        value: Maps the last activation and the target, both (n, N), to one number.
        gradient: Maps the same two to $\partial C / \partial a$, shape (n, N); the mean's $1/N$ is in it.
        prediction: Maps the last activation to what it predicts of `y`: probabilities for the two losses
            that work on logits, the activation itself for the others.
        check: Raises a `ValueError` if rows of targets, shape (N, n), are none that the loss can take.

    Raises:
        TypeError: If a function cannot be called.
        ValueError: If the name is not made of letters, digits and underscores.

    The package's own `value` and `gradient` raise a `TypeError` if an argument is not numeric, and a `ValueError` if
    the shapes of the two differ or there is no example.
    """

    name: str
    value: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array], Array]
    prediction: Callable[[Array], Array] = identity
    check: Callable[[Array], None] = _any_target

    def __post_init__(self) -> None:
        symbol(self.name, "name"), function(self.value, "value"), function(self.gradient, "gradient")
        function(self.prediction, "prediction"), function(self.check, "check")

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        # copied and pickled by its name, one of the package's own stays the same object
        return self.name if LOSSES.get(self.name) is self else super().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return self.name


def _pair(a: Array, y: Array, name: str = "a") -> tuple[Array, Array]:
    """Return an output and its target as arrays of one shape; NumPy would stretch one to the shape of the other."""
    if type(a) is type(y) is np.ndarray and a.shape == y.shape and a.ndim > 1 and a.size:
        return a, y
    a, y = number_array(a, name), number_array(y, "y")
    if a.shape != y.shape:
        raise ValueError(f"y: expected the shape of {name}, {a.shape}, got {y.shape}")
    if a.ndim < 2 or a.size == 0:
        raise ValueError(f"{name}: expected a column for each example, shape (n, N), got {a.shape}")
    return a, y


def _error(a: Array, y: Array) -> Array:
    a, y = _pair(a, y)
    return a - y


def _half_squared_error(a: Array, y: Array) -> float:
    error = _error(a, y)
    return float(np.vdot(error, error)) / (2 * error.shape[-1])


def _half_squared_error_gradient(a: Array, y: Array) -> Array:
    error = _error(a, y)
    return error / error.shape[-1]


def _squared_error(a: Array, y: Array) -> float:
    error = _error(a, y)
    return float(np.vdot(error, error)) / error.shape[-1]


def _squared_error_gradient(a: Array, y: Array) -> Array:
    error = _error(a, y)
    return 2 * error / error.shape[-1]


def _mean_squared_error(a: Array, y: Array) -> float:
    error = _error(a, y)
    return float(np.vdot(error, error)) / error.size


def _mean_squared_error_gradient(a: Array, y: Array) -> Array:
    error = _error(a, y)
    return 2 * error / error.size


def _binary_cross_entropy(z: Array, y: Array) -> float:
    z, y = _pair(z, y, "z")
    # −ln σ(z) is max(−z, 0) and −ln(1 − σ(z)) is max(z, 0), each with the same small term on top
    each = y * np.maximum(-z, 0) + (1 - y) * np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return float(each.sum() / z.shape[-1])


def _binary_cross_entropy_gradient(z: Array, y: Array) -> Array:
    z, y = _pair(z, y, "z")
    # σ(z) − y, written so that it keeps its digits where σ(z) rounds to 1: 1 − σ(z) = σ(−z)
    return ((1 - y) * sigmoid(z) - y * sigmoid(-z)) / z.shape[-1]


def _softmax_cross_entropy(z: Array, y: Array) -> float:
    z, y = _pair(z, y, "z")
    shifted = z - z.max(axis=0)
    all_but_largest = np.sort(np.exp(shifted), axis=0)[:-1].sum(axis=0)  # the largest is 1, and log1p adds it
    return float(np.vdot(y, np.log1p(all_but_largest) - shifted) / z.shape[-1])


def _softmax_cross_entropy_gradient(z: Array, y: Array) -> Array:
    z, y = _pair(z, y, "z")
    # softmax(z) − y, written so that it keeps its digits where a share rounds to 1
    a = softmax(z)
    return ((1 - y) * a - y * softmax_others(a)) / z.shape[-1]


half_squared_error = Loss("half_squared_error", _half_squared_error, _half_squared_error_gradient)
r"""The book's default: $C = \dfrac{1}{N}\sum_i \tfrac12\lVert a_i - y_i\rVert^2$, gradient $(a - y)/N$.

The ½ cancels the 2 of the derivative. Source: Nielsen, *Neural Networks and Deep Learning*, equation 6.
"""

squared_error = Loss("squared_error", _squared_error, _squared_error_gradient)
r"""Without the ½: $C = \dfrac{1}{N}\sum_i \lVert a_i - y_i\rVert^2$, gradient $2(a - y)/N$.

Source: 3Blue1Brown, *Backpropagation calculus*.
"""

mean_squared_error = Loss("mean_squared_error", _mean_squared_error, _mean_squared_error_gradient)
r"""The mean over examples *and* outputs: $C = \dfrac{1}{nN}\sum_{i,j} (a_{ji} - y_{ji})^2$, gradient $2(a - y)/(nN)$.

Source: the default of PyTorch's `MSELoss`.
"""

binary_cross_entropy = Loss(
    "binary_cross_entropy", _binary_cross_entropy, _binary_cross_entropy_gradient, sigmoid, _probability
)
r"""Cross-entropy of yes-or-no outputs, on their logits $z$; targets between 0 and 1.

$$C = -\frac1N \sum \bigl[y \ln \sigma(z) + (1 - y) \ln(1 - \sigma(z))\bigr], \qquad
\frac{\partial C}{\partial z} = \frac{\sigma(z) - y}{N}$$

The network ends in the identity: the sigmoid is inside the loss, which keeps it finite for any logit.
Source: Bishop 2006, *Pattern Recognition and Machine Learning*, equation 4.90.
"""

softmax_cross_entropy = Loss(
    "softmax_cross_entropy", _softmax_cross_entropy, _softmax_cross_entropy_gradient, softmax, _shares
)
r"""Cross-entropy of one class out of n, on the logits $z$; each target column adds up to one.

$$C = -\frac1N \sum_{i,j} y_{ji} \ln \operatorname{softmax}(z_i)_j, \qquad
\frac{\partial C}{\partial z} = \frac{\operatorname{softmax}(z) - y}{N}$$

The network ends in the identity: the softmax is inside the loss, because it has no elementwise derivative.
Source: Bishop 2006, *Pattern Recognition and Machine Learning*, equations 4.108 and 4.109.
"""

LOSSES = {
    loss.name: loss
    for loss in (half_squared_error, squared_error, mean_squared_error, binary_cross_entropy, softmax_cross_entropy)
}
"""Every loss of the package by its name."""


def one_hot(labels: ArrayLike, classes: int) -> Array:
    """Return a row for each label: 1 at the label's place, 0 elsewhere.

    Args:
        labels: Whole numbers from 0 to classes − 1, shape (N,).
        classes: How many classes there are.

    Returns:
        Targets, shape (N, classes).

    Raises:
        TypeError: If the labels are not integers, or `classes` is not.
        ValueError: If one is out of range, there is no class, or the rows would take more than any memory.
    """
    classes = whole_number(classes, "classes")
    places = class_labels(labels, classes, "labels")
    array_size((len(places), classes), "classes")
    rows = np.zeros((len(places), classes))
    rows[np.arange(len(places)), places] = 1
    return rows


def target_rows(y: ArrayLike, number: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return targets as rows: class labels become one-hot, and one output per example may come as a vector.

    Args:
        y: Targets of shape (number, *shape), or `number` class labels, or the target of the only example.
        number: How many examples they belong to.
        shape: The shape of one output.
        dtype: The type to convert to.

    Raises:
        TypeError: If `y` is not numeric.
        ValueError: If the shape or the number does not fit, or a label is out of range.
    """
    given = plain_array(y, "y")
    one_target = number == 1 and given.shape == shape
    if given.ndim <= 1 and not one_target:
        if shape == (1,):
            given = given.reshape(-1, 1)
        elif given.dtype.kind in "ui" and len(shape) == 1:
            given = one_hot(class_labels(given, shape[0], "y"), shape[0])
        elif given.dtype.kind == "f" and given.shape in ((), (number,)):
            raise TypeError(f"y: expected integer labels or targets of shape {(number, *shape)}, got {given.dtype}")
        elif given.dtype.kind == "O" and given.shape == (number,):
            class_labels(given, shape[0], "y")
    elif given.dtype.kind in "ui" and given.shape == (number, 1) != (number, *shape):
        raise ValueError(f"y: expected labels of shape ({number},), got {given.shape}: write y[:, 0]")
    rows = examples(given, shape, "y", dtype)
    if len(rows) != number:
        raise ValueError(f"y: expected {number} targets, one for each example of x, got {len(rows)}")
    return rows
