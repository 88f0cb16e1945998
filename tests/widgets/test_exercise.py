"""Exercises that answer back: what they take for right, what they say to a mistake, and what they keep."""

from __future__ import annotations

import ast
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from backproplab.book.exercises import few_on, typed_on
from backproplab.book.held import printed_on
from backproplab.book.source import Page as Written
from backproplab.widgets.exercises import ask_choice, ask_number, ask_shape, opened
from tests.book import ROOT
from tests.browser import axe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    Judge = Callable[[str, str | dict[str, Any], str], Any]

WIDGETS = ROOT / "backproplab/widgets"
NUMBER = ask_number(
    "toy-third",
    "One third of `x`",
    1 / 3,
    {"That's <half> of it.": 1 / 2, "A sign is lost.": -1 / 3},
    digits=3,
    because="x/3",
)
SHAPE = ask_shape("toy-shape", "Shape of W", (3, 2), {"Transposed: rows first.": (2, 3)}, because="Three rows.")
CHOICE = ask_choice(
    "toy-choice",
    "And then?",
    "It stays.",
    {"It falls.": "Nothing pulls.", "It stays.": "So it does.", "It rises.": "No."},
)
BODY = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A page</title>'
    '<link rel="stylesheet" href="widgets.css"><script type="importmap">{"imports": {"backproplab/": "./"}}</script>'
    f'<script type="module" src="exercise.js"></script><main><article><h1>A page</h1>{NUMBER}'
    f'<h2 id="exercises">Exercises</h2>{SHAPE}{CHOICE}<p id="end">The end</p></article></main></html>'
)


def answer(route: Any) -> None:
    name = route.request.url.rpartition("/")[2]
    if name:
        route.fulfill(path=WIDGETS / name)
    else:
        route.fulfill(body=BODY, content_type="text/html")


def visit(chromium: Browser, *, before: str = "", **options: Any) -> Page:
    page = chromium.new_page(**options)
    page.route("**/*", answer)
    page.add_init_script(before)
    page.goto("http://a.page/")
    return page


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = visit(chromium)
    page.wait_for_function("document.querySelector('.tally')")
    yield page
    page.close()


@pytest.fixture(scope="module")
def judged(chromium: Browser) -> Iterator[Judge]:
    """What the script holds of an answer to the only exercise in some HTML, or to one with these answers."""
    page = visit(chromium)

    def judge(name: str, asked: str | dict[str, Any], text: str) -> Any:
        answers = next(opened(asked))[2] if isinstance(asked, str) else asked
        call = "async ([judge, text, answers]) => (await import('backproplab/exercise.js'))[judge](text, answers)"
        return page.evaluate(call, [name, text, answers])

    yield judge
    page.close()


def said(page: Page, name: str) -> str:
    """What an exercise has answered."""
    page.wait_for_function("name => document.querySelector(`#ask-${name} output`).textContent", arg=name)
    return page.locator(f"#ask-{name} output").inner_text()


def tally(page: Page) -> str:
    return page.locator(".tally [role=status]").inner_text()


# --- What the page has ----------------------------------------------------------------------------------------------


