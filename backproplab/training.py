"""Training: mini-batches, and the loop that takes a step for each of them."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backproplab.activations import sigmoid, softmax
from backproplab.checks import Array, array_size, columns, generator, real_array, shown, whole_number
from backproplab.losses import Loss
from backproplab.network import Network
from backproplab.optimizers import Optimizer
from backproplab.options import function

__all__ = ["DivergenceError", "Progress", "accuracy", "fit", "minibatches"]

Augment = Callable[[Array, np.random.Generator], Array]


class DivergenceError(ArithmeticError):
    """Training has failed: a cost or a parameter is no finite number any more.

    The message says in which epoch, at which batch, with which learning rate and how large the inputs are. The network
    holds its parameters as they were after the last whole epoch.

    Source: Goodfellow, Bengio and Courville 2016, *Deep Learning*, section 8.2.4, on gradients that explode.
    """


@dataclass(frozen=True)
class Progress:
    """Where training stands after an epoch.

    Attributes:
        epoch: Epochs done, from 1.
        loss: The mean cost over the epoch, each mini-batch's taken before its step.
        accuracy: The share of validation examples classified rightly, from 0 to 1; None without validation data, and
            where the targets are no classes.
        validation_loss: The cost of the validation data after the epoch; None without validation data.
    """

    epoch: int
    loss: float
    accuracy: float | None = None
    validation_loss: float | None = None


def minibatches(examples: int, batch_size: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yield the indices 0 … examples − 1 in random order, `batch_size` at a time; the last batch may be smaller.

    Args:
        examples: How many there are.
        batch_size: How many go into one batch.
        rng: The generator that shuffles.

    Raises:
        TypeError: If a number is not whole, or `rng` is no generator.
        ValueError: If a number is below one, or there are more examples than fit into any memory.
    """
    examples, batch_size = whole_number(examples, "examples"), whole_number(batch_size, "batch_size")
    array_size((examples,), "examples")
    order = generator(rng).permutation(examples)
    return (order[start : start + batch_size] for start in range(0, examples, batch_size))


def accuracy(network: Network, x: ArrayLike, y: ArrayLike) -> float:
    """Return the share of examples that the network classifies rightly, from 0 to 1.

    The class is the largest of several outputs. A single output is cut in the middle between the two targets, at ½ for
    0 and 1 and at 0 for −1 and 1; on the cut itself it counts as the lower class.

    Args:
        network: The network.
        x: Rows of examples.
        y: Class labels, or rows of targets: a 1 for the class of the example and 0 (or −1) for all others. Under
            the two cross-entropies they may be shares, of which the largest counts.

    Raises:
        TypeError: If `network` is none, or `x` or `y` is not numeric.
        ValueError: If the targets are no classes, a shape does not fit, a label is out of range, or a number is not
            finite.
    """
    rows, targets = _network(network).pairs(x, y)
    cut = _cut(targets, network.loss)
    if cut is None:
        message = "y: expected classes, labels or rows of one 1 beside 0 or −1, got other targets: look at the loss"
        raise ValueError(f"{message}, network.cost(x, y)")
    return _share_right(network.predict(rows), targets, cut)


def _network(value: object) -> Network:
    if not isinstance(value, Network):
        raise TypeError(f"network: expected a Network, got {shown(value)}")
    return value


def _cut(targets: Array, loss: Loss) -> float | None:
    """Return the number between the targets of the two classes, or None if these targets are no classes."""
    if loss.prediction is softmax or (loss.prediction is sigmoid and targets.shape[1] == 1):
        return 1 / 2  # they are probabilities
    ones = targets == 1
    if targets.shape[1] > 1 and (ones.sum(axis=1) != 1).any():
        return None
    return next(((low + 1) / 2 for low in (0, -1) if (ones | (targets == low)).all()), None)


