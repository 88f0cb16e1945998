"""An edit shows without a restart: while `mkdocs serve` runs, no page meets yesterday's package or session.

A Python-Markdown extension, since that is what every builder of the book runs on every page.
"""

from __future__ import annotations

import re
import sys
from importlib.util import cache_from_source
from pathlib import Path

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markdown_exec._internal.formatters import python as sessions

PACKAGE = Path(__file__).parents[1]
SESSION = re.compile(r'^ *```+ *python\b.*\bsession="([^"]+)"')


def _stamps() -> dict[Path, int]:
    """When each source of the package was last changed."""
    book = Path(__file__).parent
    return {path: path.stat().st_mtime_ns for path in PACKAGE.rglob("*.py") if book not in path.parents}


class _Fresh(Preprocessor):
    """Runs before anything else on each page."""

    stamps = _stamps()

    def run(self, lines: list[str]) -> list[str]:
        """Forget modules whose source has changed, and the sessions that this page is about to fill."""
        stamps = _stamps()
        if stamps != _Fresh.stamps:
            for path, _ in stamps.items() - _Fresh.stamps.items():
                Path(cache_from_source(path)).unlink(missing_ok=True)  # it would pass for current within a second
            _Fresh.stamps = stamps
            for name in list(sys.modules):
                if re.match(r"backproplab(\.(?!book\b)|$)", name):
                    del sys.modules[name]
        for line in lines:
            if found := SESSION.match(line):
                sessions._sessions_globals.pop(found[1], None)  # noqa: SLF001
        return lines


class ReloadExtension(Extension):
    """Start every page from its sources."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Stand before the blocks are executed (`fenced_code_block`, 25)."""
        md.preprocessors.register(_Fresh(md), "reload", 100)


def makeExtension(**options: object) -> ReloadExtension:  # noqa: N802
    """Make the extension, as Python-Markdown asks for it."""
    return ReloadExtension(**options)
