"""The stepper: every moment says what the package computes, with the keyboard alone, and nothing that is typed breaks it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, Network
from backproplab.losses import LOSSES
from backproplab.widgets.stepper import stepper
from tests.widgets.nowhere import ADDRESS, nowhere, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

W1, B1 = [[0.5, -0.4], [0.8, 0.2], [-0.6, 0.9]], [0.1, -0.3, 0.2]
W2, B2 = [[0.7, -0.5, 0.3], [-0.2, 0.6, 0.4]], [0.0, -0.1]
X, Y, RATE = [0.9, 0.4], [1.0, 0.0], 0.5
MOMENTS = """
() => document.querySelector("backprop-stepper").list.map(({ title, lines, sentence }) => ({
  title, sentence,
  results: lines.map(({ result }) => result),
  sums: lines.map(({ numbers }) => (numbers ?? []).join("")),
}))
"""


def small(loss: str = "half_squared_error", activation: str = "sigmoid", last: str = "sigmoid") -> Network:
    return Network([Dense.from_parameters(W1, B1, activation), Dense.from_parameters(W2, B2, last)], loss=loss)


@contextmanager
def opened(chromium: Browser, network: Network | None = None, **options: Any) -> Iterator[Page]:
    html = f"<main>{stepper(network or small(), X, Y, RATE, name='net')}</main>"
    with nowhere(chromium, html, "stepper.js", **options) as page:
        page.wait_for_selector("backprop-stepper[data-on]")
        yield page


def signal(pool: type = MaxPool2d, activation: str = "sigmoid", seed: int = 0) -> tuple[Network, Any]:
    """A network of one convolution, one pool and one dense layer, and an image of whole numbers, some of them alike."""
    rng = np.random.default_rng(seed)
    layers = [Conv2d(1, 1, 3, activation, rng=rng), pool(2), Flatten(), Dense(4, 2, "sigmoid", rng=rng)]
    image = rng.integers(0, 3, (1, 6, 6)).astype(float)
    return Network(layers, loss="half_squared_error", input_shape=(1, 6, 6)), image


def number(text: str) -> float:
    """A number as the page prints it."""
    plain = text.replace("−", "-").replace("·10", "e").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(plain)


def near(text: str, value: float) -> bool:
    """Whether four digits say this."""
    return abs(number(text) - value) <= 0.00051 * abs(value) + 1e-12


def value_of(sum_in_numbers: str) -> float:
    """Work out a sum as it is printed, with the functions that stand in it."""
    python = sum_in_numbers.replace("−", "-").replace("·", "*").replace("²", "**2").replace("½", "0.5*")
    names = {"σ": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "ReLU": lambda z: max(z, 0), "ln": np.log}
    python = re.sub(r"ln ([\d.]+)", r"ln(\1)", python)
    python = re.sub(r"(?<=[\d)]) (?=[(l])", "*", python)
    return float(eval(python, {"__builtins__": {}}, names))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_moment_says_what_the_package_computes(chromium: Browser, loss: str) -> None:
    squares = "squared" in loss
    network = small(loss, "tanh", "sigmoid" if squares else "identity")
    trace = network.trace(X, Y)
    with opened(chromium, network) as page:
        moments = {moment["title"]: moment for moment in page.evaluate(MOMENTS)}
    wanted: dict[str, list[float]] = {"The cost of the mistake": [trace.cost]}
    for l, step in enumerate(trace.steps, 1):
        for j in range(len(step.z)):
            name = f"layer {l}, neuron {j + 1}"
            W, b = step.layer.parameters["W"][j], step.layer.parameters["b"][j]
            slopes = [*step.grads["W"][j], step.grads["b"][j].item()]
            shown = [step.z[j, 0], step.a[j, 0]] if step.layer.activation.name != "identity" else [step.z[j, 0]]
            wanted[f"Forward: {name}"] = shown
            wanted[f"Error: {name}"] = [step.delta[j, 0]]
            wanted[f"Gradient: {name}"] = slopes
            wanted[f"Update: {name}"] = [*(W - RATE * step.grads["W"][j]), (b - RATE * step.grads["b"][j]).item()]
    assert moments.keys() - wanted.keys() == {"What is given", "After the step"}
    for title, values in wanted.items():
        results = moments[title]["results"]
        assert len(results) == len(values), title
        assert all(near(result, value) for result, value in zip(results, values, strict=True)), (title, results, values)
        for printed, value in zip(moments[title]["sums"], values, strict=True):
            if printed:
                assert abs(value_of(printed) - value) < 2e-3, (title, printed, value)
    for name, parameter in network.parameters.items():
        parameter -= RATE * trace.gradients[name]
    assert near(moments["After the step"]["results"][1], network.cost(X, Y))


@pytest.mark.parametrize(
    ("pool", "activation", "seed"),
    [(MaxPool2d, "sigmoid", 0), (MaxPool2d, "relu", 1), (AvgPool2d, "tanh", 2), (MaxPool2d, "identity", 3)],
)
def test_every_moment_of_a_convolution_says_what_the_package_computes(
    chromium: Browser, pool: type, activation: str, seed: int
) -> None:
    network, image = signal(pool, activation, seed)
    trace = network.trace([image], Y)
    conv, pooled, _, dense = trace.steps
    html = f"<main>{stepper(network, [image], Y, RATE, name='signal')}</main>"
    with nowhere(chromium, html, "convolution-stepper.js", width=360) as page:
        page.wait_for_selector("[data-on]")
        moments = {m["title"]: m for m in page.evaluate(MOMENTS.replace("backprop-", "backprop-convolution-"))}
        page.get_by_role("slider").press("End")
        cells = page.evaluate("[...document.querySelectorAll('output.cell')].map((cell) => cell.textContent)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert violations(page) == []
    wanted: dict[str, list[float]] = {"The cost of the mistake": [trace.cost]}
    bends = activation != "identity"
    back = pooled.layer.pull_back(pooled.a_prev, pooled.delta)
    for i, j in np.ndindex(4, 4):
        z, a = conv.z[0, i, j, 0], conv.a[0, i, j, 0]
        wanted[f"Forward: the window at {i},{j}"] = [z, a] if bends else [z]
        if back[0, i, j, 0]:
            wanted[f"Through the gate: {i},{j}"] = [conv.delta[0, i, j, 0]]
    for i, j in np.ndindex(2, 2):
        wanted[f"Forward: the pool's window at {i},{j}"] = [pooled.a[0, i, j, 0]]
        delta = pooled.delta[0, i, j, 0]
        wanted[f"Back through the dense layer: {i},{j}"] = [delta]
        wanted[f"{'The router' if pool is MaxPool2d else 'The equal split'}: {i},{j}"] = [
            delta / (1 if pool is MaxPool2d else 4)
        ]
    for u, v in np.ndindex(3, 3):
        wanted[f"Gradient of the kernel: {u},{v}"] = [conv.grads["W"][0, 0, u, v]]
    bias, slope = conv.layer.parameters["b"].item(), conv.grads["b"].item()
    wanted["Gradient of the shared bias"], wanted["Update: the shared bias"] = [slope], [bias - RATE * slope]
    for u in range(3):
        wanted[f"Update: row {u} of the kernel"] = [*(conv.layer.parameters["W"] - RATE * conv.grads["W"])[0, 0, u]]
    for k in range(2):
        W, b = dense.layer.parameters["W"][k], dense.layer.parameters["b"][k].item()
        wanted[f"Forward: output {k}"] = [dense.z[k, 0], dense.a[k, 0]]
        wanted[f"Error: output {k}"] = [dense.delta[k, 0]]
        wanted[f"Gradient: output {k}"] = [*dense.grads["W"][k], dense.grads["b"][k].item()]
        wanted[f"Update: output {k}"] = [*(W - RATE * dense.grads["W"][k]), b - RATE * dense.grads["b"][k].item()]
    assert moments.keys() - wanted.keys() == {"What is given", "After the step"}
    for title, values in wanted.items():
        results, sums = moments[title]["results"], moments[title]["sums"]
        assert len(results) == len(values), title
        assert all(near(result, value) for result, value in zip(results, values, strict=True)), (title, results, values)
        for printed, value in zip(sums, values, strict=True):
            if printed and not printed.startswith(("max", "∂")):
                assert abs(value_of(printed) - value) < 4e-3 * max(1, abs(value)), (title, printed, value)
    assert len(cells) == 4 * 16 + 2 * 4 + 2 * 2 + 9
    assert "·" not in cells


def test_the_keyboard_alone_goes_everywhere(chromium: Browser) -> None:
    """One tab stop; arrows, Home and End move through the step; the arrows up and down lead to buttons and fields."""
    with opened(chromium) as page:
        page.keyboard.press("Tab")
        slider = page.get_by_role("slider", name="Moment of the step")
        last = page.evaluate("document.querySelector('backprop-stepper').list.length - 1")
        for key, place in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", last), ("Home", 0)):
            page.keyboard.press(key)
            assert slider.input_value() == str(place)
        page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == f"1 of {last}: Forward: layer 1, neuron 1"
        page.wait_for_function(
            "document.querySelector('.news').textContent === 'Forward, layer 1, neuron 1: z is 0.39, a is 0.5963.'"
        )
        seen = []
        for _ in range(40):
            page.keyboard.press("ArrowDown")
            seen.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
            if seen[-1] == "Moment of the step":
                break
        assert len(seen) == 7 + 5 + 17 + 1
        assert len(set(seen)) == len(seen)
        for _ in range(7 + 1):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Control+a")
        page.keyboard.type("1/2")
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('backprop-stepper').given.x") == [0.9, 0.4]
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.type") == "range"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.live')") is None


def test_whatever_is_typed_is_followed_or_refused_with_a_sentence(chromium: Browser) -> None:
    with opened(chromium) as page:
        field = page.get_by_label("w of layer 1, 1 1")
        complaint = page.locator(".complaint")
        for text, value in (("0,25", 0.25), ("1/4", 0.25), ("−2.5e-1", -0.25)):
            field.fill(text)
            field.press("Enter")
            network = small()
            network.parameters["W1"][0, 0] = value
            trace = network.trace(X, Y)
            shown = page.evaluate("document.querySelector('backprop-stepper').trace.cost")
            assert abs(shown - trace.cost) < 1e-12
            assert complaint.text_content() == ""
        for text, sentence in (
            ("NaN", "“NaN” is no number: 0.25, 1/4 and 2.5e-1 are."),
            ("", "“” is no number: 0.25, 1/4 and 2.5e-1 are."),
            ("1e309", "“1e309” is no number: 0.25, 1/4 and 2.5e-1 are."),
        ):
            field.fill(text)
            field.press("Enter")
            assert complaint.text_content() == sentence
            assert field.get_attribute("aria-invalid") == "true"
            assert page.evaluate("document.querySelector('backprop-stepper').trace.cost") == shown
        page.get_by_label("x, 1").fill("1e300")
        page.get_by_label("x, 1").press("Enter")
        field.fill("1e300")
        field.press("Enter")
        assert "is not a finite number" in str(complaint.text_content())
        assert "NaN" not in str(page.locator("backprop-stepper").inner_text())


def test_a_step_can_be_taken_and_rewinding_keeps_the_weights(chromium: Browser) -> None:
    network = small()
    with opened(chromium) as page:
        costs = [network.cost(X, Y)]
        for _ in range(3):
            for name, gradient in network.trace(X, Y).gradients.items():
                network.parameters[name] -= RATE * gradient
            costs.append(network.cost(X, Y))
            page.get_by_role("button", name="Take the step").click()
            assert abs(page.evaluate("document.querySelector('backprop-stepper').trace.cost") - costs[-1]) < 1e-12
        page.get_by_role("button", name="To the end").click()
        page.get_by_role("button", name="To the beginning").click()
        assert abs(page.evaluate("document.querySelector('backprop-stepper').trace.cost") - costs[-1]) < 1e-12
        page.get_by_role("button", name="Reset").click()
        assert abs(page.evaluate("document.querySelector('backprop-stepper').trace.cost") - costs[0]) < 1e-12
    with opened(chromium, small(activation="identity", last="identity")) as page:
        page.get_by_label("η").fill("1e200")
        page.get_by_label("η").press("Enter")
        page.get_by_role("button", name="To the end").click()
        assert "too large for a number" in page.locator(".moment.now").inner_text()
        page.get_by_label("η").fill("1e308")
        page.get_by_label("w of layer 1, 1 1").fill("-1e3")
        page.get_by_label("w of layer 1, 1 1").press("Enter")
        page.get_by_label("η").press("Enter")
        page.get_by_role("button", name="Take the step").click()
        assert "This step cannot be taken." in str(page.locator(".complaint").text_content())


def test_a_link_leads_to_the_same_place_and_numbers(chromium: Browser) -> None:
    with opened(chromium) as page:
        page.get_by_label("w of layer 2, 1 2").fill("-1.25")
        page.get_by_label("w of layer 2, 1 2").press("Enter")
        slider = page.get_by_role("slider")
        slider.focus()
        for _ in range(9):
            slider.press("ArrowRight")
        page.wait_for_url(f"{ADDRESS}?net=9_W2.1*-1.25")
        state = "(({ place, trace: { cost } }) => [place, cost])(document.querySelector('backprop-stepper'))"
        before = page.evaluate(state)
        page.goto(f"{ADDRESS}other")
        page.go_back()
        page.wait_for_selector("backprop-stepper[data-on]")
        assert page.evaluate(state) == before
        page.goto(f"{ADDRESS}?net=99999_W2.1*1e400_W9.9*1_eta*")
        page.wait_for_selector("backprop-stepper[data-on]")
        assert "W2.1*1e400, W9.9*1, eta*" in str(page.locator(".complaint").text_content())
        assert page.evaluate(state)[1] == page.evaluate(
            "JSON.parse(document.querySelector('script[type$=json]').textContent).cost"
        )


def test_it_plays_to_the_end_and_stops_when_it_is_taken_away(chromium: Browser) -> None:
    with opened(chromium) as page:
        page.clock.install()
        page.get_by_role("button", name="Play").click()
        page.clock.run_for(1700)
        assert page.get_by_role("slider").input_value() == "1"
        page.get_by_role("button", name="Pause").click()
        page.clock.run_for(5000)
        assert page.get_by_role("slider").input_value() == "1"
        page.get_by_role("button", name="Play").click()
        page.clock.run_for(60_000)
        assert page.get_by_role("slider").input_value() == page.get_by_role("slider").get_attribute("max")
        assert page.get_by_role("button", name="Play").is_visible()
        page.get_by_role("button", name="Play").click()
        page.evaluate("window.gone = document.querySelector('backprop-stepper'); gone.remove()")
        page.clock.run_for(5000)
        assert page.evaluate("gone.place") == 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nothing_is_out_of_reach_and_nothing_sticks_out(chromium: Browser, width: int, scheme: str) -> None:
    with opened(chromium, width=width, scheme=scheme) as page:
        page.get_by_role("slider").fill("12")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small_targets = page.evaluate(
            "[...document.querySelectorAll('.live :is(button, input, a)')].filter((e) => e.checkVisibility({ visibilityProperty: true })"
            " && e.getBoundingClientRect().height < 24).map((e) => e.outerHTML)"
        )
        assert small_targets == []


def test_paper_has_the_drawings_and_all_numbers(chromium: Browser) -> None:
    with opened(chromium) as page:
        page.emulate_media(media="print")
        assert page.locator("figure.figure").is_visible()
        assert not page.get_by_role("slider").is_visible()
        assert page.locator("details tbody tr").count() == 5 + 17


def test_only_what_can_be_drawn_is_taken() -> None:
    with pytest.raises(ValueError, match="x: expected one example, got 2"):
        stepper(small(), [X, X], [Y, Y], RATE, name="net")
    maps = Network([Conv2d(1, 1, 2, rng=np.random.default_rng(0)), Flatten()], input_shape=(1, 3, 3))
    with pytest.raises(TypeError, match="Dense"):
        stepper(maps, np.zeros((1, 3, 3)), np.zeros(4), RATE, name="net")


def test_the_data_are_the_package_s_own() -> None:
    text = re.search(r'<script type="application/json">(.*)</script>', stepper(small(), X, Y, RATE, name="net"))
    assert text is not None
    assert json.loads(text[1])["cost"] == small().cost(X, Y)
