"""What a page costs before it is read, and what a hand meets that reads it: the causes of slowness, keys, copies."""

from __future__ import annotations

import gzip
import re
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from backproplab.book.ledger import equations
from tests.browser import READ_ON, SHIFTS, WIDTHS, pages, plant, screen, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

LAID_OUT = "part => part.checkVisibility({ contentVisibilityAuto: true })"
COPIED = "addEventListener('copy', (event) => { window.copied = event.clipboardData.getData('text/plain'); })"
SELECT = (
    "([first, last]) => getSelection().setBaseAndExtent(first, 0, last ?? first, (last ?? first).childNodes.length)"
)


@pytest.fixture(scope="module")
def front(site: Path) -> Iterator[str]:
    with serve(site) as address:
        yield address


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce") as context:
        yield context.new_page()


def test_no_page_is_heavy(site: Path) -> None:
    """A slow phone has 200 kB a second: the longest page takes it seven tenths of one. The ledger grows with its equations."""
    for path in pages(site):
        html = (site / path / "index.html").read_bytes()
        assert len(gzip.compress(html)) < 136_000, path
        most = 200 * len(equations()) if path == "reference/ledger/" else 36_000
        assert len(re.findall(rb"<[a-z]", html)) < most, path


def test_the_index_of_the_search_waits_for_a_search(phone: Page, front: str) -> None:
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(f"{front}network/neuron/")
    phone.wait_for_timeout(500)
    assert asked
    assert not [url for url in asked if "search_index" in url]
    phone.keyboard.press("/")
    expect(phone.locator(".md-search__input")).to_be_focused()
    phone.keyboard.type("sigmoid")
    expect(phone.locator(".md-search-result__link").first).to_be_visible(timeout=30_000)
    assert len([url for url in asked if "search_index" in url]) == 1
    phone.goto(f"{front}network/neuron/?h=sigmoid")
    expect(phone.locator("article mark").first).to_be_attached()


def test_what_is_far_away_or_folded_is_laid_out_when_it_is_reached(phone: Page, front: str) -> None:
    phone.goto(f"{front}network/four-equations/")
    phone.wait_for_timeout(500)
    far = phone.locator("article > .equation .katex").last
    assert not far.evaluate(LAID_OUT)
    code = phone.locator("article > details:not([open]) code > span").last
    assert not code.evaluate(LAID_OUT)
    far.scroll_into_view_if_needed()
    phone.wait_for_timeout(300)
    assert far.evaluate(LAID_OUT)


@pytest.mark.parametrize("address", ["network/four-equations/#eq-BP4", "reference/ledger/#the-four-equations"])
def test_a_link_leads_to_its_place_however_far(phone: Page, front: str, site: Path, address: str) -> None:
    path, anchor = address.split("#")
    if f'id="{anchor}"' not in (site / path / "index.html").read_text("utf-8"):
        anchor = re.findall(r'<h2 id="([^"]+)"', (site / path / "index.html").read_text("utf-8"))[-2]
    phone.goto(f"{front}{path}#{anchor}")
    phone.wait_for_timeout(1000)
    top = phone.locator(f"[id='{anchor}']").evaluate("place => place.getBoundingClientRect().top")
    assert 0 <= top < 200


def test_a_link_within_a_page_leads_to_its_place_however_far(phone: Page, front: str) -> None:
    phone.goto(f"{front}network/four-equations/")
    link = phone.locator("article > p a[href^='#eq-']").first
    anchor = str(link.get_attribute("href"))
    link.click()
    expect(phone.locator(anchor)).to_be_in_viewport()
    phone.wait_for_timeout(1000)
    assert 0 <= phone.locator(anchor).evaluate("place => place.getBoundingClientRect().top") < 200


EVERY = re.compile(r"(?:[\s,{}]|:is\():has\(")
"""A selector that asks every element what it has: each change of a page would then cost the style of all of it."""


def test_no_rule_asks_every_element_what_it_has(site: Path) -> None:
    assert EVERY.search(":is([data-linked], :has(:target)) article > * { color: red }")
    assert EVERY.search("p { color: red } :has(> b) p { color: red }")
    for sheet in site.rglob("*.css"):
        assert not EVERY.search(sheet.read_text("utf-8")), sheet.name


def moved(browser: Browser, address: str, width: int, planted: str = "") -> float:
    """How far things move while a page comes and is read to its end, where 1 would be a screen by its own height."""
    with browser.new_context(viewport=screen(width)) as context:
        page = context.new_page()
        page.add_init_script(SHIFTS)
        if planted:
            plant(page, address.partition("#")[0], planted)
        page.goto(address)
        page.wait_for_function("document.documentElement.dataset.linked !== 'waiting'")
        found: float = page.evaluate(READ_ON)
        return found


