"""How fast is automatic differentiation on single numbers? `Value` beside micrograd, on micrograd's own demonstration.

Both train the same network, 2-16-16-1, on the same hundred points of two moons, from the same weights and in the same
words: hinge loss, a penalty on the weights, one step of descent on all points. micrograd is measured where it is installed
(`pip install micrograd`).
"""

import argparse
import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from contest import Contender, installed, race, setting, table

SIZES = (2, 16, 16, 1)
POINTS = 100
PENALTY = 1e-4
RATE = 0.1


def moons(rng: random.Random) -> list[tuple[list[float], float]]:
    """Return points of two interleaved half circles, each with its side, −1 or 1."""
    points = []
    for number in range(POINTS):
        angle, side = math.pi * rng.random(), number % 2
        x, y = math.cos(angle), math.sin(angle)
        place = [1 - x, 0.5 - y] if side else [x, y]
        points.append(([coordinate + rng.gauss(0, 0.1) for coordinate in place], 2.0 * side - 1))
    return points


class Network:
    """Neurons of single numbers, rectified in all layers but the last; micrograd's `MLP`, for any kind of number."""

    def __init__(self, kind: Callable[[float], Any], rng: random.Random) -> None:
        self.layers = [
            [([kind(rng.uniform(-1, 1)) for _ in range(inputs)], kind(0)) for _ in range(outputs)]
            for inputs, outputs in pairwise(SIZES)
        ]

    def parameters(self) -> list[Any]:
        """Return all weights and biases."""
        return [parameter for layer in self.layers for w, b in layer for parameter in [*w, b]]

    def __call__(self, x: Sequence[Any]) -> Any:
        """Return the score of a point."""
        for number, layer in enumerate(self.layers, 1):
            z = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
            x = [zi.relu() for zi in z] if number < len(self.layers) else z
        return x[0]


class Demonstration:
    """One way to compute with `kind`: each turn is a forward pass over all points, a backward pass and a step."""

    def __init__(self, kind: Callable[[float], Any]) -> None:
        rng = random.Random(0)
        self.kind, self.points, self.network = kind, moons(rng), Network(kind, rng)

    def cost(self) -> Any:
        """Return the mean hinge loss of all points and the penalty on the weights."""
        scores = [self.network([self.kind(coordinate) for coordinate in x]) for x, _ in self.points]
        losses = [(1 + -side * score).relu() for (_, side), score in zip(self.points, scores, strict=True)]
        penalty = PENALTY * sum(p * p for p in self.network.parameters())
        return sum(losses) * (1.0 / len(losses)) + penalty

    def turn(self) -> float:
        """Take one step and return the cost before it."""
        cost = self.cost()
        parameters = self.network.parameters()
        for parameter in parameters:
            parameter.grad = 0
        cost.backward()
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        return float(cost.data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="how often each takes its turn (default: %(default)s)")
    rounds = parser.parse_args().rounds

    from backproplab import Value
    from backproplab.autograd.graph import backward_order

    ways = {"backproplab": Demonstration(Value)}
    if installed("micrograd"):
        from micrograd.engine import Value as There

        ways["micrograd"] = Demonstration(There)
    nodes = len(backward_order(ways["backproplab"].cost()))
    speeds = race([Contender(name, nodes, way.turn) for name, way in ways.items()], rounds)
    print(f"{nodes:,} numbers in a step\n")
    print(setting("micrograd"))
    print()
    print(table(speeds, "micrograd", "numbers/s"))
    if "micrograd" not in ways:
        print("\nmicrograd is not installed.")
    elif len({round(way.turn(), 9) for way in ways.values()}) > 1:
        raise SystemExit("The two no longer agree.")


if __name__ == "__main__":
    main()
