"""A dense and a convolutional network that read MNIST as well as they can in two minutes on one thread; three seeds each.

    python experiments/reading_digits.py --mnist folder

What was chosen was chosen on the last 10,000 of the training images; the test images are looked at once, by the network
that has learnt from all 60,000. The first convolutional network is kept, in half precision, for the package to read with.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from record import data, settings, write

from backproplab import (
    Adam,
    Conv2d,
    CosineDecay,
    Dataset,
    Dense,
    Flatten,
    Layer,
    MaxPool2d,
    Network,
    Progress,
    accuracy,
    fit,
    shifted,
)
from backproplab.storage import write_parameters

KEPT = Path(__file__).parents[1] / "backproplab/data/mnist-cnn.npz"
SEEDS = 3
HELD_OUT = 10_000
START = 3_200
"""Training images of which the mean cost in one epoch is recorded too, for a test to run again."""


@dataclass(frozen=True)
class Reader:
    """A network, and how it is trained.

    Attributes:
        name: What it is called.
        epochs: How often it sees every image.
        batch_size: Images for each step.
        learning_rate: Where the cosine starts, for Adam.
        pixels: How far its images are shifted at most.
    """

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    pixels: int

    def layers(self, rng: np.random.Generator) -> list[Layer]:
        """Draw its layers."""
        draw: Any = {"rng": rng, "dtype": np.float32}
        if self.name == "dense":
            return [Dense(784, 512, "relu", init="he", **draw), Dense(512, 10, **draw)]
        return [
            Conv2d(1, 16, 5, "relu", init="he", **draw),
            MaxPool2d(2),
            Conv2d(16, 32, 5, "relu", init="he", **draw),
            MaxPool2d(2),
            Flatten(),
            Dense(512, 64, "relu", init="he", **draw),
            Dense(64, 10, **draw),
        ]


READERS = (Reader("dense", 20, 64, 2e-3, 1), Reader("convolutional", 7, 100, 3e-3, 1))


def training(reader: Reader, seed: int, mnist: Dataset) -> tuple[Network, Iterator[Progress]]:
    """Return a network, and its training, an epoch at a time."""
    rng = np.random.default_rng(seed)
    shape = (784,) if reader.name == "dense" else (1, 28, 28)
    network = Network(reader.layers(rng), input_shape=shape, loss="softmax_cross_entropy")
    steps = reader.epochs * -(-len(mnist.y_train) // reader.batch_size)
    progress = fit(
        network,
        mnist.x_train.reshape(-1, *shape),
        mnist.y_train,
        epochs=reader.epochs,
        batch_size=reader.batch_size,
        optimizer=Adam(CosineDecay(reader.learning_rate, steps)),
        rng=rng,
        augment=partial(shifted, pixels=reader.pixels),
    )
    return network, progress


def train(reader: Reader, seed: int, mnist: Dataset) -> tuple[Network, list[float], float]:
    """Train, and return the network, the mean cost of each epoch, and the seconds of computing it took."""
    network, progress = training(reader, seed, mnist)
    began = time.process_time()
    costs = [state.loss for state in progress]
    return network, costs, time.process_time() - began


def held_out(mnist: Dataset) -> Dataset:
    """Return the training images alone, the last 10,000 of them to be tested on."""
    x, y = mnist.x_train, mnist.y_train
    return Dataset(x[:-HELD_OUT], y[:-HELD_OUT], x[-HELD_OUT:], y[-HELD_OUT:])


def read(network: Network, mnist: Dataset) -> float:
    """Return the share of the test images that a network reads correctly."""
    return accuracy(network, mnist.x_test.reshape(-1, *network.input_shape), mnist.y_test)


def start(reader: Reader, mnist: Dataset) -> float:
    """Return the mean cost of the first epoch on the first training images, drawn from seed 0."""
    few = Dataset(mnist.x_train[:START], mnist.y_train[:START], mnist.x_test[:1], mnist.y_test[:1])
    _, progress = training(reader, 0, few)
    return float(f"{next(progress).loss:.6g}")


def once(reader: Reader, seed: int, mnist: Dataset) -> tuple[dict[str, Any], Network]:
    """Train with one seed, and say how well the network reads, how it got there, and how long that took."""
    network, costs, seconds = train(reader, seed, mnist)
    wrong = round((1 - read(network, mnist)) * len(mnist.y_test))
    said = {
        "seed": seed,
        "wrong": wrong,
        "costs": [float(f"{cost:.4g}") for cost in costs],
        "seconds": round(seconds, 1),
    }
    print(f"{reader.name}, seed {seed}: {wrong} of {len(mnist.y_test):,} wrong, {seconds:.0f} s", flush=True)
    return said, network


def keep(network: Network) -> None:
    """Write a network in half precision, for the package to read digits with."""
    halves = {name: array.astype(np.float16) for name, array in network.parameters.items()}
    write_parameters(KEPT, halves, network.architecture)


def main() -> None:
    """Choose nothing any more: read the held-out images, then train on all with three seeds, and write the record."""
    options = settings(__doc__)
    mnist = data(options.mnist)
    record: dict[str, Any] = {"held_out": HELD_OUT, "readers": []}
    for reader in READERS:
        chosen, _ = once(reader, 100, held_out(mnist))
        runs = []
        for seed in range(SEEDS):
            said, network = once(reader, seed, mnist)
            runs.append(said)
            if reader.name == "convolutional" and seed == 0:
                keep(network)
        record["readers"].append(
            {
                "name": reader.name,
                "layers": [repr(layer) for layer in network.layers],
                "parameters": sum(array.size for array in network.parameters.values()),
                "epochs": reader.epochs,
                "batch_size": reader.batch_size,
                "learning_rate": reader.learning_rate,
                "pixels": reader.pixels,
                "start": start(reader, mnist),
                "chosen": chosen,
                "runs": runs,
            }
        )
    write(options.records, "reading-digits", record)


if __name__ == "__main__":
    main()
