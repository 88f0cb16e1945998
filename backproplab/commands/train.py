"""The command `train`: a network learns to tell classes apart, and is saved."""

import argparse
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backproplab.activations import ACTIVATIONS
from backproplab.augmentation import shifted
from backproplab.checks import Array, positive, whole_number
from backproplab.commands.arguments import Parser, emphasised, number, say
from backproplab.commands.data import FORMATS, Examples, read_examples
from backproplab.commands.progress import Counting, measured, watched
from backproplab.convolution import Conv2d
from backproplab.initialization import INITIALIZATIONS
from backproplab.layers import Dense, Flatten, Layer
from backproplab.network import Network
from backproplab.optimizers import SGD, Adam, Momentum, Optimizer
from backproplab.pooling import MaxPool2d
from backproplab.schedules import CosineDecay
from backproplab.training import DivergenceError, Progress, accuracy, fit

_EXAMPLES = f"""\
{FORMATS}
a part of the examples (--held-out) is kept back; after each epoch the loss on it tells which epoch was the best, and
that one is kept. Examples to be tested on are looked at once, in the end. Ctrl-C ends the training and keeps the best
epoch so far.

examples:
  python -m backproplab train
  python -m backproplab train --hidden 64 32 --activation tanh --epochs 30 --save digits.npz
  python -m backproplab train --data mnist/ --network conv --maps 8 16 --shift 1 --epochs 5 --save reader.npz
  python -m backproplab train --data flowers.csv --label species --divide 10 --save flowers.npz
"""
OPTIMIZERS: dict[str, tuple[type[SGD | Momentum | Adam], float]] = {
    "adam": (Adam, 0.003),
    "momentum": (Momentum, 0.05),
    "sgd": (SGD, 0.2),
}
"""Each optimizer, and the learning rate that goes with it."""
STOPPED = 130  # what a shell gives for a program stopped by Ctrl-C
_LARGE = 10  # inputs beyond which training may stall


