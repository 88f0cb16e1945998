"""What a network needs of tensors: a layer, a loss, and a step of an optimizer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from backproplab.autograd.operations import cross_entropy_of_rows
from backproplab.autograd.tensor import Operand, Tensor, record
from backproplab.checks import shown
from backproplab.initialization import Initialization, lecun
from backproplab.layers import Dense
from backproplab.losses import softmax_cross_entropy, target_rows
from backproplab.optimizers import Optimizer
from backproplab.options import sequence

__all__ = ["Linear", "cross_entropy", "take_step"]


class Linear:
    r"""A fully connected layer of tensors, without an activation; every example is a row.

    $$Z = X W^\mathsf{T} + b$$

    It starts as a `Dense` layer does.

    Args:
        inputs: Activations it takes, n.
        outputs: Neurons it has, m.
        init: The `Initialization` of the weights or its name.
        rng: The generator the first weights are drawn from.
        dtype: float64 or float32.

    Attributes:
        W: Weights, a tensor of shape (m, n).
        b: Biases, a tensor of shape (m,).

    Raises:
        TypeError: If a size is not a whole number, `rng` is no generator, or `dtype` is neither float32 nor float64.
        ValueError: If a size is below one, the weights would take more than any memory, or the name of the
            initialisation is unknown.

    Source: Nielsen, *Neural Networks and Deep Learning*, equation 25, for all examples at once.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        init: Initialization | str = lecun,
        rng: np.random.Generator,
        dtype: DTypeLike = np.float64,
    ) -> None:
        layer = Dense(inputs, outputs, init=init, rng=rng, dtype=dtype)
        self.W, self.b = Tensor(layer.W), Tensor(layer.b[:, 0])

    def __repr__(self) -> str:
        outputs, inputs = self.W.shape
        return f"Linear({inputs}, {outputs})"

    @property
    def parameters(self) -> list[Tensor]:
        """The weights and the biases."""
        return [self.W, self.b]

    def __call__(self, x: Operand) -> Tensor:
        """Return the weighted input of each neuron for each row of `x`, shape (N, m)."""
        return x @ self.W.T + self.b


def cross_entropy(logits: Tensor, y: ArrayLike) -> Tensor:
    r"""Return the cross-entropy of the softmax of logits, averaged over the examples.

    $$C = -\frac1N \sum_{i,j} y_{ij} \ln \operatorname{softmax}(z_i)_j, \qquad
    \frac{\partial C}{\partial Z} = \frac{\operatorname{softmax}(Z) - Y}{N}$$

    It is the package's loss `softmax_cross_entropy` for rows.

    Args:
        logits: Scores Z, a row for each example, shape (N, n).
        y: The class of each example, shape (N,), or shares that add up to one, shape (N, n).

    Returns:
        The cost, a tensor of shape ().

    Raises:
        TypeError: If `logits` is no tensor, or `y` is neither classes nor shares.
        ValueError: If the shapes do not fit together, a class is out of range, or shares do not add up to one.

    Source: Bishop 2006, *Pattern Recognition and Machine Learning*, equations 4.108 and 4.109.
    """
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits: expected a Tensor, got {shown(logits)}")
    if len(logits.shape) != 2 or 0 in logits.shape:
        raise ValueError(f"logits: expected a row for each example, shape (N, n), got {logits.shape}")
    examples, classes = logits.shape
    targets = np.array(target_rows(y, examples, (classes,), logits.dtype))
    softmax_cross_entropy.check(targets)
    return record(cross_entropy_of_rows, logits, y=targets)


def take_step(optimizer: Optimizer, parameters: Sequence[Tensor]) -> None:
    """Move tensors in place by their gradients, with any optimizer of the package.

    What was recorded with the old numbers can no longer go backward, and says so.

    Args:
        optimizer: An `SGD`, `Momentum`, `Adam`, or an `Optimizer` of your own.
        parameters: Tensors that you made, or that a `Linear` holds; the same ones in the same order at every step.

    Raises:
        TypeError: If `optimizer` is none, or `parameters` is no list of tensors.
        ValueError: If one is the result of an operation or has no gradient; then no parameter has moved.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected an optimizer such as SGD(0.1), got {shown(optimizer)}")
    gradients = []
    for number, parameter in enumerate(sequence(parameters, "parameters")):
        if not isinstance(parameter, Tensor):
            raise TypeError(f"parameters: expected tensors, got {shown(parameter)}")
        if parameter.parents:
            raise ValueError(f"parameters: expected tensors that you made, got a result at place {number}")
        if parameter.grad is None:
            raise ValueError(f"parameters: expected gradients, got none at place {number}: call backward() first")
        gradients.append(parameter.grad)
    optimizer.step([parameter._array for parameter in parameters], gradients)
    for parameter in parameters:
        parameter._changes += 1
