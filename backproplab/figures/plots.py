"""Plots: the only module that imports matplotlib. Arrays go in, SVG text that follows light and dark comes out."""

import hashlib
import io
import re
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import ArrayLike

from backproplab.checks import number_array, real_array, shown
from backproplab.options import function, mapping, picture_size, text, texts

__all__ = ["BACKWARD", "FORWARD", "INK", "MUTED", "PAPER", "curves", "plot"]

# matplotlib needs colours that it can parse; these stand for the page's own and are replaced in the SVG
INK = "#010101"
"""Lines and text."""
MUTED = "#020202"
"""What stands back: axes, grids, helping lines."""
FORWARD = "#030303"
"""What flows forward."""
BACKWARD = "#040404"
"""Gradients, errors, what flows back."""
PAPER = "#050505"
"""The ground: what hides the things behind it."""
PAGE_COLOURS = {
    INK: "currentColor",
    MUTED: "var(--muted, #6b6b6b)",
    FORWARD: "var(--forward, #0b6e75)",
    BACKWARD: "var(--backward, #b5402a)",
    PAPER: "var(--paper, #ffffff)",
}
HALO = f"paint-order: stroke; stroke: {PAGE_COLOURS[PAPER]}; stroke-width: 4px; stroke-linejoin: round; "
"""Keeps text readable where lines pass behind it."""
STYLES = ((FORWARD, "-"), (BACKWARD, "--"), (INK, ":"), (MUTED, "-."))

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "backproplab",
    "font.size": 13,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 2,
    "path.simplify": False,
}


def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    x_label: str,
    y_label: str,
    log: str = "",
    size: tuple[int, int] = (320, 230),
) -> str:
    """Draw one or several curves over the same x, each named at its end and told apart by colour and dash.

    Args:
        x: Positions, shape (n,).
        lines: The curves by name, each of shape (n,).
        x_label: What x is.
        y_label: What the curves show.
        log: Which axes are logarithmic: "", "x", "y" or "xy".
        size: Width and height in pixels at which the text has its natural size.

    Returns:
        SVG text, the same bytes for the same input.

    Raises:
        ImportError: If matplotlib is missing.
        TypeError: If `x` or a curve is not numeric, or a name is no string.
        ValueError: If there is no curve or more than four, `x` is no vector, a curve has another length than `x`, or a
            position is not finite.

    Source: Tufte 1983, *The Visual Display of Quantitative Information*, on labelling lines directly.
    """
    positions = real_array(x, "x")
    if positions.ndim != 1 or len(positions) == 0:
        raise ValueError(f"x: expected positions, shape (n,), got {positions.shape}")
    texts([*mapping(lines, "lines")], "lines"), text(x_label, "x_label"), text(y_label, "y_label")
    if not 1 <= len(lines) <= len(STYLES):
        raise ValueError(f"lines: expected 1 to {len(STYLES)} curves, got {len(lines)}")
    if text(log, "log") not in ("", "x", "y", "xy"):
        raise ValueError(f"log: expected '', 'x', 'y' or 'xy', got {shown(log)}")

    def draw(axes: Any) -> None:
        for (name, values), (colour, dash) in zip(lines.items(), STYLES, strict=False):
            heights = number_array(values, f"lines[{name!r}]")
            if heights.shape != positions.shape:
                raise ValueError(f"lines[{name!r}]: expected shape {positions.shape} like x, got {heights.shape}")
            axes.plot(positions, heights, color=colour, linestyle=dash)
            axes.annotate(
                name, (positions[-1], heights[-1]), (6, 0), textcoords="offset points", color=colour, va="center"
            )
        if "x" in log:
            axes.set_xscale("log")
        if "y" in log:
            axes.set_yscale("log")
        axes.set(xlabel=x_label, ylabel=y_label)

    return plot(draw, size=size)


def plot(draw: Callable[[Any], None], *, size: tuple[int, int] = (320, 230), surface: bool = False) -> str:
    """Let a function draw on matplotlib axes in the style of the book.

    Args:
        draw: Takes the axes and draws on them; `INK`, `MUTED`, `FORWARD` and `BACKWARD` are the page's own colours,
            which change between light and dark.
        size: Width and height in pixels at which the text has its natural size.
        surface: Whether the axes are three-dimensional.

    Returns:
        SVG text, the same bytes for the same drawing.

    Raises:
        ImportError: If matplotlib is missing.
        TypeError: If `draw` is no function, or the size is no pair of whole numbers.
        ValueError: If the size is none of a picture.

    Source: Hunter 2007, *Matplotlib: A 2D Graphics Environment*.
    """
    function(draw, "draw")
    size = picture_size(size)
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("figures: expected matplotlib to be installed: pip install 'backproplab[figures]'") from error
    with mpl.rc_context(SETTINGS):
        canvas = Figure(figsize=(size[0] / 72, size[1] / 72), layout="constrained")
        draw(canvas.add_subplot(projection="3d" if surface else None))
        buffer = io.StringIO()
        canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return _for_the_page(buffer.getvalue(), size)


def _for_the_page(svg: str, size: tuple[int, int]) -> str:
    """Strip what a page needs not, take its colours and typeface, and keep ids apart from those of other figures."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)  # it would reach the whole page
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<g) id="[^"]*"', r"\1", svg)
    svg = re.sub(r"font-family: [^;\"]*; ", "", svg)
    for placeholder, colour in PAGE_COLOURS.items():
        svg = svg.replace(placeholder, colour)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d+", lambda place: f"{float(place[0]):.2f}", path[0]), svg)
    svg = svg.replace('<text style="', f'<text style="{HALO}')
    mark = hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>f{mark}-", svg)
    width, height = size
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    shape = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" stroke-linejoin="round"'
    head = f'<svg {spaces} {shape} aria-hidden="true">'
    return re.sub(r"\n\s*", "\n", re.sub(r"^<svg[^>]*>", head, svg)).strip()
