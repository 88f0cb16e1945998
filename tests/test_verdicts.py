"""The four verdicts: drawn anew each time, no claim is called right, wrong or a kink that is not; and what went wrong once."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproplab import check_gradients

Arrays = dict[str, Any]
Case = tuple[str, Callable[[Arrays], Any], float, float, str, float]

FLAWS = (2.0, -1.0, 0.5, 1.01)
SINGLE = np.float32


CURVES: list[tuple[Callable[[Any], Any], Callable[[float], float]]] = [
    (np.tanh, lambda u: 1 / np.cosh(u) ** 2),
    (np.exp, np.exp),
    (lambda v: np.sin(v + 0.3), lambda u: np.cos(u + 0.3)),
    (lambda v: v * v + v + 2, lambda u: 2 * u + 1),
]


def smooth(rng: np.random.Generator, scale: float, size: float) -> tuple[Callable[[Any], Any], float, float]:
    """Draw a smooth curve of some height over some width, a point, and its slope there, in closed form."""
    u = float(rng.uniform(-1, 1))
    curve, slope = CURVES[int(rng.integers(len(CURVES)))]
    return (lambda w: size * curve(w / scale)), u * scale, size * slope(u) / scale


def cancelling(rng: np.random.Generator) -> tuple[Callable[[Any], Any], float, float]:
    """Draw a cost that goes through numbers much larger than itself, a point, and its slope there, in closed form."""
    A, scale, u = 10 ** rng.uniform(1, 10), 10 ** rng.uniform(-9, 9), float(rng.uniform(0.3, 2))
    kinds: list[tuple[Callable[[Any], Any], float]] = [
        (lambda v: (A + v) ** 2 - A**2 - 2 * A * v, 2 * u),
        (lambda v: (A + v) ** 3 - A**3 - 3 * A**2 * v - 3 * A * v**2, 3 * u**2),
        (lambda v: (A + v) * (A - v) - A**2, -2 * u),
        (lambda v: A**2 * (np.cosh(v / A) - 1), A * np.sinh(u / A)),
        (lambda v: np.sqrt(A + v) - np.sqrt(A) + v**2, 0.5 / np.sqrt(A + u) + 2 * u),
        (lambda v: np.log1p(np.exp(v)) + (A + v) - A - v, 1 / (1 + np.exp(-u))),
        (lambda v: (A + v**2) - A, 2 * u),
    ]
    f, slope = kinds[int(rng.integers(len(kinds)))]
    return (lambda w: f(w / scale)), u * scale, slope / scale


def hard_cases(rng: np.random.Generator) -> list[Case]:
    """Draw costs that cancel, and waves so fast that they look like noise, with a right and a wrong claim each.

    No wave is drawn near a crest, where its slope is as small as that of a slow cost under noise: no check tells the two apart.
    """
    table: list[Case] = []
    for _ in range(30):
        f, at, slope = cancelling(rng)
        table.append(("cancelling", of_w(f), at, slope, "right", slope))
        table.append(("cancelling, flawed", of_w(f), at, float(rng.choice(FLAWS[:3])) * slope, "wrong", slope))
    for _ in range(10):
        A, slope, u = 10 ** rng.uniform(6, 14), float(10 ** rng.uniform(-3, 1)), float(rng.uniform(0.3, 2))

        def toothed(p: Arrays, A: float = A, slope: float = slope) -> Any:
            return (A + p["w"] ** 2) - A + slope * p["w"]

        table.append(("tooth's own slope", toothed, u, slope, "wrong", slope + 2 * u))
    for speed in 10 ** rng.uniform(8, 15, 10):

        def wave(p: Arrays, speed: float = speed) -> Any:
            return np.sin(speed * p["w"])

        at = float((np.pi * np.rint(speed * rng.uniform(0.1, 1) / np.pi) + rng.uniform(-1, 1)) / speed)
        slope = speed * np.cos(speed * at)
        table.append(("fast wave", wave, at, slope, "right", slope))
        table.append(("fast wave, flawed", wave, at, -slope, "wrong", slope))
    return table


def of_w(f: Callable[[Any], Any]) -> Callable[[Arrays], Any]:
    return lambda p: f(p["w"])


def hidden(slope: float) -> Callable[[Arrays], Any]:
    return lambda p: 1 + slope * p["w"]


def jump(height: float) -> Callable[[Arrays], Any]:
    return lambda p: height * (p["w"] > 0)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw the table: name, cost, point, claim, what the claim is in truth, and the slope."""
    table: list[Case] = []
    for scale in 10.0 ** np.arange(-12, 13, 3):
        for size in 10.0 ** rng.integers(-12, 13, 2).astype(float):
            f, at, slope = smooth(rng, scale, size)
            flaw = float(rng.choice(FLAWS))
            table.append(("smooth", of_w(f), at, slope, "right", slope))
            table.append(("smooth, flawed", of_w(f), at, flaw * slope, "wrong", slope))
        low, bend = float(rng.uniform(0, 3)), float(rng.uniform(0.5, 3))
        a, b = float(rng.uniform(-2, 0)), float(rng.uniform(1, 2))

        def bowl(p: Arrays, low: float = low, bend: float = bend, scale: float = scale) -> Any:
            return low + bend * (p["w"] / scale - 1) ** 2

        def corner(p: Arrays, a: float = a, b: float = b, scale: float = scale) -> Any:
            u = p["w"] / scale - 1
            return np.where(u < 0, a * u, b * u) + u * u

        table.append(("minimum", bowl, scale, 0.0, "right", 0.0))
        table.append(("minimum, flawed", bowl, scale, 1e-3 / scale, "wrong", 0.0))
        table.append(("kink", corner, scale, float(rng.uniform(a, b)) / scale, "kink", np.nan))
        table.append(("kink, outside", corner, scale, (b + 0.5) / scale, "wrong", np.nan))
    table += hard_cases(rng)
    for _ in range(12):
        tiny = 10.0 ** rng.uniform(-30, -22)
        table += [
            (("hidden by rounding", hidden(tiny), 1.0, claim, "cannot tell", tiny))
            for claim in (tiny, 2 * tiny, 0.0, -tiny)
        ]
        table.append(("hidden, but claimed large", hidden(tiny), 1.0, 1e-3, "wrong", tiny))
        height = float(rng.uniform(1, 9))
        table.append(("jump", jump(height), 0.0, float(rng.normal()), "cannot tell", np.nan))
        f, at, slope = smooth(rng, 1.0, 1.0)
        for wrap in (SINGLE, float):

            def single(p: Arrays, f: Callable[[Any], Any] = f, wrap: Callable[[Any], Any] = wrap) -> Any:
                return wrap(SINGLE(f(SINGLE(p["w"]))))

            table.append(("single", single, at, slope, "right", slope))
            table.append(("single, twice", single, at, 2 * slope, "wrong", slope))
    return table


