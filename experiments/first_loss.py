"""Standard normal first weights on MNIST: the first loss, and the log of the ten epochs that undo them, beside He's.

    python experiments/first_loss.py --mnist folder

The network and its training are those of the log that begins with 71.24: 784-128-10 with ReLU, the first thousand images, ten
epochs of mini-batches of a hundred, momentum 0.9 at a learning rate of 0.01. A few seconds on one thread.
"""

from typing import Any

import numpy as np
from record import data, settings, write

from backproplab import Dataset, Dense, Momentum, Network, accuracy, fit

INITS = ("normal", "he")
SEEDS = range(5)
IMAGES, HIDDEN, EPOCHS, BATCH, RATE, MOMENTUM = 1000, 128, 10, 100, 0.01, 0.9


def run(init: str, seed: int, mnist: Dataset, epochs: int = EPOCHS) -> dict[str, Any]:
    """Train one network, and return its first loss, the mean loss of each epoch, and the share of test images it reads."""
    rng = np.random.default_rng(seed)
    x, y = mnist.x_train[:IMAGES].reshape(IMAGES, -1), mnist.y_train[:IMAGES]
    layers = [
        Dense(x.shape[1], HIDDEN, "relu", init=init, rng=rng, dtype=x.dtype),
        Dense(HIDDEN, 10, init=init, rng=rng, dtype=x.dtype),
    ]
    network = Network(layers, "softmax_cross_entropy")
    first = network.cost(x, y)
    optimizer = Momentum(RATE, MOMENTUM)
    log = [step.loss for step in fit(network, x, y, epochs=epochs, batch_size=BATCH, optimizer=optimizer, rng=rng)]
    read = accuracy(network, mnist.x_test.reshape(len(mnist.x_test), -1), mnist.y_test)
    return {"init": init, "seed": seed, "first": first, "log": log, "read": read}


def main() -> None:
    """Train every network and write the record."""
    given = settings(__doc__ or "")
    mnist = data(given.mnist)
    runs = [run(init, seed, mnist) for init in INITS for seed in SEEDS]
    for one in runs:
        print(one, flush=True)
    chosen = {"images": IMAGES, "hidden": HIDDEN, "batch": BATCH, "rate": RATE, "momentum": MOMENTUM}
    write(given.records, "first-loss", {**chosen, "runs": runs})


if __name__ == "__main__":
    main()
