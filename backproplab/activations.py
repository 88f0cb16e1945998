"""Activation functions, each with its derivative directly under it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

from backproplab.checks import Array, number_array, positive
from backproplab.options import function, symbol

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "identity",
    "leaky_relu",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_jacobian",
    "tanh",
]


@dataclass(frozen=True)
class Activation:
    r"""An elementwise function $a = \sigma(z)$ together with its derivative $\sigma'(z)$.

    Attributes:
        name: The name under which layers and saved files know it.
        function: Maps $z$ to $\sigma(z)$, any shape to the same shape.
        derivative: Maps $z$ to $\sigma'(z)$, any shape to the same shape.
        gain: The factor by which a layer scales up its first weights, so that the signal keeps its size
            (He et al. 2015, *Delving Deep into Rectifiers*, section 2.2).
        with_derivative: Maps $z$ to $\sigma(z)$ and $\sigma'(z)$ at once, where the second is almost free beside the first.

    Raises:
        TypeError: If `function` or `derivative` cannot be called, or `gain` is not a number.
        ValueError: If the name is not made of letters, digits and underscores, or `gain` is not above zero.
    """

    name: str
    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    gain: float = 1.0
    with_derivative: Callable[[Array], tuple[Array, Array]] | None = None

    def __post_init__(self) -> None:
        symbol(self.name, "name"), function(self.function, "function"), function(self.derivative, "derivative")
        positive(self.gain, "gain")

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        # copied and pickled by its name, one of the package's own stays the same object
        return self.name if ACTIVATIONS.get(self.name) is self else super().__reduce_ex__(protocol)

    def __call__(self, z: Array) -> Array:
        """Return σ(z)."""
        return self.function(number_array(z, "z"))

    def forward(self, z: Array) -> tuple[Array, Array | None]:
        """Return σ(z), and σ′(z) with it if that is almost free."""
        return (self.function(z), None) if self.with_derivative is None else self.with_derivative(z)

    def __repr__(self) -> str:
        return self.name


# for each precision 1, and the last whole z whose power e^z is finite; as arrays, which NumPy takes faster than numbers
CONSTANTS = {
    kind.char: (np.array(1, kind), np.array(np.floor(np.log(np.finfo(kind).max)), kind))
    for kind in (np.dtype(np.float32), np.dtype(np.float64))
}


def _powers(z: Array) -> tuple[Array, Array]:
    """Return e^z and 1 + e^z, finite for any z; where z is cut, σ(z) rounds to 1 and σ′(z) is below the normal numbers."""
    z = number_array(z, "z")
    one, last = CONSTANTS.get(z.dtype.char, CONSTANTS["d"])
    e = np.exp(np.minimum(z, last))
    return e, one + e


def _sigmoid(z: Array) -> Array:
    e, e_plus_one = _powers(z)
    return e / e_plus_one


def _sigmoid_with_derivative(z: Array) -> tuple[Array, Array]:
    e, e_plus_one = _powers(z)
    a = e / e_plus_one
    return a, a / e_plus_one


def _sigmoid_derivative(z: Array) -> Array:
    return _sigmoid_with_derivative(z)[1]


def _tanh(z: Array) -> Array:
    return np.tanh(number_array(z, "z"))


def _tanh_derivative(z: Array) -> Array:
    e = np.exp(-np.abs(number_array(z, "z")))
    return np.square(2 * e / (1 + e * e))


def _relu(z: Array) -> Array:
    z = number_array(z, "z")
    return np.maximum(z, np.zeros_like(z))  # against an array, NumPy is several times faster than against a number


def _relu_derivative(z: Array) -> Array:
    z = number_array(z, "z")
    return (z > 0).astype(z.dtype)


LEAK = 0.01


def _leaky_relu(z: Array) -> Array:
    z = number_array(z, "z")
    return np.maximum(z, LEAK * z)


def _leaky_relu_derivative(z: Array) -> Array:
    z = number_array(z, "z")
    return np.where(z > 0, 1.0, LEAK).astype(z.dtype, copy=False)


def _identity(z: Array) -> Array:
    return z


def _identity_derivative(z: Array) -> Array:
    return np.ones_like(number_array(z, "z"))


sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_derivative, with_derivative=_sigmoid_with_derivative)
r"""The logistic function, $\sigma(z) = \dfrac{1}{1 + e^{-z}}$ with $\sigma'(z) = \sigma(z)\,(1 - \sigma(z))$.

