"""What theme and plugins would make anew for every build, though nothing that it depends on has changed."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from jinja2.bccache import Bucket
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page


class Templates(BytecodeCache):
    """Templates as they were compiled; one that has changed has another checksum."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is known of a template."""
        bucket.code = self.compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        self.compiled[bucket.key, bucket.checksum] = bucket.code


class Reuse:
    """Compiled templates, the objects of package and tests as mkdocstrings reads them, and the index of the search."""

    def __init__(self) -> None:
        self.templates = Templates()
        self.sources: dict[Path, bytes] = {}
        self.objects: dict[str, Any] = {}
        self.entries: dict[str, tuple[tuple[Any, ...], list[dict[str, Any]]]] = {}

    def arrange(self, sources: dict[Path, bytes], config: MkDocsConfig) -> None:
        """Hand the plugins of a new build what they need not make."""
        plugins: dict[str, Any] = dict(config.plugins)
        handler = plugins["mkdocstrings"].handlers.get_handler("python")
        handler.env.bytecode_cache = self.templates
        if sources != self.sources:
            self.sources = sources
            self.objects = {name: getattr(handler, name) for name in ("_modules_collection", "_lines_collection")}
        vars(handler).update(self.objects)
        index = plugins["material/search"].search_index
        index.add_entry_from_context = partial(self._index, index)

    def _index(self, index: Any, page: Page) -> None:
        said = page.url, page.title, page.meta, page.content, str(page.toc)
        known, entries = self.entries.get(page.file.src_uri, ((), []))
        if known != said:
            before = len(index.entries)
            type(index).add_entry_from_context(index, page)
            entries = index.entries[before:]
            del index.entries[before:]
            self.entries[page.file.src_uri] = said, copy.deepcopy(entries)
        index.entries.extend(copy.deepcopy(entries))
