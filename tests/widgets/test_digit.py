"""Draw a digit: pixels, outputs and slopes are the package's, an empty paper predicts nothing, and a keyboard writes too."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import ImageError, draw_digit, photograph, prepare_digit, read_grey, recorded_network
from backproplab.book.assets import copy_widgets
from backproplab.figures.handwriting import draw_line
from backproplab.widgets.digit import LEARNING_RATE, PENS, SIZE, drawing_pad, inked, written
from backproplab.widgets.traces import network_json
from tests.widgets.nowhere import nowhere, violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from backproplab.checks import Array

EXACT = recorded_network().astype(np.float64)
"""The recorded network with the digits that the page computes with; its weights are the same numbers."""
WEIGHTS = json.dumps(network_json(recorded_network()))
HTML = f"<main>{drawing_pad((830, 1500))}</main>"
PREPARE = """
async (pictures) => {
  const float64 = (text) => new Float64Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const { ImageError, prepare_digit } = await import("./preparing.js");
  const { numbers } = await import("./network.js");
  return pictures.map(([shape, text]) => {
    try {
      return [...prepare_digit(numbers(shape, float64(text)))];
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      return [error.reason, error.message];
    }
  });
}
"""
REST = "document.querySelector('backprop-digit').seen === document.querySelector('backprop-digit').version"


@pytest.fixture(scope="module")
def engine(chromium: Browser) -> Iterator[Page]:
    """A page that only computes."""
    with nowhere(chromium, "") as page:
        yield page


def test_the_build_writes_the_recorded_network_for_the_page(tmp_path: Path) -> None:
    assert copy_widgets(tmp_path) == []  # a book without the widget
    (tmp_path / "backproplab/widgets").mkdir(parents=True)
    (tmp_path / "backproplab/widgets/digit.js").touch()
    assert [path.name for path in copy_widgets(tmp_path)] == ["digit.js", "mnist-cnn.json"]
    text = (tmp_path / "docs/assets/vendor/backproplab/mnist-cnn.json").read_text("utf-8")
    assert json.loads(text) == json.loads(WEIGHTS)
    assert len(gzip.compress(text.encode())) < 130_000


def prepared(picture: Array) -> Any:
    try:
        return prepare_digit(picture).centred.ravel().tolist()
    except ImageError as error:
        return [error.reason, str(error)]


def compare(page: Page, pictures: list[Array]) -> tuple[float, list[str]]:
    """The largest difference between what the page prepares and what the package does, and the refusals, which are the same."""
    worst, refused = 0.0, []
    given = [[picture.shape, b64encode(picture.tobytes()).decode()] for picture in pictures]
    for theirs, ours in zip(page.evaluate(PREPARE, given), map(prepared, pictures), strict=True):
        if len(ours) == 2:
            assert theirs == ours
            refused.append(ours[0])
        else:
            assert len(theirs) == len(ours), theirs
            worst = max(worst, float(np.abs(np.subtract(theirs, ours)).max()))
    return worst, refused


def scribble(rng: np.random.Generator) -> Array:
    """A few strokes as they come, on paper of the widget's size."""
    paper = np.zeros((SIZE, SIZE))
    for _ in range(rng.integers(1, 4)):
        path = np.clip(
            SIZE / 2 + rng.normal(0, 18, 2) + np.cumsum(rng.normal(0, 9, (rng.integers(1, 12), 2)), axis=0),
            -5,
            SIZE + 5,
        )
        draw_line(paper, np.round(np.vstack([path[:1], path]), 1), PENS[rng.integers(2)])
    return paper


def test_digits_are_prepared_as_the_package_prepares_them(engine: Page) -> None:
    """On paper of several sizes, black on white and white on black, and as photographs with a shadow."""
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(60):
        shape = [(SIZE, SIZE), (96, 80), (60, 130), (250, 200)][number % 4]
        ink = draw_digit(
            number % 10,
            shape,
            rng=rng,
            height=rng.uniform(0.3, 0.8),
            pen=rng.uniform(0.05, 0.2),
            angle=rng.uniform(-20, 20),
        )
        pictures.append(ink if number % 7 == 6 else 1 - ink)
    photos = [
        read_grey(photograph(ink, rng=rng, slope=0.3, shadow=0.4, grain=0.005)).astype(float) for ink in pictures[:12]
    ]
    worst, refused = compare(engine, pictures + photos)
    assert worst < 1e-9
    assert len(refused) < 10


