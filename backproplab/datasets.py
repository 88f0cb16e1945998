"""Data to train on: small handwritten digits that come with the package, and MNIST from files of your own."""

import gzip
import os
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from backproplab.checks import Array, Labels, class_labels, float_type, shown
from backproplab.idx import read_idx

__all__ = ["Dataset", "digits", "mnist"]

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
UNPACKED = dict(
    zip(
        NAMES,
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        strict=True,
    )
)
"""The SHA-256 of MNIST's four files, unpacked."""
PACKED = {
    f"{name}.gz": checksum
    for name, checksum in zip(
        NAMES,
        (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        strict=True,
    )
}
"""The SHA-256 of the four as they are offered, packed."""
SIDE = 28  # pixels


class Dataset(NamedTuple):
    """Examples and labels, split once and for all into a part to learn from and a part to be tested on.

    Attributes:
        x_train: Training examples as rows, shape (N, 64) for the digits and (N, 784) for MNIST; ink is 1, paper is 0.
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


def mnist(
    folder: str | os.PathLike[str], dtype: DTypeLike = np.float32, *, verify: bool = False, download: bool = False
) -> Dataset:
    """Return MNIST, 60,000 handwritten digits of 28×28 pixels to learn from and 10,000 to be tested on.

    Other data in files of the same names and of the same format, such as Fashion-MNIST, are read as well.

    Args:
        folder: Where the four files lie, `train-images-idx3-ubyte` and so on, plain or gzipped.
        dtype: float32 to train fast, which is exact enough for 256 shades, or float64 to check.
        verify: Whether each file must be the known one, by its SHA-256.
        download: Whether to fetch first, about 12 MB, those of the files that are missing; needs pooch. Each is checked
            by its SHA-256 before it takes its place, so that an interrupted download is taken up with the next file.

    Returns:
        The images as rows of 784 numbers between 0 (paper) and 1 (ink), and their labels 0 to 9.

    Raises:
        TypeError: If `folder` is no path, or `dtype` is neither float32 nor float64.
        FileNotFoundError: If a file is missing.
        OSError: If a file cannot be read, or be fetched.
        ValueError: If a file is no IDX file of images or of labels, is cut short or too long, does not go with its
            companion, or is not the known one where that is asked for; the error names the file.
        ImportError: If `download` is asked for and pooch is missing.

    Source: LeCun et al. 1998, *Gradient-Based Learning Applied to Document Recognition*, section III.
    """
    kind = float_type(dtype)
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder: expected a path, got {shown(folder)}")
    place = Path(folder)
    if download:
        _fetch([f"{name}.gz" for name in NAMES if _found(place, name) is None], place)
    parts = []
    for images, labels in (NAMES[:2], NAMES[2:]):
        pixels_path, labels_path = _path(place, images), _path(place, labels)
        pixels = read_idx(pixels_path, 3, UNPACKED[images] if verify else None)
        y = read_idx(labels_path, 1, UNPACKED[labels] if verify else None)
        if pixels.shape[1:] != (SIDE, SIDE):
            raise ValueError(
                f"{pixels_path}: expected images of {SIDE} × {SIDE} pixels, got {pixels.shape[1]} × {pixels.shape[2]}"
            )
        if len(y) != len(pixels):
            raise ValueError(f"{labels_path}: expected {len(pixels):,} labels, one for each image, got {len(y):,}")
        rows = np.true_divide(pixels.reshape(len(pixels), -1), kind.type(255), dtype=kind)
        parts += [rows, class_labels(y, 10, str(labels_path))]
    return Dataset(*parts)


def _found(folder: Path, name: str) -> Path | None:
    """Return a file of MNIST under one of the names it goes by."""
    plain = (name, name.replace("-idx", ".idx"))
    return next((folder / n for stem in plain for n in (stem, f"{stem}.gz") if (folder / n).is_file()), None)


def _path(folder: Path, name: str) -> Path:
    path = _found(folder, name)
    if path is None:
        raise FileNotFoundError(
            f"folder: expected {name} or {name}.gz in {folder}, got neither; mnist(folder, download=True) fetches them"
        )
    return path


def _fetch(names: list[str], folder: Path) -> None:
    """Fetch files of MNIST, each checked by its SHA-256."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError("download: expected pooch to be installed: pip install 'backproplab[mnist]'") from error
    source = pooch.create(path=folder, base_url=MIRROR, registry=PACKED, retry_if_failed=2)
    for name in names:
        try:
            source.fetch(name)
        except ValueError as error:
            raise ValueError(
                f"{name}: expected the known file from {MIRROR}, got another: {shown(str(error))}"
            ) from None
        except OSError as error:
            raise OSError(f"download: expected {name} from {MIRROR}, got no such file: {shown(str(error))}") from error
