"""What `mkdocs serve` remembers: after any edit its pages are, byte for byte, those of a fresh build."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.book import FRONT, build, run, tiny

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.builds

PROGRAM = """
import logging, pathlib, sys
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
logging.basicConfig(level="WARNING")
for edit in ("", *sys.argv[1:]):
    if edit:
        path, old, new = edit.split("|")
        text = pathlib.Path(path).read_text()
        assert old in text
        pathlib.Path(path).write_text(text.replace(old, new))
    config = load_config("mkdocs.yml", site_dir="served", dev_addr="127.0.0.1:0")
    if not edit:
        config.plugins.on_startup(command="serve", dirty=False)
    failure = None
    try:
        build(config)
    except Abort as error:
        failure = error
if failure:
    raise failure
"""
PAGE = """Words about $x$ and [it][backproplab.calculus.slope], [the other](reference/ledger.md#there).

```python exec="1" session="index" id="run" source="above"
from backproplab.calculus import slope
print(f"The slope is {slope(3)}.")
```

::: backproplab.calculus.slope

::: backproplab.calculus.Line

??? success "Checked by"
    ::: tests.test_calculus.test_slope

$$a = b \\tag{T1}$$
"""
MODULE = (
    '"""One function."""\n\n\ndef slope(x: float) -> float:\n    """Give the slope of a square."""\n    return 2 * x\n'
    '\n\nclass Line:\n    """A line.\n\n    Attributes:\n        tilt: How steep it is.\n    """\n\n'
    '    tilt: float\n\n    def __init__(self, tilt: float) -> None:\n        """Draw it.\n\n        Args:\n'
    '            tilt: How steep it is.\n        """\n        self.tilt = tilt\n'
)
TEST = (
    'import pytest\n\n\n@pytest.mark.equation("T1")\ndef test_slope() -> None:\n    """The slope."""\n    assert True\n'
)


def two_pages(folder: Path) -> Path:
    tiny(folder, PAGE, module=MODULE, test=TEST)
    settings = folder / "mkdocs.yml"
    text = settings.read_text("utf-8").replace(
        "One page: index.md\n", "One page: index.md\n  - Other: reference/ledger.md\n"
    )
    settings.write_text(text, "utf-8")
    (folder / "docs/reference").mkdir()
    (folder / "overrides/main.html").write_text('{% extends "base.html" %}{% block footer %}The foot{% endblock %}')
    (folder / "docs/reference/ledger.md").write_text(f"{FRONT}## There {{#there}}\n\n[[ledger]]\n", "utf-8")
    return folder


EDITS = {
    "a sentence": "docs/index.md|Words about|A word on",
    "a program": "docs/index.md|slope(3)|slope(4)",
    "a formula of the ledger": "docs/index.md|a = b|a = c",
    "the package": "backproplab/calculus.py|2 * x|7 * x",
    "a docstring": "backproplab/calculus.py|Give the|Return the",
    "an import": "backproplab/calculus.py|def slope|import math\n\n\ndef slope",
    "a test": "tests/test_calculus.py|The slope|A new word",
    "a template": "overrides/main.html|The foot|The end",
    "the settings": "mkdocs.yml|link_titles: false|link_titles: true",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_gives_the_pages_of_a_fresh_build(tmp_path: Path, edit: str) -> None:
    folder = two_pages(tmp_path)
    (folder / "serve_twice.py").write_text(PROGRAM, "utf-8")
    done = run(folder, "serve_twice", "docs/reference/ledger.md|There {|Then {", EDITS[edit])
    assert done.returncode == 0, done.stdout + done.stderr
    fresh, served = build(folder, "mkdocs", "build"), folder / "served"
    for path in sorted(fresh.rglob("*")):
        if path.is_file() and path.name != "sitemap.xml.gz":  # which holds the time
            assert path.read_bytes() == (served / path.relative_to(fresh)).read_bytes(), path.name


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("backproplab/calculus.py|2 * x|1 / 0", "ZeroDivisionError"),
        ("docs/reference/ledger.md|There {#there}|There {#gone}", "'reference/ledger.md#there'"),
        ("backproplab/calculus.py|def slope|def slant", "'run' fails"),
    ],
)
def test_a_fault_is_seen_in_what_is_remembered(tmp_path: Path, edit: str, said: str) -> None:
    folder = two_pages(tmp_path)
    (folder / "serve_twice.py").write_text(PROGRAM, "utf-8")
    done = run(folder, "serve_twice", edit)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_what_was_warned_of_is_warned_of_again(tmp_path: Path) -> None:
    folder = two_pages(tmp_path)
    (folder / "serve_twice.py").write_text(PROGRAM, "utf-8")
    fault = (
        "backproplab/calculus.py|            tilt: How steep it is.|            tilt: It.\n            lean: Not there."
    )
    done = run(folder, "serve_twice", fault, EDITS["a sentence"])
    assert done.returncode != 0
    heard = done.stdout + done.stderr
    assert heard.count("Parameter 'lean' does not appear in the function signature") == 2, heard


def test_a_taken_port_is_told_before_anything_is_built(tmp_path: Path) -> None:
    folder = two_pages(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(folder, "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}")
    assert done.returncode != 0
    assert f"The book cannot be served at 127.0.0.1:{port}" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