def test_scribbles_are_prepared_or_refused_as_the_package_does(engine: Page) -> None:
    rng = np.random.default_rng(1)
    worst, refused = compare(engine, [1 - scribble(rng) for _ in range(80)])
    assert worst < 1e-9
    assert {"rim", "several"} <= set(refused)
    assert 10 < len(refused) < 70


def test_every_refusal_has_the_packages_sentence(engine: Page) -> None:
    blank, dot, two, rim = (np.ones((SIZE, SIZE)) for _ in range(4))
    dot[80:86, 80:86] = two[40:70, 40:60] = two[100:130, 90:110] = rim[:40, 70:80] = 0
    speck = np.ones((SIZE, SIZE))
    speck[80:83, 80:83] = 0
    full = np.zeros((SIZE, SIZE))
    assert compare(engine, [blank, dot, two, rim, speck, full]) == (
        0,
        ["blank", "small", "several", "rim", "blank", "blank"],
    )


def test_ties_go_the_same_way(engine: Page) -> None:
    """Strokes that lie evenly about a line of pixels or between two, of which rounding might make either."""
    pictures = []
    for left in range(40, 52):
        for width in (9, 10, 12, 21, 40):
            paper = np.ones((SIZE, SIZE))
            paper[30:131, left : left + width] = 0
            pictures.append(paper)
    assert compare(engine, pictures)[0] < 1e-9


def test_the_pen_draws_what_the_packages_pen_does(engine: Page) -> None:
    rng = np.random.default_rng(2)
    for case in range(20):
        path = rng.uniform(-10, 170, (5, 2)) if case else np.array([[50.0, 60.0]] * 2)
        width = float(rng.uniform(1, 20))
        ours = np.zeros((SIZE, SIZE))
        draw_line(ours, path, width)
        theirs = engine.evaluate(
            """async ([path, width, size]) => {
              const { draw_line } = await import("./preparing.js");
              const { numbers } = await import("./network.js");
              const paper = numbers([size, size]);
              path.slice(1).forEach((at, i) => draw_line(paper, [path[i], at], width));
              return [...paper];
            }""",
            [path.tolist(), width, SIZE],
        )
        assert np.abs(np.reshape(theirs, ours.shape) - ours).max() < 1e-12


@contextmanager
def opened(chromium: Browser, html: str = HTML, weights: str | None = WEIGHTS, **more: Any) -> Iterator[Page]:
    """The widget, and the network beside it."""
    files = more.pop("files", {"mnist-cnn.json": weights})
    with nowhere(chromium, html, "digit.js", files=files, **more) as page:
        page.wait_for_selector("backprop-digit[data-on]")
        if files["mnist-cnn.json"] == WEIGHTS and html == HTML:
            page.wait_for_function("document.querySelector('backprop-digit').network")
        yield page


def rest(page: Page) -> None:
    """Wait until all that is on the paper has been read."""
    page.wait_for_timeout(50)
    page.wait_for_function(REST)


def verdict(page: Page) -> str:
    rest(page)
    return page.locator(".verdict").inner_text()


def ink(page: Page) -> Array:
    """What the package's pen makes of the strokes in the page."""
    paper = np.zeros((SIZE, SIZE))
    for stroke in page.evaluate(
        "document.querySelector('backprop-digit').strokes.map(({ width, points }) => ({ width, points }))"
    ):
        paper = np.maximum(paper, inked([stroke["points"]], stroke["width"]))
    return paper


def held(page: Page, name: str) -> Array:
    numbers = page.evaluate(
        f"(({{ {name} }}) => [[...{name}], {name}.shape])(document.querySelector('backprop-digit'))"
    )
    return np.reshape(*numbers)


