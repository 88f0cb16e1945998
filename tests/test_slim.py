"""What no reader needs is gone from the built site, and nothing points to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backproplab.book.slim import slim

if TYPE_CHECKING:
    from pathlib import Path


def test_takes_away_source_maps_and_other_languages_and_what_points_to_them(tmp_path: Path) -> None:
    texts = {
        "index.html": "<p>kept</p>",
        "a/script.js": "run();\n//# sourceMappingURL=script.js.map\n",
        "a/script.js.map": "{}",
        "a/style.css": "p { color: red }\n/*# sourceMappingURL=style.css.map */",
        "a/style.css.map": "{}",
        "a/lunr/lunr.de.js": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert slim(tmp_path) == tmp_path
    left = {str(path.relative_to(tmp_path)): path.read_text("utf-8") for path in tmp_path.rglob("*.*")}
    assert left == {"index.html": "<p>kept</p>", "a/script.js": "run();\n", "a/style.css": "p { color: red }"}


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no built site: run `make build`"):
        slim(tmp_path)


def test_neither_built_site_holds_or_names_a_source_map(site: Path, zensical_site: Path) -> None:
    for built in (site, zensical_site):
        files = [path for path in built.rglob("*") if path.is_file()]
        assert not [path for path in files if path.suffix == ".map" or "lunr" in path.parent.parts]
        scripts = [path for path in files if path.suffix in {".js", ".css"}]
        assert scripts
        assert not [path for path in scripts if "sourceMappingURL=" in path.read_text("utf-8")]
