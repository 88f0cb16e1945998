"""What each mistake in preparing a digit costs: MNIST's test images prepared wrongly, and read by two networks that were not.

    python experiments/preprocessing.py --mnist folder

The dense network is trained as in reading_digits.py, with its first seed; the convolutional one is the package's own. About two
minutes on one thread.
"""

from typing import Any

import numpy as np
from mistakes import MISTAKES
from reading_digits import READERS, train
from record import data, settings, write

from backproplab import ImageError, Network, prepare_digit, recorded_network
from backproplab.checks import Array

PREPARED = 500
"""How many of the wrong images are also given to `prepare_digit`."""


def share_read(network: Network, images: Array, labels: Array) -> float:
    """Return the share of images that a network reads correctly."""
    inputs = images.reshape(-1, *network.input_shape)
    parts = [network.predict(inputs[start : start + 1000]).argmax(axis=1) for start in range(0, len(inputs), 1000)]
    return float(np.mean(np.concatenate(parts) == labels))


def prepared(images: Array, labels: Array, networks: dict[str, Network]) -> dict[str, Any]:
    """Say what becomes of images that are prepared anew: how many are refused, and how many of the others are read."""
    ready, kept = [], []
    reasons: dict[str, int] = {}
    for image, label in zip(images, labels, strict=True):
        try:
            ready.append(prepare_digit(np.clip(image, 0, 1)).centred)
            kept.append(label)
        except ImageError as error:
            reasons[error.reason] = reasons.get(error.reason, 0) + 1
    read = (
        {name: share_read(network, np.array(ready), np.array(kept)) for name, network in networks.items()}
        if kept
        else {}
    )
    return {"images": len(images), "refused": reasons, "read": read}


def main() -> None:
    """Train the dense network, read every wrong image with both, and write the record."""
    given = settings(__doc__ or "")
    mnist = data(given.mnist)
    networks = {"dense": train(READERS[0], 0, mnist)[0], "convolutional": recorded_network()}
    x, y = mnist.x_test.reshape(-1, 28, 28).astype(float), mnist.y_test
    rows = []
    for name, mistake in MISTAKES.items():
        wrong = np.array([mistake(image) for image in x])
        read = {kind: share_read(network, wrong, y) for kind, network in networks.items()}
        rows.append({"mistake": name, "read": read, "prepared": prepared(wrong[:PREPARED], y[:PREPARED], networks)})
        print(rows[-1], flush=True)
    write(given.records, "handwriting", {"seed": 0, "images": len(y), "mistakes": rows})


if __name__ == "__main__":
    main()
