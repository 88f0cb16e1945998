"""Worlds of the chapters on convolution: images, kernels, maps and their cost, computed in plain loops from 0."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.network import sigma

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array


def plane(size: int = 5, kernel: int = 3, *, seed: int = 3) -> World:
    r"""One image and one kernel: $z_{i,j} = b + \sum_{u,v} w_{u,v} a_{i+u,j+v}$ and a cost that weighs every $z$."""
    out = size - kernel + 1

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        let("K", kernel), let("H", size), let("H'", out)
        w, b = let("w", rng.standard_normal((kernel, kernel))), let("b", 0.3)
        a = let("a", rng.standard_normal((size, size)))
        z = np.array([
            [b + sum(w[u, v] * a[i + u, j + v] for u, v in np.ndindex(kernel, kernel)) for j in range(out)]
            for i in range(out)
        ])  # fmt: skip
        z = let("z", z)
        weights = rng.uniform(0.5, 2, (out, out))
        let("C", sum(weights[i, j] * sigma(z[i, j]) for i, j in np.ndindex(out, out)))

    return with_errors(program)


def layer(
    images: tuple[int, ...] = (2, 5, 5, 2),
    kernels: tuple[int, ...] = (2, 2, 3, 3),
    strides: tuple[int, int] = (1, 1),
    paddings: tuple[int, int] = (0, 0),
    *,
    batch: bool = True,
    activation: Callable[[Any], Any] = sigma,
    biases: Sequence[float] = (),
    seed: int = 4,
) -> World:
    r"""A whole layer, $z_{f,i,j,n} = b_f + \sum_{c,u,v} w_{f,c,u,v}\, a_{c,is+u-p,js'+v-p',n}$, and a cost of every $z$.

    Images are (C, H, W, N), kernels (F, C, K, K'); without `batch` there is one image and the index n is left out, and
    $d$ holds its errors as far apart as their windows, with zeros around them.
    """
    (c, h, w, n), (f, _, k, l) = images, kernels
    (s, t), (p, q) = strides, paddings
    rows, columns = (h + 2 * p - k) // s + 1, (w + 2 * q - l) // t + 1

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        for name, value in {"K": k, "K'": l, "H": h, "W": w, "s": s, "s'": t, "p": p, "p'": q, "N": n}.items():
            let(name, value)
        weight, bias = let("w", rng.standard_normal(kernels)), let("b", np.array(biases or rng.standard_normal(f)))
        a = let("a", rng.standard_normal(images if batch else images[:3]))
        images_ = a if batch else a[..., None]
        z = np.empty((f, rows, columns, images_.shape[-1]), complex)
        for of, i, j, m in np.ndindex(*z.shape):
            z[of, i, j, m] = bias[of]
            for ch, u, v in product(range(c), range(k), range(l)):
                y, x = i * s + u - p, j * t + v - q
                if 0 <= y < h and 0 <= x < w:
                    z[of, i, j, m] += weight[of, ch, u, v] * images_[ch, y, x, m]
        if not any(np.iscomplexobj(part) for part in (weight, bias, a)):
            z = z.real
        z = let("z", z if batch else z[..., 0])
        weights = rng.uniform(0.5, 2, z.shape)
        let("C", sum(weights[place] * activation(z[place]) for place in np.ndindex(*z.shape)))

    def errors_apart(let: Let, delta: Array) -> None:
        if not batch:
            d = np.zeros((f, h + k - 1, w + l - 1))
            for of, i, j in np.ndindex(*delta.shape):
                d[of, i * s + k - 1 - p, j * t + l - 1 - q] = delta[of, i, j]
            let("d", d)

    return with_errors(program, errors_apart, {"u'": range(k), "v'": range(l)})


def with_errors(
    program: Callable[[Let], None],
    more: Callable[[Let, Array], None] | None = None,
    ranges: dict[str, range] | None = None,
) -> World:
    r"""Add $\delta = \partial C / \partial z$, measured entry by entry, and more; images and errors are zero outside."""
    world, step = World(program, first=0), 1e-30
    delta = np.empty(world["z"].shape)
    for place in np.ndindex(*delta.shape):
        delta[place] = np.imag(world.nudged(((("z", (), place), 1j * step),))["C"]) / step

    def and_errors(let: Let) -> None:
        program(let)
        let("delta", delta)
        if more is not None:
            more(let, delta)

    return World(and_errors, first=0, padded=("a", "delta"), ranges=ranges)


def one_image() -> World:
    """A whole layer that sees one image."""
    return layer(batch=False)


def signal(weight: tuple[int, int] | None = None, *, numbers: dict[str, Any] | None = None, seed: int = 6) -> World:
    r"""One image through convolution, sigmoid, max-pooling and a dense layer, by the names of the page One signal.

    With the place (u, v) of one `weight`, $P_{k,i,j}$ is what a nudge of it does to the cost of output k by way of place
    (i, j), all else held still, and $C_\text{new}$ the cost after a step with it alone; without, u and v are free.
    """
    rng, step = np.random.default_rng(seed), 1e-30
    given: dict[str, Any] = {
        "x": rng.uniform(0, 1, (6, 6)), "w": rng.standard_normal((3, 3)), "w^4": rng.standard_normal((2, 4)),
        "c": rng.standard_normal(2), "y": np.array([0.1, 0.8]), "b": -0.5, "eta": 0.02, "sigma": sigma,
    }  # fmt: skip
    given |= numbers or {}
    x, c, y = given["x"], given["c"], given["y"]

    def forward(let: Let) -> None:
        for name in ("x", "y", "c", "eta", "sigma"):
            let(name, given[name])
        w, b, V = (let(name, given[name]) for name in ("w", "b", "w^4"))
        z = [[b + sum(w[u, v] * x[i + u, j + v] for u, v in np.ndindex(3, 3)) for j in range(4)] for i in range(4)]
        a = let("a", sigma(let("z", z, 1)), 1)
        a = let("a", pooled(a), 2)
        a = let("a", a.reshape(4), 3)
        a = let("a", sigma(let("z", [c[k] + sum(V[k, m] * a[m] for m in range(4)) for k in range(2)], 4)), 4)
        let("C", sum((a[k] - y[k]) ** 2 for k in range(2)) / 2)

    before = World(forward, first=0)

    def slopes(name: str, *keys: int) -> Array:
        shape = before[name][keys[0]].shape if keys else before[name].shape
        costs = [before.nudged((((name, keys, place), 1j * step),))["C"] for place in np.ndindex(*shape)]
        return np.reshape(np.imag(costs) / step, shape)

    def road(k: int, i: int, j: int, weight: tuple[int, int]) -> float:
        """What a nudge of the weight does to the cost of output k by way of place (i, j)."""
        a = before["a"][1].astype(complex)
        a[i, j] = sigma(before["z"][1][i, j] + 1j * step * x[i + weight[0], j + weight[1]])
        out = sigma(c[k] + sum(given["w^4"][k, m] * value for m, value in enumerate(pooled(a).reshape(4))))
        return float(np.imag((out - y[k]) ** 2 / 2) / step)

    def program(let: Let) -> None:
        forward(let)
        for l, name in ((1, "z"), (3, "a"), (4, "z")):
            let("delta", slopes(name, l), l)
        winners = {winner(before["a"][1], m) for m in range(4)}
        let("r", np.array([[float((i, j) in winners) for j in range(4)] for i in range(4)]))
        slope = slopes("w")
        let("new w", given["w"] - given["eta"] * slope)
        if weight is not None:
            let("u", weight[0]), let("v", weight[1])
            let("P", np.reshape([road(k, i, j, weight) for k, i, j in np.ndindex(2, 4, 4)], (2, 4, 4)))
            let("C_new", lambda eta: before.nudged(((("w", (), weight), -eta * slope[weight]),))["C"].real)

    return World(
        program,
        first=0,
        follows={"m": lambda i, j: 2 * (i // 2) + j // 2},
        words={"won window": lambda place, m: place == winner(before["a"][1], m)},
        at={"C_new": "eta"},
    )


def winner(a: Any, m: int) -> tuple[int, int]:
    """The place of the largest number in window m of a map of 4 × 4."""
    window = [(2 * (m // 2) + s, 2 * (m % 2) + t) for s, t in np.ndindex(2, 2)]
    return max(window, key=lambda place: float(np.real(a[place])))


def pooled(a: Any) -> Any:
    """The largest number of each window of 2 × 2."""
    return np.array([a[winner(a, m)] for m in range(4)]).reshape(2, 2)
