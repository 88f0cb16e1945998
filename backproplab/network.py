"""A network is layers and a loss; its forward and backward pass leave a list of steps that can be looked at."""

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from backproplab.activations import identity
from backproplab.checks import Array, columns, examples, float_type, named, real_array, shown
from backproplab.equations import output_error
from backproplab.layers import Flatten, Layer
from backproplab.losses import LOSSES, Loss, half_squared_error, target_rows
from backproplab.options import whole_numbers
from backproplab.storage import read_parameters, write_parameters
from backproplab.summary import LayerSummary, Summary

__all__ = ["Network", "Step", "Trace"]


@dataclass(slots=True, repr=False)
class Step:
    r"""What happened at one layer: everything is a column for each example of the batch.

    Attributes:
        layer: The layer itself.
        a_prev: What came in, $a^{l-1}$, shape (n_prev, N).
        z: Weighted inputs $z^l$, shape (n, N).
        a: Activations $a^l = \sigma(z^l)$, shape (n, N).
        kept_prime_z: $\sigma'(z^l)$, shape (n, N), if the activation gave it together with a; else None.
        delta: Errors $\delta^l = \partial C / \partial z^l$, shape (n, N); set by the backward pass.
        grads: Gradient for each parameter of the layer, by name; set by the backward pass.
    """

    layer: Layer
    a_prev: Array
    z: Array
    a: Array
    kept_prime_z: Array | None = None
    delta: Array = field(init=False)
    grads: dict[str, Array] = field(init=False)

    @property
    def prime_z(self) -> Array:
        r"""$\sigma'(z^l)$, shape (n, N): the one that was kept, or computed now."""
        return self.layer.activation.derivative(self.z) if self.kept_prime_z is None else self.kept_prime_z

    def __repr__(self) -> str:
        names = [name for name in ("a_prev", "z", "a", "delta") if hasattr(self, name)]
        shapes = ", ".join(f"{name} {getattr(self, name).shape}" for name in names)
        return f"Step({self.layer!r}: {shapes})"


@dataclass(frozen=True)
class Trace:
    """One whole pass through a network: forward, cost and backward.

    Attributes:
        steps: One `Step` for each layer, from the first to the last, with columns for examples.
        y: The targets as columns, shape (n_L, N).
        cost: The cost C, the mean over the examples.
        loss: The loss that the cost is a value of.
    """

    steps: list[Step]
    y: Array
    cost: float
    loss: Loss

    @property
    def gradients(self) -> dict[str, Array]:
        """The gradient for every parameter by name: W1, b1, W2 and so on."""
        return {
            f"{name}{number}": grad for number, step in enumerate(self.steps, 1) for name, grad in step.grads.items()
        }

    @property
    def grad_x(self) -> Array:
        """The gradient with respect to the inputs, ∂C/∂x, as columns; worked out when asked for, as training needs none.

        Raises:
            ValueError: If the first layer's parameters have changed since.
        """
        first = self.steps[0]
        if not np.array_equal(first.layer.forward(first.a_prev), first.z, equal_nan=True):
            raise ValueError("grad_x: expected the parameters of the trace, got a first layer that has changed since")
        return first.layer.pull_back(first.a_prev, first.delta)

    def _repr_markdown_(self) -> str | None:
        """Show a notebook both passes written out; only the usual line if parameters have changed since."""
        from backproplab.worked.examples import trace_markdown

        return trace_markdown(self)