def test_no_verdict_is_false() -> None:
    """In a table of cases drawn anew, "right", "wrong" and "kink" are only said where they are true, and most is known."""
    seed = secrets.randbits(32)
    table = cases(np.random.default_rng(seed))
    assert len(table) >= 150
    said: Counter[tuple[str, str]] = Counter()
    for name, cost, at, claim, truth, slope in table:
        claimed = np.array(claim, SINGLE) if name.startswith("single") else claim
        report = check_gradients(cost, {"w": at}, {"w": claimed})
        said[name, report.verdict] += 1
        assert report.verdict in (truth, "cannot tell"), f"seed {seed}, {name}, slope {slope}\n{report}"
    for name, truth in {(name, truth) for name, *_, truth, _ in table}:
        total = sum(count for (other, _), count in said.items() if other == name)
        least = 0.2 if name.startswith("cancelling") else 0 if name.startswith(("fast", "tooth")) else 0.7
        assert said[name, truth] >= total * least, f"seed {seed}, {name}: {said}"


def replacing(p: Arrays) -> Any:
    p["w"] = p["w"].copy()
    return (p["w"] ** 2).sum()


def caching(p: Arrays) -> Any:
    p["z"] = 2 * p["w"]
    return (p["z"] ** 2).sum()


def scaling(p: Arrays) -> Any:
    p["w"] /= np.linalg.norm(p["w"])
    return p["w"][0]


def bump(p: Arrays) -> Any:
    return p["w"] + np.exp(-((5000 * p["w"]) ** 2))


def logarithm(p: Arrays) -> Any:
    return -np.log(p["p"])


def relu(p: Arrays) -> Any:
    return max(float(p["w"]), 0)


def cancels_to_nothing(p: Arrays) -> Any:
    large, small = 8389982262.197458, p["w"] / 797055305.3087491
    return (large + small) * (large - small) - large * large


