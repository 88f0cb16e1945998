"""The descent explorer: a curve or a map, starts to drag, a learning rate to slide, and the way down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backproplab.autograd.value import Value
from backproplab.calculus.derivatives import hessian
from backproplab.calculus.descent import gradient_descent
from backproplab.figures.drawing import figure
from backproplab.figures.plots import MUTED, PAPER, STYLES, plot
from backproplab.figures.surfaces import MARKERS, contours
from backproplab.optimizers import SGD, Adam, Momentum
from backproplab.widgets.elements import element

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backproplab.checks import Array


class Landscape(NamedTuple):
    """A cost to walk down.

    Attributes:
        title: What it is called.
        letters: The names of its parameters, one or two.
        formula: The cost as people write it.
        f: The same for a program; it maps one or two numbers, plain or recorded, to one.
        ranges: From where to where each parameter is drawn.
        rates: The least and the largest learning rate of the slider.
        near: A point near each minimum.
        starts: Where walkers begin.
    """

    title: str
    letters: tuple[str, ...]
    formula: str
    f: Callable[[Any], Any]
    ranges: tuple[tuple[float, float], ...]
    rates: tuple[float, float]
    near: tuple[tuple[float, ...], ...]
    starts: tuple[tuple[float, ...], ...]


W = ("w₁", "w₂")
LANDSCAPES = {
    "ball": Landscape(
        "A ball", ("b",), "5b²", lambda w: 5 * w[0] ** 2,
        ((-6, 6),), (0.002, 1), ((0,),), ((-5,), (3.5,), (5.5,), (-1.5,)),
    ),
    "villages": Landscape(
        "Two villages", ("w",), "w⁴/4 − w²/2 + 0.15w", lambda w: w[0] ** 4 / 4 - w[0] ** 2 / 2 + 0.15 * w[0],
        ((-1.9, 1.8),), (0.01, 5), ((-1,), (0.9,)), ((0.3,), (0.1,), (1.7,), (-1.8,)),
    ),
    "plateau": Landscape(
        "A plateau", ("w",), "w²/(1 + w²)", lambda w: w[0] ** 2 / (1 + w[0] ** 2),
        ((-6, 6),), (0.02, 10), ((0,),), ((-5,), (2,), (0.8,), (4,)),
    ),
    "valley": Landscape(
        "A long valley", ("u", "v"), "½(u² + 10v²)", lambda w: (w[0] ** 2 + 10 * w[1] ** 2) / 2,
        ((-4, 10), (-3.5, 3.5)), (0.005, 1), ((0, 0),), ((9, 1.6), (2, 3), (7, -2), (-3, -1)),
    ),
    "saddle": Landscape(
        "A saddle", ("u", "v"), "u⁴/4 − u²/2 + v²/2", lambda w: w[0] ** 4 / 4 - w[0] ** 2 / 2 + w[1] ** 2 / 2,
        ((-2, 2), (-1.5, 1.5)), (0.02, 5), ((-1, 0), (1, 0)), ((0.001, 1.3), (-0.4, -1.2), (1.8, 1), (-1.8, 0.5)),
    ),
    "narrow": Landscape(
        "A narrow valley", W, "½(w₁² + 40w₂²)", lambda w: (w[0] ** 2 + 40 * w[1] ** 2) / 2,
        ((-4, 10), (-3.5, 3.5)), (0.001, 1), ((0, 0),), ((9, 1.6), (2, 3), (7, -2), (-3, -1)),
    ),
    "turned": Landscape(
        "The same, turned by 45°", W, "¼(41w₁² − 78w₁w₂ + 41w₂²)",
        lambda w: (41 * w[0] ** 2 - 78 * w[0] * w[1] + 41 * w[1] ** 2) / 4,
        ((-4, 9), (-4, 9)), (0.001, 1), ((0, 0),), ((5.2, 7.5), (7, 3), (1, 6), (-3, -1)),
    ),
    "bent": Landscape(
        "Rosenbrock’s bent valley", W, "(1 − w₁)² + 10(w₂ − w₁²)²",
        lambda w: (1 - w[0]) ** 2 + 10 * (w[1] - w[0] ** 2) ** 2,
        ((-2, 2), (-1, 3)), (0.0005, 0.5), ((1, 1),), ((-1.5, 2), (0, -0.5), (1.7, 0), (-0.5, 2.7)),
    ),
}  # fmt: skip
"""The grounds of the explorer; landscapes.js has the same under the same names."""
METHODS = {"plain": "plain", "momentum": "momentum", "adam": "Adam"}
"""The optimizers of the explorer, as the script and as a reader calls them."""


def slope(f: Callable[[Any], Any], w: Array) -> Array:
    """Return the gradient of a formula, as its recorded numbers give it."""
    recorded = [Value(float(x)) for x in w]
    f(recorded).backward()
    return np.array([x.grad for x in recorded])


def walk(f: Callable[[Any], Any], method: str, rate: float, start: Sequence[float], steps: int) -> Array:
    """Walk with the package's optimizer, at a momentum (or β₁) of 0.9, and return all points, shape (steps + 1, n)."""
    w = np.array(start, dtype=float)
    points, optimizer = [w.copy()], {"plain": SGD, "momentum": Momentum, "adam": Adam}[method](rate)
    for _ in range(steps):
        optimizer.step([w], [slope(f, w)])
        points.append(w.copy())
    return np.array(points)


