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


def jacobian_of(function: Any, x: Any) -> Any:
    """The Jacobian of a function of a vector, measured column by column."""
    step = 1e-30
    return np.array([np.imag(function(x + 1j * step * e)) / step for e in np.eye(len(x))]).T


def lowest(error: Any, low: float, high: float) -> float:
    """Where an error that first falls and then rises is least: its measured slope is halved in until it is zero."""
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if np.imag(error(middle + 1e-30j)) < 0 else (low, middle)
    return float(low)


def valley(x: float) -> World:
    """The function of `line` at a place, with the two steps at which truncation plus rounding is least."""
    f, second, third = line()["f"](x), np.exp(x / 2) / 4 + 2 * x - np.sin(x), np.exp(x / 2) / 8 + 2 - np.cos(x)
    noise = 1e-6 * abs(f)
    forward = lowest(lambda h: abs(second) * h / 2 + noise / h, 1e-6, 1)
    central = lowest(lambda h: abs(third) * h**2 / 6 + noise / (2 * h), 1e-6, 1)
    return line(x=x, varepsilon=1e-6, h_forward=forward, h_central=central)


def mean_bend(h: Any, a: float = 0.7) -> Any:
    r"""Where the bend of $e^{2x} + x + \frac13$ is its weighted mean over the way from $a$ to $a + h$."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    s = (nodes + 1) / 2
    return np.log(sum(weights * (1 - s) * np.exp(2 * (a + s * h)))) / 2


def bowl(slow: float, steep: float, **more: Any) -> World:
    r"""A quadratic cost $\frac12 (w - w^*)^T H (w - w^*)$ with two of its three eigenvalues given, and a walk down it."""
    Q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    curvatures, star, eta = np.array([slow, 1.4, steep]), np.array([0.3, -0.2, 0.9]), 0.1
    H = Q @ np.diag(curvatures) @ Q.T
    walk = {0: np.array([1.2, 0.4, -0.8])}
    for t in range(3):
        walk[t + 1] = walk[t] - eta * H @ (walk[t] - star)
    values: dict[str, Any] = {
        "C": lambda w: (w - star) @ H @ (w - star) / 2,
        "w": walk,
        "w^*": star,
        "H": H,
        "n": 3,
        "eta": eta,
        "lambda": curvatures,
        "lambda_min": slow,
        "lambda_max": steep,
        "kappa": steep / slow,
        "q": {i + 1: Q[:, i] for i in range(3)},
        "c": Q.T @ (walk[0] - star),
        "Lambda": steep,
    }
    return World({**values, **more}, at={"C": "w"}, nabla={"": ("w",)})


def parabola(eta: float, curvature: float = 1.4, steps: int = 200) -> World:
    r"""A walk of many steps on a parabola of one variable."""
    star, walk = 0.4, {0: 1.7}
    for t in range(steps):
        walk[t + 1] = walk[t] - eta * curvature * (walk[t] - star)
    return World({"w": walk, "w^*": star, "eta": eta, "lambda": curvature}, ranges={"t": range(min(steps, 5))})


def nudged(f: Any, g: Any, most_f: float, most_g: float, x: float, dx: float) -> World:
    """Two machines in series, with what the product of their slopes leaves of a change."""

    def slope(function: Any, at: float) -> Any:
        return np.imag(function(at + 1e-30j)) / 1e-30

    u = g(x)
    K = abs(slope(f, u)) * most_g / 2 + most_f / 2 * (abs(slope(g, x)) + most_g / 2 * abs(dx)) ** 2
    r = f(g(x + dx)) - f(u) - slope(f, u) * slope(g, x) * dx
    return World({"f": f, "g": g, "x": x, "u": u, "M_f": most_f, "M_g": most_g, "Deltax": dx, "r": r, "K": K})


def machines(let: Any) -> None:
    r"""Four machines in a row, $x \to a^1 \to \dots \to a^L$, and the Jacobian of each."""
    rng = np.random.default_rng(5)
    a = let("x", np.array([0.4, -0.3, 0.8]))
    let("L", 4)
    for l in range(1, 5):
        W, before = rng.normal(size=(3, 3)), a
        let("J", jacobian_of(lambda v, W=W: np.tanh(W @ v), np.real(before)), l)
        a = let("a", np.tanh(W @ before), l)


def student(t: float = 0.1) -> World:
    r"""A network of zeros that leaves them with $t$, five examples, and targets whose mean is zero."""
    x, a = np.random.default_rng(4).normal(size=(5, 2)), np.array([0.7, -1.1])
    y = x @ [0.8, -0.3] + 0.3
    y -= y.mean()

    def output(t: Any) -> Any:
        return t / (1 + np.exp(-t * (x @ a))) - t / 2

    values = {"N": 5, "a": a, "x": x, "y": y, "t": t, "hat_y": output, "C": lambda t: np.mean((output(t) - y) ** 2) / 2}
    return World(values, at={"hat_y": "t"})