def test_what_is_right_is_there_but_not_in_clear() -> None:
    html = NUMBER + SHAPE + CHOICE
    (name, kind, number), (_, _, shape), (_, _, choice) = opened(html)
    assert (name, kind, number["digits"]) == ("toy-third", "number", 3)
    assert number["right"] == round(1 / 3, 10)
    assert number["mistakes"] == [[0.5, "That's &lt;half&gt; of it."], [-round(1 / 3, 10), "A sign is lost."]]
    assert (shape["right"], shape["mistakes"]) == ([3, 2], [[[2, 3], "Transposed: rows first."]])
    assert (choice["right"], choice["sentences"][1]) == (1, "So it does.")
    assert not any(secret in html for secret in ("333", "half", "Transposed", "So it does"))
    assert "One third of <code>x</code>, to three decimals" in html
    assert html == NUMBER + SHAPE + CHOICE


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (lambda: ask_number("toy", "?", 0.25, {"twice": 0.251}, digits=3), "toy: expected answers to be told apart, got 0.25"),
        (lambda: ask_number("toy", "?", 0.25, {"twice": 0.5, "sum": 0.5}), "told apart, got 0.5 for 'twice' and 0.5 for 'sum'"),
        (lambda: ask_number("toy", "?", 1e6, {"one more": 1e6 + 0.5}), "told apart"),
        (lambda: ask_number("toy", "?", 1 / 3, {}), "toy: expected an exact answer of at most six decimals, got 0.33"),
        (lambda: ask_number("toy", "?", math.nan, {}), "toy: expected finite numbers, got nan"),
        (lambda: ask_number("toy", "?", 1, {"none": math.inf}), "toy: expected finite numbers, got inf"),
        (lambda: ask_shape("toy", "?", (2, 2), {"transposed": (2, 2)}), "toy: expected shapes that differ"),
        (lambda: ask_shape("toy", "?", (2, 0), {}), "toy: expected shapes that differ"),
        (lambda: ask_choice("toy", "?", "c", {"a": "", "b": ""}), "toy: expected two options or more with 'c' among them"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_told_apart_stop_the_build(ask: Callable[[], str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        ask()


# --- What is right --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "right", "sentence"),
    [
        ("0.333", True, "x/3"), ("1/3", True, "x/3"), ("0,333", True, "x/3"), ("3.33e-1", True, "x/3"), ("0.33333", True, "x/3"),
        (" .333 ", True, "x/3"), ("0.3334", True, "x/3"), ("1/2", False, "That's &lt;half&gt; of it."), ("−0.333", False, "A sign is lost."),
        ("0.33", False, "It's right as far as it goes. Give more decimals."), ("0.3", False, "It's right as far as it goes. Give more decimals."),
        ("0.334", False, "It's very near. Look at the last digit, and don't round on the way."),
        ("0.34", False, ""), ("0.4", False, ""), ("3/10", False, ""), ("1e300", False, ""), ("0", False, ""),
        ("NaN", None, "no number"), ("1/0", None, "no number"), ("1e999", None, "no number"), ("a third", None, "no number"), ("", None, "no number"),
    ],
)  # fmt: skip
def test_a_number_is_judged_by_the_digits_that_were_asked_for(
    judged: Judge, text: str, right: bool | None, sentence: str
) -> None:
    verdict = judged("judgedNumber", NUMBER, text)
    assert verdict.get("right") == right
    assert verdict["said"] == sentence if right is not None else sentence in verdict["said"]


@pytest.mark.parametrize(
    ("text", "right"),
    [("12", True), ("12.0", True), ("24/2", True), ("1.2e1", True), ("12.001", False), ("11.9999999", False)],
)
def test_without_digits_only_the_number_itself_is_right(judged: Judge, text: str, right: bool) -> None:
    assert judged("judgedNumber", ask_number("toy", "?", 12, {}), text)["right"] == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("3×2", True), ("(3, 2)", True), ("3 x 2", True), ("3,2", True), ("[3, 2]", True), ("3 by 2", True), ("3X2", True), ("3*2", True),
        ("(2, 3)", False), ("6", False), ("(3,)", False), ("3×2×1", False), ("3×", None), ("3 2", None), ("three", None), ("", None), ("-3×2", None),
    ],
)  # fmt: skip
def test_a_shape_is_read_as_people_write_it(judged: Judge, text: str, right: bool | None) -> None:
    assert judged("judgedShape", SHAPE, text).get("right") == right


def test_every_exercise_of_the_book_knows_its_answers_to_the_digits_it_asks_for(judged: Judge) -> None:
    """What the records of the pages hold as right is right, and each mistake gets its own sentence."""
    lines = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests/record").rglob("*.txt"))
    recorded = re.findall(r"(?m)^exercise (\S+), (number|shape): .*? (\{'right'.*\})$", lines)
    assert len(recorded) > 100
    for name, kind, text in recorded:
        answers = ast.literal_eval(text)
        digits = answers.get("digits")
        for value, sentence in [(answers["right"], answers["because"]), *answers["mistakes"]]:
            typed = str(tuple(value)) if kind == "shape" else repr(value) if digits is None else f"{value:.{digits}f}"
            verdict = judged("judgedShape" if kind == "shape" else "judgedNumber", answers, typed)
            assert (name, typed, verdict["said"]) == (name, typed, sentence)
            assert verdict["right"] == (value == answers["right"])


# --- Worked by hand -------------------------------------------------------------------------------------------------