def minima(land: Landscape) -> list[dict[str, Any]]:
    """Find the minima: where each is, its cost, and its largest curvature λ, to nine digits."""
    found = []
    for near in land.near:
        path = gradient_descent(land.f, near, 0.5, 1000, gradient=lambda w: slope(land.f, w), tolerance=1e-14)
        largest = float(np.linalg.eigvalsh(hessian(land.f, path.points[-1]).value)[-1])
        found.append({
            "at": [float(f"{x:.9g}") for x in path.points[-1]],
            "cost": float(f"{path.values[-1]:.9g}"),
            "curvature": float(f"{largest:.9g}"),
        })  # fmt: skip
    return found


def levels(land: Landscape, count: int = 10) -> list[float]:
    """Choose the heights of a map's lines: dense at the bottom, so that a bowl has them at even distances."""
    (left, right), (low, high) = land.ranges
    heights = land.f(np.meshgrid(np.linspace(left, right, 41), np.linspace(low, high, 41)))
    bottom = min(minimum["cost"] for minimum in minima(land))
    return [float(f"{bottom + (heights.max() - bottom) * (k / count) ** 2:.4g}") for k in range(1, count)]


def descent_explorer(
    name: str,
    label: str,
    landscapes: Sequence[str],
    rate: float,
    *,
    methods: Sequence[str] = ("plain",),
    starts: int = 1,
    steps: int = 20,
    caption: str,
    alt: str,
    heights: tuple[int, int],
) -> str:
    """Return the HTML of a descent explorer.

    Args:
        name: Its id on the page, and its name in an address that keeps its state.
        label: What a screen reader calls it.
        landscapes: Which of `LANDSCAPES` there are to choose from; the first is there at the beginning.
        rate: The learning rate at the beginning.
        methods: Which of `METHODS` there are; the first is chosen at the beginning.
        starts: How many walkers there are at the beginning.
        steps: How many steps they take then.
        caption: What the printed figure shows, as HTML.
        alt: The same for somebody who cannot see it.
        heights: Its height on a wide screen and on a phone, in pixels.
    """
    land = LANDSCAPES[landscapes[0]]
    paths = {str(k + 1): walk(land.f, methods[0], rate, land.starts[k], steps) for k in range(starts)}
    bottom = min(minimum["cost"] for minimum in minima(land))
    data = {
        "landscapes": [_data(key) for key in landscapes],
        "methods": [[key, METHODS[key]] for key in methods],
        "rate": rate,
        "starts": starts,
        "steps": steps,
    }
    return element(
        "descent", label, data,
        figure(
            _map(land, paths),
            _costs([np.array([land.f(point) for point in path]) - bottom for path in paths.values()]),
            caption=caption, alt=alt,
        ),
        table=_table(land, paths), heights=heights, id=name,
    )  # fmt: skip


def _data(name: str) -> dict[str, Any]:
    land = LANDSCAPES[name]
    given = {key: getattr(land, key) for key in ("title", "letters", "formula", "ranges", "rates", "starts")}
    return {"name": name, **given, "minima": minima(land), "levels": levels(land) if len(land.letters) > 1 else []}


def _map(land: Landscape, paths: dict[str, Array]) -> str:
    if len(land.letters) > 1:
        return contours(
            lambda w: float(land.f(w)), *land.ranges, levels=levels(land), values=False, paths=paths,
            x_label=land.letters[0], y_label=land.letters[1], size=(330, 250),
        )  # fmt: skip

    def draw(axes: Any) -> None:
        w = np.linspace(*land.ranges[0], 161)
        axes.plot(w, land.f([w]), color=MUTED, linewidth=1.4)
        for number, path in enumerate(paths.values()):
            style = {"color": STYLES[number][0], "linestyle": STYLES[number][1], "marker": MARKERS[number]}
            axes.plot(path[:, 0], land.f(path.T), markersize=4.5, markerfacecolor=PAPER, linewidth=1.4, **style)
            axes.plot(path[0, 0], land.f(path[0]), markersize=8, **style)
        axes.set(xlabel=land.letters[0], ylabel="cost", xlim=land.ranges[0])

    return plot(draw, size=(330, 250))


def _costs(costs: Sequence[Array]) -> str:
    powers = np.log10([min(cost.min() for cost in costs), max(cost.max() for cost in costs)])
    decades = range(int(np.floor(powers[0])), int(np.ceil(powers[1])) + 1)

    def draw(axes: Any) -> None:
        for number, cost in enumerate(costs):
            axes.plot(np.log10(cost), color=STYLES[number][0], linestyle=STYLES[number][1])
        names = [f"{10.0**power:g}" if -3 < power < 4 else f"$10^{{{power}}}$" for power in decades]
        every = slice(None, None, 1 + len(decades) // 6)
        axes.set_yticks([*decades][every], names[every])
        axes.set(xlabel="step", ylabel="cost above the lowest", ylim=(decades[0], decades[-1]))

    return plot(draw, size=(250, 225))


def _table(land: Landscape, paths: dict[str, Array]) -> str:
    def cells(step: int) -> str:
        numbers = [x for path in paths.values() for x in (*path[step], land.f(path[step]))]
        return "".join(f"<td>{number:.4g}</td>".replace("-", "−") for number in numbers)

    names = "".join(f"<th>{name}</th>" for _ in paths for name in (*land.letters, "cost"))
    rows = "".join(f"<tr><td>{k}</td>{cells(k)}</tr>" for k in range(len(next(iter(paths.values())))))
    return f"<table><thead><tr><th>step</th>{names}</tr></thead><tbody>{rows}</tbody></table>"
