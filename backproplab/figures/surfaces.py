"""Functions of two variables as pictures: the map with its contours, and the surface itself."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, real_array, real_number, whole_number
from backproplab.figures.plots import BACKWARD, MUTED, PAPER, STYLES, plot
from backproplab.options import function, mapping, text, two

__all__ = ["contours", "surface"]

MARKERS = "os^D"


def contours(
    f: Callable[[Array], float],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    *,
    levels: int | Sequence[float] = 8,
    values: bool = True,
    paths: Mapping[str, ArrayLike] | None = None,
    arrows: tuple[ArrayLike, ArrayLike] | None = None,
    x_label: str = "x",
    y_label: str = "y",
    size: tuple[int, int] = (320, 300),
) -> str:
    """Draw the map of a function of two variables: lines of equal height, and on them paths and arrows.

    A path is drawn with a marker at each of its points, a filled one where it begins, and is named there where it is
    farthest from the other paths. A unit of x is as long as a unit of y if both ranges are equally wide.

    Args:
        f: Maps an array of shape (2,) to one number.
        x_range: From where to where x runs.
        y_range: From where to where y runs.
        levels: How many lines, or their heights in rising order.
        values: Whether the heights are written on the lines.
        paths: Up to four paths by name, each of shape (n, 2); a single point is a path, too.
        arrows: Where arrows begin and how far they reach, both of shape (n, 2), in units of the axes.
        x_label: What x is.
        y_label: What y is.
        size: Width and height in pixels at which the text has its natural size.

    Returns:
        SVG text, the same bytes for the same input.

    Raises:
        ImportError: If matplotlib is missing.
        TypeError: If `f` is no function, `levels` is neither a whole number nor numbers, or a range, a path or an arrow
            is not numeric.
        ValueError: If a range does not rise, `f` is not finite somewhere, a shape does not fit, or there are more
            than four paths.

    Source: Halley 1701, the first printed map with lines of equal value; Hunter 2007 for the drawing.
    """
    x, y, heights = _sample(f, x_range, y_range, 57)
    routes = _routes(paths)
    steps: Any = whole_number(levels, "levels") if isinstance(levels, int) else real_array(levels, "levels")
    if np.ndim(steps) and (len(steps) == 0 or np.any(np.diff(steps) <= 0)):
        raise ValueError(f"levels: expected heights in rising order, got {list(steps)}")
    starts, reaches = (real_array(side, "arrows") for side in arrows or (np.empty((0, 2)), np.empty((0, 2))))
    if starts.shape != reaches.shape or starts.shape[1:] != (2,):
        raise ValueError(f"arrows: expected two arrays of one shape (n, 2), got {starts.shape} and {reaches.shape}")

    def draw(axes: Any) -> None:
        lines = axes.contour(x, y, heights, levels=steps, colors=MUTED, linewidths=0.9, linestyles="-")
        if values:
            axes.clabel(
                lines, fmt=lambda height: f"{height:.4g}".replace("-", "−"), fontsize=10.5, colors=MUTED, zorder=2.5
            )
        for start, reach in zip(starts, reaches, strict=True):
            line = {"arrowstyle": "-|>", "color": BACKWARD, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", start + reach, start, arrowprops=line, annotation_clip=False)
        for number, (name, route) in enumerate(routes.items()):
            colour, dash = STYLES[number]
            style: dict[str, Any] = {"color": colour, "marker": MARKERS[number], "zorder": 4}
            axes.plot(*route.T, linestyle=dash, linewidth=1.6, markersize=4.5, markerfacecolor=PAPER, **style)
            axes.plot(*route[0], markersize=6, **style)
            place = _apart(number, list(routes.values()))
            left = place[0] < (x_range[0] + x_range[1]) / 2
            side, shift = ("left", 9) if left else ("right", -9)
            axes.annotate(name, place, (shift, 7), textcoords="offset points", color=colour, ha=side, zorder=5)
        axes.set(xlabel=x_label, ylabel=y_label, xlim=x_range, ylim=y_range)
        if np.isclose(np.ptp(x_range), np.ptp(y_range)):
            axes.set_aspect("equal")

    return plot(draw, size=size)


def surface(
    f: Callable[[Array], float],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    *,
    paths: Mapping[str, ArrayLike] | None = None,
    x_label: str = "x",
    y_label: str = "y",
    z_label: str = "z",
    view: tuple[float, float] = (28, -60),
    size: tuple[int, int] = (320, 280),
) -> str:
    """Draw a function of two variables as a surface of wires, seen from above and one side, and paths that lie on it.

    Args:
        f: Maps an array of shape (2,) to one number.
        x_range: From where to where x runs.
        y_range: From where to where y runs.
        paths: Up to four paths by name, each of shape (n, 2); each is lifted to the surface and named where it begins.
        x_label: What x is.
        y_label: What y is.
        z_label: What the height is.
        view: From how high and from which side one looks, in degrees.
        size: Width and height in pixels at which the text has its natural size.

    Returns:
        SVG text, the same bytes for the same input.

    Raises:
        ImportError: If matplotlib is missing.
        TypeError: If `f` is no function, or a range or a path is not numeric.
        ValueError: If a range does not rise, `f` is not finite somewhere, a shape does not fit, or there are more
            than four paths.

    Source: Hunter 2007, *Matplotlib: A 2D Graphics Environment*.
    """
    x, y, heights = _sample(f, x_range, y_range, 29)
    routes = _routes(paths)

    def draw(axes: Any) -> None:
        axes.computed_zorder = False
        axes.plot_surface(x, y, heights, rstride=2, cstride=2, color=PAPER, edgecolor=MUTED, linewidth=0.7, shade=False)
        for number, (name, route) in enumerate(routes.items()):
            colour, dash = STYLES[number]
            lifted = [float(f(point)) for point in route]
            axes.plot(*route.T, lifted, color=colour, linestyle=dash, marker=MARKERS[number], markersize=5, zorder=9)
            axes.text(*route[0], lifted[0], f"\u2002{name}", color=colour, zorder=9)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.text2D(0.98, 0.92, z_label, transform=axes.transAxes, ha="right", va="top")
        axes.view_init(*view)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_pane_color(PAPER, 0)
            axis.line.set_color(MUTED)
        axes.grid(visible=False)
        axes.locator_params(nbins=4)
        axes.tick_params(pad=0)
        axes.set_box_aspect(None, zoom=1.05)

    return plot(draw, size=size, surface=True)


def _sample(
    f: Callable[[Array], float], x_range: tuple[float, float], y_range: tuple[float, float], count: int
) -> tuple[Array, Array, Array]:
    """Evaluate the function on a grid of count × count points."""
    function(f, "f")
    for name, given in (("x_range", x_range), ("y_range", y_range)):
        low, high = (real_number(end, name) for end in two(given, name))
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"{name}: expected a range that rises, got {low:g} to {high:g}")
    x, y = np.meshgrid(np.linspace(*x_range, count), np.linspace(*y_range, count))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    return x, y, real_array([float(f(point)) for point in points], "f").reshape(x.shape)


def _routes(paths: Mapping[str, ArrayLike] | None) -> dict[str, Array]:
    """Check the paths; a single point becomes a path of one."""
    given = {} if paths is None else mapping(paths, "paths")
    routes = {text(name, "paths"): np.atleast_2d(real_array(path, f"paths[{name!r}]")) for name, path in given.items()}
    if len(routes) > len(STYLES):
        raise ValueError(f"paths: expected at most {len(STYLES)}, got {len(routes)}")
    for name, route in routes.items():
        if route.ndim != 2 or route.shape[1] != 2 or len(route) == 0:
            raise ValueError(f"paths[{name!r}]: expected shape (n, 2), got {route.shape}")
    return routes


def _apart(number: int, routes: Sequence[Array]) -> Array:
    """Find the point of a path that is farthest from all the others; on a path that is alone, its beginning."""
    others = [route for other, route in enumerate(routes) if other != number]
    if not others:
        return routes[number][0]
    gaps = routes[number][:, np.newaxis] - np.concatenate(others)
    return routes[number][np.linalg.norm(gaps, axis=-1).min(axis=1).argmax()]