def test_everything_is_done_with_the_keyboard_and_each_exercise_is_one_stop(page: Page) -> None:
    page.evaluate("document.querySelector('h1').tabIndex = -1; document.querySelector('h1').focus()")
    press = page.keyboard.press
    press("Tab")
    page.keyboard.type("0.5")
    press("Enter")
    assert said(page, "toy-third") == "Not yet. That's <half> of it."
    assert tally(page) == "0 of 3 solved"
    press("Control+A")
    page.keyboard.type("a third")
    press("ArrowDown")  # to the button
    press("Enter")
    assert "no number" in said(page, "toy-third")
    assert page.locator("#ask-toy-third-answer").get_attribute("aria-invalid") == "true"
    press("ArrowUp")
    press("Control+A")
    page.keyboard.type("1/3")
    press("Enter")
    assert said(page, "toy-third") == "Right. x/3"
    assert tally(page) == "1 of 3 solved"
    press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Start again"
    press("Tab")
    page.keyboard.type("(2, 3)")
    press("Tab")  # leads away, and has the answer judged
    assert said(page, "toy-shape") == "Not yet. Transposed: rows first."
    assert page.evaluate("document.activeElement.textContent") == "It falls."
    press("ArrowDown")
    press("Enter")
    assert said(page, "toy-choice") == "Right. So it does."
    press("End")
    press("Space")
    page.wait_for_function("document.querySelector('#ask-toy-choice output').textContent === 'Not yet. No.'")
    assert page.locator("#ask-toy-choice [aria-pressed=true]").inner_text() == "It rises."
    press("Tab")
    assert not page.evaluate("document.activeElement.closest('backprop-exercise')")
    assert tally(page) == "2 of 3 solved"


def test_the_same_answer_is_answered_again(page: Page) -> None:
    page.evaluate(
        """() => { window.told = [];
        new MutationObserver(() => told.push(document.querySelector("#ask-toy-shape output").textContent))
          .observe(document.querySelector("#ask-toy-shape output"), { childList: true }); }"""
    )
    for _ in range(2):
        page.locator("#ask-toy-shape input").fill("6")
        page.locator("#ask-toy-shape button").click()
        assert said(page, "toy-shape") == "Not yet. What is folded below may help."
    assert page.evaluate("told.filter((text) => text).length") >= 2


def test_what_is_solved_is_kept_until_it_is_started_again(page: Page) -> None:
    page.locator("#ask-toy-shape input").fill("3×2")
    page.locator("#ask-toy-shape button").click()
    page.evaluate(
        "localStorage.setItem('backproplab.solved', JSON.stringify([...JSON.parse(localStorage['backproplab.solved']), 'other']))"
    )
    page.reload()
    page.wait_for_selector(".tally button:visible")
    assert tally(page) == "1 of 3 solved"
    assert page.locator("#ask-toy-shape .mark").inner_text() == "✓ solved"
    assert page.locator("#ask-toy-shape output").inner_text() == ""
    page.locator(".tally button").click()
    assert tally(page) == "0 of 3 solved"
    assert page.locator("#ask-toy-shape .mark").inner_text() == ""
    assert page.evaluate("localStorage['backproplab.solved']") == '["other"]'


@pytest.mark.parametrize(
    "before",
    [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }",
        "localStorage.setItem('backproplab.solved', '{\"not\": 1}')",
        "localStorage.setItem('backproplab.solved', 'nonsense')",
    ],
)
def test_a_storage_that_is_absent_full_or_spoilt_breaks_nothing(chromium: Browser, before: str) -> None:
    page = visit(chromium, before=before)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.locator("#ask-toy-shape input").fill("3×2")
    page.locator("#ask-toy-shape button").click()
    assert said(page, "toy-shape") == "Right. Three rows."
    assert (tally(page), errors) == ("1 of 3 solved", [])
    page.locator(".tally button").click()
    assert tally(page) == "0 of 3 solved"
    page.close()


def test_an_exercise_can_be_moved_and_taken_out(page: Page) -> None:
    page.evaluate("document.querySelector('#end').after(document.querySelector('#ask-toy-third'))")
    page.evaluate("window.gone = document.querySelector('#ask-toy-choice'); gone.remove()")
    page.evaluate("document.querySelector('#end').after(gone)")
    assert page.locator("#ask-toy-third input").count() == page.locator("#ask-toy-third button").count() == 1
    assert page.locator("#ask-toy-choice button").count() == 3
    page.locator("#ask-toy-choice button").first.click()
    assert said(page, "toy-choice") == "Not yet. Nothing pulls."


# --- For everybody --------------------------------------------------------------------------------------------------


def test_without_a_script_the_answers_to_choose_from_are_read_and_nothing_looks_alive(chromium: Browser) -> None:
    page = visit(chromium, java_script_enabled=False)
    assert not page.locator("#ask-toy-third").is_visible()
    assert page.locator("text=It stays.").is_visible()
    assert page.locator("main input, main button").count() == 0
    page.emulate_media(media="print")
    assert page.locator("#ask-toy-third .question").is_visible()
    page.close()


