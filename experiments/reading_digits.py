"""A dense and a convolutional network that read MNIST as well as they can in two minutes on one thread; three seeds each.

    python experiments/reading_digits.py --mnist folder

What was chosen was chosen on the last 10,000 of the training images; the test images are looked at once, by the network
that has learnt from all 60,000. The first convolutional network is kept, in half precision, for the package to read with.
"""

import time
from dataclasses import dataclass
from functools import partial
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
    accuracy,
    fit,
    shifted,
)

SEEDS = 3
BATCH = 64
HELD_OUT = 10_000
START = 3_200
"""Training images of which the mean cost in one epoch is recorded too, for a test to run again."""


@dataclass(frozen=True)
class Reader:
    """A network, and how it is trained.

    Attributes:
        name: What it is called.
        epochs: How often it sees every image.
        learning_rate: Where the cosine starts, for Adam.
        pixels: How far its images are shifted at most.
    """

    name: str
    epochs: int
    learning_rate: float
    pixels: int

    def layers(self, rng: np.random.Generator) -> list[Layer]:
        """Draw its layers."""
        draw: Any = {"rng": rng, "dtype": np.float32}
        if self.name == "dense":
            return [Dense(784, 512, "relu", init="he", **draw), Dense(512, 10, **draw)]
        return [
            Conv2d(1, 16, 3, "relu", init="he", **draw),
            MaxPool2d(2),
            Conv2d(16, 32, 3, "relu", init="he", **draw),
            MaxPool2d(2),
            Flatten(),
            Dense(32 * 5 * 5, 10, **draw),
        ]


READERS = (Reader("dense", 20, 2e-3, 1), Reader("convolutional", 8, 3e-3, 1))


def train(reader: Reader, seed: int, data: Dataset) -> tuple[Network, list[float], float]:
    """Train, and return the network, the mean cost of each epoch, and the seconds it took."""
    rng = np.random.default_rng(seed)
    shape = (784,) if reader.name == "dense" else (1, 28, 28)
    network = Network(reader.layers(rng), input_shape=shape, loss="softmax_cross_entropy")
    steps = reader.epochs * -(-len(data.y_train) // BATCH)
    began = time.perf_counter()
    progress = fit(
        network,
        data.x_train.reshape(-1, *shape),
        data.y_train,
        epochs=reader.epochs,
        batch_size=BATCH,
        optimizer=Adam(CosineDecay(reader.learning_rate, steps)),
        rng=rng,
        augment=partial(shifted, pixels=reader.pixels),
    )
    costs = [state.loss for state in progress]
    return network, costs, time.perf_counter() - began