def draw(page: Page, strokes: list[list[list[float]]], size: float = 1.0) -> None:
    """Draw with the mouse."""
    box = page.locator(".pad svg").bounding_box()
    assert box is not None
    for stroke in strokes:
        places = [
            (box["x"] + x * size * box["width"] / SIZE, box["y"] + y * size * box["width"] / SIZE) for x, y in stroke
        ]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def read_as_the_package_does(page: Page, network: Any = EXACT, *, straight: bool = False) -> None:
    """Pixels, outputs, maps and slopes are those of the package, for what is drawn.

    Of straight strokes along a line of pixels the slopes do not count: activations in a pool's window are equal but for
    rounding, and whichever of them is the larger gets the slope.
    """
    rest(page)
    centred = prepare_digit(1 - ink(page)).centred
    assert np.abs(held(page, "digit") - centred).max() < 1e-9
    rows = centred.reshape(1, 1, 28, 28)
    assert np.abs(held(page, "p")[:, 0] - network.predict(rows)[0]).max() < 1e-9
    top = int(network.predict(rows).argmax())
    chosen = page.evaluate("document.querySelector('backprop-digit').chosen ?? null")
    trace = network.trace(rows, np.eye(10)[[top]])
    one = np.eye(10)[:, [top if chosen is None else chosen]]
    grad = one
    for step in reversed(trace.steps):
        grad = step.layer.pull_back(step.a_prev, grad * step.prime_z)
    assert straight or np.abs(held(page, "slope") - grad).max() < 1e-9 * max(1, np.abs(grad).max())
    for l, step in enumerate(trace.steps):
        theirs = page.evaluate(f"[...document.querySelector('backprop-digit').steps[{l}].a]")
        assert np.abs(step.a.ravel() - theirs).max() < 1e-9 * max(1, np.abs(step.a).max())


def test_what_is_drawn_is_read_as_the_package_reads_it(chromium: Browser) -> None:
    with opened(chromium) as page:
        for digit, way in ((7, 0), (7, 1), (3, 0), (8, 0)):
            button(page, "Clear").click(force=True) if digit != 7 or way else None
            draw(page, written(digit, way))
            read_as_the_package_does(page)
            name = "an 8" if digit == 8 else f"a {digit}"
            assert verdict(page).startswith(f"Read as {name}, with ")
            assert page.locator(".output.top b").inner_text() == str(digit)
        page.locator(".output", has_text="3").first.click()
        read_as_the_package_does(page)
        assert page.locator(".output[aria-pressed='true'] b").inner_text() == "3"
        assert "∂z/∂pixel of the 3" in page.locator(".one").nth(1).inner_text()


def test_in_single_precision_the_package_says_almost_the_same() -> None:
    """The page computes in double precision with the recorded weights; `predict` in single."""
    rows = np.array([prepare_digit(1 - inked(written(digit, 0))).centred for digit in range(10)]).reshape(10, 1, 28, 28)
    assert np.abs(recorded_network().predict(rows) - EXACT.predict(rows)).max() < 1e-5
    assert (EXACT.predict(rows).argmax(axis=1) == range(10)).all()


def test_every_example_is_read_correctly(chromium: Browser) -> None:
    with opened(chromium) as page:
        for digit in [7, 7, *(digit for digit in range(10) if digit != 7), 7]:
            button(page, "Example").click()
            assert verdict(page).startswith(f"Read as a{'n' * (digit == 8)} {digit}, ")
        read_as_the_package_does(page)


def test_an_empty_paper_predicts_nothing_and_says_so(chromium: Browser) -> None:
    with opened(chromium) as page:
        blank = "The paper is blank, so nothing is predicted."
        for _ in range(2):
            assert verdict(page) == blank
            assert page.locator(".share").all_inner_texts() == ["–"] * 10
            assert page.locator(".fill").evaluate_all("all => all.every(({ clientWidth }) => clientWidth === 0)")
            assert page.locator(".slopes path").count() == 0
            page.locator("select").select_option("3")
            rest(page)
            assert button(page, "Take one step").is_disabled()
            page.locator("select").select_option("choose")
            button(page, "Example").click()
            assert verdict(page) != blank
            button(page, "Clear").click()


def test_what_cannot_be_read_is_refused_with_a_hint(chromium: Browser) -> None:
    cases: dict[str, list[list[list[float]]]] = {
        "touches the edge. Leave a little paper around it.": [[[0, 50], [60, 50]]],
        "several blobs of ink. Join the strokes, or undo one.": [[[20, 20], [20, 90]], [[80, 20], [80, 90]]],
        "got one of 8. Write larger.": [[[50, 50]]],
    }
    with opened(chromium) as page:
        for sentence, strokes in cases.items():
            draw(page, strokes)
            assert sentence in verdict(page)
            assert page.locator(".share").all_inner_texts() == ["–"] * 10
            for _ in strokes:
                button(page, "Undo").click()
        assert "blank" in verdict(page)


def test_small_in_a_corner_makes_no_difference(chromium: Browser) -> None:
    with opened(chromium) as page:
        draw(page, written(7, 1))
        rest(page)
        large = held(page, "p")
        button(page, "Clear").click()
        button(page, "Fine pen").click()
        assert button(page, "Fine pen").get_attribute("aria-pressed") == "true"
        draw(page, written(7, 1), PENS[0] / PENS[1])
        read_as_the_package_does(page)
        assert np.abs(held(page, "p") - large).max() < 0.01