def cosh_in_stairs(A: float, scale: float) -> Callable[[Arrays], Any]:
    return lambda p: A**2 * (np.cosh(p["w"] / scale / A) - 1)


AT_ONE_TWO = {"w": [1.0, 2.0]}
GIVEN: list[tuple[Any, Any, Any, str]] = [
    (lambda p: 1000 + 1e-6 * p["w"] + 0.5 * p["w"] ** 2, {"w": 0.0}, {"w": -1e-6}, "wrong"),
    (lambda p: 1000 + 1e-6 * p["w"] + 0.5 * p["w"] ** 2, {"w": 0.0}, {"w": 1e-6}, "right"),
    (lambda p: 1e6 + 0.1 * p["w"] + 0.5 * p["w"] ** 2, {"w": 0.0}, {"w": 0.1001}, "wrong"),
    (replacing, AT_ONE_TWO, {"w": [0.0, 0.0]}, "wrong"),
    (replacing, AT_ONE_TWO, {"w": [2.0, 4.0]}, "right"),
    (caching, AT_ONE_TWO, {"w": [2.0, 4.0]}, "wrong"),
    (caching, AT_ONE_TWO, {"w": [8.0, 16.0]}, "right"),
    (scaling, {"w": [3.0, 4.0]}, {"w": [16 / 125, -12 / 125]}, "right"),
    (logarithm, {"p": 5e-5}, {"p": -2e4}, "right"),
    (logarithm, {"p": 5e-5}, {"p": -2.001e4}, "wrong"),
    (lambda p: np.tanh(1e8 * p["w"]), {"w": 1e-8}, {"w": 1e8 / np.cosh(1) ** 2}, "right"),
    (lambda p: p["w"][0] ** 2 + 1e-12 * p["w"][1], {"w": [1.0, 1.0]}, {"w": [2.0, 2e-12]}, "wrong"),
    (lambda p: p["w"][0] ** 2 + 1e-20 * p["w"][1], {"w": [1.0, 1.0]}, {"w": [2.0, 2e-20]}, "cannot tell"),
    (lambda p: float(p["w"] > 0), {"w": 0.0}, {"w": 1234.0}, "cannot tell"),
    (relu, {"w": 0.0}, {"w": 0.5}, "kink"),
    (relu, {"w": 0.0}, {"w": 0.4}, "kink"),
    (lambda p: max(0, 1 - p["w"]) ** 2, {"w": 1.0}, {"w": 0.0}, "right"),
    (lambda p: p["w"] ** 2 + 0.01 * abs(p["w"]), {"w": 0.0}, {"w": 0.0}, "kink"),
    (bump, {"w": 2e-4}, {"w": 1.0}, "wrong"),
    (bump, {"w": 2e-4}, {"w": 1 - 1e4 * np.exp(-1)}, "right"),
    (lambda p: (1e8 + p["w"]) - 1e8, {"w": 1.0}, {"w": 2.0}, "wrong"),
    (lambda p: (1e8 + p["w"]) ** 2 - 1e16 - 2e8 * p["w"], {"w": 1.0}, {"w": 2.0}, "cannot tell"),
    (lambda p: (1e4 + p["w"]) ** 2 - 1e8 - 2e4 * p["w"], {"w": 1.0}, {"w": 2.0}, "right"),
    (lambda p: max(float(p["w"]), 0), {"w": -1.0}, {"w": 1.0}, "wrong"),
    (lambda p: (1e11 + p["w"] ** 2) - 1e11 + 0.001 * p["w"], {"w": 1.0}, {"w": 0.001}, "wrong"),
    (lambda p: p["w"] + max(float(p["w"]) - 0.301, 0), {"w": 0.3}, {"w": 1.5}, "wrong"),
    (lambda p: p["w"] + max(float(p["w"]) - 0.301, 0), {"w": 0.3}, {"w": 1.0}, "right"),
    (
        cancels_to_nothing,
        {"w": 265349642.33834538},
        {"w": -8.353559850793332e-10},
        "cannot tell",
    ),
    (
        cosh_in_stairs(226.92844957189152, 54.689951485025254),
        {"w": 102.79172823744514},
        {"w": 0.03436750916023804},
        "right",
    ),
    (
        cosh_in_stairs(2340424542.0842032, 4.7494346550206617e-4),
        {"w": 3.176271340628084e-4},
        {"w": 1408.1008555056776},
        "cannot tell",
    ),
    (lambda p: (1 - np.cos(p["w"])) / p["w"] ** 2, {"w": 1e-4}, {"w": -1e-4 / 12}, "cannot tell"),
]


