"""The descent explorer: its numbers are the package's, and everything in it can be reached, read and sent on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import SGD, Adam, Momentum, hessian
from backproplab.widgets.descent import LANDSCAPES, METHODS, descent_explorer, minima, slope, walk
from tests.widgets.nowhere import ADDRESS, nowhere, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CURVES = descent_explorer(
    "curve", "A walk on a curve", ["ball", "villages", "plateau"], 0.03, caption="A curve.", alt="A curve.", heights=(560, 860)
)  # fmt: skip
MAPS = descent_explorer(
    "map", "A walk over a map", ["narrow", "turned", "bent", "valley", "saddle"], 0.03, methods=[*METHODS], starts=2,
    caption="A map.", alt="A map.", heights=(700, 1000),
)  # fmt: skip
SINGLE = [name for name, land in LANDSCAPES.items() if len(land.near) == 1]


@pytest.fixture(scope="module")
def engine(chromium: Browser) -> Iterator[Page]:
    """A page that only computes."""
    with nowhere(chromium, "") as page:
        page.evaluate(
            "async () => { for (const name of ['landscapes', 'optimizers']) Object.assign(window, await import(`./${name}.js`)) }"
        )
        yield page


@pytest.fixture
def curve(chromium: Browser) -> Iterator[Page]:
    with nowhere(chromium, CURVES, "descent.js") as page:
        page.wait_for_selector("#curve li")
        yield page


@pytest.fixture
def map_(chromium: Browser) -> Iterator[Page]:
    with nowhere(chromium, MAPS, "descent.js") as page:
        page.wait_for_selector("#map li")
        yield page


def rest(page: Page) -> None:
    """Wait until what has been asked for is drawn, spoken and written to the address."""
    page.wait_for_timeout(450)


def now(page: Page, name: str) -> dict[str, Any]:
    state: dict[str, Any] = page.evaluate(
        f"(({{ now: {{ land, ...rest }} }}) => ({{ ...rest, land: land.name }}))(document.getElementById('{name}'))"
    )
    return state


def apart(theirs: Any, ours: Any) -> float:
    """The largest difference, relative to the larger of 1 and the size reached by then."""
    theirs, ours = np.asarray(theirs, float), np.asarray(ours)
    assert theirs.shape == ours.shape
    assert np.isfinite(theirs).all()
    return float((np.abs(theirs - ours) / np.maximum(1, np.maximum.accumulate(np.abs(ours)))).max())


def test_every_landscape_is_the_same_in_the_browser(engine: Page) -> None:
    rng = np.random.default_rng(0)
    for name, land in LANDSCAPES.items():
        points = rng.uniform(-5, 5, (50, len(land.letters)))
        theirs = engine.evaluate(
            "([name, points]) => points.map((w) => [landscapes[name].value(w), ...landscapes[name].gradient(w)])",
            [name, points.tolist()],
        )
        ours = [[land.f(w), *slope(land.f, w)] for w in points]
        assert np.allclose(theirs, ours, rtol=1e-12, atol=1e-12), name
    assert engine.evaluate("Object.keys(landscapes)") == [*LANDSCAPES]


@pytest.mark.parametrize("name", LANDSCAPES)
def test_a_formula_says_what_its_program_computes(name: str) -> None:
    land = LANDSCAPES[name]
    code = land.formula.replace("−", "-").replace("½", "(1/2)").replace("¼", "(1/4)")
    for k, letter in enumerate(land.letters):
        code = code.replace(letter, f"w[{k}]")
    code = re.sub(r"(?<=[\d)\]])(?=[w(])", "*", code)  # 5b is a product
    code = re.sub("[²⁴]", lambda power: f"**{dict(zip('²⁴', '24', strict=True))[power[0]]}", code)
    for w in np.random.default_rng(1).uniform(-3, 3, (20, len(land.letters))):
        assert np.isclose(eval(code, {"w": w}), land.f(w), rtol=1e-13)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_minima_are_minima_and_the_largest_curvature_is_that(name: str) -> None:
    land = LANDSCAPES[name]
    for minimum, near in zip(minima(land), land.near, strict=True):
        at = np.array(minimum["at"])
        assert np.allclose(slope(land.f, at), 0, atol=1e-8)
        assert np.linalg.norm(at - near) < 0.2
        assert np.isclose(land.f(at), minimum["cost"], atol=1e-8)
        step = 1e-5 * np.eye(len(at))
        H = np.array([(slope(land.f, at + d) - slope(land.f, at - d)) / 2e-5 for d in step])
        assert np.isclose(np.linalg.eigvalsh(H)[-1], minimum["curvature"], rtol=1e-6)
        assert np.linalg.eigvalsh(hessian(land.f, at).value)[0] > 0.3


def test_the_optimizers_take_the_packages_steps(engine: Page) -> None:
    """With the gradients of a hundred random quadratics, stable and not, and random settings; the worst of all steps counts."""
    rng = np.random.default_rng(2)
    worst = 0.0
    for case in range(100):
        n = 1 + case % 2
        A = rng.normal(size=(n, n))
        H, start = A @ A.T + 0.1 * np.eye(n), rng.normal(size=n) * 5
        rate, mu, beta2 = 10 ** rng.uniform(-3, 0.5), rng.uniform(0, 0.99), rng.uniform(0.5, 0.9999)
        epsilon = 10 ** rng.uniform(-10, -2)
        for name, optimizer, settings in (
            ("plain", SGD(rate), [rate]),
            ("momentum", Momentum(rate, mu), [rate, mu]),
            ("adam", Adam(rate, mu, beta2, epsilon), [rate, mu, beta2, epsilon]),
        ):
            w, gradients = start.copy(), []
            ours = [w.copy()]
            for _ in range(60):
                gradients.append(H @ w)
                optimizer.step([w], [gradients[-1]])
                ours.append(w.copy())
            theirs = engine.evaluate(
                """([gradients, name, settings, start]) => {
                    const step = optimizers[name](...settings);
                    return gradients.reduce((points, g) => [...points, step(points.at(-1), g)], [start]);
                }""",
                [np.array(gradients).tolist(), name, settings, start.tolist()],
            )
            worst = max(worst, apart(theirs, ours))
    assert worst < 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_the_explorer_walks_as_the_package_does(engine: Page, method: str) -> None:
    for name, land in LANDSCAPES.items():
        rate = (land.rates[0] * land.rates[1]) ** 0.5 / 3
        for start in land.starts:
            theirs = engine.evaluate(
                "([name, method, rate, start]) => walk(landscapes[name], optimizers[method](rate), start, 60)",
                [name, method, rate, start],
            )
            assert apart(theirs, walk(land.f, method, rate, start, 60)) < 1e-12, name


def test_the_mark_is_where_descent_tips_over(chromium: Browser) -> None:
    cases = [("plain", 0.9), ("momentum", 0.0), ("momentum", 0.5), ("momentum", 0.9)]
    with nowhere(chromium, CURVES + MAPS, "descent.js") as page:
        for key, name in (("curve", "ball"), ("map", "valley"), ("map", "narrow"), ("map", "turned")):
            start = LANDSCAPES[name].starts[0]
            for method, mu in cases[: 1 if key == "curve" else None]:
                page.goto(f"{ADDRESS}?{key}={name}_0.01_{method}_{mu}_50_{'*'.join(map(str, start))}")
                page.wait_for_selector("#map li")
                lengths = page.evaluate(
                    """async ([key, name, method, mu, start]) => {
                        const border = document.getElementById(key).limit().rate;
                        const { landscapes } = await import("./landscapes.js");
                        const { optimizers, walk } = await import("./optimizers.js");
                        const end = (rate) => walk(landscapes[name], optimizers[method](rate, mu), start, 2000).at(-1);
                        return [0.99, 1.01].map((part) => Math.hypot(...end(part * border)));
                    }""",
                    [key, name, method, mu, start],
                )
                assert lengths[0] < 0.05 < 1e3 < lengths[1], (name, method, mu)


def test_water_runs_into_the_minimum_below(engine: Page) -> None:
    for name in ("villages", "saddle"):
        land = LANDSCAPES[name]
        low, high = np.transpose(land.ranges)
        for start in [*np.array(land.starts), *(low + (high - low) * np.random.default_rng(3).random((20, len(low))))]:
            found = engine.evaluate(
                "([name, minima, start]) => downhill(landscapes[name], minima, start, 0.01)", [name, minima(land), start.tolist()]
            )  # fmt: skip
            assert np.allclose(walk(land.f, "plain", 0.05, start, 1000)[-1], found["at"], atol=1e-3)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_keyboard_alone_reaches_and_turns_everything(map_: Page) -> None:
    page = map_
    press(page, "Tab")
    assert page.evaluate("document.activeElement.matches('#map select')")
    assert page.locator("#map [data-stop][tabindex='0']").count() == 1
    visited = [page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")]
    for _ in range(20):
        press(page, "ArrowDown")
        visited.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")
        )
    reached = " | ".join(visited)
    for name in ("landscape", "plain", "momentum", "Adam", "start 1, w₁ = 9", "start 2", "learning rate η", "steps",
                 "start 2: w₁", "start 2: w₂", "Add start", "Remove", "Reset", "Copy link"):  # fmt: skip
        assert name in reached

    page.locator("#map select").focus()
    press(page, "ArrowDown", "ArrowRight", "Enter")  # momentum
    rest(page)
    assert now(page, "map")["method"] == "momentum"
    assert page.locator("#map button[aria-pressed='true']").inner_text() == "momentum"

    page.locator("#map .start.n1").focus()
    before = now(page, "map")["starts"][0]
    press(page, "Enter", "ArrowLeft", "ArrowUp", "Shift+ArrowUp", "Escape")
    rest(page)
    after = now(page, "map")["starts"][0]
    assert after[0] < before[0] and after[1] > before[1]  # noqa: PT018
    assert "start 1, w₁ = 8.72, w₂ = 1.75" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"
    press(page, "ArrowDown")  # put down, the arrows lead on
    assert page.evaluate("document.activeElement.matches('.start.n2')")

    page.locator("#map input[aria-label='learning rate η']").focus()
    rate = now(page, "map")["rate"]
    press(page, "ArrowRight", "ArrowRight")
    rest(page)
    assert rate < now(page, "map")["rate"] < 1.1 * rate
    assert "below 2(1+μ)/λ = 0.095" in page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    press(page, "Tab")
    assert not page.evaluate("document.activeElement.closest('#map [data-stop]')")

    page.locator("#map button", has_text="Add start").focus()
    press(page, "Enter", "Enter")
    rest(page)
    assert page.locator("#map .start").count() == page.locator("#map li").count() == 4
    assert page.evaluate("document.activeElement.textContent") == "Remove"
    press(page, "Enter", "Enter", "Enter")
    rest(page)
    assert page.locator("#map .start").count() == page.locator("#map li").count() == 1
    assert page.evaluate("document.activeElement.textContent") == "Add start"


def test_on_a_curve_the_arrows_move_the_start_at_once(curve: Page) -> None:
    curve.locator("#curve .start").focus()
    press(curve, "End", "ArrowLeft")
    rest(curve)
    assert now(curve, "curve")["starts"] == [[5.76]]
    assert curve.locator("#curve .start").get_attribute("aria-valuenow") == "5.76"
    assert "cost 166 →" in curve.locator("#curve li").inner_text()
    said = curve.locator("#curve [aria-live]").inner_text()
    assert said.startswith("Start 1 cost 166 →")


def middle(page: Page) -> tuple[float, float]:
    """Where the second start is."""
    box = page.locator("#map .start.n2 circle.reach").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_start_follows_the_pointer(map_: Page) -> None:
    x, y = middle(map_)
    map_.mouse.move(x, y)
    map_.mouse.down()
    map_.mouse.move(x + 50, y + 40, steps=5)
    map_.mouse.up()
    rest(map_)
    moved = middle(map_)
    assert np.allclose(moved, [x + 50, y + 40], atol=1)
    assert now(map_, "map")["active"] == 1
    map_.mouse.move(x + 500, y - 400)
    assert middle(map_) == moved
    box = map_.locator("#map svg.map").bounding_box()
    assert box is not None
    map_.mouse.click(box["x"] + 60, box["y"] + 200)
    rest(map_)
    w = now(map_, "map")["starts"][1]
    assert w[0] < -2 and w[1] < -1.5  # noqa: PT018


def test_a_rate_that_is_none_gets_a_sentence(curve: Page) -> None:
    field = curve.get_by_label("learning rate η as a number")
    for text in ("NaN", "1e300", "two", "", "0", "-1", "1/0"):
        field.fill(text)
        field.press("Enter")
        assert "a number above 0 and at most 1000" in curve.locator("#curve .complaint").inner_text()
        assert field.get_attribute("aria-invalid") == "true"
        assert now(curve, "curve")["rate"] == 0.03
    field.press("Escape")
    rest(curve)
    assert (field.input_value(), field.get_attribute("aria-invalid")) == ("0.03", None)
    assert curve.locator("#curve .complaint").inner_text() == ""


def test_a_start_off_the_map_gets_a_sentence(curve: Page) -> None:
    field = curve.get_by_label("start 1: b")
    for text in ("NaN", "1e300", "seven", "6,01"):
        field.fill(text)
        field.press("Enter")
        assert "b: a number from −6 to 6" in curve.locator("#curve .complaint").inner_text()
        assert now(curve, "curve")["starts"] == [[-5]]
    field.fill("-7/2")
    field.press("Enter")
    rest(curve)
    assert now(curve, "curve")["starts"] == [[-3.5]]


def told(page: Page, rate: str) -> str:
    field = page.get_by_label("learning rate η as a number")
    field.fill(rate)
    field.press("Enter")
    rest(page)
    return page.locator("li").first.inner_text().replace("\n", " ")


def test_what_diverges_is_said_and_shown(curve: Page) -> None:
    assert told(curve, "0,19").endswith("in 20 steps, to b\u00a0=\u00a0−0.608.")
    assert curve.locator(".arrow").count() == 0
    assert told(curve, "0.21").endswith("off the map at step 2: it diverges.")
    assert curve.locator(".arrow").count() == 1
    said = told(curve, "1000")
    cost = 5 * walk(LANDSCAPES["ball"].f, "plain", 1000, [-5], 20)[-1, 0] ** 2
    assert said == f"1 cost 125 → {cost:.2e} in 20 steps; off the map at step 1: it diverges.".replace(
        "e+162", "·10¹⁶²"
    )
    curve.locator("input[aria-label='steps']").fill("200")
    rest(curve)
    assert "its numbers are too large to compute with" in curve.locator("li").inner_text()
    assert "NaN" not in curve.locator("#curve").inner_html() and "Infinity" not in curve.locator("#curve").inner_html()  # noqa: PT018


def test_where_the_slope_is_zero_nothing_moves(chromium: Browser) -> None:
    with nowhere(chromium, MAPS, "descent.js") as page:
        page.goto(f"{ADDRESS}?map=saddle_0.1_plain_0.9_30_0*0")
        page.wait_for_selector("li")
        assert "stays where it is: the slope is zero here" in page.locator("li").inner_text()


def test_the_address_keeps_the_state_and_the_anchors(chromium: Browser) -> None:
    with nowhere(chromium, CURVES + MAPS, "descent.js") as page:
        page.goto(f"{ADDRESS}?other=1#curve")
        page.wait_for_selector("#map li")
        assert page.url == f"{ADDRESS}?other=1#curve"  # nothing is written before something is touched
        page.locator("#map select").select_option("Rosenbrock’s bent valley")
        page.get_by_role("button", name="Adam").click()
        page.locator("#curve button", has_text="Add start").click()
        rest(page)
        assert page.url.endswith("#curve")
        assert "other=1" in page.url
        kept = {name: now(page, name) for name in ("curve", "map")}
        page.reload()
        page.wait_for_selector("#map li")
        assert {name: {**now(page, name), "active": 0} for name in kept} == {
            name: {**state, "active": 0} for name, state in kept.items()
        }
        assert (kept["map"]["land"], kept["map"]["method"], len(kept["curve"]["starts"])) == ("bent", "adam", 2)
        before = page.url
        page.evaluate("location.hash = 'map'")
        page.go_back()
        rest(page)
        assert page.url == before
        assert now(page, "map")["land"] == "bent"
        page.locator("#map button", has_text="Reset").click()
        rest(page)
        assert now(page, "map")["land"] == "narrow"


def test_a_broken_link_gives_a_sentence_and_the_beginning(chromium: Browser) -> None:
    good = "narrow_0.1_plain_0.9_30_1*1"
    broken = [
        "", "narrow", "<b>", good.replace("narrow", "nowhere"), good.replace("plain", "magic"), good.replace("30", "1e9"),
        *(good.replace("0.1", rate) for rate in ("NaN", "1e300", "0", "-1")), good.replace("0.9", "1"),
        *(good.replace("1*1", starts) for starts in ("99*1", "1*1_99*1", "NaN*1", "1", "", "_".join(["1*1"] * 5))),
    ]  # fmt: skip
    with nowhere(chromium, MAPS, "descent.js") as page:
        for state in [good, *broken]:
            page.goto(f"{ADDRESS}?map={state}")
            page.wait_for_selector("li")
            told = page.locator("#map .complaint").text_content()
            starts = now(page, "map")["starts"]
            if state in (good, ""):
                assert told == ""
            else:
                assert "values that this figure cannot show" in str(told), state
            assert starts == ([[1, 1]] if state == good else [list(start) for start in LANDSCAPES["narrow"].starts[:2]])


def test_a_thumb_drags_a_start_and_not_the_page(chromium: Browser) -> None:
    tall = "<p style='height: 2000px'></p>"
    with nowhere(chromium, MAPS + tall, "descent.js", width=360, has_touch=True, is_mobile=True) as page:
        page.wait_for_selector("#map li")
        touch = page.context.new_cdp_session(page)
        x, y = middle(page)
        for kind, shift in (("Start", 0), ("Move", 20), ("Move", 40), ("Move", 60), ("End", None)):
            points = [] if shift is None else [{"x": x, "y": y + shift}]
            touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        rest(page)
        assert np.allclose(middle(page), [x, y + 60], atol=1)
        assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_accessible_and_keeps_its_place(chromium: Browser, width: int, scheme: str) -> None:
    with nowhere(chromium, CURVES + MAPS, "descent.js", width=width, scheme=scheme) as page:
        page.evaluate(
            "new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shift = (window.shift ?? 0) + one.value; })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        page.wait_for_selector("#map li")
        rest(page)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for target in page.locator(".live :is(button, select, input)").all():
            box = target.bounding_box()
            assert box is None or min(box["width"], box["height"]) >= 24
        assert page.evaluate("window.shift ?? 0") < 0.02


def test_nothing_moves_by_itself_and_nothing_is_left_over(map_: Page) -> None:
    map_.emulate_media(reduced_motion="reduce")
    rest(map_)
    drawn = "document.querySelector('#map .live').innerHTML"
    before = map_.evaluate(drawn)
    map_.wait_for_timeout(200)
    assert map_.evaluate(drawn) == before
    map_.evaluate("window.one = document.getElementById('map'); one.remove()")
    map_.wait_for_timeout(50)
    map_.evaluate("document.body.append(one)")
    map_.wait_for_selector("#map li")
    assert map_.locator("#map select").count() == 1
    assert map_.locator("#map .start").count() == 2


def test_a_start_that_goes_leaves_a_tab_stop(map_: Page) -> None:
    map_.locator("#map .start.n2").focus()
    map_.evaluate("document.getElementById('map').set({ starts: [[1, 1]], active: 0 })")
    rest(map_)
    assert map_.locator("#map [data-stop][tabindex='0']").count() == 1
