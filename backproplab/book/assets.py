"""Put what the pages need from npm, and the package's widgets, where the site can take them along.

`python -m backproplab.book.assets`
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
FONT = ("LICENSE", "files/*-latin-wght-*.woff2", "files/*-greek-wght-*.woff2")
ITALIC = ("files/*-latin-400-italic.woff2",)
"""Italics of the ordinary weight, which nearly all are: half as heavy as those of all weights."""
WANTED = {
    "katex": ("LICENSE", "dist/katex.min.css", "dist/fonts/*.woff2", "dist/contrib/copy-tex.min.js"),
    "d3-array": ("LICENSE", "dist/d3-array.min.mjs"),
    "d3-contour": ("LICENSE", "dist/d3-contour.min.mjs"),
    "@fontsource-variable/source-serif-4": FONT,
    "@fontsource-variable/source-sans-3": FONT,
    "@fontsource-variable/source-code-pro": FONT,
    "@fontsource/source-serif-4": ITALIC,
    "@fontsource/source-sans-3": ITALIC,
    "@fontsource/source-code-pro": ITALIC,
}


def copy(root: Path = ROOT) -> list[Path]:
    """Copy style sheets, fonts, scripts and the licences from `node_modules` to `docs/assets/vendor`; the copies are returned.

    Raises:
        FileNotFoundError: If something is missing, which says that the set-up has not been run.
    """
    vendor = root / "docs/assets/vendor"
    shutil.rmtree(vendor, ignore_errors=True)
    copies = []
    for package, patterns in WANTED.items():
        source = root / "node_modules" / package
        for pattern in patterns:
            found = sorted(source.glob(pattern))
            if not found:
                message = f"{source / pattern} is missing: run `make setup`"
                raise FileNotFoundError(message)
            for path in found:
                target = vendor / source.name / re.sub("^(dist|files)/", "", path.relative_to(source).as_posix())
                target.parent.mkdir(parents=True, exist_ok=True)
                copies.append(Path(shutil.copy(path, target)))
    style = vendor / "katex/katex.min.css"
    style.write_text(re.sub(r',url\([^)]*\.(woff|ttf)\) format\("\w+"\)', "", style.read_text("utf-8")), "utf-8")
    return copies + copy_widgets(root)


def copy_widgets(root: Path = ROOT) -> list[Path]:
    """Put the widgets of the package, and the recorded network for them, into `docs/assets/vendor/backproplab`, where they have changed."""
    target = root / "docs/assets/vendor/backproplab"
    target.mkdir(parents=True, exist_ok=True)
    wanted = {path.name: path.read_bytes() for path in sorted((root / "backproplab/widgets").glob("*.[jc]s*"))}
    if "digit.js" in wanted:
        wanted["mnist-cnn.json"] = _recorded_weights()
    for name, content in wanted.items():
        path = target / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
    return [target / name for name in wanted]


def _recorded_weights() -> bytes:
    """Write the recorded network for the widget that reads digits; a book without that widget has no need of it."""
    from backproplab.loading import recorded_network
    from backproplab.widgets.traces import network_json

    return json.dumps(network_json(recorded_network()), separators=(",", ":")).encode()


if __name__ == "__main__":
    print(f"{len(copy())} files copied to docs/assets/vendor")
