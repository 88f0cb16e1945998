"""The built book in Chromium: find a browser, serve the site, and say what is wrong with a page."""

from __future__ import annotations

import os
import re
import shutil
import threading
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from tests.book import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route, ViewportSize

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MISSING = (
    "no Chromium for the browser tests: install one (`apt-get install chromium`, or `playwright install chromium`), "
    "or set CHROMIUM to its path"
)

NOT_FOUND = "404.html"
"""The page for a missing page, which has no heading that a key could lead to."""

WIDTHS = 1280, 360
"""A wide screen and a phone, in pixels."""

SHEET: ViewportSize = {"width": 657, "height": 1000}
"""What a sheet of A4 has between the margins of the style sheet."""

SKIP = """
async () => {
  const skip = document.activeElement;
  await Promise.all(skip.getAnimations().map((animation) => animation.finished));
  return skip.textContent.trim() === "Skip to content" && getComputedStyle(skip).opacity === "1";
}
"""
"""Whether the link that has the focus can be seen, and says that it leads past the navigation."""

DOM_FAULTS = r"""
() => {
  const faults = [];
  const name = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  const article = document.querySelector("article");

  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) {
    const over = [...article.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
    faults.push(`the page scrolls sideways by ${wide} pixels: ${over.slice(0, 3).map(name)}`);
  }

  for (const box of document.querySelectorAll(".equation")) {
    const { width, height } = box.querySelector(".katex .katex-html")?.getBoundingClientRect() ?? {};
    if (!width || !height) faults.push(`an equation shows nothing: ${name(box)}`);
    if ([...box.querySelectorAll(".katex")].some((e) => e.scrollWidth > box.clientWidth + 1)) {
      if (!["auto", "scroll"].includes(getComputedStyle(box).overflowX)) {
        faults.push(`a wide equation has no scroll box: ${name(box)}`);
      }
      if (box.tabIndex !== 0) faults.push(`the keyboard does not reach the scroll box: ${name(box)}`);
    }
    const tag = box.querySelector(".katex-tag")?.getBoundingClientRect();
    const parts = [...box.querySelectorAll(".katex-html > .katex-base")].map((part) => part.getBoundingClientRect());
    const start = box.getBoundingClientRect().left - box.scrollLeft;
    if (parts.some((part) => part.left < start - 1)) faults.push(`an equation begins where nobody can scroll to: ${name(box)}`);
    if (tag && parts.some((part) => part.right > tag.left + 1 && part.bottom > tag.top + 3 && part.top < tag.bottom - 3)) {
      faults.push(`a tag covers its equation: ${name(box)}`);
    }
    if (box.getBoundingClientRect().right > innerWidth + 1) faults.push(`an equation leaves the screen: ${name(box)}`);
  }
  for (const error of document.querySelectorAll(".katex-error")) faults.push(`KaTeX failed: ${name(error)}`);
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (/\\[([]|\$\$/.test(data) && !parentElement.closest("code, pre, script, style, annotation")) {
      faults.push(`LaTeX is left over: ${data.trim().slice(0, 120)}`);
    }
  }

  for (const svg of article.querySelectorAll("figure svg")) {
    const labelled = svg.closest("[role=img][aria-label], [role=img][aria-labelledby]");
    if (!labelled?.getAttribute("aria-label")?.trim() && !svg.querySelector(":scope > title")?.textContent.trim()) {
      faults.push(`a figure has no text alternative: ${name(svg)}`);
    }
  }
  return faults;
}
"""
"""What can be seen to be wrong in a rendered page, as a list of sentences."""

LENGTH_FAULTS = r"""
() => {
  const screen = 800;
  const article = document.querySelector("article");
  const top = article.getBoundingClientRect().top;
  const end = [...article.querySelectorAll("h2")].find((heading) => /^(What goes wrong|In short)/.test(heading.textContent));
  if (!end) return [];
  const core = end.getBoundingClientRect().top - top;
  const pictures = [...article.querySelectorAll("figure, .widget")]
    .filter((picture) => picture.checkVisibility() && !picture.closest("backprop-exercise"))
    .map((picture) => picture.getBoundingClientRect());
  const faults = core > 15 * screen ? [`the core path takes ${(core / screen).toFixed(1)} screens, more than 15`] : [];
  let seen = 0;
  for (const { top: from, bottom: to } of [...pictures, { top: top + core, bottom: top + core }]) {
    const gap = Math.min(from - top, core) - seen;
    if (gap > 2 * screen) faults.push(`no picture for ${(gap / screen).toFixed(1)} screens, from screen ${(seen / screen).toFixed(1)} on`);
    seen = Math.max(seen, to - top);
  }
  return faults;
}
"""
"""Where a chapter's core path, which is in sight on a wide screen up to what goes wrong, is too long or lacks a picture."""

