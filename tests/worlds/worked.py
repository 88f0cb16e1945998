"""The world of a worked example: a batch side by side in columns, through a network and into one of the losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.network import sigma

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab import Network
    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array

SIGMA: dict[str, Callable[[Any], Any]] = {
    "sigmoid": sigma,
    "tanh": lambda z: np.sinh(z) / np.cosh(z),
    "relu": lambda z: np.where(np.real(z) > 0, z, 0 * z),
    "leaky_relu": lambda z: np.where(np.real(z) > 0, z, z / 100),
    "identity": lambda z: z,
}
FACTOR = {"half_squared_error": 1 / 2, "squared_error": 1.0, "mean_squared_error": None}


def softmax(a: Any) -> Any:
    """Shares of each column."""
    return np.exp(a) / np.exp(a).sum(axis=0)


def cost(loss: str, a: Any, y: Array, let: Let) -> Any:
    """The cost of a batch, entry by entry."""
    n, N = y.shape
    entries = list(np.ndindex(n, N))
    if loss in FACTOR:
        return sum((FACTOR[loss] or 1 / n) * (a[place] - y[place]) ** 2 for place in entries) / N
    p = let("p", sigma(a) if loss == "binary_cross_entropy" else softmax(a))
    each = [y[place] * np.log(p[place]) for place in entries]
    if loss == "binary_cross_entropy":
        each += [(1 - y[place]) * np.log(1 - p[place]) for place in entries]
    return -sum(each) / N


def slopes(world: World, name: str, l: int) -> Array:
    """What the cost does when one number of a layer is nudged by an imaginary step, for each of them."""
    shape, step = np.shape(world[name][l]), 1e-30
    places = [(name, (l,), place) for place in np.ndindex(*shape)]
    return np.reshape([np.imag(world.nudged(((place, 1j * step),))["C"]) / step for place in places], shape)


def batch(network: Network, x: Array, y: Array, rate: float) -> World:
    """The network's numbers, its layers and its loss worked out column by column; x and y are columns too."""
    layers = [(layer.parameters["W"].copy(), layer.parameters["b"].copy()) for layer in network.layers]
    function: Callable[[Any], Any] = SIGMA[network.layers[0].activation.name]
    (n, N), L = y.shape, len(layers)

    def program(let: Let) -> None:
        for name, value in {"N": N, "n": n, "eta": rate, "y": y, "sigma": function, "softmax": softmax}.items():
            let(name, value)
        let("sigmoid", sigma)
        a = let("a", let("x", x), 0)
        for l, (weights, biases) in enumerate(layers, 1):
            W, b = let("W", weights, l), let("b", biases, l)
            a = let("a", function(let("z", np.stack([W @ column for column in a.T], axis=1) + b, l)), l)
        let("C", cost(network.loss.name, a, y, let))

    before = World(program)

    def after(let: Let) -> None:
        program(let)
        for l in range(1, L + 1):
            let("delta", slopes(before, "z", l), l)
            for name in ("W", "b"):
                let(f"new {name}", before[name][l] - rate * slopes(before, name, l), l)

    return World(after, nabla={"a": ("a", L)}, columns=True)