def add_to(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to those of the program."""
    train = commands.add_parser(
        "train",
        help="train a network to tell classes apart, and save it",
        description="Train a network to tell classes apart, and save it.",
        epilog=_EXAMPLES,
    )
    train.set_defaults(run=run)
    add = train.add_argument
    add("--data", default="digits", metavar="DATA", help="what to learn from: digits, a folder or a file; see below")
    add("--label", default="last", metavar="COLUMN", help="the column of a table that holds the class (default last)")
    add("--divide", type=number, default=1, metavar="N", help="divide the inputs of a file by this, such as 255")
    add("--held-out", type=number, default=0.1, metavar="SHARE", help="kept back to find the best epoch (default 0.1)")
    add("--network", choices=("dense", "conv"), default="dense", help="which kind (default dense)")
    add(
        "--hidden", type=int, nargs="*", metavar="N", help="neurons of each dense hidden layer (default 64; conv: none)"
    )
    add("--maps", type=int, nargs="+", default=[8, 16], metavar="N", help="feature maps of each convolution (8 16)")
    add("--activation", choices=ACTIVATIONS, default="relu", help="of all hidden layers (default relu)")
    add("--init", choices=INITIALIZATIONS, default="lecun", help="how the first weights are drawn (default lecun)")
    add("--optimizer", choices=OPTIMIZERS, default="adam", help="how to step (default adam)")
    add("--learning-rate", type=number, metavar="ETA", help="the step size, by default one that suits the optimizer")
    add("--schedule", choices=("constant", "cosine"), default="cosine", help="how it changes (default cosine)")
    add("--weight-decay", type=number, default=0, metavar="LAMBDA", help="pull of all parameters to zero (default 0)")
    add("--shift", type=int, default=0, metavar="PIXELS", help="shift each image at random, up to so many (default 0)")
    add("--epochs", type=int, default=20, metavar="N", help="how often to go through all examples (default 20)")
    add("--batch-size", type=int, default=32, metavar="N", help="examples for each step (default 32)")
    add("--seed", type=int, default=0, metavar="N", help="what weights, order and shifts are drawn with (default 0)")
    add("--save", type=Path, metavar="FILE", help="where to write the network, such as digits.npz")


def run(options: argparse.Namespace) -> int:
    """Train, save the best epoch, and return the exit code."""
    if options.save is not None:
        _check_place(options.save)
    data = read_examples(options.data, options.label, positive(options.divide, "--divide"))
    rng = np.random.default_rng(whole_number(options.seed, "--seed", least=0))
    learn, held_out = _split(data, options.held_out, rng)
    network = _network(options, data, rng)
    shape = network.input_shape
    x, y = data.x.reshape(-1, *shape), data.y
    say(f"{len(learn):,} examples to learn from, {len(held_out):,} held out, {network.output_shape[0]} classes")
    if (size := float(np.abs(x).max())) > _LARGE:
        say(f"the inputs are as large as {size:g}; networks learn best from inputs of about 1: see --divide")
    say(f"{network.summary()}\n")
    optimizer = Counting(_optimizer(options, len(learn)))
    training = fit(
        network,
        x[learn],
        y[learn],
        epochs=options.epochs,
        batch_size=options.batch_size,
        optimizer=optimizer,
        rng=rng,
        validation=(x[held_out], y[held_out]),
        augment=partial(shifted, pixels=options.shift) if options.shift else None,
    )
    best = _Best(network)
    steps = options.epochs * -(-len(learn) // options.batch_size)
    ended: BaseException | None = None
    try:
        for progress in watched(training, optimizer, options.epochs, steps):
            best.see(progress)
    except (KeyboardInterrupt, DivergenceError) as error:
        ended = error
    return _finish(best, data, options, ended)


def _check_place(path: Path) -> None:
    """Raise an `OSError` before anything is learnt, if it could not be saved there in the end."""
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OSError(f"--save: expected a file in an existing folder that can be written to, got {path}")


def _split(data: Examples, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the numbers of the examples to learn from, and of those held out."""
    if not 0 < share < 1:
        raise ValueError(f"--held-out: expected a share between 0 and 1, got {share}")
    order = rng.permutation(len(data.y))
    count = min(max(round(share * len(order)), 1), len(order) - 1)
    return order[count:], order[:count]


def _network(options: argparse.Namespace, data: Examples, rng: np.random.Generator) -> Network:
    """Draw the network that the options describe."""
    draw: dict[str, Any] = {"init": options.init, "rng": rng, "dtype": np.float32}
    layers: list[Layer] = []
    shape: tuple[int, ...] = (data.x[0].size,)
    if options.network == "conv":
        shape = _image_shape(data.x.shape[1:])
        layers = _convolutions(options, shape, draw)
    sizes = [64] if options.hidden is None and not layers else options.hidden or []
    inputs = shape
    for layer in layers:
        inputs = layer.output_shape(inputs)
    classes = max(int(data.y.max()) + 1, 2)
    count = inputs[0]
    for size in sizes:
        layers.append(Dense(count, whole_number(size, "--hidden"), options.activation, **draw))
        count = size
    layers.append(Dense(count, classes, **draw))
    return Network(layers, "softmax_cross_entropy", shape)


def _image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Return the channels, the height and the width of examples of a shape."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return 1, shape[0], shape[1]
    side = round(shape[0] ** 0.5)
    if side**2 != shape[0]:
        raise ValueError(f"--network conv: expected square images, got examples of {shape[0]} numbers")
    return 1, side, side


def _convolutions(options: argparse.Namespace, shape: tuple[int, ...], draw: dict[str, Any]) -> list[Layer]:
    """Return for each number of maps a convolution that keeps the size, and a pooling that halves it."""
    layers: list[Layer] = []
    kernel = 5 if min(shape[1:]) >= 20 else 3
    if min(shape[1:]) < 2 ** len(options.maps):
        raise ValueError(f"--maps: expected no more convolutions than the image can be halved, got {len(options.maps)}")
    channels = shape[0]
    for maps in options.maps:
        size = whole_number(maps, "--maps")
        layers += [Conv2d(channels, size, kernel, options.activation, padding=kernel // 2, **draw), MaxPool2d(2)]
        channels = size
    return [*layers, Flatten()]


def _optimizer(options: argparse.Namespace, examples: int) -> Optimizer:
    """Return the optimizer that the options describe."""
    kind, usual = OPTIMIZERS[options.optimizer]
    rate = usual if options.learning_rate is None else positive(options.learning_rate, "--learning-rate")
    epochs, size = whole_number(options.epochs, "--epochs"), whole_number(options.batch_size, "--batch-size")
    schedule = CosineDecay(rate, epochs * -(-examples // size)) if options.schedule == "cosine" else rate
    return kind(schedule, weight_decay=options.weight_decay)


class _Best:
    """The network as it was after its best epoch so far."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.progress: Progress | None = None
        self.parameters: list[Array] = []

    def see(self, progress: Progress) -> None:
        """Keep the parameters if they are the best yet."""
        if self.progress is None or _held_out(progress) < _held_out(self.progress):
            self.progress = progress
            self.parameters = [array.copy() for array in self.network.parameters.values()]

    def restore(self) -> None:
        """Give the network its best parameters back."""
        for array, best in zip(self.network.parameters.values(), self.parameters, strict=True):
            array[...] = best


def _held_out(progress: Progress) -> float:
    loss = progress.validation_loss
    return float("inf") if loss is None else loss


def _finish(best: _Best, data: Examples, options: argparse.Namespace, ended: BaseException | None) -> int:
    """Save the best epoch, say how good it is, and return the exit code."""
    is_stopped = isinstance(ended, KeyboardInterrupt)
    if best.progress is None:
        if isinstance(ended, Exception):
            raise ended
        say("\nstopped before the first epoch was over: nothing is learnt, nothing saved")
        return STOPPED
    best.restore()
    say(("\nstopped: " if is_stopped else "") + f"the best epoch is {best.progress.epoch}, {measured(best.progress)}")
    if options.save is not None:
        best.network.save(options.save)
        say(f"saved to {options.save}")
    if isinstance(ended, Exception):
        raise ended
    if data.x_test is not None and data.y_test is not None and not is_stopped:
        x_test = data.x_test.reshape(-1, *best.network.input_shape)
        share = accuracy(best.network, x_test, data.y_test)
        say(emphasised(f"accuracy on {len(x_test):,} examples that it has never seen: {share:.2%}"))
    return STOPPED if is_stopped else 0