def test_nothing_moves_by_itself(chromium: Browser, site: Path) -> None:
    """Every fourth page is read to its end, in turn on a wide screen and on a phone, from its top and from where a link leads."""
    ways = [(width, linked) for linked in (False, True) for width in WIDTHS]
    with serve(site, waits=False) as front:
        for path, (width, linked) in zip(pages(site)[::4], cycle(ways), strict=False):
            anchors = re.findall(r'<h2 id="([^"]+)"', (site / path / "index.html").read_text("utf-8"))
            anchor = f"#{anchors[len(anchors) // 2]}" if linked and anchors else ""
            assert moved(chromium, f"{front}{path}{anchor}", width) < 0.02, (path, width, anchor)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_planted_shift_is_found(chromium: Browser, front: str, width: int) -> None:
    seen = "[...document.querySelectorAll('article > p')].find((p) => p.getBoundingClientRect().top > 0)"
    grows = f"{seen}.style.paddingTop = '200px'"
    planted = f"<script>addEventListener('scroll', () => {{ {grows} }}, {{ once: true }})</script>"
    assert moved(chromium, f"{front}network/neuron/", width, planted) > 0.02


@pytest.mark.parametrize("media", ["screen", "print"])
def test_paper_has_every_formula_and_every_test_and_the_screen_only_what_is_near(
    phone: Page, front: str, media: str
) -> None:
    phone.goto(f"{front}network/four-equations/")
    phone.emulate_media(media=media)  # type: ignore[arg-type]  # one of the two
    phone.wait_for_timeout(300)
    left_out = phone.locator("article .equation .katex, article .doc-test code > span").evaluate_all(
        f"parts => parts.map({LAID_OUT}).filter((seen) => !seen).length"
    )
    assert (left_out == 0) == (media == "print")


def test_a_copied_formula_is_its_latex(phone: Page, front: str) -> None:
    phone.goto(f"{front}network/four-equations/")
    phone.evaluate(COPIED)
    display = phone.locator("article #eq-BP1")
    display.evaluate(f"display => ({SELECT})([display])")
    phone.keyboard.press("Control+C")
    assert re.fullmatch(r"\$\$\\delta\^L = .*\\tag\{BP1\}\s*\$\$", phone.evaluate("copied").strip(), re.DOTALL)
    sentence = phone.locator("article > p:has(.math)").first
    sentence.evaluate(f"sentence => ({SELECT})([sentence])")
    phone.keyboard.press("Control+C")
    formula = sentence.locator("annotation").first.text_content()
    copied = phone.evaluate("copied")
    assert f"${formula}$" in copied
    assert copied.count("$") == 2 * sentence.locator(".math").count()


def test_the_keyboard_stops_at_boxes_that_scroll_and_at_no_others(phone: Page, front: str) -> None:
    phone.set_viewport_size({"width": 240, "height": 740})
    phone.goto(f"{front}network/four-equations/")
    boxes = phone.locator("article > .equation")
    found = set()
    for box in boxes.all():
        box.scroll_into_view_if_needed()
        phone.wait_for_timeout(100)
        scrolls, reached = box.evaluate("box => [box.scrollWidth > box.clientWidth, box.tabIndex === 0]")
        assert scrolls == reached
        found.add(scrolls)
    assert found == {True, False}


def test_a_button_copies_its_listing(phone: Page, front: str) -> None:
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone.goto(f"{front}network/four-equations/")
    listing = phone.locator("article > .highlight").nth(1)
    listing.scroll_into_view_if_needed()
    listing.get_by_role("button", name="Copy to clipboard").click()
    expect(phone.locator(".md-dialog")).to_contain_text("Copied")
    copied = phone.evaluate("navigator.clipboard.readText()")
    assert copied.rstrip() == listing.locator("code").inner_text().rstrip()
    assert "\n" in copied.rstrip()


@pytest.mark.parametrize("reach", ["focus", "hover", "tap"])
def test_a_term_is_explained_to_keyboard_mouse_and_finger(chromium: Browser, front: str, reach: str) -> None:
    said = "term => getComputedStyle(term, '::after').content"
    with chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=reach == "tap") as context:
        page = context.new_page()
        page.goto(f"{front}network/neuron/")
        for term in page.locator("article > p > abbr").all()[:3]:
            term.scroll_into_view_if_needed()
            assert term.evaluate(said) == "none"
            getattr(term, reach)()
            assert term.evaluate(said) == f'"{term.get_attribute("aria-description")}"'
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            page.keyboard.press("Escape")
            assert term.evaluate(said) == "none"
            page.mouse.move(0, 0)
            term.blur()
            getattr(term, reach)()
            assert term.evaluate(said) != "none"
            page.mouse.move(0, 0)