def test_the_true_digit_moves_outputs_and_weights_as_the_package_does(chromium: Browser) -> None:
    network = recorded_network().astype(np.float64)
    with opened(chromium) as page:
        button(page, "Example").click()
        page.locator("select").select_option("2")
        rest(page)
        rows, y = prepare_digit(1 - ink(page)).centred.reshape(1, 1, 28, 28), np.eye(10)[[2]]
        for _ in range(4):
            trace = network.trace(rows, y)
            theirs = page.evaluate(
                "Object.fromEntries(Object.entries(document.querySelector('backprop-digit').gradients).map(([name, g]) => [name, [...g]]))"
            )
            assert theirs.keys() == trace.gradients.keys()
            for name, gradient in trace.gradients.items():
                assert np.abs(gradient.ravel() - theirs[name]).max() < 1e-9 * max(1, np.abs(gradient).max())
            wishes = y[0] - network.predict(rows)[0]
            for wish, text in zip(wishes, page.locator(".output .nudge").all_inner_texts(), strict=True):
                assert text == (f"{'▲ +' if wish > 0 else '▼ −'}{abs(wish):.3f}" if abs(wish) >= 0.0005 else "0.000")
            sizes = np.sort(np.concatenate([np.abs(gradient).ravel() for gradient in trace.gradients.values()]))[::-1]
            listed = [line.split()[-1] for line in page.locator(".weights li b").all_inner_texts()]
            assert [f"{LEARNING_RATE * size:.3f}" for size in sizes[:5]] == [change[1:] for change in listed]
            assert f"C = −ln p = {trace.cost:.3g}".rstrip("0") in page.locator(".lesson").inner_text()
            for name, parameter in network.parameters.items():
                parameter -= LEARNING_RATE * trace.gradients[name]
            button(page, "Take one step").click()
            read_as_the_package_does(page, network)
        assert "4 steps taken" in page.locator(".lesson").inner_text()
        button(page, "Reset the weights").click()
        read_as_the_package_does(page)
        assert verdict(page).startswith("Read as a 7")
        assert button(page, "Reset the weights").is_disabled()


def test_a_listed_weight_is_the_one_that_it_names(chromium: Browser) -> None:
    with opened(chromium) as page:
        button(page, "Example").click()
        page.locator("select").select_option("1")
        rest(page)
        rows = prepare_digit(1 - ink(page)).centred.reshape(1, 1, 28, 28)
        W = EXACT.trace(rows, np.eye(10)[[1]]).gradients["W7"]
        for line in page.locator(".weights li").all():
            name, value, change = line.locator("> *").all_inner_texts()
            output, neuron = (int(part.split()[-1]) for part in name.split(", from "))
            assert f"{-LEARNING_RATE * W[output, neuron - 1]:+.3f}".replace("-", "−") == change.split()[-1]
            assert abs(float(value.replace("−", "-")) - EXACT.parameters["W7"][output, neuron - 1]) < 0.006


def focus(page: Page) -> str:
    return str(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))


def test_the_keyboard_alone_writes_a_digit_and_does_all_the_rest(chromium: Browser) -> None:
    with opened(chromium) as page:

        def press(*keys: str) -> None:
            for key in keys:
                page.keyboard.press(key)

        press("Tab")
        assert focus(page).startswith("Paper for a digit")
        press("Enter", *["ArrowUp"] * 2, *["ArrowLeft"] * 5, "Space", *["ArrowRight"] * 9)
        for _ in range(16):
            press("ArrowDown", "Shift+ArrowLeft", "Shift+ArrowLeft")
        press("Space")
        assert page.locator(".pad path").count() == 1
        read_as_the_package_does(page, straight=True)
        assert verdict(page).startswith("Read as a 7")
        page.wait_for_function("document.querySelector('.news').textContent.startsWith('Read as a 7')")
        press("ArrowUp")
        page.wait_for_function(
            "/Pen up, \\d+ per cent across, \\d+ down/.test(document.querySelector('.news').textContent)"
        )
        press("Escape")
        page.locator(".point").wait_for(state="hidden")

        seen = []
        while focus(page) not in seen:
            seen.append(focus(page))
            press("ArrowDown")
        assert len(seen) == 1 + 4 + 10 + 1
        assert {"Undo", "Clear", "Fine pen", "Example", "the true digit"} < set(seen)
        press("End")
        assert focus(page) == "the true digit"
        page.keyboard.press("2")
        rest(page)
        assert page.locator("select").input_value() == "2"
        press("ArrowUp")
        assert focus(page).startswith("9")
        page.locator("select").focus()
        page.evaluate(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }))"
        )
        assert focus(page) == "Take one step"
        press("Enter")
        rest(page)
        assert focus(page) == "Take one step"
        press("ArrowDown")
        assert focus(page) == "Reset the weights"
        press("Enter")
        rest(page)
        assert focus(page) == "Take one step"  # a button that is off would lose the focus
        button(page, "Clear").focus()
        press("Enter")
        rest(page)
        assert focus(page).startswith("Paper for a digit")
        assert page.locator(".live [data-stop][tabindex='0']").count() == 1
        press("Tab")
        assert not page.evaluate("Boolean(document.activeElement.closest('.live'))")


