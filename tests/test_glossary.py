"""Words of the glossary are explained at their first use on a page, once, and only where a reader reads."""

from __future__ import annotations

import re

import pytest
from markdown import Markdown

from backproplab.book import glossary
from backproplab.book.source import pages


def convert(text: str) -> str:
    return Markdown(extensions=["tables", "def_list", "backproplab.book.glossary"]).convert("# Title\n\n" + text)


def marked(text: str) -> list[str]:
    return re.findall(r"<abbr[^>]*>([^<]*)</abbr>", convert(text))


def test_the_first_use_is_explained_and_no_other() -> None:
    html = convert("The gradient. A gradient again.\n\nGradient once more, and two saddles.")
    assert html.count("<abbr") == 2
    meaning = glossary.terms()["gradient"]
    assert html.startswith(
        f'<h1>Title</h1>\n<p>The <abbr aria-description="{meaning}" tabindex="0">gradient</abbr>. A gradient again.</p>'
    )
    assert ">saddles</abbr>" in html


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Gradient descent uses the gradient.", ["Gradient descent", "gradient"]),
        ("A *saddle* here", ["saddle"]),
        ("First an *em*, then a kernel and **bold**, then a stride.", ["kernel", "stride"]),
        ("- one kernel\n- another", ["kernel"]),
        ("| a |\n|---|\n| kernel |", ["kernel"]),
        ("# The kernel\n\nnothing", []),
        ("`kernel` and [kernel](x.md)", []),
        ("kernels' and subkernel", ["kernels"]),
        ("term\n:   the kernel\n", []),
    ],
)
def test_only_whole_words_of_running_text_are_marked(text: str, found: list[str]) -> None:
    assert marked(text) == found


def test_what_is_no_page_of_its_own_is_left_alone() -> None:
    assert "<abbr" not in Markdown(extensions=["backproplab.book.glossary"]).convert("The gradient of an output.")


def test_nothing_but_the_mark_is_added() -> None:
    text = "The *gradient* of a kernel, `code`, a stride; **two biases** and a bias."
    plain = "<h1>Title</h1>\n" + Markdown().convert(text)
    assert re.sub(r"</?abbr[^>]*>", "", convert(text)) == plain


def test_every_entry_is_one_sentence_with_a_home() -> None:
    known = glossary.terms()
    assert len(known) >= 25
    assert list(known) == sorted(known, key=str.lower)
    assert all(meaning.endswith(".") for meaning in known.values())
    page = next(page for page in pages() if page.name == glossary.GLOSSARY)
    assert page.text.count("\n:   ") == len(known) == len(re.findall(r"\n:   .*\]\(\.\./", page.text))