def test_paper_has_a_blank_line(page: Page) -> None:
    page.locator("#ask-toy-shape input").fill("3×2")
    page.locator("#ask-toy-shape button").click()
    page.emulate_media(media="print")
    blank = page.locator("#ask-toy-shape .ask > .entry")
    assert blank.is_visible()
    assert blank.evaluate("line => getComputedStyle(line).borderBottomStyle") == "solid"
    assert not page.locator(".live, .tally").filter(visible=True).count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, scheme: Any) -> None:
    page = visit(chromium, color_scheme=scheme)
    page.add_style_tag(content=":root { color-scheme: light dark } body { background: Canvas }")
    page.locator("#ask-toy-third input").fill("?")
    page.locator("#ask-toy-third button").click()
    page.locator("#ask-toy-choice button").first.click()
    page.locator("#ask-toy-shape input").fill("3×2")
    page.locator("#ask-toy-shape button").click()
    said(page, "toy-shape")
    page.evaluate(axe())
    assert (
        page.evaluate(
            "async () => (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html)}`)"
        )
        == []
    )
    page.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_when_the_script_comes(chromium: Browser, width: int) -> None:
    page, held = chromium.new_page(viewport={"width": width, "height": 800}), []
    page.route("**/*", lambda route: held.append(route) if route.request.url.endswith("exercise.js") else answer(route))
    page.goto("http://a.page/", wait_until="commit")
    page.wait_for_selector("#end")
    page.wait_for_function("getComputedStyle(document.querySelector('.stage')).display === 'grid'")
    seen = "[...document.querySelectorAll('.question, .option, h2, #end')].filter((e) => e.checkVisibility())"
    places = f"{seen}.map((e) => Math.round(e.getBoundingClientRect().top))"
    before = page.evaluate(places)
    answer(held[0])
    page.wait_for_selector(".tally")
    assert page.evaluate(places) == before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#ask-toy-choice button").first.click()
    assert said(page, "toy-choice") == "Not yet. Nothing pulls."
    assert page.evaluate(places) == before
    page.close()


# --- What a page may ask --------------------------------------------------------------------------------------------


def written(*programs: str) -> Written:
    blocks = (
        f'```python exec="1" session="planted" id="b{n}" html="1"\n{program}\n```\n'
        for n, program in enumerate(programs)
    )
    return Written("planted.md", "# Planted\n\n" + "\n".join(blocks))


@pytest.mark.parametrize(
    ("program", "faults"),
    [
        ("print(ask_number('a', '?', x, {'said': 2 * x}))", []),
        ("print(ask_number('a', '?', 3, {'said': 2 * x}))", ["typed and not worked out: 3"]),
        ("print(ask_number('a', '?', x, {'said': 6}))", ["typed and not worked out: 6"]),
        ("print(ask_choice('a', '?', 'b', {'b': '', 'c': ''}))", ["no assert in its block"]),
        ("assert x\nprint(ask_choice('a', '?', 'b', {'b': '', 'c': ''}))", []),
    ],
)
def test_what_is_right_is_worked_out(program: str, faults: list[str]) -> None:
    found = typed_on(written(program))
    assert len(found) == len(faults)
    assert all(fault in problem for fault, problem in zip(faults, found, strict=True))


def test_what_is_right_was_held() -> None:
    visible = '\n```python exec="1" session="planted" id="v" source="above"\nx = 2\ny = x + 1\n```\n'
    text = written(
        "from backproplab.widgets.exercises import ask_number\nprint(ask_number('a', '?', y, {'said': 2 * y}))"
    ).text
    assert printed_on(Written("planted.md", visible + text))
    assert not printed_on(Written("planted.md", visible.replace("+ 1", "+ 1\nassert y == 3") + text))


def test_a_chapter_has_three_and_one_of_them_on_the_way() -> None:
    one = "```python exec='1'\nprint(ask_number('a', '?', x, {}))\n```\n".replace("'1'", '"1"')
    heading = "\n## Exercises\n\n"
    assert few_on(Written("planted.md", one + heading + one + "\n" + one)) == []
    assert "has 2 exercises" in few_on(Written("planted.md", one + heading + one))[0]
    assert "before its exercises" in few_on(Written("planted.md", heading + 3 * f"{one}\n"))[0]
