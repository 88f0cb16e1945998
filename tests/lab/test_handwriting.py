"""The chapter on one's own handwriting: its equations, sixty photographs, and the record of what mistakes cost."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import (
    ImageError,
    area_average,
    centre_of_mass,
    composite,
    draw_digit,
    even_light,
    mnist,
    prepare_digit,
    recorded_network,
    softmax,
)
from backproplab.book.formulas.formula import formula
from tests.book import ROOT
from tests.lab.photos import sixty
from tests.worlds.photos import closed, inked, laid, lit, moved, odds, resized

if TYPE_CHECKING:
    from collections.abc import Callable

MNIST = ROOT.parent / "shared" / "mnist"


def mistakes() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """What the experiment does to images, from its own file."""
    found = spec_from_file_location("mistakes", ROOT / "experiments" / "mistakes.py")
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module.MISTAKES


MISTAKES = mistakes()


@pytest.mark.equation("OVER")
def test_a_picture_laid_on_paper() -> None:
    """What is seen of a transparent picture is its colour where it is opaque, the paper where it is not, and between the two in between."""
    world = laid()
    formula("OVER").holds(world, package=lambda: composite(world["c"], world["alpha"], world["p"]))


@pytest.mark.equation("LIGHT")
def test_light_is_divided_out() -> None:
    """The page's own share is what is seen, divided by the light; and on a page under a slope of light that is what the package finds."""
    formula("LIGHT").holds(lit())
    ink = draw_digit(5, (160, 130), rng=np.random.default_rng(0))
    light = np.linspace(1, 0.5, 130) * np.ones((160, 1))
    page = 1 - 0.8 * ink
    assert np.abs(even_light(page * light) - page).max() < 0.05


@pytest.mark.equation("CLOSING")
def test_closing_fills_what_is_narrow() -> None:
    """The darkest of the lightest of each window; on a picture whose rows are all alike that is the package's light."""
    formula("CLOSING").holds(closed(1, 9), closed(2, 13))
    world = closed(10, 64, levels=9)  # a picture of 64 pixels is not shrunk, and a third of it is a window of 21
    picture = np.tile(np.array(world["g"]), (64, 1))
    inside = slice(21, -21)  # where no window reaches beyond the picture
    found = (picture / even_light(picture))[0, inside]
    np.testing.assert_allclose(found, world["ell"][inside])


@pytest.mark.equation("AREA")
def test_area_averaging() -> None:
    """Each new pixel is the mean of what it covers, whether pixels become fewer or more."""
    sizes = ((5, 3), (3, 2), (2, 5), (6, 2))
    worlds = [resized(*pair) for pair in sizes]
    formula("AREA").holds(*worlds, package=lambda: area_average([worlds[0]["c"]], (1, 3))[0])
    for world in worlds:
        np.testing.assert_allclose(area_average([world["c"]], (1, world["m"]))[0], world["s"], rtol=1e-12)


@pytest.mark.equation("MASS")
def test_the_centre_of_mass() -> None:
    """The mean row of all grains of ink."""
    world = inked()
    formula("MASS").holds(world, package=lambda: np.array(centre_of_mass(world["x"])[0]))


@pytest.mark.equation("SHIFT")
def test_shifts_are_whole() -> None:
    """Of all whole shifts the one after which the centre of mass lies nearest to 14; that is where the package puts a digit."""
    formula("SHIFT").holds(*map(moved, (9.3, 12.7, 15.2, 14.4, 14.6, 0.1)))
    for digit in range(10):
        stages = prepare_digit(1 - draw_digit(digit, rng=np.random.default_rng(digit)))
        first = [int(np.flatnonzero(stages.centred.any(axis=axis))[0]) for axis in (1, 0)]
        assert first == [moved(mass)["d"] for mass in centre_of_mass(stages.scaled)]


@pytest.mark.equation("ODDS")
def test_odds_of_two_digits() -> None:
    """The quotient of two outputs depends on the difference of their two logits alone."""
    world = odds(0.3, -1.2, 2.0)
    np.testing.assert_allclose(softmax(world["z"]), world["p"])
    formula("ODDS").holds(world)


