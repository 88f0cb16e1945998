"""Training: mini-batches, and the loop that takes a step for each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backproplab.checks import Array, columns, generator, whole_number
from backproplab.network import Network
from backproplab.optimizers import Optimizer

__all__ = ["Progress", "accuracy", "fit", "minibatches"]


@dataclass(frozen=True)
class Progress:
    """Where training stands after an epoch.

    Attributes:
        epoch: Epochs done, from 1.
        loss: The mean cost over the epoch, each mini-batch's taken before its step.
        accuracy: The share of validation examples classified rightly, from 0 to 1; None without validation data.
    """

    epoch: int
    loss: float
    accuracy: float | None


def minibatches(examples: int, batch_size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield the indices 0 … examples − 1 in random order, `batch_size` at a time; the last batch may be smaller.

    Args:
        examples: How many there are.
        batch_size: How many go into one batch.
        rng: The generator that shuffles.

    Raises:
        TypeError: If a number is not whole, or `rng` is no generator.
        ValueError: If a number is below one.
    """
    examples, batch_size = whole_number(examples, "examples"), whole_number(batch_size, "batch_size")
    order = generator(rng).permutation(examples)
    return (order[start : start + batch_size] for start in range(0, examples, batch_size))


def accuracy(network: Network, x: ArrayLike, y: ArrayLike) -> float:
    """Return the share of examples that the network classifies rightly, from 0 to 1.

    The class is the largest of several outputs, or whether a single one exceeds one half.

    Args:
        network: The network.
        x: Rows of examples.
        y: Class labels, or rows of targets.

    Raises:
        TypeError: If `x` or `y` is not numeric.
        ValueError: If a shape does not fit, a label is out of range, or a number is not finite.
    """
    rows, targets = network.pairs(x, y)
    return float(np.mean(_classes(network.predict(rows)) == _classes(targets)))


def _classes(outputs: Array) -> NDArray[Any]:
    return outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > 1 / 2


def fit(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    rng: np.random.Generator,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    bar: bool = False,
) -> Iterator[Progress]:
    """Train a network, in place, and yield its progress after each epoch.

    It is a generator: training goes on only while somebody asks for the next `Progress`, so loop over it,
    or write `list(fit(…))` to train to the end.

    Args:
        network: The network to train.
        x: Rows of examples, shape (N, *input_shape).
        y: Class labels, shape (N,), or rows of targets, shape (N, *output_shape).
        epochs: How many times to go through all examples.
        batch_size: Examples for each step.
        optimizer: How to step.
        rng: The generator that shuffles the examples before each epoch.
        validation: Examples and targets to measure the accuracy on.
        bar: Whether to draw a progress bar in the terminal or notebook; needs tqdm.

    Yields:
        The progress, once for each epoch.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a shape does not fit, a label is out of range, a number is not finite or below one.
        ImportError: If `bar` is asked for and tqdm is missing.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network: expected a Network, got {network!r}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected an Optimizer such as SGD(0.1), got {optimizer!r}")
    rows, targets = network.pairs(x, y)
    if validation is not None:
        if not isinstance(validation, tuple | list):
            raise TypeError(f"validation: expected a pair (x, y), got {type(validation).__name__}")
        if len(validation) != 2:
            raise ValueError(f"validation: expected a pair (x, y), got {len(validation)} values")
        validation = network.pairs(*validation)
    whole_number(epochs, "epochs"), whole_number(batch_size, "batch_size"), generator(rng)

    def progress() -> Iterator[Progress]:
        for epoch in range(1, epochs + 1):
            loss = _epoch(network, rows, targets, batch_size, optimizer, rng)
            yield Progress(epoch, loss, None if validation is None else accuracy(network, *validation))

    return _with_bar(progress(), epochs) if bar else progress()


def _epoch(
    network: Network, rows: Array, targets: Array, batch_size: int, optimizer: Optimizer, rng: np.random.Generator
) -> float:
    """Take one step for each mini-batch and return the mean cost per example."""
    loss = network.loss
    parameters = list(network.parameters.values())
    y_all = np.ascontiguousarray(columns(targets))
    total = 0.0
    for batch in minibatches(len(rows), batch_size, rng):
        y = y_all.take(batch, axis=-1)
        steps = network.forward(columns(rows.take(batch, axis=0)))
        a = steps[-1].a
        total += loss.value(a, y) * len(batch)
        network.backward(steps, loss.gradient(a, y))
        optimizer.step(parameters, [grad for step in steps for grad in step.grads.values()])
        del a, steps  # else they would stand in memory beside the next batch's
    return total / len(rows)


def _with_bar(progress: Iterator[Progress], epochs: int) -> Iterator[Progress]:
    """Draw a bar while the progress is passed on."""
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("bar: expected tqdm to be installed: pip install 'backproplab[progress]'") from error

    def drawing() -> Iterator[Progress]:
        with tqdm(total=epochs, unit="epoch") as drawn:
            for state in progress:
                accuracy = "" if state.accuracy is None else f", accuracy {state.accuracy:.2%}"
                drawn.set_postfix_str(f"loss {state.loss:.4g}{accuracy}")
                drawn.update()
                yield state

    return drawing()
