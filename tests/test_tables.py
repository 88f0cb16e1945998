"""Tables are put into boxes that scroll, and a corner that says nothing heads no column."""

from __future__ import annotations

import re

from markdown import Markdown

TABLE = "|  | b |\n|---|---|\n| 1 | 2 |\n"
BOX = '<div class="md-typeset__scrollwrap"><div class="md-typeset__table"><table>'


def convert(text: str) -> str:
    html = Markdown(extensions=["tables", "md_in_html", "backproplab.book.tables"]).convert(text)
    return re.sub(r"\n\s*", "", html)


def test_each_table_stands_in_a_box_in_its_place() -> None:
    html = convert(f"Before.\n\n{TABLE}\nBetween.\n\n{TABLE}\nAfter.")
    assert html.count(BOX) == html.count("<table>") == 2
    outside = re.sub(rf"{BOX}.*?</table></div></div>", "[table]", html)
    assert outside == "<p>Before.</p>[table]<p>Between.</p>[table]<p>After.</p>"


def test_a_table_within_another_element_is_boxed_there() -> None:
    html = convert(f'<div class="sheet" markdown>\n\n{TABLE}\n</div>')
    assert html.startswith(f'<div class="sheet">{BOX}')
    assert html.endswith("</table></div></div></div>")


def test_an_empty_corner_is_no_heading() -> None:
    html = convert(TABLE)
    assert "<tr><td></td><th>b</th></tr>" in html
