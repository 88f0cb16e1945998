"""Convolution: one small kernel of weights for each feature map, shared by every place of the image."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from backproplab.activations import ACTIVATIONS, Activation, identity
from backproplab.checks import Array, array_size, float_type, named, real_array, whole_number
from backproplab.correlation import correlate, kernel_gradient, spread
from backproplab.initialization import INITIALIZATIONS, Initialization, lecun
from backproplab.layers import Layer, bias_column
from backproplab.windows import Pair, brief, pair, places

__all__ = ["Conv2d"]


class Conv2d(Layer):
    r"""A convolutional layer: every neuron hears one window of the image, all neurons of a map with one kernel.

    $$z_{f,i,j} = b_f + \sum_{c,u,v} w_{f,c,u,v}\; a^{l-1}_{c,\;i s + u - p,\;j s' + v - p'}, \qquad a^l = \sigma(z^l)$$

    where $a^{l-1}$ is zero outside the image. The kernels start as normal random numbers, by default with standard
    deviation $g / \sqrt{C K K'}$, where $g$ is the activation's gain, and the biases at zero.

    Args:
        inputs: Channels it takes, $C$.
        outputs: Feature maps it makes, $F$.
        kernel: The kernel's size, a number or a pair (K, K').
        activation: An `Activation` or its name.
        stride: The step from window to window, a number or a pair (down, across).
        padding: Rows and columns of zeros around the image, a number or a pair.
        init: The `Initialization` of the kernels or its name: "lecun", "xavier", "he" or "normal".
        rng: The generator the first kernels are drawn from.
        dtype: float64 to check, float32 to train fast.

    Attributes:
        W: Kernels, shape (F, C, K, K').
        b: Biases, one shared by each feature map, shape (F, 1).
        activation: The activation function.
        kernel: The pair (K, K').
        stride: The pair (s, s').
        padding: The pair (p, p').

    Raises:
        TypeError: If a size is not a whole number, `rng` is no generator, or `dtype` is neither float32 nor float64.
        ValueError: If a size is below one, the padding is as large as the kernel, the kernels would take more than any
            memory, or the activation or the initialisation is unknown.

    Source: LeCun et al. 1998, *Gradient-Based Learning Applied to Document Recognition*, section II.
    """

    W: Array
    b: Array

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | Pair,
        activation: Activation | str = identity,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        init: Initialization | str = lecun,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float64,
    ) -> None:
        inputs, outputs = whole_number(inputs, "inputs"), whole_number(outputs, "outputs")
        self.activation = named(activation, ACTIVATIONS, "activation")
        self.kernel, self.stride, self.padding = _geometry(kernel, stride, padding)
        array_size((inputs, outputs, *self.kernel), "inputs × outputs × kernel")
        kind: np.dtype[Any] = float_type(dtype)
        weights = named(init, INITIALIZATIONS, "init").draw((outputs, inputs, *self.kernel), self.activation.gain, rng)
        self.W = weights.astype(kind)
        self.b = np.zeros((outputs, 1), dtype=kind)

    @classmethod
    def from_parameters(
        cls,
        W: ArrayLike,
        b: ArrayLike,
        activation: Activation | str = identity,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
    ) -> "Conv2d":
        """Build a layer from given kernels and biases, which are copied.

        Args:
            W: Kernels, shape (F, C, K, K').
            b: Biases, shape (F,) or (F, 1).
            activation: An `Activation` or its name.
            stride: The step from window to window, a number or a pair.
            padding: Rows and columns of zeros around the image, a number or a pair.

        Raises:
            TypeError: If a size is not a whole number, or the weights are neither float32 nor float64.
            ValueError: If the shapes do not fit together, a number is not finite, or the padding is too large.
        """
        layer = cls.__new__(cls)
        layer.activation = named(activation, ACTIVATIONS, "activation")
        layer.W = np.array(real_array(W, "W"))
        if layer.W.ndim != 4 or layer.W.size == 0:
            raise ValueError(f"W: expected shape (outputs, inputs, height, width), got {layer.W.shape}")
        float_type(layer.W.dtype, "W")
        layer.b = bias_column(b, layer.W)
        layer.kernel, layer.stride, layer.padding = _geometry(layer.W.shape[2:], stride, padding)
        return layer

    def __repr__(self) -> str:
        outputs, inputs = self.W.shape[:2]
        sizes = f"stride={brief(self.stride)}, padding={brief(self.padding)}"
        return f"Conv2d({inputs}, {outputs}, {brief(self.kernel)}, {self.activation}, {sizes})"

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The live arrays W and b."""
        return {"W": self.W, "b": self.b}

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (F, height, width), or raise a `ValueError` unless the input is (C, H, W) and no window too small."""
        outputs, inputs = self.W.shape[:2]
        if len(input_shape) != 3 or input_shape[0] != inputs:
            raise ValueError(f"{self!r}: expected an input of shape ({inputs}, height, width), got {input_shape}")
        return (outputs, *places(input_shape[1:], self.kernel, self.stride, repr(self), self.padding))

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return one for each weight at each place."""
        return self.W[0].size * math.prod(self.output_shape(input_shape))

    def forward(self, a_prev: Array) -> Array:
        """Return z, the padded image correlated with the kernels, plus b; shape (F, height, width, N)."""
        z = correlate(self._padded(a_prev), self.W, self.stride)
        z += self.b[:, :, np.newaxis, np.newaxis]
        return z

    def gradients(self, a_prev: Array, delta: Array) -> dict[str, Array]:
        """Return ∂C/∂W, and ∂C/∂b by BP3: a shared bias collects the errors of its whole map."""
        return {
            "W": kernel_gradient(delta, self._padded(a_prev), self.kernel, self.stride),
            "b": delta.sum(axis=(1, 2, 3)).reshape(-1, 1),
        }

    def pull_back(self, a_prev: Array, delta: Array) -> Array:
        """Return ∂C/∂a_prev, the spread errors correlated with the turned kernels."""
        turned = self.W[:, :, ::-1, ::-1].swapaxes(0, 1)  # (C, F, K, K')
        errors = spread(delta, a_prev.shape[1:3], self.kernel, self.stride, self.padding)
        return correlate(errors, turned)

    def _padded(self, a: Array) -> Array:
        """Return the images with zeros around them."""
        if self.padding == (0, 0):
            return a
        (down, across), (channels, height, width, examples) = self.padding, a.shape
        padded = np.zeros((channels, height + 2 * down, width + 2 * across, examples), a.dtype)
        padded[:, down : down + height, across : across + width] = a
        return padded


def _geometry(kernel: int | Pair, stride: int | Pair, padding: int | Pair) -> tuple[Pair, Pair, Pair]:
    """Return the three as pairs that go together."""
    sizes, steps, zeros = pair(kernel, "kernel"), pair(stride, "stride"), pair(padding, "padding", least=0)
    if zeros[0] >= sizes[0] or zeros[1] >= sizes[1]:
        raise ValueError(f"padding: expected less than the kernel, {brief(sizes)}, got {brief(zeros)}")
    return sizes, steps, zeros
