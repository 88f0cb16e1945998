"""Worlds of the chapters on networks: layers of neurons and their cost, computed in plain loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.world import Let


def sigma(z: Any) -> Any:
    """The sigmoid, of complex numbers too."""
    return 1 / (1 + np.exp(-z))


def layers(
    sizes: tuple[int, ...] = (3, 3, 3, 3), *, half: float = 0.5, activation: Callable[[Any], Any] = sigma, seed: int = 1
) -> World:
    r"""One example through dense layers: $w = W$, $b$, $z$, $a$, $\delta$ by layer; $C = C_0$, half the squared error.

    All layers have the same number of neurons unless told otherwise, so that no wrong index or transpose betrays
    itself by its shape. $\delta^l$ is $\partial C / \partial z^l$, worked out by plain loops from the last layer back.
    """

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        L = let("L", len(sizes) - 1)
        let("sigma", activation)
        for l, n in enumerate(sizes):
            let("n", n, l)
        y = let("y", rng.uniform(0, 1, sizes[-1]))
        a = let("a", let("x", rng.standard_normal(sizes[0])), 0)
        for l in range(1, L + 1):
            W = let("w", let("W", rng.standard_normal((sizes[l], sizes[l - 1])), l), l)
            b = let("b", rng.standard_normal(sizes[l]), l)
            z = [sum(W[j, k] * a[k] for k in range(sizes[l - 1])) + b[j] for j in range(sizes[l])]
            z = let("z", z, l)
            a = let("a", activation(z), l)
        let("C", let("C_0", half * sum((a[j] - y[j]) ** 2 for j in range(sizes[-1]))))

    return with_errors(program, len(sizes) - 1)


def relu(z: Any) -> Any:
    """ReLU, of complex numbers too."""
    return np.where(np.real(z) > 0, z, 0 * z)


def chain(length: int = 3, *, half: float = 1.0, still: bool = False, seed: int = 1) -> World:
    """One neuron per layer: every symbol a number, and the cost of the one example the whole square.

    Where the chain is `still`, every weighted input is 0, and every sigmoid as steep as it can be.
    """

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("sigma", sigma)
        L = let("L", length)
        y = let("y", 0.9)
        a = let("a", let("x", 0.7), 0)
        for l in range(1, L + 1):
            w = let("w", rng.uniform(0.5, 2) * rng.choice([-1, 1]), l)
            b = let("b", -(w * a).real if still else rng.uniform(-1, 1), l)
            z = let("z", w * a + b, l)
            a = let("a", sigma(z), l)
        let("C", let("C_0", half * (a - y) ** 2))

    return with_errors(program, length)


def with_errors(program: Callable[[Let], None], L: int) -> World:
    r"""Add $\delta^l = \partial C / \partial z^l$, measured by imaginary steps."""
    before, step = World(program), 1e-30

    def slope(l: int, place: tuple[int, ...]) -> Any:
        return np.imag(before.nudged(((("z", (l,), place), 1j * step),))["C"]) / step

    def and_errors(let: Let) -> None:
        program(let)
        for l in range(1, L + 1):
            shape = np.shape(before["z"][l])
            let("delta", np.reshape([slope(l, place) for place in np.ndindex(*shape)], shape)[()], l)

    return World(and_errors, nabla={"a": ("a", L)})


def examples(outputs: int = 3, size: int = 4, *, seed: int = 2) -> World:
    r"""Several examples $i$: the outputs $a^L_i$ and targets $y_i$ of each are vectors, $C$ is the mean over them."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        N, L = let("N", size), let("L", 2)
        cost = 0.0
        for i in range(1, N + 1):
            a, y = let("a", rng.uniform(0, 1, outputs), L, i), let("y", rng.uniform(0, 1, outputs), i)
            cost = cost + sum((a[j] - y[j]) ** 2 for j in range(outputs)) / 2
        let("C", cost / N)

    return World(program)


def two_examples(eta: float = 0.7, *, seed: int = 3) -> World:
    """A layer before and after one step on an example, and what that does to the z of another, whose names have a tilde."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("sigma", sigma), let("eta", eta)
        W, b = let("W", rng.standard_normal((3, 3))), let("b", rng.standard_normal(3))
        a, other, y = let("a", rng.random(3), 1), let("tilde_a", rng.random(3), 1), let("y", rng.random(3))
        z, L = let("z", W @ a + b, 2), let("L", 2)

        def cost(W: Any, b: Any) -> Any:
            return sum((sigma(W[j] @ a + b[j]) - y[j]) ** 2 for j in range(3)) / 2

        step, unit = 1e-30j, np.eye(3)
        slopes = [[np.imag(cost(W + step * np.outer(one, two), b) / 1e-30) for two in unit] for one in unit]
        new_W, new_b = W - eta * np.array(slopes), b - eta * np.imag([cost(W, b + step * one) / 1e-30 for one in unit])
        let("a", sigma(z), L), let("Deltatilde_z", new_W @ other + new_b - (W @ other + b), L)

    return World(program)


def probable(sizes: tuple[int, ...] = (3, 3, 3), *, seed: int = 1) -> World:
    r"""Layers that end in sigmoids and say how probable each yes is; $C$ is the binary cross-entropy of one example."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("sigma", sigma)
        L = let("L", len(sizes) - 1)
        y = let("y", rng.uniform(0.1, 0.9, sizes[-1]))
        a = let("a", rng.standard_normal(sizes[0]), 0)
        for l in range(1, L + 1):
            W, b = rng.standard_normal((sizes[l], sizes[l - 1])), rng.standard_normal(sizes[l])
            a = let("a", sigma(let("z", W @ a + b, l)), l)
        let("C", -sum(y[j] * np.log(a[j]) + (1 - y[j]) * np.log(1 - a[j]) for j in range(sizes[-1])))

    return with_errors(program, len(sizes) - 1)


def chains(size: int = 4, length: int = 3, *, seed: int = 1) -> World:
    """Several examples through one chain: $C_i$ is the cost of each, $C$ their mean; the inputs and targets are families."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        N, L = let("N", size), let("L", length)
        w = [let("w", rng.uniform(0.5, 2), l) for l in range(1, L + 1)]
        b = [let("b", rng.uniform(-1, 1), l) for l in range(1, L + 1)]
        total = 0.0
        for i in range(1, N + 1):
            a, y = let("x", rng.standard_normal(), i), let("y", rng.uniform(0, 1), i)
            for l in range(L):
                a = sigma(w[l] * a + b[l])
            total = total + let("C", (a - y) ** 2, i)
        let("the C", total / N)

    return World(program)


def columns(*, seed: int = 5) -> World:
    """Two layers and a batch of three examples side by side, each worked out by itself."""

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("bold_1", np.ones(3))
        A = let("A", rng.standard_normal((3, 3)), 0)
        for l in (1, 2):
            W, b = let("W", rng.standard_normal((3, 3)), l), let("b", rng.standard_normal(3), l)
            Z = let("Z", np.stack([W @ A[:, i] + b for i in range(3)], axis=1), l)
            A = let("A", sigma(Z), l)

    return World(program)