@pytest.mark.parametrize(("cost", "parameters", "gradients", "verdict"), GIVEN)
def test_what_went_wrong_once(cost: Any, parameters: Any, gradients: Any, verdict: str) -> None:
    """Each of these had another verdict before."""
    report = check_gradients(cost, parameters, gradients)
    assert report.verdict == verdict, report
    size = max(abs(report.worst.claimed), abs(report.worst.measured))
    assert report.worst.error == (abs(report.worst.claimed - report.worst.measured) / size if size else 0)


def test_a_cost_that_looks_elsewhere_is_told() -> None:
    """A cost that does not use the arrays it is given is wrong for that reason."""
    mine = {"w": np.array([1.0, 2.0])}
    report = check_gradients(lambda _: (mine["w"] ** 2).sum(), mine, {"w": 2 * mine["w"]})
    assert report.verdict == "wrong"
    assert "does not change with parameters['w']" in report.worst.reason


def test_a_zero_is_right_where_nothing_moves_and_the_report_says_why() -> None:
    """A unit that is off has slopes of zero, which tell nothing of the formula; a cost that moves further away cannot tell."""
    off = check_gradients(
        lambda p: max(float(p["w"][0]), 0) + float(p["v"]), {"w": [-1.0], "v": 1.0}, {"w": [0.0], "v": 1.0}
    )
    assert [(check.verdict, bool(check.reason)) for check in off.checks] == [("right", True), ("right", False)]
    assert "w[0]: the cost does not move here at all: zero is right, but" in " ".join(str(off).split())
    hidden_slope = check_gradients(hidden(1e-25), {"w": 1.0}, {"w": 0.0})
    assert (hidden_slope.verdict, "no more than its own rounding" in hidden_slope.worst.reason) == ("cannot tell", True)


def test_the_slopes_at_a_kink_are_those_of_the_steps_that_know_them_best() -> None:
    """Both sides are known to eight digits, though the narrowest steps see them in three only."""
    kink = check_gradients(lambda p: 2 + max(float(p["w"]), 0), {"w": 0.0}, {"w": 1.0}).worst
    assert kink.verdict == "kink"
    assert (kink.measured, kink.uncertainty) == pytest.approx((0.5, 0.5))
    assert "its slope is 0 on the left and 1 on the right" in kink.reason


def test_costs_that_cannot_be_checked_are_refused() -> None:
    """A random cost, one of changing shape, and one without a value on one side, each with what and where it is."""
    rng = np.random.default_rng(1)
    refused: list[tuple[Any, str]] = [
        (lambda p: ((rng.random(3) > 0.5) * p["w"]).sum(), "expected the same number whenever the parameters"),
        (lambda p: np.zeros(2) if p["w"][0] != 1 else 1.0, r"one number, got an array of shape \(2,\) when parameters\['w'\]"),
        (lambda p: np.nan if p["w"][0] < 1 else p["w"][1], r"both sides of parameters\['w'\] at \(0,\), got nan even at a step"),
        (lambda p: [0.0][int(p["w"][0] < 1)], r"parameters\['w'\] at \(0,\), got IndexError: list index out of range even"),
    ]  # fmt: skip
    for cost, words in refused:
        with pytest.raises(ValueError, match=words):
            check_gradients(cost, {"w": np.ones(3)}, {"w": np.full(3, 0.5)})


def test_a_tolerance_that_lets_everything_pass_is_refused() -> None:
    """From a relative error of one on, a claim of zero would be right for every slope."""
    with pytest.raises(ValueError, match=r"tolerance: expected less than one, .*, got 1\.0$"):
        check_gradients(lambda p: float(p["w"]) ** 2, {"w": 1.0}, {"w": 0.0}, tolerance=1)


def test_single_parameters_are_moved_in_double_precision() -> None:
    """Steps too narrow for single precision reach the cost, which gets double, and a sharp bend is no kink."""
    w = np.array([0.3, -0.7, 1e-3], np.float32)
    at = w.astype(float)
    bend = {"w": [2 * at[0], np.cos(at[1]), at[2] / np.hypot(at[2], 1e-5)]}

    def cost(p: Arrays) -> Any:
        assert p["w"].dtype == np.float64
        return p["w"][0] ** 2 + np.sin(p["w"][1]) + np.hypot(p["w"][2], 1e-5)

    report = check_gradients(cost, {"w": w}, bend)
    assert (report.verdict, report.tolerance) == ("right", 1e-6)
    assert check_gradients(lambda p: float(np.hypot(p["w"], 1e-7)), {"w": 0.0}, {"w": 0.0}).verdict == "right"


