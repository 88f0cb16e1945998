"""Take from a built site what no reader needs: `python -m backproplab.book.slim site`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path


def slim(site: Path) -> Path:
    """Remove source maps, and what the search needs only for languages other than English; give the site back.

    Raises:
        FileNotFoundError: If the folder holds no built site.
    """
    if not (site / "index.html").is_file():
        message = f"{site} holds no built site: run `make build`"
        raise FileNotFoundError(message)
    for scripts in site.rglob("lunr"):
        shutil.rmtree(scripts)
    for source_map in site.rglob("*.map"):
        source_map.unlink()
        made = source_map.with_suffix("")
        text = made.read_text("utf-8")
        made.write_text(re.sub(r"\n?(//|/\*)# sourceMappingURL=.*", "", text), "utf-8")
    return site


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
