"""The playground: it trains as the package does, shows the package's δ, and is worked by keyboard, thumb and link."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import INITIALIZATIONS
from backproplab.widgets.playground import CHOICES, DATA, NUMBER, Setting, playground, points
from tests.widgets.nowhere import ADDRESS, nowhere, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

START = Setting(seed=2)
PLAYGROUND = playground(
    "train", "A network to train", START, 20, caption="Points.", alt="Points and bars.", heights=(640, 1150)
)  # fmt: skip
TOLERANCE = 1e-9
"""The most by which two numbers may differ, relative to the larger of 1 and the package's."""
TRAIN = """
async ([setting, points, steps]) => {
  const { Training, sizes } = await import("./playground-training.js");
  const run = new Training(setting, points);
  const seen = () => ({ parameters: run.network.parameters, cost: run.trace.cost, sizes: sizes(run.trace), right: run.right });
  const found = [seen()];
  for (const count of steps) {
    for (let k = 0; k < count; k++) run.advance(setting.rate);
    found.push(seen());
  }
  return JSON.stringify(found, (_, value) => (ArrayBuffer.isView(value) ? [...value] : value));
}
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with nowhere(chromium, PLAYGROUND, "playground.js") as page:
        page.wait_for_selector("[data-on]")
        yield page


def trained(page: Page, setting: Setting, *steps: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        f"async (given) => JSON.parse(await ({TRAIN})(given))",
        [asdict(setting), np.hstack(points(setting.data)).tolist(), steps],
    )
    return found


def apart(theirs: Any, ours: Any) -> float:
    theirs, ours = np.ravel(theirs), np.ravel(ours)
    assert theirs.shape == ours.shape
    return float((np.abs(theirs - ours) / np.maximum(1, np.abs(ours))).max())


SETTINGS = [
    Setting(data, depth, width, activation, init, rate, batch, seed)
    for seed, (init, activation) in enumerate((init, activation) for init in INITIALIZATIONS for activation in CHOICES)
    for data, depth, width, rate, batch in [
        ([*DATA][seed % 4], 1 + seed % 6, (1, 4, 8, 16)[seed % 4], 0.05 * (1 + seed % 3), (0, 50, 10)[seed % 3])
    ]
]


def test_it_trains_as_the_package_does(page: Page) -> None:
    """First weights, cost, mean |δ| and one step's weights, with every activation and every rule for first weights."""
    worst = 0.0
    for setting in SETTINGS:
        for steps, theirs in zip((0, 1, 25), trained(page, setting, 1, 24), strict=True):
            network = setting.trained(steps)
            assert theirs["parameters"].keys() == network.parameters.keys()
            gaps = [apart(theirs["parameters"][name], ours) for name, ours in network.parameters.items()]
            gaps += [apart(theirs["cost"], setting.cost(network)), apart(theirs["right"], setting.right(network))]
            errors = setting.errors(network)  # may be far below 1: they are compared with themselves
            gaps.append(float((np.abs(theirs["sizes"] - errors) / np.maximum(errors, 1e-300)).max()))
            assert max(gaps) < TOLERANCE, (setting, steps, gaps)
            worst = max(worst, *gaps)
    assert worst > 0  # two programs, not one


def test_after_an_epoch_each_point_has_been_used_once(page: Page) -> None:
    epochs = page.evaluate(
        """async () => {
          const { batches, uniform } = await import("./playground-training.js");
          const draw = batches([...Array(23).keys()], 10, uniform(4));
          return Array.from({ length: 6 }, () => draw.next().value);
        }"""
    )
    assert [len(batch) for batch in epochs] == [10, 10, 3] * 2
    first, second = ([n for batch in own for n in batch] for own in (epochs[:3], epochs[3:]))
    assert sorted(first) == sorted(second) == list(range(23))
    assert len({tuple(first), tuple(second), tuple(range(23))}) == 3


def test_the_random_numbers_are_even_and_the_weights_normal() -> None:
    wide = replace(START, width=16)
    drawn = (
        np.concatenate([replace(wide, seed=seed).network().layers[3].parameters["W"].ravel() for seed in range(20)]) * 4
    )
    assert abs(drawn.mean()) < 0.05
    assert abs(drawn.std() - 1) < 0.03
    assert abs(np.mean(np.abs(drawn) < 1) - 0.683) < 0.02
    assert len(np.unique(drawn)) == drawn.size