Its range is $(0, 1)$. Function and derivative are computed as $\sigma(z) = e^z / (1 + e^z)$ and
$\sigma'(z) = \sigma(z) / (1 + e^z)$, which keeps every digit where $1 - \sigma(z)$ would round to zero.
Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1.
"""

tanh = Activation("tanh", _tanh, _tanh_derivative)
r"""The hyperbolic tangent, with $\tanh'(z) = 1 - \tanh^2(z)$ and range $(-1, 1)$.

The derivative is computed as $\bigl(2e^{-|z|} / (1 + e^{-2|z|})\bigr)^2$, which keeps every digit for large $|z|$.
Source: LeCun et al. 1998, *Efficient BackProp*, section 4.4.
"""

relu = Activation("relu", _relu, _relu_derivative, gain=2**0.5)
r"""The rectified linear unit, $\max(0, z)$, with derivative 1 for $z > 0$ and 0 for $z \le 0$.

At $z = 0$ there is no derivative; the book takes 0, as PyTorch does. Range $[0, \infty)$.
Source: Nair and Hinton 2010, *Rectified Linear Units Improve Restricted Boltzmann Machines*.
"""

leaky_relu = Activation("leaky_relu", _leaky_relu, _leaky_relu_derivative, gain=2**0.5)
r"""The leaky rectified linear unit: $z$ for $z > 0$ and $z / 100$ for $z \le 0$.

At $z = 0$ the book takes the derivative of the left side, $1/100$, as PyTorch does. Its range is all real numbers.
Source: Maas, Hannun and Ng 2013, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*.
"""

identity = Activation("identity", _identity, _identity_derivative)
r"""The identity, $\sigma(z) = z$ with $\sigma'(z) = 1$: the activation of a layer that has none."""

ACTIVATIONS = {activation.name: activation for activation in (sigmoid, tanh, relu, leaky_relu, identity)}
"""Every activation of the package by its name."""


def softmax(z: Array) -> Array:
    r"""Turn scores into positive shares that add up to one, column by column.

    $$a_j = \frac{e^{z_j}}{\sum_k e^{z_k}}$$

    The largest score is subtracted first, which changes nothing in the quotient and keeps the powers finite.

    Args:
        z: Scores, shape (n,) or (n, N).

    Returns:
        Shares of the same shape; each column adds up to one.

    Raises:
        TypeError: If `z` is not numeric.
        ValueError: If there is no score.

    Source: Bridle 1990, *Probabilistic Interpretation of Feedforward Classification Network Outputs*.
    """
    z = number_array(z, "z")
    if not z.ndim or not len(z):
        raise ValueError(f"z: expected at least one score, shape (n,) or (n, N), got {z.shape}")
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def softmax_others(a: Array) -> Array:
    """Return 1 − a, what all other shares of a softmax have together, with its digits even where a rounds to 1."""
    small = a <= 1 / 2
    return np.where(small, 1 - a, (a * small).sum(axis=0))


def softmax_jacobian(z: Array) -> Array:
    r"""Return the derivatives of the softmax, which is no elementwise function.

    $$\frac{\partial a_j}{\partial z_k} = a_j\,([j = k] - a_k)$$

    with $[j = k]$ equal to 1 if $j = k$ and to 0 if not.

    Args:
        z: Scores of one example, shape (n,).

    Returns:
        The Jacobian, shape (n, n): row j, column k.

    Raises:
        TypeError: If `z` is not numeric.
        ValueError: If `z` is not a vector, or has no entry.

    Source: Bishop 2006, *Pattern Recognition and Machine Learning*, equation 4.106.
    """
    z = number_array(z, "z")
    if z.ndim != 1:
        raise ValueError(f"z: expected the scores of one example, shape (n,), got {z.shape}")
    a = softmax(z)
    jacobian = -np.outer(a, a)
    np.fill_diagonal(jacobian, a * softmax_others(a))
    return jacobian
