"""A page of nowhere, which no site has: some HTML, whose modules and styles come from the package and from npm."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.book import ROOT
from tests.browser import axe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, Page, Route

WIDGETS = Path(__file__).parents[2] / "backproplab/widgets"
MODULES = {f"{name}.mjs": ROOT / f"node_modules/{name}/dist/{name}.min.mjs" for name in ("d3-array", "d3-contour")}
HEAD = """<!doctype html><html lang="en"><title>A page</title><meta name="viewport" content="width=device-width">
<style>:root { color-scheme: light dark; font-size: 125% } body { max-width: 690px; margin: 0 auto; padding: 0 16px; background: light-dark(#fcfaf5, #16181c) }</style>
<link rel="stylesheet" href="widgets.css">
<script type="importmap">{"imports": {"backproplab/": "./", "d3-array": "./d3-array.mjs", "d3-contour": "./d3-contour.mjs"}}</script>
"""
ADDRESS = "http://a.page/"


@contextmanager
def nowhere(
    chromium: Browser,
    html: str,
    *scripts: str,
    width: int = 1280,
    scheme: str = "light",
    files: Mapping[str, str | None] | None = None,
    **more: Any,
) -> Iterator[Page]:
    """Open a page with this HTML and these scripts of the package; fail at the end if a script has failed.

    `files` are further ones, by name, whose text may be changed later; one that is None cannot be fetched.
    """
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)  # type: ignore[arg-type]
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    loaded = "".join(f'<script type="module" src="{script}"></script>' for script in scripts)

    def answer(route: Route) -> None:
        name = route.request.url.partition("?")[0].rpartition("/")[2]
        path = MODULES.get(name, WIDGETS / name)
        if files and name in files:
            found = files[name]
            route.fulfill(body=found) if found is not None else route.abort()
        elif path.is_file():
            route.fulfill(path=path, content_type="text/css" if path.suffix == ".css" else "text/javascript")
        else:
            route.fulfill(body=HEAD + loaded + html, content_type="text/html; charset=utf-8")

    page.route("**/*", answer)
    page.goto(ADDRESS)
    yield page
    page.close()
    assert not errors


def violations(page: Page) -> list[str]:
    """What axe-core finds within the widgets, of any impact."""
    page.evaluate(axe())
    return page.evaluate(
        "async () => (await axe.run('.widget')).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`)"
    )