class Network:
    r"""Layers one behind the other, and a loss at the end.

    Args:
        layers: The layers from input to output.
        loss: A `Loss` or its name.
        input_shape: The shape of one example; by default the one the first layer takes.

    Attributes:
        layers: The layers.
        loss: The loss.
        input_shape: The shape of one example.
        output_shape: The shape of one output.
        dtype: The type that all parameters share.

    Raises:
        TypeError: If a layer is no `Layer`, or the layers do not share one dtype.
        ValueError: If there is no layer, a layer comes twice, one does not fit the one before it, the loss is unknown,
            or the last layer bends in front of a loss that works on logits.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, for the algorithm.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: Loss | str = half_squared_error,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        if not isinstance(layers, Sequence):
            raise TypeError(f"layers: expected a list of layers, got {shown(layers)}")
        self.layers = tuple(layers)
        if not self.layers:
            raise ValueError("layers: expected at least one layer, got none")
        for number, layer in enumerate(self.layers, 1):
            if not isinstance(layer, Layer):
                raise TypeError(f"layers: expected a Layer as layer {number}, got {shown(layer)}")
            if layer in self.layers[: number - 1]:
                raise ValueError(
                    f"layers: expected every layer once, layer {number} is one that came before: {layer!r}"
                )
        self.loss = named(loss, LOSSES, "loss")
        self._check_end()
        first = self.layers[0]
        self.input_shape = first.input_shape if input_shape is None else whole_numbers(input_shape, "input_shape")
        self.output_shape = self._shapes()[-1]
        self.dtype = self._common_dtype()

    def _check_end(self) -> None:
        """Raise a `ValueError` if the last layer bends what the loss takes for logits."""
        number, last = next(
            (pair for pair in reversed([*enumerate(self.layers, 1)]) if not isinstance(pair[1], Flatten)),
            (1, self.layers[0]),
        )
        if self.loss.prediction is not identity and last.activation is not identity:
            inside = getattr(self.loss.prediction, "__name__", self.loss.prediction)
            raise ValueError(
                f"layers: expected the identity at the end, because {self.loss} applies the {inside} itself, "
                f"got layer {number}, {last!r}"
            )

    def _shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of one example before the first layer and behind each."""
        shapes = [self.input_shape]
        for number, layer in enumerate(self.layers, 1):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ValueError as error:
                way = f" (sizes on the way: {' → '.join(map(str, shapes))})" if number > 1 else ""
                raise ValueError(f"layer {number}, {error}{way}") from None
        return shapes

    def _common_dtype(self) -> np.dtype[Any]:
        dtypes = {name: array.dtype for name, array in self.parameters.items()}
        if len(set(dtypes.values())) > 1:
            listed = ", ".join(f"{name} {dtype}" for name, dtype in dtypes.items())
            raise TypeError(f"layers: expected one dtype for all parameters, got {listed}")
        return next(iter(dtypes.values()), np.dtype(np.float64))

    def __repr__(self) -> str:
        return f"Network([{', '.join(map(repr, self.layers))}], loss={self.loss})"

    @property
    def parameters(self) -> dict[str, Array]:
        """The live parameter arrays by name: W1, b1, W2, …, numbered as in the book."""
        return {
            f"{name}{number}": array
            for number, layer in enumerate(self.layers, 1)
            for name, array in layer.parameters.items()
        }

    def check_parameters(self) -> None:
        """Raise a `ValueError` that names the first parameter with a number that is not finite."""
        for name, array in self.parameters.items():
            real_array(array, name)

    def forward(self, a: Array) -> list[Step]:
        """Send a batch of columns through all layers and return the steps, without errors and gradients yet."""
        steps = []
        for layer in self.layers:
            a_prev, z = a, layer.forward(a)
            a, prime_z = layer.activation.forward(z)
            steps.append(Step(layer, a_prev, z, a, prime_z))
        return steps

    def backward(self, steps: list[Step], grad_a: Array) -> list[Step]:
        r"""Go back through the steps and set each one's error and gradients.

        Args:
            steps: What `forward` returned.
            grad_a: $\partial C / \partial a^L$, shape (n_L, N).

        Returns:
            The same steps.
        """
        for step in reversed(steps):
            layer = step.layer
            if layer.activation is identity:
                step.delta = grad_a  # BP1 with σ′ = 1
            else:
                step.delta = output_error(grad_a, step.prime_z)
            step.grads = layer.gradients(step.a_prev, step.delta)
            if step is not steps[0]:
                grad_a = layer.pull_back(step.a_prev, step.delta)
        return steps

    def summary(self) -> Summary:
        """Return a table of the layers: output shape, parameters and multiply-adds of each, and their totals."""
        shapes = self._shapes()
        rows = [
            LayerSummary(
                repr(layer),
                shape,
                sum(array.size for array in layer.parameters.values()),
                layer.multiply_adds(shape_before),
            )
            for layer, shape_before, shape in zip(self.layers, shapes, shapes[1:], strict=False)
        ]
        return Summary(self.input_shape, tuple(rows))

    def trace(self, x: ArrayLike, y: ArrayLike) -> Trace:
        """Run one forward and one backward pass and keep everything.

        Args:
            x: Rows of examples, shape (N, *input_shape), or one example.
            y: Rows of targets, shape (N, *output_shape), or N class labels; or the target of one example.

        Returns:
            The trace. Inside it every example is a column.

        Raises:
            TypeError: If `x` or `y` is not numeric.
            ValueError: If a shape does not fit, a label is out of range, or a number is not finite.
        """
        rows, targets = self.pairs(x, y)
        steps, y_columns = self.forward(columns(rows)), columns(targets)
        a = steps[-1].a
        self.backward(steps, self.loss.gradient(a, y_columns))
        return Trace(steps, y_columns, self.loss.value(a, y_columns), self.loss)

    def predict(self, x: ArrayLike) -> Array:
        """Return what the network makes of each example, as rows: probabilities under the two cross-entropies.

        Args:
            x: Rows of examples, shape (N, *input_shape), or one example.

        Returns:
            Predictions, shape (N, *output_shape), or (*output_shape) for one example.

        Raises:
            TypeError: If `x` is not numeric.
            ValueError: If its shape does not fit, or a number is not finite, be it in `x` or among the parameters.
        """
        rows = examples(x, self.input_shape, "x", self.dtype)
        self.check_parameters()
        outputs = self.loss.prediction(self.forward(columns(rows))[-1].a)
        predictions = np.moveaxis(outputs, -1, 0)
        return predictions[0] if np.shape(x) == self.input_shape else predictions

    def cost(self, x: ArrayLike, y: ArrayLike) -> float:
        """Return the cost C of examples and targets, given as for `trace`."""
        rows, targets = self.pairs(x, y)
        return self.loss.value(self.forward(columns(rows))[-1].a, columns(targets))

    def pairs(self, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Return examples and targets as two batches of rows that fit the network, labels as one-hot rows.

        Raises:
            TypeError: If `x` or `y` is not numeric.
            ValueError: If a shape does not fit, a label is out of range, or a number is not finite.
        """
        rows = examples(x, self.input_shape, "x", self.dtype)
        targets = target_rows(y, len(rows), self.output_shape, self.dtype)
        self.loss.check(targets)
        return rows, targets

    def astype(self, dtype: DTypeLike) -> "Network":
        """Return a copy of the network, parameters and all, in float32 or float64.

        Raises:
            TypeError: If `dtype` is neither float32 nor float64.
        """
        twin = copy.deepcopy(self)
        twin.dtype = float_type(dtype)
        for layer in twin.layers:
            for name, array in layer.parameters.items():
                setattr(layer, name, array.astype(twin.dtype))
        return twin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all parameters to an `.npz` file; an older file of that name stays whole until the new one is.

        Raises:
            OSError: If the file cannot be written.
            ValueError: If a parameter is not finite; then no file is touched.
        """
        self.check_parameters()
        write_parameters(path, self.parameters, self.architecture)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read all parameters from a file of the same architecture; on any error the network stays as it is.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file holds no parameters, or those of another architecture, or an array of the network
                is read-only.
        """
        for name, array in self.parameters.items():
            if not array.flags.writeable:
                raise ValueError(f"{name}: expected an array that can be written to, got a read-only one")
        stored = read_parameters(path, self.parameters, self.architecture)
        for name, array in self.parameters.items():
            array[...] = stored[name]

    @property
    def architecture(self) -> list[str]:
        """Lines that describe the network: the shape of one example, each layer, and the loss."""
        layers = [f"layer {number} {layer!r}" for number, layer in enumerate(self.layers, 1)]
        return [f"input shape {self.input_shape}", *layers, f"loss {self.loss}"]