@pytest.mark.parametrize("data", DATA)
def test_the_points_lie_on_the_map_in_two_classes(data: str) -> None:
    x, y = points(data)
    assert x.shape == (2 * NUMBER, 2)
    assert np.array_equal(y.ravel(), np.repeat([0, 1], NUMBER))
    assert np.abs(x).max() <= 1
    assert np.array_equal(x, points(data)[0])
    assert np.allclose(100 * x, np.round(100 * x), atol=1e-9)


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "(({ setting, own, training: { step, trace }, running }) => ({ ...setting, own, step, cost: trace?.cost, running }))"
        "(document.querySelector('backprop-playground'))"
    )
    return found


def rest(page: Page) -> None:
    """Wait until what has been asked for is drawn, spoken and written to the address."""
    page.wait_for_timeout(350)


def heights(page: Page) -> list[float]:
    return [float(bar.get_attribute("height") or "nan") for bar in page.locator(".sizes .bar").all()]


def test_the_bars_are_the_packages_errors(page: Page) -> None:
    """Equal heights are equal factors: each bar has the place of its power of ten between the lines of the axis."""
    rest(page)
    for steps in (0, 3):
        for _ in range(steps):
            page.get_by_role("button", name="One step").click()
        rest(page)
        errors = START.errors(START.trained(steps))
        lines = [
            float(str(line.get_attribute("d")).split()[1].partition("H")[0])
            for line in page.locator(".sizes .grid").all()
        ]
        tick = (lines[-1] - lines[0]) / 8  # from 1 to 10⁻⁸
        bottom = lines[0] + 10 * tick
        expected = (np.log10(errors) + 10) * tick
        assert np.allclose(heights(page), expected, atol=1e-6)
        assert [float(str(bar.get_attribute("y"))) for bar in page.locator(".sizes .bar").all()] == pytest.approx(
            list(bottom - expected)
        )
        times = float(f"{errors[-1] / errors[0]:.2g}")
        cost = START.cost(START.trained(steps))
        assert page.locator(".told").inner_text() == (
            f"Step {steps}: cost {cost:.4g}, {100 * START.right(START.trained(steps)):.0f} % of the points correct; "
            f"δ in layer 1 is {times:,.0f} times smaller than in layer 7."
        )


def test_the_map_shows_what_the_network_answers(page: Page) -> None:
    """Where the package answers with class 1, its colour is there; at both sides of the line."""
    setting = Setting("xor", 2, 8, "tanh", "xavier", 0.5, 0, 3)
    page.goto(f"{ADDRESS}?train=xor_2_8_tanh_xavier_0.5_0_3")
    page.wait_for_selector("[data-on]")
    page.evaluate(
        "(() => { const one = document.querySelector('backprop-playground'); for (let k = 0; k < 300; k++) one.advance(); one.draw(); })()"
    )
    network = setting.trained(300)
    x = np.random.default_rng(0).uniform(-0.95, 0.95, (200, 2))
    answers = network.predict(x).ravel()
    pixels = page.evaluate(
        """(points) => {
          const canvas = document.querySelector(".map canvas");
          const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return points.map(([x1, x2]) => {
            const at = 4 * (Math.floor((1 - x2) / 2 * width) * width + Math.floor((1 + x1) / 2 * width));
            return [data[at], data[at + 2]];
          });
        }""",
        x.tolist(),
    )
    sure = np.abs(answers - 0.5) > 0.25
    red, blue = np.array(pixels).T
    assert sure.sum() > 150
    assert np.array_equal((red > blue)[sure], (answers > 0.5)[sure])


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def focused(page: Page) -> str:
    name: str = page.evaluate(
        "(({ ariaLabel, labels, textContent }) => ariaLabel ?? labels?.[0]?.firstChild.textContent ?? textContent)(document.activeElement)"
    )
    return name or page.evaluate("document.activeElement.textContent")


