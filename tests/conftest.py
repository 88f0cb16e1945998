from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.book import ROOT, build, copy
from tests.browser import MISSING, OPTIONS, find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book as MkDocs builds it, in a fresh process, with every warning an error."""
    folder = tmp_path_factory.mktemp("mkdocs")
    build(ROOT, "mkdocs", "build", "--site-dir", str(folder / "site"))
    return folder / "site"


@pytest.fixture(scope="session")
def zensical_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same book as Zensical builds it."""
    return build(copy(tmp_path_factory.mktemp("zensical")), "zensical", "build", "--clean", "--strict")


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
