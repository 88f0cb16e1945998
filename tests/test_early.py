"""What a page needs early is asked for in its head, under the names that the files have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from backproplab.book.early import WIDGETS, imported

if TYPE_CHECKING:
    from pathlib import Path


def test_the_imports_of_imports_are_named_once() -> None:
    stepper = imported("stepper")
    assert {"stepping", "element", "network"} <= set(stepper)
    assert len(set(stepper)) == len(stepper)
    assert not imported("network")


@pytest.mark.parametrize("page", ["index.html", "network/four-equations/index.html", "lab/handwriting/index.html"])
def test_a_page_asks_early_for_its_scripts_and_no_others(site: Path, page: str) -> None:
    html = (site / page).read_text("utf-8")
    here = (site / page).parent
    early = re.findall(r'<link rel="(?:preload|modulepreload)"[^>]* href="([^"]+)"', html)
    names = {(here / address).resolve() for address in early}
    assert all(path.is_file() for path in names)
    scripts = {(here / address).resolve() for address in re.findall(r'<script(?: type="module")? src="([^"]+)"', html)}
    widgets = {path.stem for path in scripts if (WIDGETS / path.name).is_file()}
    assert {path.name for path in names if path.name.startswith("bundle.")} <= {path.name for path in scripts}
    assert {path.stem for path in names if (WIDGETS / path.name).is_file()} == {
        name for widget in widgets for name in imported(widget)
    } - widgets
    assert any(path.name.startswith("bundle.") for path in names)
