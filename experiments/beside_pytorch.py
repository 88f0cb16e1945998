"""The two readers of `reading_digits.py`, one epoch in turn with PyTorch's, on one thread: how long does each take?

    python experiments/beside_pytorch.py --mnist folder

Both take the same images in batches of the same size, shifted by the same function, and step with Adam.
"""

import time
from statistics import median
from typing import Any

import numpy as np
import torch
from reading_digits import READERS, Reader
from record import data, settings, write

from backproplab import Adam, Dataset, Network, fit, minibatches, shifted

ROUNDS = 3


def ours(reader: Reader, mnist: Dataset) -> None:
    """Train the package's network for one epoch."""
    rng = np.random.default_rng(0)
    shape = (784,) if reader.name == "dense" else (1, 28, 28)
    network = Network(reader.layers(rng), input_shape=shape, loss="softmax_cross_entropy")
    x = mnist.x_train.reshape(-1, *shape)
    optimizer = Adam(reader.learning_rate)
    list(
        fit(
            network,
            x,
            mnist.y_train,
            epochs=1,
            batch_size=reader.batch_size,
            optimizer=optimizer,
            rng=rng,
            augment=shifted,
        )
    )


def theirs(reader: Reader, mnist: Dataset) -> None:
    """Train PyTorch's network of the same layers for one epoch."""
    from torch.nn import Conv2d, CrossEntropyLoss, Flatten, Linear, MaxPool2d, ReLU, Sequential

    rng = np.random.default_rng(0)
    if reader.name == "dense":
        shape: tuple[int, ...] = (784,)
        layers: list[Any] = [Linear(784, 512), ReLU(), Linear(512, 10)]
    else:
        shape = (1, 28, 28)
        layers = [Conv2d(1, 16, 5), ReLU(), MaxPool2d(2), Conv2d(16, 32, 5), ReLU(), MaxPool2d(2), Flatten()]
        layers += [Linear(512, 64), ReLU(), Linear(64, 10)]
    network, loss = Sequential(*layers), CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=reader.learning_rate)
    labels = torch.from_numpy(mnist.y_train)
    for batch in minibatches(len(labels), reader.batch_size, rng):
        x = torch.from_numpy(shifted(mnist.x_train[batch].reshape(-1, *shape), rng))
        optimizer.zero_grad()
        cost = loss(network(x), labels[torch.from_numpy(batch)])
        cost.backward()
        optimizer.step()


def main() -> None:
    """Let both train in turn, and write down the seconds of computing for one epoch."""
    options = settings(__doc__)
    mnist = data(options.mnist)
    torch.set_num_threads(1)
    readers = []
    for reader in READERS:
        seconds: dict[str, list[float]] = {"backproplab": [], "PyTorch": []}
        for _ in range(ROUNDS):
            for name, turn in (("backproplab", ours), ("PyTorch", theirs)):
                began = time.process_time()
                turn(reader, mnist)
                seconds[name].append(round(time.process_time() - began, 2))
        print(reader.name, {name: median(times) for name, times in seconds.items()}, flush=True)
        readers.append({"name": reader.name, "seconds": seconds})
    write(options.records, "beside-pytorch", {"pytorch": torch.__version__, "readers": readers})


if __name__ == "__main__":
    main()
