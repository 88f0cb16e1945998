"""A worked example as one page that needs no other file: the formulas in MathML, which browsers draw themselves."""

import re
from collections.abc import Callable, Sequence
from html import escape

from backproplab.worked.sections import Formula, Section, latex_line

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.25; }
h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.formula { overflow-x: auto; padding: .3rem 0; }
table { border-spacing: 0 .5rem; }
td { white-space: nowrap; padding-right: .35rem; }
math { font-size: 1.05rem; }
mtd { padding: .15rem .45rem; }
mtable { /* brackets, which a browser without a mathematical font cannot stretch */
  --ink: linear-gradient(currentColor, currentColor);
  border: solid; border-width: 0 1.5px; margin: 0 .2em;
  background: var(--ink) 0 0, var(--ink) 100% 0, var(--ink) 0 100%, var(--ink) 100% 100%;
  background-size: .35em 1.5px; background-repeat: no-repeat;
}
"""


def html(parts: Sequence[Section], title: str, *, head: str = "", top: str = "") -> str:
    """Return sections as one self-contained HTML page, with something further in its head and under its title.

    Raises:
        ImportError: If latex2mathml is missing.
    """
    try:
        from latex2mathml.converter import convert
    except ImportError as error:
        message = "format: expected latex2mathml to be installed: pip install 'backproplab[html]'"
        raise ImportError(message) from error

    def math(tex: str) -> str:
        return convert(tex).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")  # HTML knows what math is

    body = [f"<h1>{escape(title)}</h1>", top]
    for section in parts:
        body.append(f"<section>\n<h2>{escape(section.title)}</h2>")
        body += [_sentence(part, math) if isinstance(part, str) else _formula(part, math) for part in section.parts]
        body.append("</section>")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8" />',
            '<meta name="viewport" content="width=device-width, initial-scale=1" />',
            f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n{head}</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def _sentence(sentence: str, math: Callable[[str], str]) -> str:
    pieces = re.split(r"\$(.*?)\$", sentence)  # every second piece stood between dollars
    return f"<p>{''.join(math(piece) if n % 2 else escape(piece) for n, piece in enumerate(pieces))}</p>"


def _formula(formula: Formula, math: Callable[[str], str]) -> str:
    rows = []
    for n, line in enumerate(formula.lines):
        left, relation = (formula.left, formula.relation) if n == 0 else ("", "=")
        cells = (
            math(tex) if tex else ""
            for tex in (left, relation, rf"\displaystyle {latex_line(line).replace('bmatrix', 'matrix')}")
        )
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f'<div class="formula" tabindex="0" role="group" aria-label="Formula"><table role="presentation">{"".join(rows)}</table></div>'