def test_sixty_photographs() -> None:
    """Of forty-eight that can be read at least 95 % are read correctly, and twelve that cannot are refused, each by its reason."""
    network = recorded_network()
    answers: list[tuple[str, int | str, int | str]] = []
    for name, file, expected in sixty():
        try:
            shares = network.predict(prepare_digit(file).centred.reshape(network.input_shape))
            answers.append((name, expected, int(shares.argmax())))
        except ImageError as error:
            answers.append((name, expected, error.reason))
    assert len(answers) == 60
    wrong = [answer for answer in answers if answer[1] != answer[2]]
    assert not [answer for answer in wrong if isinstance(answer[1], str)]
    assert len(wrong) <= 0.05 * sum(isinstance(expected, int) for _, expected, _ in answers), wrong


def test_the_record_names_what_was_measured() -> None:
    """Every mistake is in the record, with both networks, the refusals by reason, and on what it was measured."""
    record = json.loads((ROOT / "experiments" / "records" / "handwriting.json").read_text("utf-8"))
    assert [row["mistake"] for row in record["mistakes"]] == list(MISTAKES)
    assert record["images"] == 10_000
    assert {"date", "backproplab", "numpy", "processor", "threads"} <= record["machine"].keys()
    for row in record["mistakes"]:
        assert row["read"].keys() == {"dense", "convolutional"}
        again = row["prepared"]
        assert set(again["refused"]) <= {"blank", "several", "rim", "small"}
        assert (sum(again["refused"].values()) == again["images"]) == (again["read"] == {})


def test_two_records_agree_on_what_is_read_without_a_mistake() -> None:
    """Both networks, from seed 0, read as many images as the record of their training says."""
    folder = ROOT / "experiments" / "records"
    mistakes, training = (
        json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("handwriting", "reading-digits")
    )
    read = next(row["read"] for row in mistakes["mistakes"] if row["mistake"] == "none")
    wrong = {
        reader["name"]: next(r["wrong"] for r in reader["runs"] if r["seed"] == 0) for reader in training["readers"]
    }
    assert {kind: round(mistakes["images"] * (1 - share)) for kind, share in read.items()} == wrong


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST does not come with the book")
@pytest.mark.parametrize("mistake", ["none", "not inverted", "grey paper"])
def test_the_record_is_what_the_network_reads(mistake: str) -> None:
    """The package's network reads as many of the test images as the record says, up to what rounding does on another machine."""
    record = json.loads((ROOT / "experiments" / "records" / "handwriting.json").read_text("utf-8"))
    said = next(row["read"]["convolutional"] for row in record["mistakes"] if row["mistake"] == mistake)
    data = mnist(MNIST)
    wrong = np.array([MISTAKES[mistake](image) for image in data.x_test.reshape(-1, 28, 28).astype(float)])
    network = recorded_network()
    parts = [
        network.predict(wrong[start : start + 1000, np.newaxis]).argmax(axis=1) for start in range(0, 10_000, 1000)
    ]
    assert np.mean(np.concatenate(parts) == data.y_test) == pytest.approx(said, abs=5e-4)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_spoils_a_digit_as_its_name_says(mistake: str) -> None:
    """Each mistake leaves an image of 28 × 28 pixels from 0 to 1, and changes what its name says."""
    image = prepare_digit(1 - draw_digit(7, rng=np.random.default_rng(1))).centred
    wrong = MISTAKES[mistake](image)
    rows, columns = (np.flatnonzero((wrong > 0.15).any(axis=axis)) for axis in (1, 0))
    height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    assert wrong.shape == (28, 28)
    assert 0 <= wrong.min() <= wrong.max() <= 1 + 1e-12
    right, down = np.subtract(centre_of_mass(wrong)[::-1], centre_of_mass(image)[::-1])
    said: dict[str, Callable[[], bool]] = {
        "none": lambda: np.array_equal(wrong, image),
        "not inverted": lambda: np.array_equal(wrong + image, np.ones((28, 28))),
        "centred by its box": lambda: abs((rows[0] + rows[-1]) / 2 - 13.5) <= 0.5 and down < -0.5,
        "2 pixels off": lambda: abs(right - 2) < 0.1,
        "4 pixels off": lambda: abs(right - 4) < 0.5,
        "filling the frame": lambda: max(height, width) == 28,
        "too small": lambda: max(height, width) == 12,
        "grey paper": lambda: abs(wrong.min() - 0.3) < 1e-12,
        "uneven light": lambda: wrong[0, 0] == 0 and wrong[0, -1] == 0.5,
        "thresholded": lambda: set(np.unique(wrong)) == {0, 1},
        "pale pen": lambda: abs(wrong.max() - 0.3) < 1e-12,
        "lying on its side": lambda: np.array_equal(wrong, image[:, ::-1].T),
    }
    assert said[mistake]()
