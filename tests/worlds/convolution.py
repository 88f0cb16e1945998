"""Worlds of the chapters on convolution: images, kernels, maps and their cost, computed in plain loops from 0."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.network import sigma

if TYPE_CHECKING:
    from backproplab.book.formulas.world import Let


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
    seed: int = 4,
) -> World:
    r"""A whole layer, $z_{f,i,j,n} = b_f + \sum_{c,u,v} w_{f,c,u,v}\, a_{c,is+u-p,js'+v-p',n}$, and a cost of every $z$.

    Images are (C, H, W, N), kernels (F, C, K, K'); without `batch` there is one image and the index n is left out.
    """
    (c, h, w, n), (f, _, k, l) = images, kernels
    (s, t), (p, q) = strides, paddings
    rows, columns = (h + 2 * p - k) // s + 1, (w + 2 * q - l) // t + 1

    def program(let: Let) -> None:
        rng = np.random.default_rng(seed)
        for name, value in {"K": k, "K'": l, "H": h, "W": w, "s": s, "s'": t, "p": p, "p'": q, "N": n}.items():
            let(name, value)
        weight, bias = let("w", rng.standard_normal(kernels)), let("b", rng.standard_normal(f))
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
        let("C", sum(weights[place] * sigma(z[place]) for place in np.ndindex(*z.shape)))

    return with_errors(program)


def with_errors(program: Any) -> World:
    r"""Add $\delta = \partial C / \partial z$, measured entry by entry; images and errors are zero outside."""
    world, step = World(program, first=0), 1e-30
    delta = np.empty(world["z"].shape)
    for place in np.ndindex(*delta.shape):
        delta[place] = np.imag(world.nudged(((("z", (), place), 1j * step),))["C"]) / step

    def and_errors(let: Let) -> None:
        program(let)
        let("delta", delta)

    return World(and_errors, first=0, padded=("a", "delta", "d"))


def one_image() -> World:
    """A whole layer that sees one image."""
    return layer(batch=False)
