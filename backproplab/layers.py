"""Layers: how a weighted input z comes from the activations before it, and how an error goes back through it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from backproplab.activations import ACTIVATIONS, Activation, identity
from backproplab.checks import Array, array_size, float_type, named, real_array, whole_number
from backproplab.equations import bias_gradient, pull_back, weight_gradient
from backproplab.initialization import INITIALIZATIONS, Initialization, lecun

__all__ = ["Dense", "Flatten", "Layer"]


class Layer(ABC):
    """What a network needs of a layer; it holds its parameters and nothing else.

    Attributes:
        activation: The elementwise function behind it; a layer without parameters has the identity.
    """

    activation: Activation = identity

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The live parameter arrays by name; none unless the layer learns."""
        return {}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example, for a layer that fixes it alone."""
        raise ValueError(f"input_shape: expected the shape of one example, because {self!r} alone does not fix it")

    @abstractmethod
    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one example behind the layer, or raise a `ValueError` if it does not fit."""

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return how many products of a weight and an activation one example costs on its way forward."""
        return 0

    @abstractmethod
    def forward(self, a_prev: Array) -> Array:
        """Return the weighted input z."""

    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        """Return the gradient for each parameter, under the parameter's name."""
        return {}

    @abstractmethod
    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        """Return the gradient with respect to `a_prev`."""


class Dense(Layer):
    r"""A fully connected layer: every neuron hears every activation of the layer before it.

    $$z^l = W^l a^{l-1} + b^l, \qquad a^l = \sigma(z^l)$$

    The weights start as normal random numbers, by default with standard deviation $g / \sqrt{n_\text{in}}$, where $g$ is
    the activation's gain, and the biases at zero.

    Args:
        inputs: Activations it takes, $n_{l-1}$.
        outputs: Neurons it has, $n_l$.
        activation: An `Activation` or its name.
        init: The `Initialization` of the weights or its name: "lecun", "xavier", "he" or "normal".
        rng: The generator the first weights are drawn from.
        dtype: float64 to check, float32 to train fast.

    Attributes:
        W: Weights, shape (outputs, inputs); `W[j, k]` goes from neuron k to neuron j.
        b: Biases, shape (outputs, 1).
        activation: The activation function.

    Raises:
        TypeError: If a size is not a whole number, `rng` is no generator, or `dtype` is neither float32 nor float64.
        ValueError: If a size is below one, the weights would take more than any memory, or the name of the activation
            or of the initialisation is unknown.

    Source: LeCun et al. 1998, *Efficient BackProp*, equation 16, for the scale of the weights.
    """

    W: Array
    b: Array

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Activation | str = identity,
        *,
        init: Initialization | str = lecun,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float64,
    ) -> None:
        inputs, outputs = whole_number(inputs, "inputs"), whole_number(outputs, "outputs")
        self.activation = named(activation, ACTIVATIONS, "activation")
        array_size((inputs, outputs), "inputs × outputs")
        kind: np.dtype[Any] = float_type(dtype)
        weights = named(init, INITIALIZATIONS, "init").draw((outputs, inputs), self.activation.gain, rng)
        self.W = weights.astype(kind)
        self.b = np.zeros((outputs, 1), dtype=kind)

    @classmethod
    def from_parameters(cls, W: ArrayLike, b: ArrayLike, activation: Activation | str = identity) -> "Dense":
        """Build a layer from given weights and biases, which are copied.

        Args:
            W: Weights, shape (outputs, inputs).
            b: Biases, shape (outputs,) or (outputs, 1).
            activation: An `Activation` or its name.

        Raises:
            TypeError: If a value is not numeric, or the weights are floats of other precision than float32 or float64.
            ValueError: If the shapes do not fit together or a number is not finite.
        """
        layer = cls.__new__(cls)
        layer.activation = named(activation, ACTIVATIONS, "activation")
        layer.W = np.array(real_array(W, "W"))
        if layer.W.ndim != 2 or layer.W.size == 0:
            raise ValueError(f"W: expected shape (outputs, inputs), got {layer.W.shape}")
        float_type(layer.W.dtype, "W")
        layer.b = bias_column(b, layer.W)
        return layer

    def __repr__(self) -> str:
        outputs, inputs = self.W.shape
        return f"Dense({inputs}, {outputs}, {self.activation})"

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The live arrays W and b."""
        return {"W": self.W, "b": self.b}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example, `(inputs,)`."""
        return (self.W.shape[1],)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return `(outputs,)`, or raise a `ValueError` unless the input is `(inputs,)`."""
        if input_shape != self.input_shape:
            raise ValueError(f"{self!r}: expected an input of shape {self.input_shape}, got {input_shape}")
        return (self.W.shape[0],)

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return one for each weight."""
        return self.W.size

    def forward(self, a_prev: Array) -> Array:
        """Return z = W a_prev + b, shape (outputs, N)."""
        z = self.W.dot(a_prev)
        z += self.b
        return z

    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        """Return ∂C/∂W by BP4 and ∂C/∂b by BP3."""
        return {"W": weight_gradient(delta, a_prev), "b": bias_gradient(delta)}

    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        """Return ∂C/∂a_prev = Wᵀ δ, the first half of BP2."""
        return pull_back(self.W, delta)


class Flatten(Layer):
    r"""Lay the activations of each example out as one column, channel by channel and row by row.

    $$z_{(c H + i) W + j} = a^{l-1}_{c,i,j}$$

    The activation is the identity, so the error goes back unchanged, in the shape of the image.
    """

    def __repr__(self) -> str:
        return "Flatten()"

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (activations,), whatever the input's shape."""
        return (math.prod(input_shape),)

    def forward(self, a_prev: Array) -> Array:
        """Return z, shape (activations, N)."""
        return a_prev.reshape(-1, a_prev.shape[-1])

    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        """Return δ in the shape of `a_prev`."""
        return delta.reshape(a_prev.shape)


def bias_column(b: ArrayLike, W: Array) -> Array:
    """Return a copy of given biases as a column that fits the given weights.

    Raises:
        ValueError: If there is not one bias for each output, or a number is not finite.
    """
    biases = real_array(b, "b", W.dtype)
    outputs = len(W)
    if W.ndim == 2 and biases.shape == W.shape[1:] != (outputs,):
        raise ValueError(f"W: expected shape (outputs, inputs), got {W.shape} with b {biases.shape}: write W.T")
    if biases.shape not in ((outputs,), (outputs, 1)):
        raise ValueError(f"b: expected shape ({outputs},) or ({outputs}, 1) to fit W {W.shape}, got {biases.shape}")
    return np.array(biases.reshape(outputs, 1))
