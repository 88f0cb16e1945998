"""The HTML of a widget: a figure to begin with and to print, the numbers as a table, and as data for the script."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from importlib.resources import files
from typing import Any

_IMPORTED = re.compile(r'from "backproplab/([\w-]+\.js)"')


def element(
    name: str,
    label: str,
    data: Any,
    picture: str,
    *,
    table: str = "",
    heights: tuple[int, int] = (0, 0),
    **attributes: str,
) -> str:
    """Return the HTML of the custom element `backprop-<name>`.

    Args:
        name: What the script calls the element, without `backprop-`.
        label: What a screen reader calls it.
        data: What its script starts from; anything that JSON can hold, with finite numbers only.
        picture: HTML that is seen without a script, before the script is there, and on paper.
        table: HTML for those who want all numbers at once; it's folded.
        heights: How high the widget is on a wide screen and on a phone, in pixels: the page keeps this place free.
        attributes: Further attributes of the element.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("</", r"<\/")
    further = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    high, tall = heights
    numbers = (
        f'<details class="abstract" data-search-exclude><summary>All numbers as a table</summary>{table}</details>'
        if table
        else ""
    )
    return (
        f'<backprop-{name} class="widget" label="{escape(label)}" style="--high: {high}px; --tall: {tall}px"{further}>'
        f'<div class="stage">{picture}</div>{numbers}<script type="application/json">{text}</script></backprop-{name}>'
    )


def standalone(name: str) -> str:
    """Return what the head of a page of its own needs for `backprop-<name>`: its style and its modules, written out."""
    folder = files("backproplab").joinpath("widgets")
    modules: dict[str, str] = {}
    wanted = [f"{name}.js"]
    while wanted:
        module = wanted.pop()
        if module not in modules:
            modules[module] = folder.joinpath(module).read_text("utf-8")
            wanted += _IMPORTED.findall(modules[module])
    addresses = {
        f"backproplab/{module}": f"data:text/javascript;base64,{base64.b64encode(source.encode()).decode()}"
        for module, source in sorted(modules.items())
    }
    return (
        f"<style>{folder.joinpath('widgets.css').read_text('utf-8')}</style>\n"
        f'<script type="importmap">{json.dumps({"imports": addresses})}</script>\n'
        f'<script type="module">import "backproplab/{name}.js";</script>'
    )