LISTING_FAULTS = r"""
() => [...document.querySelectorAll("article pre > code")]
  .filter((code) => code.scrollWidth > code.clientWidth + 1)
  .map((code) => `a listing leaves its box: ${code.textContent.slice(0, 120)}`)
"""
"""Where a wide screen cuts a listing."""

FINGER_FAULTS = r"""
() => {
  const small = [...document.querySelectorAll("article :is(a, button, summary)")].filter((target) => {
    const lines = [...target.getClientRects()];
    const size = Math.min(Math.max(...lines.map(({ height }) => height)), Math.max(...lines.map(({ width }) => width)));
    return target.checkVisibility() && size < 24;
  });
  const covering = [...document.querySelectorAll("article .md-code__nav")].filter((buttons) => {
    if (!buttons.checkVisibility()) return false;
    const { left, top } = buttons.getBoundingClientRect();
    const code = document.createRange();
    code.selectNodeContents(buttons.parentElement.querySelector("code"));
    return [...code.getClientRects()].some(({ right, bottom, width }) => width && right > left && bottom > top + 1);
  });
  return [
    ...small.map((target) => `a target is smaller than 24 pixels: ${target.outerHTML.slice(0, 120)}`),
    ...covering.map((buttons) => `buttons cover code: ${buttons.parentElement.textContent.slice(0, 120)}`),
  ];
}
"""
"""What a finger misses on a phone."""

PAPER_FAULTS = r"""
() => {
  const edge = document.querySelector("article").getBoundingClientRect().right + 1;
  const whole = (part) => part.scrollWidth <= part.clientWidth + 1;
  return [...document.querySelectorAll("article :is(p, li, td, th, svg, .katex-base, .katex-tag, pre > code)")]
    .filter((part) => part.checkVisibility())
    .filter((part) => part.getBoundingClientRect().right > edge || (part.matches("pre > code") && !whole(part)))
    .map((part) => `cut off a sheet of paper: ${part.closest(".equation, table, pre, p")?.textContent.slice(0, 120)}`);
}
"""
"""What is cut off a sheet."""

FOR_AXE = """
() => {
  for (const formula of document.querySelectorAll(".katex")) formula.replaceWith("formula");
  for (const svg of document.querySelectorAll("figure svg")) svg.replaceChildren(...svg.querySelectorAll(":scope > title"));
  document.head.insertAdjacentHTML("beforeend", "<style>* { background-image: none !important }</style>");
  for (const code of [...document.querySelectorAll(".highlight code")].slice(10)) code.textContent = code.textContent;
}
"""
"""Spare axe-core what it would see by the thousand: the inside of formulas and drawings, and colours in all but ten codes.

On a gradient it judges no contrast, and the shadows at the edges of what scrolls are gradients.
"""

DEPENDENT = ["color-contrast", "scrollable-region-focusable"]
"""The rules of axe-core that may find on a phone, or in the dark, what they don't find on a wide screen in the light."""

AXE_FAULTS = """
async (rules) => {
  const { violations } = await axe.run(
    document,
    { resultTypes: ["violations"], ...(rules && { runOnly: rules }) },
  );
  return violations
    .map(({ id, help, nodes }) => `${id} (${help}): ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120))}`);
}
"""
"""What axe-core finds, however slight, as a list of sentences; on demand, by some of its rules only."""

SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""
"""Sums up, from the start of a page, how far what can be seen moves by itself (the metric known as CLS)."""

READ_ON = """
async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let at = -1; at !== scrollY; ) {
    at = scrollY;
    scrollBy({ top: innerHeight, behavior: "instant" });
    await frame();
    await frame();
  }
  return window.shifted;
}
"""
"""Scroll to the end, a screen at a time, and say how far things have moved."""


