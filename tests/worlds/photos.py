"""Worlds of the chapter on photographs: brightness, light, areas that pixels cover, and where ink has its centre."""

from __future__ import annotations

import numpy as np

from backproplab.book.formulas.world import World


def laid(seed: int = 0) -> World:
    """A transparent picture on paper: what is seen of it, pixel by pixel."""
    rng = np.random.default_rng(seed)
    colour, alpha, paper = rng.random((3, 4)), rng.random((3, 4)), 0.7
    alpha[0, 0], alpha[1, 1] = 0, 1
    seen = [[(colour[i, j] - paper) * alpha[i, j] + paper for j in range(4)] for i in range(3)]
    return World({"c": colour, "alpha": alpha, "p": paper, "g": seen}, first=0)


def lit(seed: int = 1) -> World:
    """A page under uneven light: what a camera sees of it is the light times what the page gives back."""
    rng = np.random.default_rng(seed)
    light, page = rng.uniform(0.3, 1, (3, 4)), rng.uniform(0.1, 1, (3, 4))
    return World({"ell": light, "r": page, "g": light * page}, first=0)


def resized(old: int, new: int, seed: int = 2) -> World:
    """A row of pixels at another size: each new pixel is the mean of a hundred samples for each place where pixels meet."""
    rng = np.random.default_rng(seed)
    row = rng.random(old)
    samples = np.repeat(row, new)  # so fine that no sample lies across an edge of old or new pixels
    mean = samples.reshape(new, old).mean(axis=1)
    return World({"c": row, "h": old, "m": new, "s": mean}, first=0)


def inked(seed: int = 3) -> World:
    """A picture with ink, whose centre of mass is the mean place of its grains: every pixel holds a whole number of them."""
    rng = np.random.default_rng(seed)
    grains = rng.integers(0, 9, (3, 4))
    rows = [i for i, j in np.ndindex(3, 4) for _ in range(grains[i, j])]
    columns = [j for i, j in np.ndindex(3, 4) for _ in range(grains[i, j])]
    means = {"bar_r": float(np.mean(rows)), "bar_c": float(np.mean(columns))}
    return World({"x": grains / 8, **means}, first=0)


def moved(mass: float) -> World:
    """The whole shift after which a centre of mass comes to lie nearest to 14, found by trying all."""
    return World({"d": min(range(-20, 30), key=lambda d: abs(mass + d - 14)), "bar_r": mass})


def odds(*z: float) -> World:
    """The shares that a softmax makes of some numbers."""
    powers = np.exp(np.array(z))
    return World({"z": np.array(z), "p": powers / powers.sum()}, first=0)


def closed(reach: int, size: int, *, levels: int = 0) -> World:
    """A row of pixels, for each the window of its neighbours, and the darkest of the lightest of each window."""
    rng = np.random.default_rng(4)
    row = rng.random(size) if not levels else rng.integers(1, levels, size) / levels
    window = {i: {k for k in range(size) if abs(k - i) <= reach} for i in range(size)}
    light = [min(max(row[m] for m in window[k]) for k in window[i]) for i in range(size)]
    return World({"g": row, "U": window, "ell": np.array(light)}, first=0)
