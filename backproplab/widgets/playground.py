"""The playground: points to learn, and the browser's training once more, from the same seed, with the package's network."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from backproplab.activations import ACTIVATIONS
from backproplab.checks import Array
from backproplab.figures.drawing import figure
from backproplab.figures.plots import BACKWARD, FORWARD, INK, PAPER, plot
from backproplab.initialization import INITIALIZATIONS
from backproplab.layers import Dense
from backproplab.network import Network
from backproplab.optimizers import SGD
from backproplab.widgets.elements import element

NUMBER = 100
"""Points of each class."""
CHOICES = ["relu", "leaky_relu", "tanh", "sigmoid"]
DEPTHS, WIDTHS, BATCHES = [1, 2, 3, 4, 5, 6], [1, 2, 4, 6, 8, 12, 16], [0, 50, 10]
"""What there is to choose from; a batch of 0 is all points."""


def _blobs(rng: np.random.Generator, label: int) -> Array:
    return rng.normal((-0.45, 0.45)[label], 0.18, (NUMBER, 2))


def _ring(rng: np.random.Generator, label: int) -> Array:
    radius = np.sqrt(rng.uniform((0, 0.4)[label], (0.2, 0.85)[label], NUMBER))
    angle = rng.uniform(0, 2 * np.pi, NUMBER)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _xor(rng: np.random.Generator, label: int) -> Array:
    size = rng.uniform(0.07, 0.92, (NUMBER, 2))
    side = rng.choice([-1, 1], NUMBER)
    return size * np.column_stack([side, side * (1 - 2 * label)])


def _spiral(rng: np.random.Generator, label: int) -> Array:
    radius = np.linspace(0.08, 0.92, NUMBER)
    angle = 4.5 * radius + np.pi * label
    arm = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return arm + rng.normal(0, 0.025, (NUMBER, 2))


DATA: dict[str, tuple[str, Callable[[np.random.Generator, int], Array]]] = {
    "blobs": ("two blobs", _blobs),
    "ring": ("circle in ring", _ring),
    "xor": ("exclusive or", _xor),
    "spiral": ("two spirals", _spiral),
}
"""The sets of points by name: what they are called, and the points of a class."""


def points(data: str) -> tuple[Array, Array]:
    """Return the points of a set, shape (200, 2), in hundredths between −1 and 1, and their labels 0 and 1, shape (200, 1)."""
    rng = np.random.default_rng(0)
    x = np.vstack([DATA[data][1](rng, label) for label in (0, 1)])
    return np.clip(x, -1, 1).round(2), np.repeat([[0.0], [1.0]], NUMBER, axis=0)


def uniform(seed: int) -> Iterator[float]:
    """Give random numbers between 0 and 1, the same in the browser.

    Source: Marsaglia 2003, *Xorshift RNGs*, *Journal of Statistical Software* 8 (14), section 3, with the triple (13, 17, 5).
    """
    state = (seed + 1) * 0x9E3779B1 % 2**32  # neighbouring seeds far apart, and none at 0
    for n in range(2**32):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        if n >= 8:
            yield (state - 0.5) / 2**32


def normal(draw: Iterator[float]) -> float:
    """Return a normal random number made of two uniform ones.

    Source: Box and Muller 1958, *A Note on the Generation of Random Normal Deviates*.
    """
    return math.sqrt(-2 * math.log(next(draw))) * math.cos(2 * math.pi * next(draw))


def batches(count: int, size: int, draw: Iterator[float]) -> Iterator[list[int]]:
    """Give the numbers of the examples of each batch, epoch after epoch, each in a new order; of all, if `size` is 0."""
    while True:
        order = list(range(count))
        for i in range(count - 1, 0, -1) if size else ():
            j = int(next(draw) * (i + 1))
            order[i], order[j] = order[j], order[i]
        for first in range(0, count, size or count):
            yield order[first : first + (size or count)]


@dataclass(frozen=True)
class Setting:
    """What there is to choose in the playground."""

    data: str = "ring"
    depth: int = 6
    width: int = 8
    activation: str = "sigmoid"
    init: str = "xavier"
    rate: float = 0.5
    batch: int = 0
    seed: int = 1

    def network(self, draw: Iterator[float] | None = None) -> Network:
        """Return the network of the first step, its weights drawn row by row, its biases at zero."""
        draw = draw or uniform(self.seed)
        sizes = [2, *[self.width] * self.depth, 1]
        layers = []
        activations = [*[self.activation] * self.depth, "identity"]
        for (inputs, outputs), activation in zip(pairwise(sizes), activations, strict=True):
            deviation = INITIALIZATIONS[self.init].deviation(inputs, outputs, ACTIVATIONS[activation].gain)
            W = [[deviation * normal(draw) for _ in range(inputs)] for _ in range(outputs)]
            layers.append(Dense.from_parameters(W, np.zeros(outputs), activation))
        return Network(layers, "binary_cross_entropy")

    def trained(self, steps: int) -> Network:
        """Return the network after some steps of plain gradient descent."""
        draw = uniform(self.seed)
        network = self.network(draw)
        x, y = points(self.data)
        optimizer = SGD(self.rate)
        for _, batch in zip(range(steps), batches(len(x), self.batch, draw), strict=False):
            gradients = network.trace(x[batch], y[batch]).gradients
            optimizer.step([*network.parameters.values()], [*gradients.values()])
        return network

    def cost(self, network: Network) -> float:
        """Return the cost over all points."""
        return network.cost(*points(self.data))

    def right(self, network: Network) -> float:
        """Return which part of the points is on the correct side."""
        x, y = points(self.data)
        return float(np.mean((network.predict(x).reshape(-1, 1) > 0.5) == y))

    def errors(self, network: Network) -> Array:
        """Return the mean size of δ in each layer, over all points."""
        return np.array([np.abs(step.delta).mean() for step in network.trace(*points(self.data)).steps])


def playground(
    name: str, label: str, setting: Setting, steps: int, *, caption: str, alt: str, heights: tuple[int, int]
) -> str:
    """Return the HTML of a playground.

    Args:
        name: Its id on the page, and its name in an address that keeps its state.
        label: What a screen reader calls it.
        setting: What is chosen at the beginning.
        steps: After how many steps the printed figure shows the network.
        caption: What the figure shows, as HTML.
        alt: The same for somebody who cannot see it.
        heights: Its height on a wide screen and on a phone, in pixels.
    """
    first, last = setting.network(), setting.trained(steps)
    sets = {}
    for key, (title, _) in DATA.items():
        x, y = points(key)
        sets[key] = {"title": title, "points": np.column_stack([x, y]).tolist()}
    data = {
        "sets": sets, "setting": asdict(setting), "inits": [*INITIALIZATIONS],
        "activations": CHOICES, "depths": DEPTHS, "widths": WIDTHS, "batches": BATCHES,
    }  # fmt: skip
    sizes = {"before the first step": setting.errors(first), f"after {steps} steps": setting.errors(last)}
    picture = figure(_map(setting, last), _bars(sizes["before the first step"]), caption=caption, alt=alt)
    return element("playground", label, data, picture, table=_table(sizes), heights=heights, id=name)


def _map(setting: Setting, network: Network) -> str:
    x, y = points(setting.data)
    side = np.linspace(-1, 1, 41)
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(side, side)])
    levels = network.predict(grid).reshape(41, 41)

    def draw(axes: Any) -> None:
        if levels.min() < 0.5 < levels.max():
            axes.contour(side, side, levels, [0.5], colors=INK, linewidths=1.4)
        for own, colour, marker in ((0, FORWARD, "o"), (1, BACKWARD, "^")):
            axes.scatter(
                *x[y[:, 0] == own].T, s=16, marker=marker, facecolor=PAPER if own else colour, edgecolor=colour
            )
        axes.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")

    return plot(draw, size=(300, 280))


def _bars(sizes: Array) -> str:
    def draw(axes: Any) -> None:
        axes.bar(np.arange(1, len(sizes) + 1), sizes, color=BACKWARD, width=0.6)
        axes.set_yscale("log")
        axes.set(xlabel="layer", ylabel="average size of δ", ylim=(10 ** np.floor(np.log10(sizes.min())), None))

    return plot(draw, size=(300, 280))


def _table(sizes: dict[str, Array]) -> str:
    rows = "".join(
        f"<tr><td>{when}</td>{''.join(f'<td>{size:.2e}</td>' for size in values)}</tr>".replace("-", "−")
        for when, values in sizes.items()
    )
    names = "".join(f"<th>layer {layer}</th>" for layer in range(1, len(next(iter(sizes.values()))) + 1))
    return f"<table><thead><tr><th>average size of δ</th>{names}</tr></thead><tbody>{rows}</tbody></table>"