def find_chromium(own: Path) -> str | None:
    """Path of a Chromium: the environment's `CHROMIUM`, else one on the PATH, else Playwright's own if it is there."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen
    for program in PROGRAMS:
        if found := shutil.which(program):
            return found
    return str(own) if own.exists() else None


@contextmanager
def serve(site: Path, *, waits: bool = True) -> Iterator[str]:
    """Serve a site under the path that its site_url has, as the web will; give the address of its front page.

    Args:
        site: Folder of the built book.
        waits: Whether pages wait for their typefaces, so that a busy machine shows the same as an idle one. For readers
            they do not.
    """
    prefix = urlsplit(locations(site)[0]).path

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            inside = urlsplit(path).path.startswith(prefix)
            return super().translate_path(path[len(prefix) - 1 :] if inside else "/outside/the/site")

        def do_GET(self) -> None:
            if not (waits and urlsplit(self.path).path.endswith("/stylesheets/book.css")):
                super().do_GET()
                return
            style = (site / "stylesheets/book.css").read_text("utf-8")
            body = style.replace("font-display: optional", "font-display: block").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/css")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            body = (site / "404.html").read_bytes()
            self.send_response(code, message)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()
        thread.join()


def locations(site: Path) -> list[str]:
    """Addresses in the site map, the front page first."""
    found = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text("utf-8"))
    return sorted(found, key=len)


def pages(site: Path) -> list[str]:
    """Paths of all pages, relative to the front page, whose path is empty."""
    front, *others = locations(site)
    return ["", *(other.removeprefix(front) for other in others)]


@cache
def axe() -> str:
    """Source of axe-core, which `npm ci` installs."""
    return (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def listen(page: Page, front: str) -> list[str]:
    """Collect what a page complains of, and what it asks for in vain or of others."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(f"script error: {error}"))
    page.on(
        "console",
        lambda entry: (
            heard.append(f"console {entry.type}: {entry.text}") if entry.type in {"error", "warning"} else None
        ),
    )
    page.on("requestfailed", lambda request: heard.append(f"failed request: {request.url}"))
    page.on(
        "response",
        lambda answer: heard.append(f"answer {answer.status}: {answer.url}") if answer.status >= 400 else None,
    )

    def refuse(route: Route) -> None:
        heard.append(f"request to another host: {route.request.url}")
        route.abort()

    host = urlsplit(front).netloc
    page.route(lambda url: urlsplit(url).netloc != host, refuse)
    return heard


def faults(browser: Browser, front: str, paths: list[str], *, planted: str = "") -> list[str]:
    """Everything that is wrong with some pages, on each screen and on paper, in light and in dark, each with its path first.

    Args:
        browser: A running Chromium.
        front: Address of the front page.
        paths: Paths of the pages, relative to it.
        planted: HTML to put at the end of each page's article, to see that a fault is found.
    """
    found = []
    with browser.new_context(viewport=screen(WIDTHS[0]), reduced_motion="reduce") as context:
        for path in paths:
            page = context.new_page()
            heard = listen(page, front)
            if planted:
                plant(page, front + path, planted)
            page.goto(front + path)
            seen = [] if path == NOT_FOUND or skips(page) else ["the first key does not lead past the navigation"]
            lay_out(page)
            seen += page.evaluate(LENGTH_FAULTS)
            unfold(page)
            for width in WIDTHS:  # what is laid out is the same in the light and in the dark
                page.set_viewport_size(screen(width))
                page.wait_for_function("width => innerWidth === width", arg=width)
                looks = DOM_FAULTS, LISTING_FAULTS if width == WIDTHS[0] else FINGER_FAULTS
                seen += [f"{fault} ({width} pixels)" for look in looks for fault in page.evaluate(look)]
            page.set_viewport_size(SHEET)
            page.emulate_media(media="print")
            seen += page.evaluate(PAPER_FAULTS)
            page.emulate_media(media="screen")
            page.evaluate(FOR_AXE)
            page.evaluate(axe())
            for mode, scheme in modes(page):
                wide = mode.startswith(f"{WIDTHS[0]} ")
                if wide or scheme == "light":  # the colours of the dark are the same on a phone
                    rules = None if wide and scheme == "light" else DEPENDENT
                    seen += [f"{fault} ({mode})" for fault in page.evaluate(AXE_FAULTS, rules)]
            found += [f"/{path}: {fault}" for fault in dict.fromkeys([*heard, *seen])]
            page.close()
    return found


def skips(page: Page) -> bool:
    """Whether the first two keys that a reader presses lead past the navigation into the article."""
    page.keyboard.press("Tab")
    if not page.evaluate(SKIP):
        return False
    page.keyboard.press("Enter")
    inside = page.evaluate("!!document.querySelector(':target')?.closest('article')")
    page.evaluate("location.hash = ''")
    return bool(inside)


def modes(page: Page) -> Iterator[tuple[str, str]]:
    """Show a page on a wide screen and on a phone, each in light and in dark; say so, and give the scheme."""
    for width in WIDTHS:
        page.set_viewport_size(screen(width))
        page.wait_for_function("width => innerWidth === width", arg=width)
        prefer(page, "light")
        yield f"{width} pixels, light", "light"
        prefer(page, "dark")
        yield f"{width} pixels, dark", "dark"


def screen(width: int) -> ViewportSize:
    """A screen of some width."""
    return {"width": width, "height": 800}


def lay_out(page: Page) -> None:
    """Have even that laid out which is far away."""
    page.add_style_tag(content="article * { content-visibility: visible !important }")
    page.evaluate("document.fonts.ready")


def unfold(page: Page) -> None:
    """Open all folds of a page."""
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")


def prefer(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Change the colour scheme that the reader prefers, and wait until the page has followed."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("scheme => getComputedStyle(document.body).colorScheme === scheme", arg=scheme)


def plant(page: Page, address: str, html: str) -> None:
    """Put HTML at the end of the article when this page loads an address."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("</article>", f"{html}</article>"))

    page.route(address, answer)
