"""Worlds of the chapters on foundations: smooth functions that also take complex numbers, and numbers to put in."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproplab.book.formulas.world import World


def line(**more: Any) -> World:
    r"""One variable: functions $f$ and $g$ without symmetry, a place $x = a$, a step $h$; `more` adds or replaces."""
    values: dict[str, Any] = {
        "f": lambda x: np.exp(x / 2) + x**3 / 3 + np.sin(x),
        "g": lambda x: np.cos(x) + x**2 / 2 + x / 5,
        "x": 0.7,
        "a": 0.7,
        "h": 0.1,
        "i": 1j,
        "alpha": 1.7,
        "beta": -0.6,
    }
    return World({**values, **more}, at={"": "x"})


def slope_of(cost: Any) -> Any:
    """The gradient of a cost of a vector, measured number by number."""

    def gradient(w: Any) -> Any:
        step = 1e-30
        return np.array([np.imag(cost(w + 1j * step * e)) / step for e in np.eye(len(w))])

    return gradient


def curvature_of(cost: Any, w: Any) -> Any:
    """The matrix of second slopes of a cost at a place, measured by differences of its measured gradient."""
    gradient, step = slope_of(cost), 1e-5
    return np.array([(gradient(w + step * e) - gradient(w - step * e)) / (2 * step) for e in np.eye(len(w))])


def uneven(w: Any) -> Any:
    """A smooth cost of three numbers that treats no two of them alike."""
    return np.exp(w[0] / 2 + w[1] / 3) + w[1] ** 2 * w[2] + np.sin(w[0] * w[2]) + w[2] ** 3 / 4 + w[1] * w[0]


def hillside(**more: Any) -> World:
    r"""Several variables: a cost $C = f$ at $w = x$, with a direction $u$ of length 1 and any direction $d = v$."""
    w = np.array([0.4, -0.3, 0.8])
    u = np.array([2.0, -1.0, 2.0]) / 3
    values: dict[str, Any] = {
        "C": uneven,
        "f": uneven,
        "w": w,
        "x": w,
        "n": 3,
        "g": slope_of(uneven)(w),
        "H": curvature_of(uneven, w),
        "u": u,
        "v": np.array([0.5, 1.2, -0.7]),
        "d": np.array([0.02, -0.05, 0.03]),
        "h": 0.1,
        "eta": 0.05,
        "e": {i: np.eye(3)[i - 1] for i in (1, 2, 3)},
    }
    return World({**values, **more}, at={"C": "w", "f": "x"}, nabla={"": ("w",)})
