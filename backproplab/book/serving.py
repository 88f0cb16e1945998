"""While `mkdocs serve` runs, a page is rendered anew when something that it depends on has changed, and only then.

A hook of MkDocs, which only saves time: the pages are those of a fresh build, and no other command and no other builder
takes any notice. A rendering is kept in memory under its page's text (the lines that speak of other pages written out)
and the sources of the package and the tests that it has used; anything else that changes empties the memory.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import logging
import re
import socket
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markdown import Markdown
from markdown_exec._internal.formatters import python as sessions
from mkdocs.exceptions import Abort
from mkdocs.structure.pages import Page
from mkdocs.utils import CountHandler

from backproplab.book import assets, blocks, source
from backproplab.book.glossary import GLOSSARY
from backproplab.book.reuse import Reuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment
    from markdown.preprocessors import Preprocessor
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation

    Told = tuple[str, tuple[Any, ...], dict[str, Any]]

log = logging.getLogger("mkdocs.backproplab")
KEPT = ("content", "toc", "_title_from_render", "present_anchor_ids")
"""What `Page.render` leaves in a page, but for the links, which point to other files of the same build."""
USED = re.compile(r"(backproplab|tests)\b(?!\.book\b)")
SHOWN = re.compile(r"(?m)^ *::: *((?:backproplab|tests)\.[\w.]+)")
NAMES = re.compile(r"(?m)^ *(?:from|import)\b(?:[^(\n]*\([^)]*\)|.*)|^__all__ = \[[^\]]*\]")
"""What gives an object further names, under which a page announces it."""


@dataclass
class Rendering:
    """A page as it was rendered, what it told the plugins, and what it depends on."""

    text: str
    programs: list[tuple[str, str]]
    printed: dict[str, list[str]]
    used: dict[Path, bytes]
    told: list[Told]
    left: dict[str, Any]
    links: dict[str, dict[str, str]]


class Memory:
    """The renderings of all pages, and the state of everything that they all depend on."""

    def __init__(self) -> None:
        self.serving = False
        self.common: dict[Path, bytes] = {}
        self.program: dict[Path, bytes] = {}
        self.renderings: dict[str, Rendering] = {}
        self.reuse = Reuse()
        self.steps: list[Preprocessor] = []


MEMORY = Memory()


def states(*paths: Path) -> dict[Path, bytes]:
    """Sum up what each file holds; one that is not there holds nothing."""
    return {path: hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"" for path in paths}


def on_startup(*, command: str, dirty: bool) -> None:
    """Remember pages only while the book is served; compiled files would hide a second edit within a second."""
    MEMORY.serving = command == "serve" and not dirty
    sys.dont_write_bytecode |= MEMORY.serving


def on_config(config: MkDocsConfig) -> None:
    """Say in one sentence what stands in the way, before anything is built.

    Raises:
        Abort: If KaTeX is not set up, if the port is taken, or if the program that builds the book has changed.
    """
    book = Path(__file__).parent
    if not (book.resolve().parents[1] / "node_modules/katex").is_dir():
        message = "KaTeX is missing, and without it no formula can be rendered: run `make setup`."
        raise Abort(message)
    assets.copy_widgets(Path(config.config_file_path).parent)
    if not MEMORY.serving:
        return
    program = states(*(path for path in book.iterdir() if path.suffix in {".py", ".mjs"}))
    if not MEMORY.program:
        MEMORY.program = program
        _try_port(*config.dev_addr)
    elif program != MEMORY.program:
        message = "The program that builds the book has changed: end this server and start another."
        raise Abort(message)


def _try_port(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            log.info(f"The book will stand at http://{host}:{port}/")  # noqa: G004
    except OSError as error:
        message = f"The book cannot be served at {host}:{port}, {error.strerror}: try another port (make serve PORT=…)."
        raise Abort(message) from None


def on_nav(nav: Navigation, *, config: MkDocsConfig, **_: object) -> None:
    """Have each page look first for what is known of it."""
    if not MEMORY.serving:
        return
    root = Path(config.config_file_path).parent
    there = dict.fromkeys((root / "docs").rglob("*"), b"")  # a link needs its target to be there, no more
    common = there | states(root / "mkdocs.yml", root / "docs" / GLOSSARY, *(root / "overrides").rglob("*"))
    sources = {}
    for path in (
        *(root / "backproplab").rglob("*"),
        *(root / "experiments").rglob("*"),
        *(root / "tests").rglob("*.py"),
    ):
        if path.suffix == ".py":
            sources[path] = path.read_bytes()
            common[path] = "\n".join(NAMES.findall(sources[path].decode())).encode()
        elif path.suffix not in {".pyc", ".js", ".css"}:
            common |= states(path)
    if common != MEMORY.common:
        MEMORY.common, MEMORY.renderings, MEMORY.reuse.sources = common, {}, {}
    MEMORY.reuse.arrange(sources, config)
    ours = [name for name in config.markdown_extensions if str(name).startswith("backproplab.book.")]
    steps = Markdown(extensions=ours, extension_configs=config.mdx_configs).preprocessors
    MEMORY.steps = [step for step in steps if type(step).__module__.startswith("backproplab.book.")]
    for page in nav.pages:
        page.render = partial(_render, page)  # type: ignore[method-assign]


def on_env(env: Environment, **_: object) -> None:
    """Compile the templates of the theme once."""
    if MEMORY.serving:
        env.bytecode_cache = MEMORY.reuse.templates


def _render(page: Page, config: MkDocsConfig, files: Files) -> None:
    name, text = page.file.src_uri, _written_out(page.markdown or "")
    known = MEMORY.renderings.get(name)
    if known and known.used != states(*known.used):
        known = None
    if known and known.text == text:
        _recall(known, page, config, files)
        return
    programs = [(str(block.options), block.code) for block in source.Page(name, text).blocks if block.executed]
    ran = known if known and known.programs == programs else None
    MEMORY.renderings.pop(name, None)
    _forget()
    if ran:
        blocks.KNOWN.update({id: outputs[0] for id, outputs in ran.printed.items()})  # noqa: A001
    counter = CountHandler(level=logging.WARNING)
    logging.getLogger("mkdocs").addHandler(counter)
    try:
        told = _listened(partial(Page.render, page, config, files), _listeners(config))
    finally:
        logging.getLogger("mkdocs").removeHandler(counter)
        blocks.KNOWN.clear()
        if counter.get_counts():  # what was warned of once must be warned of again
            MEMORY.reuse.sources = {}
    if not counter.get_counts():
        used = states(*_used(text)) | (ran.used if ran else {})
        left = copy.deepcopy({attribute: getattr(page, attribute) for attribute in KEPT})
        links = {file.src_uri: anchors for file, anchors in (page.links_to_anchors or {}).items()}
        MEMORY.renderings[name] = Rendering(text, programs, blocks.CONVERSION.printed, used, told, left, links)


def _recall(known: Rendering, page: Page, config: MkDocsConfig, files: Files) -> None:
    listeners = _listeners(config)
    for method, arguments, options in known.told:
        getattr(listeners[method], method)(*(page if isinstance(it, Page) else it for it in arguments), **options)
    page.__dict__.update(copy.deepcopy(known.left))
    page.links_to_anchors = {files.src_uris[name]: anchors for name, anchors in known.links.items()}


def _listeners(config: MkDocsConfig) -> dict[str, Any]:
    """Name the methods by which a page that is rendered tells the plugins what it holds, and whose they are."""
    plugins: dict[str, Any] = dict(config.plugins)
    handlers = plugins["mkdocstrings"].handlers
    return {
        "register_anchor": plugins["autorefs"],
        "get_handler": handlers,
        "register": handlers.inventory,
    }


def _listened(render: Callable[[], None], listeners: dict[str, Any]) -> list[Told]:
    told: list[Told] = []

    def listening(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def listen(*arguments: Any, **options: Any) -> Any:
            told.append((name, arguments, options))
            return method(*arguments, **options)

        return listen

    for name, owner in listeners.items():
        setattr(owner, name, listening(name, getattr(owner, name)))
    try:
        render()
    finally:
        for name, owner in listeners.items():
            delattr(owner, name)
    return told


def _written_out(text: str) -> str:
    """Write out the lines for which the book's own preprocessors read other pages or the tests."""
    lines = text.split("\n")
    for step in MEMORY.steps:
        lines = step.run(lines)
    return "\n".join(lines)


def _forget() -> None:
    """Forget the package and all sessions, so that a page meets neither yesterday's nor another page's."""
    for name in [name for name in sys.modules if USED.match(name)]:
        del sys.modules[name]
    sessions._sessions_globals.clear()  # noqa: SLF001


def _used(text: str) -> set[Path]:
    """List the sources of the package and of the tests that the page has imported or shows."""
    found = set()
    for name in SHOWN.findall(text):
        module = name
        while not (path := source.ROOT.joinpath(*module.split(".")).with_suffix(".py")).is_file():
            module = module.rpartition(".")[0]
        found.add(path)
        if module.startswith("backproplab."):
            importlib.import_module(module)
    modules = [module for name, module in list(sys.modules.items()) if USED.match(name)]
    return found | {Path(module.__file__) for module in modules if module.__file__}
