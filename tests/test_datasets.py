"""The embedded digits: that they are the known data, whole, in the right scale and split once and for all."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from backproplab import digits

COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def raw() -> np.ndarray:
    packed = files("backproplab").joinpath("data/digits.csv.gz").read_bytes()
    return np.loadtxt(gzip.decompress(packed).decode().splitlines(), delimiter=",", dtype=np.int64)


def test_the_file_is_the_uci_data() -> None:
    """The file holds the numbers of the source unchanged: their count, their sum and their checksum are known."""
    table = raw()
    assert table.shape == (1797, 65)
    assert table[:, :64].min() == 0
    assert table[:, :64].max() == 16
    assert table[:, :64].sum() == 561_718
    assert np.bincount(table[:, 64]).tolist() == COUNTS
    assert (
        hashlib.sha256(table.astype("u1").tobytes()).hexdigest()
        == "68aea062d35a127749050fa0e52dca09d6569ac08092c925610e0954e172dde2"
    )


def test_ink_is_one_and_paper_is_zero() -> None:
    """Pixels run from 0, paper, to 1, ink; the corners of an image are paper and its middle is mostly ink."""
    data = digits()
    x = np.vstack([data.x_train, data.x_test])
    assert (x.min(), x.max()) == (0, 1)
    assert set(np.unique(x * 16)) == set(range(17))
    mean = x.mean(axis=0).reshape(8, 8)
    assert mean[0, 0] == 0
    assert mean[:, 0].max() < 0.01
    assert mean[2:6, 2:6].mean() > 0.4


def test_the_first_image_is_a_nought() -> None:
    """The first image, row by row, is a ring of ink around a hole: rows and columns are where they belong."""
    image = digits().x_train[0].reshape(8, 8) > 0.3
    assert ["".join(" #"[int(ink)] for ink in row) for row in image] == [
        "  ###   ",
        "  ##### ",
        "  #  ## ",
        "  #  ## ",
        " ##  ## ",
        "  #  ## ",
        "  ####  ",
        "  ###   ",
    ]
    assert digits().y_train[0] == 0


def test_the_split_is_disjoint_fixed_and_balanced() -> None:
    """Training and test set have no image in common, make up the whole data, and share every digit four to one."""
    data, again = digits(), digits()
    assert data.x_train.shape == (1442, 64)
    assert data.x_test.shape == (355, 64)
    for part, same in zip(data, again, strict=True):
        np.testing.assert_array_equal(part, same)
    train = {(*image, label) for image, label in zip(data.x_train.tolist(), data.y_train.tolist(), strict=True)}
    test = {(*image, label) for image, label in zip(data.x_test.tolist(), data.y_test.tolist(), strict=True)}
    whole = {(*(line[:64] / 16).tolist(), int(line[64])) for line in raw()}
    assert len(whole) == 1797
    assert train.isdisjoint(test)
    assert train | test == whole
    assert np.bincount(data.y_test).tolist() == [count // 5 for count in COUNTS]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_digits_come_in_either_precision(dtype: Any) -> None:
    """Sixteenths are exact in single precision too; labels are integers whatever the images are."""
    data = digits(dtype)
    assert data.x_train.dtype == data.x_test.dtype == dtype
    assert data.y_train.dtype.kind == data.y_test.dtype.kind == "i"
    np.testing.assert_array_equal(data.x_train, digits().x_train)


def test_changing_the_data_changes_no_later_copy() -> None:
    """Each call returns fresh arrays."""
    digits().x_train[...] = 7
    assert digits().x_train.max() == 1
