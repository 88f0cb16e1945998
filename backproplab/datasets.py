"""Data to train on: handwritten digits that come with the package."""

import gzip
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from backproplab.checks import Array, Labels, float_type

__all__ = ["Dataset", "digits"]


class Dataset(NamedTuple):
    """Examples and labels, split once and for all into a part to learn from and a part to be tested on.

    Attributes:
        x_train: Training examples as rows, shape (N, 64) for the digits; ink is 1, paper is 0.
        y_train: Their labels, shape (N,).
        x_test: Test examples, which training must never see.
        y_test: Their labels.
    """

    x_train: Array
    y_train: Labels
    x_test: Array
    y_test: Labels


def digits(dtype: DTypeLike = np.float64) -> Dataset:
    """Return 1,797 handwritten digits of 8×8 pixels, split into 1,442 for training and 355 for testing.

    Of each digit, every fifth image in the order of the source goes to the test set, so that all ten are equally
    well represented in both. The data are part of the package: nothing is downloaded.

    Args:
        dtype: float64 to check, float32 to train fast.

    Returns:
        The images as rows of 64 numbers between 0 (paper) and 1 (ink), and their labels 0 to 9.

    Raises:
        TypeError: If `dtype` is neither float32 nor float64.

    Source: Alpaydin and Kaynak 1998, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository,
    doi:10.24432/C50P49, licence CC BY 4.0.
    """
    kind = float_type(dtype)
    with files("backproplab").joinpath("data/digits.csv.gz").open("rb") as packed, gzip.open(packed) as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.intp)
    x, y = (table[:, :64] / 16).astype(kind), table[:, 64]
    is_test = np.zeros(len(y), dtype=bool)
    for digit in range(10):
        is_test[np.flatnonzero(y == digit)[4::5]] = True
    return Dataset(x[~is_test], y[~is_test], x[is_test], y[is_test])
