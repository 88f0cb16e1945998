"""What all widgets share: the HTML that a page has, and the small functions of element.js."""

from __future__ import annotations

import gzip
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backproplab.widgets.elements import element
from tests.book import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

WIDGETS = Path(__file__).parents[2] / "backproplab/widgets"
TOY = """
import { Widget, h } from "backproplab/element.js";
customElements.define("backprop-toy", class extends Widget {
  start({ word }) {
    if (!word) throw new Error("no word");
    this.live.append(h("button", { onclick: () => this.say(word) }, word));
    this.turns = 0;
    this.run(() => { this.turns += 1; });
  }
});
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of nowhere whose modules come from the package."""
    page = chromium.new_page()

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        if name == "toy.js":
            route.fulfill(body=TOY, content_type="text/javascript")
        elif name:
            route.fulfill(path=WIDGETS / name)
        else:
            toy = element(
                "toy", "A toy", {"word": "</script> & co"}, "<p>picture</p>", table="<p>numbers</p>", heights=(200, 300)
            )
            head = (
                '<!doctype html><title>A page</title><link rel="stylesheet" href="widgets.css">'
                '<script type="importmap">{"imports": {"backproplab/": "./"}}</script><script type="module" src="toy.js"></script>'
            )
            route.fulfill(body=head + toy, content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://a.page/")
    yield page
    page.close()


def call(page: Page, function: str, *arguments: object) -> Any:
    return page.evaluate(
        f"async (given) => (await import('backproplab/element.js')).{function}(...given)", list(arguments)
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.25", 0.25), ("0,25", 0.25), ("1/4", 0.25), (" 2.5e-1 ", 0.25), ("−3", -3), ("-1,5/3", -0.5), ("+.5", 0.5), ("7.", 7),
        ("", None), ("1/0", None), ("1/2/3", None), ("0x10", None), ("1e999", None), ("NaN", None), ("Infinity", None),
        ("2 5", None), ("1,234,5", None), ("two", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(page: Page, text: str, number: float | None) -> None:
    assert call(page, "typed", text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.5, "−0.5"),
        (1 / 3, "0.3333"),
        (1234.56, "1235"),
        (12345.6, "1.235·10⁴"),
        (-2e-7, "−2·10⁻⁷"),
        (100, "100"),
    ],
)
def test_a_number_is_printed_as_in_the_book(page: Page, number: float, text: str) -> None:
    assert call(page, "shown", number) == text


def test_a_widget_keeps_its_place_and_takes_it_once(page: Page) -> None:
    toy = page.locator("backprop-toy")
    page.wait_for_selector("[data-on]")
    assert toy.locator("button").inner_text() == "</script> & co"
    assert not toy.locator("p", has_text="picture").is_visible()
    assert toy.locator(".stage").bounding_box()["height"] == 200  # type: ignore[index]
    page.set_viewport_size({"width": 360, "height": 700})
    assert toy.locator(".stage").bounding_box()["height"] == 300  # type: ignore[index]
    toy.evaluate("toy => document.body.append(toy)")
    assert toy.locator("button").count() == 1
    toy.locator("button").click()
    page.wait_for_function("document.querySelector('[aria-live]').textContent === '</script> & co'")


def test_nothing_runs_on_when_a_widget_is_gone_and_it_can_come_back(page: Page) -> None:
    page.wait_for_selector("[data-on]")
    page.evaluate("window.toy = document.querySelector('backprop-toy')")
    page.wait_for_function("toy.turns > 2")
    page.evaluate("toy.remove()")
    page.wait_for_timeout(50)
    turns = page.evaluate("toy.turns")
    page.wait_for_timeout(100)
    assert page.evaluate("toy.turns") == turns
    page.evaluate("document.body.append(toy)")
    page.wait_for_function("toy.turns > 2")
    assert page.locator("backprop-toy button").count() == 1


def test_paper_and_a_page_without_script_have_the_picture(page: Page) -> None:
    page.wait_for_selector("[data-on]")
    page.emulate_media(media="print")
    assert page.locator("p", has_text="picture").is_visible()
    assert not page.locator("backprop-toy button").is_visible()


def test_a_widget_that_cannot_start_leaves_the_picture(page: Page) -> None:
    page.wait_for_selector("[data-on]")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.evaluate(
        """document.body.insertAdjacentHTML("beforeend", `<backprop-toy id="broken" class="widget"><div class="stage"><p>picture</p></div>
        <script type="application/json">{}</script></backprop-toy>`)"""
    )
    assert page.locator("#broken p").is_visible()
    assert errors == ["no word"]


def test_the_html_holds_its_data_and_nothing_that_ends_it() -> None:
    html = element("toy", 'A "toy"', {"tag": "</script>", "third": 1 / 3}, "", step="2")
    assert 'label="A &quot;toy&quot;"' in html and ' step="2"' in html  # noqa: PT018
    text = re.search(r'<script type="application/json">(.*?)</script>', html)
    assert text is not None
    assert json.loads(text[1]) == {"tag": "</script>", "third": 1 / 3}
    with pytest.raises(ValueError, match="not JSON compliant"):
        element("toy", "A toy", {"bad": math.nan}, "")


def test_all_scripts_together_are_light() -> None:
    """What a site sends of the book's own scripts, if somebody opens every page with a widget: 60 KiB, compressed."""
    scripts = [*WIDGETS.glob("*.js"), *(ROOT / "docs/javascripts").glob("*.js")]
    assert len(scripts) > 20
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= 60 * 1024
