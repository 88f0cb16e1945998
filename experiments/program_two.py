"""Program 2 of the sources on MNIST, with each thing that may be wrong with it put right on its own: 784-30-10, 20 seeds.

    python experiments/program_two.py --mnist folder

Every run of a seed starts from the same weights, up to their scale, and sees the images in the same order, so that only
what was changed differs. About half an hour on one thread.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from record import data, settings, write

from backproplab import SGD, Dataset, Dense, Network, fit
from backproplab.checks import Array

SEEDS = 20
EPOCHS = 30
BATCH = 10
START = 2_000
"""Training images of which the mean cost in one epoch is recorded too, for a test to run again."""


@dataclass(frozen=True)
class Setting:
    """One way to run the program.

    Attributes:
        name: What it is called.
        learning_rate: η.
        biases: Whether the biases learn; in the program as published they never move.
        init: How the first weights are drawn; "normal" is N(0, 1) for weights and biases, as published.
    """

    name: str
    learning_rate: float
    biases: bool
    init: str


SETTINGS = (
    Setting("as published", 0.01, biases=False, init="normal"),
    Setting("biases learn", 0.01, biases=True, init="normal"),
    Setting("smaller weights", 0.01, biases=True, init="lecun"),
    Setting("learning rate 3", 3.0, biases=False, init="normal"),
    Setting("learning rate 3, biases learn", 3.0, biases=True, init="normal"),
    Setting("learning rate 3, biases learn, smaller weights", 3.0, biases=True, init="lecun"),
)


class WeightsAlone(SGD):
    """Moves every other parameter: the weights, while the biases stay what they were."""

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Take a step with the weights."""
        super().step(parameters[::2], gradients[::2])


def network(setting: Setting, seed: int) -> Network:
    """Return the network as it starts."""
    rng = np.random.default_rng(seed)
    layers = [
        Dense(inputs, outputs, "sigmoid", init=setting.init, rng=rng, dtype=np.float32)
        for inputs, outputs in ((784, 30), (30, 10))
    ]
    if setting.init == "normal":
        for layer in layers:
            layer.b[...] = rng.standard_normal(layer.b.shape)
    return Network(layers, loss="half_squared_error")


def run(setting: Setting, seed: int, mnist: Dataset, epochs: int = EPOCHS) -> dict[str, Any]:
    """Train on the training images; count the test images that are read correctly after each epoch."""
    began = time.perf_counter()
    optimizer = (SGD if setting.biases else WeightsAlone)(setting.learning_rate)
    progress = list(
        fit(
            network(setting, seed),
            mnist.x_train,
            mnist.y_train,
            epochs=epochs,
            batch_size=BATCH,
            optimizer=optimizer,
            rng=np.random.default_rng(1000 + seed),
            validation=(mnist.x_test, mnist.y_test),
        )
    )
    return {
        "seed": seed,
        "correct": [round((state.accuracy or 0) * len(mnist.y_test)) for state in progress],
        "costs": [float(f"{state.loss:.6g}") for state in progress],
        "seconds": round(time.perf_counter() - began, 1),
    }


def start(setting: Setting, seed: int, mnist: Dataset) -> float:
    """Return the mean cost of one epoch on the first training images."""
    few = Dataset(mnist.x_train[:START], mnist.y_train[:START], mnist.x_test[:1], mnist.y_test[:1])
    cost: float = run(setting, seed, few, epochs=1)["costs"][0]
    return cost


def main() -> None:
    """Run every setting with every seed, and write the record."""
    options = settings(__doc__)
    mnist = data(options.mnist)
    runs: dict[str, list[dict[str, Any]]] = {setting.name: [] for setting in SETTINGS}
    for seed in range(SEEDS):
        for setting in SETTINGS:
            runs[setting.name].append(run(setting, seed, mnist))
            print(f"seed {seed}, {setting.name}: {runs[setting.name][-1]['correct'][-1]}", flush=True)
    record = {
        "what": "784-30-10, sigmoid, half squared error, batches of 10, 30 epochs, of MNIST's 60,000 training images",
        "settings": [
            {
                "name": setting.name,
                "learning_rate": setting.learning_rate,
                "biases": setting.biases,
                "init": setting.init,
                "start": start(setting, 0, mnist),
                "runs": runs[setting.name],
            }
            for setting in SETTINGS
        ],
    }
    write(options.records, "program-two", record)


if __name__ == "__main__":
    main()
