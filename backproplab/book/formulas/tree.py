"""What KaTeX's own parser makes of LaTeX, as one flat list of tokens: what only spaces or sizes is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from backproplab.book.katex import RENDERER

SILENT = {"kern", "spacing", "rule"}
FONTS = {"mathrm": "", "mathbf": "bold_", "mathbb": ""}
PAIRS = {r"\lvert": "|", r"\rvert": "|", r"\lVert": "‖", r"\rVert": "‖", r"\|": "‖", r"\vert": "|", r"\Vert": "‖"}


class ReadError(ValueError):
    """A formula that the reader does not understand, or that has no meaning in the world it is read in."""


@dataclass(frozen=True)
class Token:
    r"""One piece of a formula: its kind, how it is written (without backslash), and the lists it is made of."""

    kind: str
    text: str = ""
    parts: tuple[Tokens, ...] = field(default=())

    def __str__(self) -> str:
        """Write the token much as it was typed, without spaces."""
        inner = ",".join("".join(map(str, part)) for part in self.parts)
        return f"{self.text}{{{inner}}}" if self.parts else self.text


Tokens = tuple[Token, ...]
POINT = Token("letter", ".")


def tokens(tex: str) -> Tokens:
    """Read LaTeX, as it stands between the dollars of a display, into tokens.

    Raises:
        ReadError: If it holds something that has no place in a formula of the book.
    """
    return tuple(_joined(_flat(RENDERER.tree(tex))))


def written(part: Tokens) -> str:
    """Write tokens on one line, without spaces."""
    return "".join(map(str, part))


def _joined(found: list[Token]) -> list[Token]:
    """Put the digits of a number together, and the point between them."""
    joined: list[Token] = []
    for token in found:
        if token.kind == "number" and joined and joined[-1].kind == "number":
            joined[-1] = Token("number", joined[-1].text + token.text)
        elif token.kind == "number" and joined[-1:] == [POINT] and len(joined) > 1 and joined[-2].kind == "number":
            joined[-2:] = [Token("number", f"{joined[-2].text}.{token.text}")]
        else:
            joined.append(token)
    return joined


def _list(body: Any) -> Tokens:
    return tuple(_joined(_flat(body if isinstance(body, list) else [body] if body else [])))


def _flat(body: list[dict[str, Any]]) -> list[Token]:
    return [token for node in body for token in _read(node)]


def _plain(node: Any) -> str:
    """Return the words of a text, or the letters of an operator's name."""
    if isinstance(node, list):
        return "".join(map(_plain, node))
    if node["type"] in {"mathord", "textord", "spacing", "atom"}:
        return str(node["text"]).replace("~", " ")
    if "body" not in node:
        message = f"a node of the kind {node['type']!r} has no place in a name"
        raise ReadError(message)
    return _plain(node["body"])


def _letter(text: str) -> Token:
    if re.fullmatch(r"[0-9]", text):
        return Token("number", text)
    if text in {"|", r"\vert", r"\Vert", r"\|"}:
        return Token("bar", PAIRS.get(text, text))
    if text in {r"\dots", r"\ldots", r"\vdots"}:
        return Token("dots", "…")
    return Token("letter", text.removeprefix("\\"))


def _atom(node: dict[str, Any]) -> Token:
    text = str(node["text"])
    if node["family"] in {"open", "close"}:
        return Token(node["family"], PAIRS.get(text, text.removeprefix("\\")))
    if node["family"] == "inner":
        return Token("dots", "…")
    names = {"−": "-", "≤": "le", "≥": "ge"}
    return Token(node["family"], names.get(text, text.removeprefix("\\")))


def _script(node: dict[str, Any]) -> list[Token]:
    base = _read(node["base"]) if node.get("base") else []
    return [*base, Token("script", "^_", (_list(node.get("sup")), _list(node.get("sub"))))]


def _read(node: dict[str, Any]) -> list[Token]:  # noqa: C901  # one line for each kind of node
    kind = node["type"]
    match kind:
        case _ if kind in SILENT:
            return []
        case "mathord" | "textord":
            return [_letter(node["text"])]
        case "atom":
            return [_atom(node)]
        case "ordgroup" | "styling":
            return _flat(node["body"])
        case "supsub":
            return _script(node)
        case "genfrac":
            return [Token("fraction", "frac", (_list(node["numer"]), _list(node["denom"])))]
        case "sqrt":
            return [Token("root", "sqrt", (_list(node["body"]), _list(node.get("index"))))]
        case "op":
            return [Token("operator", str(node["name"]).removeprefix("\\"))]
        case "operatorname":
            return [Token("operator", _plain(node["body"]))]
        case "text":
            return [Token("text", _plain(node["body"]))]
        case "font" if node["font"] in FONTS:
            return [Token("letter", FONTS[node["font"]] + _plain(node["body"]))]
        case "accent":
            return [Token("letter", f"{node['label'][1:]}_{written(_list(node['base']))}")]
        case "overline":
            return [Token("mean", "overline", (_list(node["body"]),))]
        case "horizBrace":
            return [Token("brace", "underbrace", (_list(node["base"]),))]
        case "delimsizing":
            name = PAIRS.get(node["delim"], str(node["delim"]).removeprefix("\\"))
            return [Token({"mopen": "open", "mclose": "close"}[node["mclass"]], name)]
        case "leftright":
            left, right = (PAIRS.get(node[side], str(node[side]).removeprefix("\\")) for side in ("left", "right"))
            return [Token("open", left), *_flat(node["body"]), Token("close", right)]
        case "array":
            return [_array(node)]
    message = f"a node of the kind {kind!r} has no meaning in a formula"
    raise ReadError(message)


def _array(node: dict[str, Any]) -> Token:
    """One token for an aligned display, a matrix or cases; each row is a token that holds its cells."""
    rows = tuple(
        (Token("row", "&", tuple(_list(cell) for cell in row)),) for row in node["body"] if any(map(_list, row))
    )
    return Token("array", "array", rows)