def test_the_keyboard_alone_does_everything(page: Page) -> None:
    press(page, "Tab")
    assert page.locator("[data-stop][tabindex='0']").count() == 1
    visited = []
    for _ in range(16):
        visited.append(
            page.evaluate(
                "document.activeElement.ariaLabel ?? (document.activeElement.closest('label') ?? document.activeElement).textContent"
            )
        )
        press(page, "ArrowDown")
    for name in ("Points", "Hidden layers", "Neurons in each", "Activation", "First weights", "drawn with seed", "Learning rate η", "Batch",
                 "Run", "One step", "Reset", "New seed", "Map", "class ●", "class △", "Copy link"):  # fmt: skip
        assert any(name in one for one in visited), name
    assert page.evaluate("document.activeElement.matches('.settings select')")  # and round again

    press(page, "ArrowRight")
    assert state(page)["data"] == "xor"
    press(page, "ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert state(page)["depth"] == 2
    page.get_by_label("drawn with seed").focus()
    press(page, "Control+a", "7", "Enter")
    assert state(page)["seed"] == 7
    assert state(page)["step"] == 0
    page.get_by_role("button", name="One step").focus()
    press(page, "Enter", "Enter")
    rest(page)
    setting = replace(START, data="xor", depth=2, seed=7)
    assert state(page)["step"] == 2
    assert abs(state(page)["cost"] - setting.cost(setting.trained(2))) < TOLERANCE
    assert page.locator(".news").inner_text().startswith("Step 2: cost")
    press(page, "ArrowRight", "Enter")
    assert state(page)["step"] == 0

    page.locator(".map").focus()
    press(page, "Enter")
    assert page.locator(".map").get_attribute("aria-pressed") == "true"
    press(page, "ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowUp", "Enter", "ArrowLeft", " ")
    rest(page)
    assert state(page)["own"] == [[0.2, 0.11, 1], [0.1, 0.11, 1]]
    assert page.locator(".news").inner_text() == "A △ at 0.1, 0.11."
    press(page, "Backspace", "Escape")
    assert state(page)["own"] == [[0.2, 0.11, 1]]
    assert page.locator(".map").get_attribute("aria-pressed") == "false"
    press(page, "ArrowRight")
    assert "class ●" in focused(page)
    press(page, "Enter")
    assert page.locator("[aria-pressed='true']").inner_text() == "●"
    press(page, "Tab")
    assert page.evaluate("!document.activeElement.closest('.live')")


def test_points_of_ones_own_are_learnt(page: Page) -> None:
    page.get_by_label("Points", exact=True).select_option("only your own")
    page.get_by_role("button", name="Run").click()
    assert "put some points" in page.locator(".complaint").inner_text()
    assert not state(page)["running"]
    page.get_by_label("Hidden layers").select_option("1")
    page.get_by_label("Activation").select_option("tanh")
    box = page.locator(".map").bounding_box()
    assert box is not None
    spots = [(0.25, 0.25, 1), (0.75, 0.75, 0)]
    for across, down, label in spots:
        page.locator(".shape").nth(label).click()
        page.locator(".map").click(position={"x": across * box["width"], "y": down * box["height"]})
    rest(page)
    own = state(page)["own"]
    assert np.allclose([[(1 + x1) / 2, (1 - x2) / 2, label] for x1, x2, label in own], spots, atol=0.01)
    assert page.locator(".complaint").inner_text() == ""
    page.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('backprop-playground').training.step > 100")
    page.get_by_role("button", name="Pause").click()
    kept = state(page)
    assert kept["cost"] < 0.1
    assert "100 % of the points correct" in page.locator(".told").inner_text()
    page.reload()
    page.wait_for_selector("[data-on]")
    assert {**state(page), "step": 0, "cost": 0} == {**kept, "step": 0, "cost": 0}
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Take back").click()
    assert page.get_by_role("button", name="Take back").is_disabled()


@pytest.mark.parametrize(
    ("name", "texts", "sentence"),
    [
        ("Learning rate η", ("NaN", "1e300", "two", "", "0", "-1", "1/0"), "η: a number above 0 and at most 100"),
        (
            "drawn with seed",
            ("NaN", "1e300", "two", "", "-1", "1.5", "1000000"),
            "Seed: a whole number from 0 to 999999",
        ),
    ],
)
def test_what_is_none_gets_a_sentence(page: Page, name: str, texts: tuple[str, ...], sentence: str) -> None:
    field = page.get_by_label(name)
    before = state(page)
    for text in texts:
        field.fill(text)
        field.press("Enter")
        assert sentence in page.locator(".complaint").inner_text(), text
        assert field.get_attribute("aria-invalid") == "true"
        assert state(page) == before
    field.press("Escape")
    assert field.get_attribute("aria-invalid") is None
    assert field.input_value() in ("0.5", "2")
    assert page.locator(".complaint").text_content() == ""
    field.fill("3")
    field.press("Enter")
    assert page.locator(".complaint").text_content() == ""


def test_what_diverges_stops_with_a_sentence(page: Page) -> None:
    page.goto(f"{ADDRESS}?train=ring_6_16_leaky-relu_normal_30_0_2")
    page.wait_for_selector("[data-on]")
    page.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('.complaint').textContent")
    step = state(page)["step"]
    told = page.locator(".complaint").inner_text()
    assert told.startswith(f"Step {step + 1} can’t be taken: ")
    assert "is not a finite number" in told
    assert told.endswith("Choose a smaller η and reset.")
    assert page.locator(".go").inner_text() == "Run"
    rest(page)
    assert state(page)["step"] == step
    html = page.locator(".live").inner_html().replace(told, "")
    assert "NaN" not in html
    assert "Infinity" not in html
    page.get_by_role("button", name="Reset").click()
    assert page.locator(".complaint").text_content() == ""
    assert state(page)["step"] == 0


def test_rate_and_batch_change_while_it_learns(page: Page) -> None:
    """What they were before has no part in the next step."""
    page.get_by_label("Batch").select_option("10")
    page.get_by_label("Learning rate η").fill("3")
    page.get_by_role("button", name="One step").click()
    setting = replace(START, rate=3, batch=10)
    assert abs(state(page)["cost"] - setting.cost(setting.trained(1))) < TOLERANCE
    page.get_by_label("Learning rate η").fill("0.25")
    page.get_by_label("Learning rate η").press("Enter")
    assert state(page)["step"] == 1


def test_what_has_died_has_no_bars(page: Page) -> None:
    page.goto(f"{ADDRESS}?train=ring_6_16_relu_he_30_0_2")
    page.wait_for_selector("[data-on]")
    for _ in range(5):
        page.get_by_role("button", name="One step").click()
    rest(page)
    setting = Setting("ring", 6, 16, "relu", "he", 30, 0, 2)
    errors = setting.errors(setting.trained(5))
    assert (errors[:-1] == 0).all()
    assert heights(page)[:-1] == [0] * 6
    assert "no error at all reaches layer 1" in page.locator(".told").inner_text()


def test_a_link_keeps_everything_but_the_steps(chromium: Browser) -> None:
    with nowhere(chromium, PLAYGROUND, "playground.js") as page:
        page.goto(f"{ADDRESS}?other=1#train")
        page.wait_for_selector("[data-on]")
        rest(page)
        assert page.url == f"{ADDRESS}?other=1#train"  # nothing is written before something is touched
        page.get_by_label("Activation").select_option("leaky ReLU")
        page.get_by_label("First weights").select_option("He")
        page.get_by_label("Batch").select_option("10")
        page.get_by_label("Learning rate η").fill("1/8")
        page.get_by_label("Learning rate η").press("Enter")
        rest(page)
        assert page.url == f"{ADDRESS}?other=1&train=ring_6_8_leaky-relu_he_0.125_10_2#train"
        page.evaluate("location.hash = 'elsewhere'")
        page.go_back()
        rest(page)
        assert (state(page)["activation"], state(page)["batch"]) == ("leaky_relu", 10)
        page.goto("http://other.page/")
        page.go_back()
        page.wait_for_selector("[data-on]")
        assert (state(page)["activation"], state(page)["batch"]) == ("leaky_relu", 10)
        assert page.locator(".settings").count() == 1


def test_a_broken_link_gives_a_sentence_and_the_beginning(chromium: Browser) -> None:
    good = "xor_2_8_tanh_xavier_0.5_0_3_12*-7*1"
    parts = good.split("_")
    broken = ["xor", "<b>"]
    for n, values in enumerate((["nowhere", "toString"], ["0", "7", "x"], ["3", "1e9"], ["magic"], ["Xavier"], ["0", "-1", "NaN", "1e300"],
                                ["7"], ["-1", "", "1.5"], ["12*-7", "101*0*1", "0*0*2", "a*b*c", ""])):  # fmt: skip
        broken += ["_".join([*parts[:n], value, *parts[n + 1 :]]) for value in values]
    broken.append("_".join([*parts[:8], *["1*1*1"] * 41]))
    with nowhere(chromium, PLAYGROUND, "playground.js") as page:
        page.wait_for_selector("[data-on]")
        for link in [good, *broken]:
            page.evaluate("link => { history.replaceState(null, '', '?train=' + encodeURIComponent(link)); dispatchEvent(new PopStateEvent('popstate')); }", link)  # fmt: skip
            told = page.locator(".complaint").text_content()
            assert told == (
                "" if link == good else "The address holds values that this figure cannot show; these are its own."
            ), link
            assert state(page)["own"] == ([[0.12, -0.07, 1]] if link == good else []), link
            assert state(page)["data"] == ("xor" if link == good else "ring"), link


def test_it_never_starts_by_itself_and_stops_when_out_of_sight(page: Page) -> None:
    step = "document.querySelector('backprop-playground').training.step"
    rest(page)
    assert page.evaluate(step) == 0
    page.get_by_role("button", name="Run").click()
    page.wait_for_function(f"{step} > 3")
    page.evaluate("document.body.style.paddingTop = '5000px'; scrollTo(0, 0)")
    page.wait_for_timeout(150)
    before = page.evaluate(step)
    page.wait_for_timeout(150)
    assert page.evaluate(step) == before
    page.evaluate("document.body.style.paddingTop = 0")
    page.wait_for_function(f"{step} > {before}")
    page.evaluate("window.one = document.querySelector('backprop-playground'); one.remove()")
    page.wait_for_timeout(100)
    before = page.evaluate("one.training.step")
    page.wait_for_timeout(100)
    assert page.evaluate("one.training.step") == before
    page.evaluate("document.body.append(one)")
    page.wait_for_timeout(100)
    assert page.locator(".settings").count() == 1
    assert not state(page)["running"]
    assert state(page)["step"] == 0


def test_with_reduced_motion_it_draws_now_and_then(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    rest(page)
    page.evaluate(
        """(() => { const one = document.querySelector("backprop-playground"); window.drawn = [];
          for (const name of ["drawGround", "drawCharts"]) { const own = one[name].bind(one); one[name] = () => (drawn.push(name), own()); } })()"""
    )
    page.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('backprop-playground').training.step > 60")
    steps = state(page)["step"]
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("drawn.length") < steps / 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_accessible_and_keeps_its_place(chromium: Browser, width: int, scheme: str) -> None:
    with nowhere(chromium, PLAYGROUND, "playground.js", width=width, scheme=scheme) as page:
        page.evaluate(
            "new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shift = (window.shift ?? 0) + one.value; })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        page.wait_for_selector("[data-on]")
        for _ in range(3):
            page.get_by_role("button", name="One step").click()
        rest(page)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for target in page.locator(".live :is(button, select, input)").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24
        assert page.evaluate("window.shift ?? 0") < 0.02


PIXELS = """
() => [...document.querySelectorAll(".map canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [...data.subarray(0, 3)].concat(new Set(new Uint32Array(data.buffer).filter((pixel) => pixel >>> 24 === 255)).size);
})
"""


def test_the_map_follows_the_colours_of_the_page(page: Page) -> None:
    rest(page)
    light, points = page.evaluate(PIXELS)
    assert points[3] >= 3  # two classes, and what is around or in them
    page.emulate_media(color_scheme="dark")
    rest(page)
    dark = page.evaluate(PIXELS)[0]
    assert sum(dark[:3]) < sum(light[:3]) / 2
    page.evaluate(
        "document.querySelector('.widget').style.setProperty('--w-paper', 'rgb(255, 255, 255)'); document.body.dataset.scheme = 'white'"
    )
    rest(page)
    assert sum(page.evaluate(PIXELS)[0][:3]) > sum(dark[:3])
    page.emulate_media(forced_colors="active", color_scheme="light")
    rest(page)
    assert page.evaluate(PIXELS)[1][3] >= 3


def test_a_click_without_a_pointer_takes_the_keyboard_to_the_map(page: Page) -> None:
    page.locator(".map").evaluate("map => map.click()")
    assert page.locator(".map").get_attribute("aria-pressed") == "true"
    assert state(page)["own"] == []
    page.locator(".map").click(position={"x": 30, "y": 30})
    assert page.locator(".map").get_attribute("aria-pressed") == "false"
    assert len(state(page)["own"]) == 1


def test_paper_has_the_figure(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.locator("figure").is_visible()
    assert not page.locator(".settings").is_visible()
    assert page.locator("table tbody tr").count() == 2
