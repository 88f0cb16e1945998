"""The recorded experiments are those that the programs make: the start of each, run again, gives the recorded cost."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproplab import Dataset, accuracy, mnist, recorded_network
from tests.book import ROOT

RECORDS = ROOT / "experiments/records"
REAL = Path(os.environ.get("MNIST", ROOT.parent / "shared" / "mnist"))
sys.path.append(str(ROOT / "experiments"))

import program_two  # noqa: E402
import reading_digits  # noqa: E402

needs_mnist = pytest.mark.skipif(
    not REAL.is_dir(), reason="MNIST is not here: MNIST=folder names the folder of its four files"
)


def record(name: str) -> Any:
    return json.loads((RECORDS / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def data() -> Dataset:
    return mnist(REAL, np.float32, verify=True)


@needs_mnist
@pytest.mark.parametrize("setting", program_two.SETTINGS, ids=lambda setting: setting.name)
def test_program_two_starts_as_recorded(setting: program_two.Setting, data: Dataset) -> None:
    recorded = next(each for each in record("program-two")["settings"] if each["name"] == setting.name)
    assert program_two.start(setting, 0, data) == pytest.approx(recorded["start"], rel=1e-3)


@needs_mnist
@pytest.mark.parametrize("reader", reading_digits.READERS, ids=lambda reader: reader.name)
def test_the_readers_start_as_recorded(reader: reading_digits.Reader, data: Dataset) -> None:
    recorded = next(each for each in record("reading-digits")["readers"] if each["name"] == reader.name)
    assert reading_digits.start(reader, data) == pytest.approx(recorded["start"], rel=1e-3)


@pytest.mark.parametrize(("name", "most"), [("dense", 120), ("convolutional", 70)])
def test_the_readers_reach_what_the_book_says(name: str, most: int) -> None:
    reader = next(each for each in record("reading-digits")["readers"] if each["name"] == name)
    wrong = [run["wrong"] for run in reader["runs"]]
    assert len(wrong) == 3
    assert np.mean(wrong) <= most
    assert all(run["seconds"] < 120 for run in reader["runs"])


@needs_mnist
def test_the_network_that_ships_reads_as_well_as_the_one_that_was_recorded(data: Dataset) -> None:
    reader = next(each for each in record("reading-digits")["readers"] if each["name"] == "convolutional")
    network = recorded_network()
    wrong = round((1 - accuracy(network, data.x_test.reshape(-1, *network.input_shape), data.y_test)) * 10_000)
    assert abs(wrong - reader["runs"][0]["wrong"]) <= 2  # it is kept in half precision


def test_the_network_that_ships_is_small() -> None:
    assert reading_digits.KEPT.stat().st_size <= 150 * 1024