def test_the_network_waits_until_it_is_seen_and_a_failure_is_said(chromium: Browser) -> None:
    far = f"<main><p style='height: 3000px'>A text.</p>{HTML}</main>"
    files: dict[str, str | None] = {"mnist-cnn.json": None}
    with nowhere(chromium, far, "digit.js", files=files) as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url) if request.url.endswith(".json") else None)
        page.wait_for_selector("backprop-digit[data-on]", state="attached")
        page.wait_for_timeout(200)
        assert not asked
        page.locator("backprop-digit").scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('.said button:not([hidden])')")
        assert len(asked) == 1
        button(page, "Example").click()
        assert verdict(page) == "The network could not be fetched, so nothing can be read."
        for text in ("{}", "no JSON", WEIGHTS):
            files["mnist-cnn.json"] = text
            button(page, "Try again").click()
            page.wait_for_function("!document.querySelector('backprop-digit').loading")
        assert verdict(page).startswith("Read as a 7")
        assert button(page, "Try again").count() == 0
        assert all(url.startswith("http://a.page/") for url in asked)


def test_a_thumb_draws_and_the_page_stays(chromium: Browser) -> None:
    tall = "<p style='height: 2000px'></p>"
    with opened(chromium, f"{HTML}{tall}", width=360, has_touch=True, is_mobile=True) as page:
        touch = page.context.new_cdp_session(page)
        box = page.locator(".pad").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + 40
        for kind, shift in (("Start", 0), ("Move", 40), ("Move", 80), ("Move", 160), ("End", None)):
            points = [] if shift is None else [{"x": x - shift / 5, "y": y + shift}]
            touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        rest(page)
        assert page.evaluate("scrollY") == 0
        assert page.locator(".pad path").count() == 1
        page.wait_for_function("document.querySelector('backprop-digit').network")
        assert verdict(page).startswith("Read as a 1")
        read_as_the_package_does(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_accessible_and_keeps_its_place(chromium: Browser, width: int, scheme: str) -> None:
    with opened(chromium, width=width, scheme=scheme) as page:
        page.evaluate(
            "new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shift = (window.shift ?? 0) + one.value; })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        rest(page)
        assert violations(page) == []
        button(page, "Example").click()
        page.locator("select").select_option("1")
        rest(page)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for activity in page.locator(".activity canvas").all():
            box = activity.bounding_box()
            assert box is not None
            assert box["width"] > 0.45 * min(width, 690)
        for target in page.locator(".live :is(button, select, .pad)").all():
            box = target.bounding_box()
            assert box is None or min(box["width"], box["height"]) >= 24
        assert page.evaluate("window.shift ?? 0") < 0.02


def test_it_comes_back_as_it_was_and_rests_when_nothing_happens(chromium: Browser) -> None:
    with opened(chromium, reduced_motion="reduce") as page:
        button(page, "Example").click()
        rest(page)
        page.evaluate("window.one = document.querySelector('backprop-digit'); one.remove()")
        page.wait_for_timeout(300)
        assert page.evaluate("one.signal.aborted && !one.reading")
        page.evaluate("document.querySelector('main').append(one)")
        page.wait_for_selector("backprop-digit[data-on]")
        assert verdict(page).startswith("Read as a 7")
        assert page.locator(".pad path").count() == len(written(7, 0))
        assert page.locator(".live").count() == 1
        read_as_the_package_does(page)
        page.evaluate(
            "window.asked = 0; for (const name of ['requestAnimationFrame', 'setTimeout']) { const own = window[name]; window[name] = (...all) => { if (new Error().stack.includes('.js')) asked++; return own(...all); }; }"
        )
        page.wait_for_timeout(400)
        assert page.evaluate("asked") == 0
