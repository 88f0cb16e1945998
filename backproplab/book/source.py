"""The pages as they are written: prose, fenced blocks, sections. What the ledger and the rules both read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"(?m)^ *(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)\n(?P<code>(?:.*\n)*?) *(?P=fence)[`~]* *$")
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
HEADING = re.compile(r"(?m)^#{1,3} +(?P<title>.+?)(?: *\{[^{}]*\})?$")
DIRECTIVE = re.compile(r"(?m)^ *::: *(?P<name>backproplab\.[\w.]+) *$")


def blank(text: str) -> str:
    """Keep only the line ends, and everything that follows in its place."""
    return re.sub(r"[^\n]", " ", text)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it opens, what the fence says, what it holds."""

    position: int
    info: str
    code: str

    @cached_property
    def options(self) -> dict[str, str]:
        """The options after the language, as `markdown-exec` reads them."""
        return dict(re.findall(r'([\w-]+)="([^"]*)"', self.info))

    @property
    def executed(self) -> bool:
        """Whether the block runs when the book is built."""
        return "exec" in self.options

    @property
    def shown(self) -> bool:
        """Whether a reader sees the program, and not only what it prints."""
        return not self.executed or "source" in self.options


@dataclass(frozen=True)
class Page:
    """One Markdown file, named by its path under `docs`."""

    name: str
    text: str

    @cached_property
    def blocks(self) -> list[Block]:
        """Every fenced block, in order."""
        return [Block(found.start(), found["info"].strip(), found["code"]) for found in FENCE.finditer(self.text)]

    @cached_property
    def unexecuted(self) -> str:
        """Everything but front matter and executed blocks."""
        text = FRONT_MATTER.sub(lambda found: blank(found[0]), self.text)
        executed = {block.position for block in self.blocks if block.executed}
        return FENCE.sub(lambda found: blank(found[0]) if found.start() in executed else found[0], text)

    @cached_property
    def prose(self) -> str:
        """Everything but front matter and blocks."""
        return FENCE.sub(lambda found: blank(found[0]), self.unexecuted)

    def sections(self) -> Iterator[tuple[str, str]]:
        """Give title and prose of each part that a heading of level one to three opens."""
        title, start = "", 0
        for heading in HEADING.finditer(self.prose):
            yield title, self.prose[start : heading.start()]
            title, start = heading["title"], heading.end()
        yield title, self.prose[start:]

    def line(self, position: int) -> str:
        """Say where a position is, as an editor understands it."""
        return f"docs/{self.name}:{self.text.count(chr(10), 0, position) + 1}"


_parsed = lru_cache(maxsize=256)(Page)


def pages(root: Path = ROOT) -> list[Page]:
    """Read every page of the book; one that has not changed is not taken apart again."""
    docs = root / "docs"
    return [_parsed(path.relative_to(docs).as_posix(), path.read_text("utf-8")) for path in sorted(docs.rglob("*.md"))]
