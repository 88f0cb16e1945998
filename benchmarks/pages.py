"""How soon can a page of the built book be read on a slow phone? `python benchmarks/pages.py site [page …]`.

A screen of 360 by 740 points, a network of 1.6 Mbit/s with 150 ms of latency, a processor four times slower than
this machine's, an empty cache, files packed by gzip. *Painted* is the first contentful paint. *Ready* is the moment from
which the page answers: the HTML is parsed and its scripts have run (DOMContentLoaded), and the last task of more than
50 ms has ended, after which a whole second holds no other. Each page is opened several times; the medians are shown.
"""

import argparse
import gzip
import mimetypes
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from tests.browser import OPTIONS, SHIFTS, find_chromium, locations, pages

NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 94_000,
}  # bytes a second
SLOWER = 4
WATCH = (
    SHIFTS
    + """
window.long = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.long.push(task.startTime + task.duration);
}).observe({ type: "longtask", buffered: true });
"""
)
QUIET = """
() => document.readyState === "complete"
  && performance.getEntriesByName("first-contentful-paint").length
  && performance.now() - Math.max(performance.timing.loadEventEnd - performance.timeOrigin, ...window.long) > 1000
"""
TIMES = """
() => {
  const painted = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  const { domContentLoadedEventEnd: parsed, encodedBodySize: html } = performance.getEntriesByType("navigation")[0];
  const ready = Math.max(painted, parsed, ...window.long);
  const nodes = document.querySelectorAll("*").length;
  return { painted, parsed, ready, html, nodes, shifted: window.shifted };
}
"""


@contextmanager
def serve(site: Path) -> Iterator[tuple[str, list[int]]]:
    """Serve a site packed by gzip; give the address of its front page, and a list that grows by the size of each answer."""
    prefix = urlsplit(locations(site)[0]).path
    sent: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = site / urlsplit(self.path).path.removeprefix(prefix)
            path = path / "index.html" if path.is_dir() else path
            found = path.is_file()
            body = path.read_bytes() if found else b""
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            packed = kind.startswith("text/") or kind.endswith(("javascript", "json", "xml"))
            body = gzip.compress(body, mtime=0) if packed else body
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)
            sent.append(len(body))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}", sent
        server.shutdown()


def visit(browser: Browser, address: str) -> dict[str, Any]:
    """Open a page as a slow phone does for the first time, and wait until it has been quiet for a second."""
    screen: Any = {"width": 360, "height": 740}
    with browser.new_context(viewport=screen, device_scale_factor=2, is_mobile=True, has_touch=True) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", NETWORK)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(address, timeout=120_000)
        page.wait_for_function(QUIET, timeout=120_000, polling=100)
        times: dict[str, Any] = page.evaluate(TIMES)
        return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path, help="folder of the built book")
    parser.add_argument("page", nargs="*", help="address of a page under the front page; all pages if none is given")
    parser.add_argument("--rounds", type=int, default=3, help="how often each page is opened")
    asked = parser.parse_args()
    with sync_playwright() as playwright, serve(asked.site) as (front, sent):
        program = find_chromium(Path(playwright.chromium.executable_path))
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        print(
            f"{'page':36} {'painted':>8} {'parsed':>8} {'ready':>8} {'HTML':>8} {'visit':>8} {'nodes':>7} {'shift':>6}"
        )
        for path in asked.page or pages(asked.site):
            visits = []
            for _ in range(asked.rounds):
                sent.clear()
                visits.append(visit(browser, front + path) | {"visit": sum(sent)})
            of = {name: statistics.median(seen[name] for seen in visits) for name in visits[0]}
            times = " ".join(f"{of[name] / 1000:6.2f} s" for name in ("painted", "parsed", "ready"))
            sizes = " ".join(f"{of[name] / 1000:5.0f} kB" for name in ("html", "visit"))
            print(f"{path or '/':36} {times} {sizes} {of['nodes']:7.0f} {of['shifted']:6.3f}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
