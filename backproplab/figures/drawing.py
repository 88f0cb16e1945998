"""What every drawn picture shares: the colours of the page, lines of text, the frame, and the figure around it."""

import hashlib
import re
from collections.abc import Sequence
from html import escape

from backproplab.options import text as string

__all__ = ["figure"]

INK, MUTED, FORWARD, BACKWARD = (
    "currentColor",
    "var(--muted, #6b6b6b)",
    "var(--forward, #0b6e75)",
    "var(--backward, #b5402a)",
)


def figure(*panels: str, caption: str, alt: str) -> str:
    """Put panels side by side into one HTML figure; on a narrow screen they stand below each other.

    Args:
        panels: SVG texts.
        caption: What the reader should see, as HTML.
        alt: What is to be seen, in words, for somebody who cannot see it.

    Raises:
        TypeError: If a panel, the caption or the alternative is no string.
        ValueError: If there is no panel, or caption or alternative is empty.

    Source: W3C, *Web Content Accessibility Guidelines 2.2*, success criterion 1.1.1.
    """
    if not panels:
        raise ValueError("panels: expected at least one SVG, got none")
    for panel in panels:
        string(panel, "panels")
    for name, sentence in (("caption", caption), ("alt", alt)):
        if not string(sentence, name).strip():
            raise ValueError(f"{name}: expected a sentence, got {sentence!r}")
    drawn = "".join(panels)
    return (
        f'<figure class="figure"><div class="panels" role="img" aria-label="{escape(alt)}">{drawn}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def text_at(x: float, y: float, text: str, colour: str, size: float, *, italic: bool = False) -> str:
    style = ' font-style="italic"' if italic else ""
    place = f'x="{x:g}" y="{y:g}" font-size="{size:g}"'
    return f'<text {place} text-anchor="middle" fill="{colour}"{style}>{escape(text)}</text>'


def svg(width: float, height: float, parts: Sequence[str]) -> str:
    """Wrap shapes into an SVG of a natural size in pixels, which a page may shrink, with ids that no other picture has."""
    drawn = "".join(parts)
    mark = hashlib.sha256(drawn.encode()).hexdigest()[:8]
    drawn = re.sub(r'(id="|url\(#)', rf"\g<1>d{mark}-", drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" aria-hidden="true">{drawn}</svg>'
    )
