"""What a page asks for at once: the theme's script, and whatever its widgets' scripts import.

A hook of MkDocs. A browser learns of these late, and then they wait for the typefaces, which are heavier.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

WIDGETS = Path(__file__).parents[1] / "widgets"
IMPORT = re.compile(r'from "backproplab/([\w-]+)\.js"')


def imported(name: str) -> list[str]:
    """Name the modules that one of the widgets' scripts imports, and those that these import, each once."""
    found: list[str] = []
    for direct in IMPORT.findall((WIDGETS / f"{name}.js").read_text("utf-8")):
        found += [direct, *imported(direct)]
    return list(dict.fromkeys(found))


def on_config(config: MkDocsConfig) -> None:
    """Tell the templates which files these are."""
    scripts = "assets/javascripts"
    theme = [script.name for folder in config.theme.dirs for script in Path(folder, scripts).glob("bundle.*.min.js")]
    widgets = {script.stem: imported(script.stem) for script in WIDGETS.glob("*.js")}
    config.extra["early"] = {"theme": f"{scripts}/{theme[0]}", "widgets": widgets}
