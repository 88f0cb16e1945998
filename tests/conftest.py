from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from backproplab.book.slim import slim
from tests.book import ROOT, build, copy
from tests.browser import MISSING, OPTIONS, find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for a built site, and with it those that open one in a browser."""
    for item in items:
        if {"site", "zensical_site", "chromium"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("builds")


@contextmanager
def shared(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that all processes of a test run have in common, for one of them at a time."""
    processes = "PYTEST_XDIST_WORKER" in os.environ
    folder = (factory.getbasetemp().parent if processes else factory.getbasetemp()) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book as MkDocs builds it, in a fresh process, with every warning an error; built once in a test run."""
    with shared(tmp_path_factory, "mkdocs") as folder:
        if not (folder / "built").exists():
            build(ROOT, "mkdocs", "build", "--site-dir", str(folder / "site"))
            slim(folder / "site")
            (folder / "built").touch()
    return folder / "site"


@pytest.fixture(scope="session")
def zensical_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same book as Zensical builds it."""
    with shared(tmp_path_factory, "zensical") as folder:
        if not (folder / "built").exists():
            slim(build(copy(folder / "book"), "zensical", "build", "--clean", "--strict"))
            (folder / "built").touch()
    return folder / "book/site"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; without one the tests that need it are skipped, or fail where CI is true."""
    with sync_playwright() as playwright:
        program = find_chromium(Path(playwright.chromium.executable_path))
        if program is None and os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        if program is None:
            pytest.skip(MISSING)
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()
