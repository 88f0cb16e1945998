"""Worlds of the chapter on the neuron: its inputs and its answer, and the functions that bend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.network import sigma

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.world import Let


def step(z: Any) -> int:
    """The answer of a perceptron."""
    return 1 if z > 0 else 0


def relu(z: Any) -> Any:
    """What is above 0, of complex numbers by their real part."""
    return z if np.real(z) > 0 else 0 * z


def leaky_relu(z: Any) -> Any:
    """What is above 0, and a hundredth of what is not."""
    return z if np.real(z) > 0 else z / 100


def neuron(function: Callable[[Any], Any] = sigma, bias: float = 0.4, *, seed: int = 6) -> World:
    """A neuron with three inputs."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("sigma", function), let("n", 3)
        w, x, b = let("w", rng.standard_normal(3)), let("x", rng.standard_normal(3)), let("b", bias)
        let("a", function(let("z", sum(w[k] * x[k] for k in range(3)) + b)))

    return World(program)


def perceptron(z: float, *, seed: int = 8) -> World:
    """A perceptron with three inputs whose weighted input is z."""
    rng = np.random.default_rng(seed)
    w, x = rng.integers(-4, 5, 3) / 2.0, rng.integers(-4, 5, 3) / 2.0  # halves, so that a sum of 0 is 0
    return World({"w": w, "x": x, "b": z - sum(w[k] * x[k] for k in range(3)), "z": z, "a": step(z)})


def middle(w: float, b: float) -> World:
    """A sigmoid neuron with one input, where its weighted input is 0."""

    def program(let: Let) -> None:
        weight, bias, x = let("w", w), let("b", b), let("x", -b / w)
        let("a", sigma(let("z", weight * x + bias)))

    return World(program)


def bend(function: Callable[[Any], Any], z: float) -> World:
    """The bend of a neuron at one weighted input."""

    def program(let: Let) -> None:
        let("sigma", function)
        let("a", function(let("z", z)))

    return World(program)


def quotient(z: float) -> World:
    """The hyperbolic tangent at one weighted input, made of two exponential functions."""

    def u(z: Any) -> Any:
        return np.exp(z) - np.exp(-z)

    def v(z: Any) -> Any:
        return np.exp(z) + np.exp(-z)

    return World({"u": u, "v": v, "tanh": lambda z: u(z) / v(z), "z": z}, at={"u": "z", "v": "z"})