def _share_right(outputs: Array, targets: Array, cut: float) -> float:
    if targets.shape[1] == 1:
        return float(np.mean((outputs > cut) == (targets > cut)))
    return float(np.mean(outputs.argmax(axis=1) == targets.argmax(axis=1)))


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
    augment: Augment | None = None,
    bar: bool = False,
) -> Iterator[Progress]:
    """Train a network, in place, and yield its progress after each epoch.

    Training goes on only while somebody asks for the next `Progress`, so loop over it, or write `list(fit(…))` to train
    to the end; a call whose progress is thrown away trains nothing and warns of it. Whatever ends an epoch in the
    middle, an interrupt or an error, leaves network and optimizer as they were after the last whole epoch.

    Args:
        network: The network to train.
        x: Rows of examples, shape (N, *input_shape).
        y: Class labels, shape (N,), or rows of targets, shape (N, *output_shape).
        epochs: How many times to go through all examples.
        batch_size: Examples for each step.
        optimizer: How to step.
        rng: The generator that shuffles the examples before each epoch.
        validation: Examples and targets to measure the loss on after each epoch, and the accuracy if they are classes.
        augment: A function such as `shifted`, which is given the rows of each mini-batch and `rng`, and returns as many
            rows to train on instead.
        bar: Whether to draw a progress bar in the terminal or notebook; needs tqdm.

    Yields:
        The progress, once for each epoch.

    Raises:
        TypeError: If an argument, or what `augment` returns, is of the wrong kind.
        ValueError: If a shape does not fit, a label is out of range, a number is not finite or below one.
        DivergenceError: At the first cost that is not finite, and at the end of an epoch that left such a parameter.
        ImportError: If `bar` is asked for and tqdm is missing.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected an Optimizer such as SGD(0.1), got {shown(optimizer)}")
    rows, targets = _network(network).pairs(x, y)
    network.check_parameters()
    held_out = None if validation is None else _validation(network, validation)
    epochs, batch_size = whole_number(epochs, "epochs"), whole_number(batch_size, "batch_size")
    generator(rng)
    if augment is not None:
        function(augment, "augment")

    def progress() -> Iterator[Progress]:
        for epoch in range(1, epochs + 1):
            parameters = network.parameters
            before, step_back = [array.copy() for array in parameters.values()], optimizer.snapshot()
            try:
                loss = _epoch(network, parameters, rows, targets, batch_size, optimizer, rng, augment, epoch)
            except BaseException:
                for array, old in zip(parameters.values(), before, strict=True):
                    array[...] = old
                step_back()
                raise
            yield Progress(epoch, loss, *(() if held_out is None else _measured(network, *held_out)))

    return _Training(_with_bar(progress(), epochs) if bar else progress())


def _validation(network: Network, validation: object) -> tuple[Array, Array]:
    """Return examples and targets to measure on, as rows."""
    if not isinstance(validation, tuple | list):
        raise TypeError(f"validation: expected a pair (x, y), got {type(validation).__name__}")
    if len(validation) != 2:
        raise ValueError(f"validation: expected a pair (x, y), got {len(validation)} values")
    try:
        return network.pairs(*validation)
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation: {error}") from None


def _measured(network: Network, rows: Array, targets: Array) -> tuple[float | None, float]:
    """Return the accuracy and the cost."""
    a, cut = network.forward(columns(rows))[-1].a, _cut(targets, network.loss)
    cost = network.loss.value(a, columns(targets))
    outputs = np.moveaxis(network.loss.prediction(a), -1, 0)
    return None if cut is None else _share_right(outputs, targets, cut), cost


class _Training(Iterator[Progress]):
    """Passes the progress on, and warns if it is thrown away before anybody asked for it."""

    def __init__(self, progress: Iterator[Progress]) -> None:
        self.progress = progress
        self.asked = False

    def __next__(self) -> Progress:
        self.asked = True
        return next(self.progress)

    def __del__(self) -> None:
        if not self.asked:
            message = "fit: nothing was trained, because nobody asked for the progress; write list(fit(…))"
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def _epoch(
    network: Network,
    parameters: Mapping[str, Array],
    rows: Array,
    targets: Array,
    batch_size: int,
    optimizer: Optimizer,
    rng: np.random.Generator,
    augment: Augment | None,
    epoch: int,
) -> float:
    """Take one step for each mini-batch and return the mean cost per example.

    Raises:
        DivergenceError: At the first cost that is not finite, or at the end if a parameter is not.
    """
    loss, arrays = network.loss, list(parameters.values())
    y_all = np.ascontiguousarray(columns(targets))
    total = 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # what they lead to is found below
        for number, batch in enumerate(minibatches(len(rows), batch_size, rng), 1):
            y = y_all.take(batch, axis=-1)
            x = rows.take(batch, axis=0)
            steps = network.forward(columns(x if augment is None else _augmented(augment, x, rng)))
            a = steps[-1].a
            cost = loss.value(a, y)
            if not math.isfinite(cost):
                raise _diverged(f"epoch {epoch}, batch {number}: the cost is {cost}", optimizer, rows)
            total += cost * len(batch)
            network.backward(steps, loss.gradient(a, y))
            optimizer.step(arrays, [grad for step in steps for grad in step.grads.values()])
            del x, a, steps  # else they would stand in memory beside the next batch's
        broken = [name for name, array in parameters.items() if not _is_finite(array)]
    if broken:
        raise _diverged(f"epoch {epoch}, after batch {number}: {broken[0]} is not finite", optimizer, rows)
    return total / len(rows)


def _augmented(augment: Augment, rows: Array, rng: np.random.Generator) -> Array:
    """Return what a function of the user makes of a mini-batch.

    Raises:
        TypeError: If that is not numeric.
        ValueError: If it has another shape, or a number is not finite.
    """
    shape = rows.shape
    changed = real_array(augment(rows, rng), "augment", rows.dtype)
    if changed.shape != shape:
        raise ValueError(f"augment: expected rows of the shape they came in, {shape}, got {changed.shape}")
    return changed


def _is_finite(array: Array) -> bool:
    """Say whether all numbers are finite; the sum of their squares, if it is, settles it at once."""
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def _diverged(what: str, optimizer: Optimizer, rows: Array) -> DivergenceError:
    """Return the error that says what happened and what to try."""
    size = float(np.abs(rows).max())
    advice = "try a smaller learning rate" + (", and inputs of a size about 1" if size > 10 else "")
    return DivergenceError(f"{what}, with {optimizer!r} and inputs up to {size:.3g}: {advice}")


def _with_bar(progress: Iterator[Progress], epochs: int) -> Iterator[Progress]:
    """Draw a bar while the progress is passed on."""
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("bar: expected tqdm to be installed: pip install 'backproplab[progress]'") from error

    def drawing() -> Iterator[Progress]:
        with tqdm(total=epochs, unit="epoch") as drawn:
            for state in progress:
                measured = "" if state.validation_loss is None else f", validation loss {state.validation_loss:.4g}"
                measured += "" if state.accuracy is None else f", accuracy {state.accuracy:.2%}"
                drawn.set_postfix_str(f"loss {state.loss:.4g}{measured}")
                drawn.update()
                yield state

    return drawing()
