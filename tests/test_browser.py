"""Every page in Chromium, light and dark, on a wide screen and on a phone: what a reader would see go wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from backproplab.book.source import pages as written
from tests.browser import NOT_FOUND, PROGRAMS, faults, find_chromium, pages, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WRITTEN = [page.name.removesuffix("index.md").replace(".md", "/") for page in written()]
"""Where each page of the book is found."""
PAPER = {"light": "rgb(252, 250, 245)", "dark": "rgb(22, 24, 28)"}
WIDE = '<span class="katex" style="display: block; width: 1900px"><span class="katex-html"><span class="katex-base">x</span></span></span>'
TAGGED = (
    '<div class="equation"><span class="katex"><span class="katex-html"><span class="katex-base">x</span>'
    '<span class="katex-tag" style="margin-left: -1em">(X)</span></span></span></div>'
)
ALONE = "<style>article > :not(style ~ *) { display: none !important }</style>"
"""Hides what the page has itself, and leaves what is planted after this."""
HIDDEN = """
boxes => boxes
  .filter((box) => !box.closest("details:not([open])") && !(box.checkVisibility() && box.getBoundingClientRect().height))
  .map((box) => box.outerHTML.slice(0, 120))
"""
"""Equations that cannot be seen, though no fold has them."""
PLANTED = {
    "sideways": ('<div style="width: 2000px">wide</div>', "the page scrolls sideways"),
    "console error": ("<script>console.error('planted')</script>", "console error: planted"),
    "console warning": ("<script>console.warn('planted')</script>", "console warning: planted"),
    "script error": ("<script>throw new Error('planted')</script>", "script error: planted"),
    "another host": ('<img alt="" src="https://example.org/x.png">', "request to another host: https://example.org/x"),
    "missing file": ('<img alt="" src="missing.png">', "answer 404:"),
    "empty equation": ('<div class="equation"></div>', "an equation shows nothing"),
    "equation without scroll box": (
        f'<div class="equation" tabindex="0" style="overflow: hidden visible">{WIDE}</div>',
        "a wide equation has no scroll box",
    ),
    "equation out of reach": (f'<div class="equation">{WIDE}</div>', "the keyboard does not reach the scroll box"),
    "equation cut at its beginning": (
        f'<div class="equation" tabindex="0"><div style="margin-left: -9em">{WIDE}</div></div>',
        "an equation begins where nobody can scroll to",
    ),
    "tag over its equation": (TAGGED, "a tag covers its equation"),
    "LaTeX error": ('<span class="katex-error">\\frac</span>', "KaTeX failed"),
    "LaTeX in text": ("<p>so that \\(x^2\\) holds</p>", "LaTeX is left over: so that"),
    "dollars in text": ("<p>$$x^2$$</p>", "LaTeX is left over: $$x^2$$"),
    "figure without words": (
        '<figure class="figure"><svg width="9" height="9"></svg></figure>',
        "a figure has no text alternative",
    ),
    "pale text": ('<p style="color: #ccc; background: #fff">pale</p>', "color-contrast"),
    "pale text in the dark": ('<p style="color: light-dark(#000, #333)">pale</p>', "color-contrast"),
    "sideways on a phone": ('<div style="width: 500px">wide</div>', "(360 pixels)"),
    "pale text on a phone": (
        "<style>@media (max-width: 400px) { .pale { color: #ccc; background: #fff } }</style><p class='pale'>pale</p>",
        "(360 pixels, light)",
    ),
    "heading out of order": ("<h6>planted</h6>", "heading-order"),
    "empty heading of a table": (
        "<table><tr><th></th><th>x</th></tr><tr><td>1</td><td>2</td></tr></table>",
        "empty-table-header",
    ),
    "small target": (
        '<a href="" style="display: inline-block; width: 9px">x</a>',
        "a target is smaller than 24 pixels",
    ),
    "long core path": (f"{ALONE}<div style='height: 12001px'></div><h2>In short</h2>", "the core path takes 15."),
    "stretch without a picture": (
        "<figure></figure><div style='height: 1601px'></div><h2>In short</h2>",
        "no picture for 2.",
    ),
    "listing that is cut": (f"<pre><code>{'long ' * 99}</code></pre>", "a listing leaves its box"),
    "buttons over code": (
        f"<pre><nav class='md-code__nav' style='display: block; width: 99px'>…</nav><code>{'long ' * 99}</code></pre>",
        "buttons cover code",
    ),
    "cut off paper": ('<p style="width: 710px">wide</p>', "cut off a sheet of paper"),
    "image without words": ('<img src="assets/logo.svg">', "image-alt"),
}
"""HTML with a fault in it, and what the checker has to say about it."""


@pytest.fixture(scope="module")
def front(site: Path) -> Iterator[str]:
    with serve(site) as address:
        yield address


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(color_scheme="dark", reduced_motion="reduce") as context:
        yield context.new_page()


@pytest.mark.parametrize("path", [*WRITTEN, NOT_FOUND])
def test_no_page_has_a_fault(chromium: Browser, front: str, path: str) -> None:
    found = faults(chromium, front, [path])
    assert not found, "\n".join(found)


def test_every_page_that_is_written_is_built_and_no_other(site: Path) -> None:
    assert sorted(WRITTEN) == sorted(pages(site))


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(chromium: Browser, front: str, fault: str) -> None:
    html, complaint = PLANTED[fault]
    found = faults(chromium, front, [NOT_FOUND], planted=html)
    assert any(complaint in sentence for sentence in found), found


@pytest.mark.parametrize(
    "change",
    ["remove()", "hash = 'nowhere'", "textContent = 'Elsewhere'", "style.opacity = 0", "style.display = 'none'"],
)
def test_a_key_that_leads_elsewhere_is_seen(chromium: Browser, front: str, change: str) -> None:
    planted = f"<script>document.querySelector('.md-skip').{change}</script>"
    found = faults(chromium, front, [""], planted=planted)
    first, *others = found
    assert first == "/: the first key does not lead past the navigation"
    assert all("md-skip" in other or 'data-md-component="skip"' in other for other in others), others


def test_every_page_can_be_read_without_javascript(chromium: Browser, front: str, site: Path) -> None:
    with chromium.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 800}, color_scheme="dark"
    ) as context:
        page = context.new_page()
        for path in pages(site):
            page.goto(front + path)
            assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == PAPER["dark"], (
                path
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
            expect(page.locator("article h1")).to_be_visible()
            hidden = page.locator("article .equation").evaluate_all(HIDDEN)
            assert not hidden, (path, hidden)
            folds = page.locator("article details")
            closed = folds.evaluate_all("folds => folds.findIndex(fold => !fold.open)")
            if closed >= 0:
                inside = folds.nth(closed).locator(":scope > :not(summary, :empty)").first
                expect(inside).not_to_be_visible()
                folds.nth(closed).locator(":scope > summary").click()
                expect(inside).to_be_visible()


def test_a_missing_page_leads_back_into_the_book(page: Page, front: str, site: Path) -> None:
    answer = page.goto(front + "no/such/page/")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("article h1")).to_have_text("This page is not in the book")
    links = page.locator("article a").evaluate_all("links => links.map(link => link.href)")
    assert {front + path for path in pages(site)} <= set(links)
    page.get_by_label("Search the book").fill("error")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url(f"{front}?q=error")
    expect(page.locator(".md-search__input")).to_have_value("error")


def test_the_palette_follows_the_system_until_chosen_and_keeps_the_choice(page: Page, front: str, site: Path) -> None:
    body = page.locator("body")
    toggle = page.locator("form[data-md-component=palette] label:visible")
    page.goto(front)
    expect(body).to_have_css("background-color", PAPER["dark"])
    toggle.click()
    expect(body).to_have_css("background-color", PAPER["light"])
    page.goto(front + pages(site)[-1])
    expect(body).to_have_css("background-color", PAPER["light"])
    toggle.click()
    expect(body).to_have_css("background-color", PAPER["dark"])
    page.emulate_media(color_scheme="light")
    page.reload()
    expect(body).to_have_css("background-color", PAPER["dark"])


def test_the_menu_opens_on_a_phone(page: Page, front: str, site: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(front)
    link = page.locator(".md-nav--primary > .md-nav__list > .md-nav__item > a.md-nav__link").nth(1)
    expect(link).not_to_be_in_viewport()
    page.locator(".md-header__button[for=__drawer]").click()
    expect(link).to_be_in_viewport()
    link.click()
    page.wait_for_url(lambda address: address != front)
    expect(page.locator("article h1")).to_be_visible()


def test_paper_gets_dark_ink_and_open_folds(chromium: Browser, front: str) -> None:
    with chromium.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(front)
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        expect(page.locator("article h1")).to_have_css("color", "rgb(0, 0, 0)")
        expect(page.locator("header.md-header")).not_to_be_visible()
        page.locator("article").evaluate(
            "article => article.innerHTML += '<details><summary>S</summary><p>In</p></details>'"
        )
        assert page.locator("details p").evaluate("inside => inside.getBoundingClientRect().height") > 0


def test_a_browser_is_looked_for_in_the_environment_then_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium(own) is None
    own.touch()
    assert find_chromium(own) == str(own)
    for program in reversed(PROGRAMS):
        (tmp_path / program).touch(mode=0o755)
        assert find_chromium(own) == str(tmp_path / program)
    monkeypatch.setenv("CHROMIUM", "/chosen")
    assert find_chromium(own) == "/chosen"


def test_the_cheat_sheet_fits_on_one_sheet_of_paper(chromium: Browser, site: Path, tmp_path: Path) -> None:
    with serve(site) as front:
        page = chromium.new_page()
        page.goto(f"{front}reference/cheat-sheet/")
        page.pdf(path=tmp_path / "sheet.pdf", format="A4")
        page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "sheet.pdf").read_bytes())) == 1