@pytest.mark.parametrize("flaw", [1.0, 2.0])
def test_a_cost_of_several_arrays_in_single_precision(flaw: float) -> None:
    """A layer computed in float32 is right, and a factor of two in one of its gradients is found."""
    rng = np.random.default_rng(0)
    W, b, x = (rng.standard_normal(shape).astype(np.float32) for shape in ((3, 4), 3, 4))
    a = np.tanh(W @ x + b)
    delta = a * (1 - a**2)

    def cost(p: Arrays) -> Any:
        return (np.tanh(p["W"].astype(np.float32) @ x + p["b"].astype(np.float32)) ** 2).sum() / np.float32(2)

    report = check_gradients(cost, {"W": W, "b": b}, {"W": np.outer(delta, x), "b": np.float32(flaw) * delta})
    assert report.verdict == ("right" if flaw == 1 else "wrong"), report


def test_nothing_of_the_reader_is_nudged_when_the_cost_raises() -> None:
    """The arrays handed in are as they were, also after an error."""
    w = np.array([1.0, 2.0])

    def cost(p: Arrays) -> Any:
        if p["w"][0] != 1:
            raise RuntimeError("moved")
        return p["w"].sum()

    with pytest.raises(ValueError, match="RuntimeError: moved even at a step"):
        check_gradients(cost, {"w": w}, {"w": np.ones(2)})
    np.testing.assert_array_equal(w, [1, 2])


def test_a_large_problem_is_seen_in_part() -> None:
    """Of 100,000 parameters some entries and one direction are seen; the direction finds what the entries miss."""
    rng = np.random.default_rng(0)
    w, x = rng.standard_normal((1000, 100)) / 10, rng.standard_normal(100)
    outputs = np.tanh(w @ x)
    claimed = np.outer(outputs * (1 - outputs**2), x)

    def cost(p: Arrays) -> Any:
        return (np.tanh(p["w"] @ x) ** 2).sum() / 2

    report = check_gradients(cost, {"w": w}, {"w": claimed}, entries=20, rng=rng)
    assert (report.verdict, report.seen, report.entries) == ("right", 20, 100_000)
    assert "20 of 100,000 entries seen" in str(report)
    row = int(np.argmax(np.abs(outputs * (1 - outputs**2))))
    claimed[row] *= 2
    report = check_gradients(cost, {"w": w}, {"w": claimed}, entries=20, rng=rng)
    assert report.worst.name == "one direction"
    assert report.verdict == "wrong"
    with pytest.raises(TypeError, match="rng: expected a numpy"):
        check_gradients(cost, {"w": w}, {"w": claimed}, entries=20)
    with pytest.raises(ValueError, match="rng: expected to be given together with entries"):
        check_gradients(cost, {"w": w}, {"w": claimed}, rng=rng)


@pytest.mark.parametrize("seed", range(3))
def test_the_worst_wrong_entry_is_reported(seed: int) -> None:
    """Of many wrong entries, with small slopes and large ones, the one reported has the largest relative error."""
    rng = np.random.default_rng(seed)
    w, height, errors = rng.uniform(-1, 1, 200), 10.0 ** rng.uniform(-6, 3, 200), rng.uniform(1e-4, 0.5, 200)
    claimed = height * np.cos(w) * (1 - errors)
    report = check_gradients(lambda p: float(height @ np.sin(p["w"])), {"w": w}, {"w": claimed})
    assert (report.verdict, report.worst.index) == ("wrong", (int(np.argmax(errors)),)), report
    assert report.worst.error == pytest.approx(errors.max(), rel=1e-5)


def test_a_wrong_entry_of_an_unseen_slope_is_no_excuse() -> None:
    """An entry that is measured badly does not hide one that is wrong beyond doubt, nor the other way round."""
    report = check_gradients(
        lambda p: float(1 + np.sin(p["w"][0]) + 1e-20 * p["w"][1] + np.abs(p["w"][2])),
        {"w": [0.5, 1.0, 0.0]},
        {"w": [1.5 * np.cos(0.5), 3e-20, 5.0]},
    )
    assert (report.verdict, report.worst.index) == ("wrong", (2,))
