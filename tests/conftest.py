from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.book import ROOT, build, copy

if TYPE_CHECKING:
    from pathlib import Path


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
