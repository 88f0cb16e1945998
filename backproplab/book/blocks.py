"""Every block of a page runs, and a block that fails or warns ends the build, whatever the builder and its flags.

By themselves, `markdown-exec` logs a failure and goes on, `mkdocs build -q` counts no warning, and Zensical passes over
plugins that it does not know. A Python-Markdown extension, since that is what every builder runs on every page.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import sys
import threading
import warnings
from collections import Counter
from functools import partial
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any

from markdown import Extension
from markdown_exec import ExecutionError, base_format, formatters
from markdown_exec._internal.formatters.python import _run_python
from pymdownx.superfences import SuperFencesException

from backproplab.book.source import ROOT, Page, pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from markdown import Markdown
    from markupsafe import Markup

LEFT = re.compile(r"<p>(::: [^<]*)|(\[[^\]<]*\]\[backproplab[^\]<]*\])")
"""A directive or a cross-reference that no plugin has taken up."""
WIDGETS = [f"backprop-{path.stem}" for path in sorted((ROOT / "backproplab/widgets").glob("*.js"))]
"""Elements that stand between paragraphs, and in none."""
KNOWN: dict[str, str] = {}
"""What blocks have printed, by their ids, where they need not run again: `backproplab.book.serving` enters it."""


class BlockError(SuperFencesException):  # type: ignore[misc]  # any other exception in a fence is swallowed
    """A block that fails, that warns, or that does not run."""


class _Conversion(threading.local):
    """The page that is being converted, and what its blocks have printed."""

    page: Page | None = None
    printed: dict[str, list[str]]


CONVERSION = _Conversion()


def digest(root: Path = ROOT) -> str:
    """Sum up everything that a page may depend on, so that no cache of a builder outlives a change of it."""
    found = hashlib.sha256(sys.version.encode())
    for folder in ("backproplab", "docs", "experiments", "tests"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                found.update(f"{path.relative_to(root)} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    for distribution in sorted(f"{found.name} {found.version}" for found in distributions()):
        found.update(distribution.encode())
    for name in sorted(os.environ):
        if name.endswith("_NUM_THREADS") or name.startswith(("OPENBLAS_", "PYTHON")):
            found.update(f"{name}={os.environ[name]}".encode())
    return found.hexdigest()


def _run(code: str, *, id: str = "", session: str = "", **options: Any) -> str:  # noqa: A002
    if id in KNOWN:
        output = KNOWN[id]
    else:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                output = _run_python(code, id=id, session=session, **options)
        except (ExecutionError, SystemExit) as error:
            message = f"the block {id!r} fails\n{error or type(error).__name__}"
            raise BlockError(message) from None
    if CONVERSION.page is not None:
        CONVERSION.printed.setdefault(id, []).append(output)
    return output


def _format(**options: Any) -> Markup:
    return base_format(language="python", run=_run, **options)


def _convert(convert: Callable[[str], str], source: str) -> str:
    """Convert a page, and name it in whatever is wrong; what a block prints and a docstring are parts of a page."""
    if CONVERSION.page is not None:
        return convert(source)
    CONVERSION.page, CONVERSION.printed = Page("", source), {}
    try:
        html = convert(source)
        _check(CONVERSION.page, html)
    except SuperFencesException as error:
        error.args = (f"{_place(source)}: {error}",)
        raise
    finally:
        CONVERSION.page = None
    return html


def _check(page: Page, html: str) -> None:
    written = Counter(block.options.get("id", "") for block in page.blocks if block.executed)
    ran = {id: len(outputs) for id, outputs in CONVERSION.printed.items()}  # noqa: A001
    for missing in written - Counter(ran):
        message = f"the block {missing!r} has not run: is markdown-exec among the plugins?"
        raise BlockError(message)
    if left := LEFT.search(html):
        message = f"{(left[1] or left[2]).strip()!r} is left as it was written: are mkdocstrings and autorefs plugins?"
        raise BlockError(message)


def _place(source: str) -> str:
    """Find the page by its text: each builder would tell its name in a way of its own."""
    names = [f"docs/{page.name}" for page in pages() if page.text.rstrip().endswith(source.strip())]
    return names[0] if names else "a page"


class BlocksExtension(Extension):
    """Take over from `markdown-exec` what happens when a block fails."""

    def __init__(self, **options: str) -> None:
        self.config = {"sources": ["", "the digest of everything a page may depend on"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Wrap the conversion, and have the warnings of MkDocs counted even where they are not wanted."""
        if not __debug__:
            message = "python -O leaves out every assert: build the book without it"
            raise BlockError(message)
        formatters["python"] = _format
        mkdocs = logging.getLogger("mkdocs")
        mkdocs.setLevel(min(mkdocs.level, logging.WARNING))
        md.convert = partial(_convert, md.convert)  # type: ignore[method-assign]
        md.block_level_elements += WIDGETS


def makeExtension(**options: str) -> BlocksExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return BlocksExtension(**options)
