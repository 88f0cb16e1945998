"""MNIST's files: read as they are, and refused by name and reason when they are anything else."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import struct
import sys
import threading
import tracemalloc
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import datasets, mnist
from tests.book import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REAL = Path(os.environ.get("MNIST", ROOT.parent / "shared" / "mnist"))
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = datasets.NAMES


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def small() -> dict[str, bytes]:
    """Five images to learn from and three to be tested on, in the format of MNIST."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (8, 28, 28), np.uint8)
    labels = np.array([3, 1, 4, 1, 5, 9, 2, 6], np.uint8)
    return {
        TRAIN_IMAGES: idx(pixels[:5]), TRAIN_LABELS: idx(labels[:5]),
        TEST_IMAGES: idx(pixels[5:]), TEST_LABELS: idx(labels[5:]),
    }  # fmt: skip


def write(folder: Path, contents: dict[str, bytes], *, packed: bool = False) -> Path:
    for name, content in contents.items():
        (folder / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("packed", [False, True])
def test_reads_what_is_there(tmp_path: Path, dtype: Any, *, packed: bool) -> None:
    """Rows of 784 numbers are the bytes over 255, in the order of the file, and labels are whole numbers."""
    data = mnist(write(tmp_path, small(), packed=packed), dtype)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 28, 28), np.uint8)
    for x, part in ((data.x_train, pixels[:5]), (data.x_test, pixels[5:])):
        assert x.dtype == dtype
        np.testing.assert_array_equal(x, part.reshape(-1, 784).astype(dtype) / dtype(255))
    assert data.y_train.tolist() == [3, 1, 4, 1, 5]
    assert data.y_test.tolist() == [9, 2, 6]
    assert data.y_train.dtype == np.intp
    data.x_train[0] = 0  # it can be written to


def test_other_names_are_found(tmp_path: Path) -> None:
    """A dot for a hyphen, as some archives have it, and a .gz that a browser has unpacked, make no difference."""
    files = small()
    write(tmp_path, {name.replace("-idx", ".idx"): content for name, content in files.items() if "train" in name})
    write(tmp_path, {f"{name}.gz": content for name, content in files.items() if "train" not in name})
    assert len(mnist(str(tmp_path)).x_test) == 3


def cut(content: bytes) -> bytes:
    return content[:-1]


def header(*numbers: int, magic: int = 2051) -> Callable[[bytes], bytes]:
    return lambda content: struct.pack(f">{1 + len(numbers)}I", magic, *numbers) + content[16:]


FAULTS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    (TRAIN_IMAGES, cut, "expected 3,920 bytes after the header, got 3,919: the file is cut short"),
    (TRAIN_IMAGES, lambda c: c + b"\0", "expected 3,920 bytes after the header, as it announces, got more"),
    (TRAIN_IMAGES, lambda _: b"", "expected the magic number 2051 of an IDX file with 3 axes, got an empty file"),
    (TRAIN_IMAGES, lambda c: c[:3], "expected a header of 16 bytes, got 3: the file is cut short"),
    (TRAIN_IMAGES, lambda c: c[:15], "expected a header of 16 bytes, got 15: the file is cut short"),
    (
        TRAIN_IMAGES,
        lambda _: b"<html>Not found</html>",
        "expected the magic number 2051 of an IDX file with 3 axes, got ",
    ),
    (
        TRAIN_IMAGES,
        lambda _: small()[TRAIN_LABELS],
        "expected the magic number 2051 of an IDX file with 3 axes, got 2049",
    ),
    (
        TEST_LABELS,
        lambda _: small()[TRAIN_IMAGES],
        "expected the magic number 2049 of an IDX file with 1 axis, got 2051",
    ),
    (TRAIN_IMAGES, header(5, 28, 28, magic=0x0D03), "expected the magic number 2051"),
    (TRAIN_IMAGES, header(5, 14, 56), "expected images of 28 × 28 pixels, got 14 × 56"),
    (TRAIN_IMAGES, header(0, 28, 28), "expected from one byte to a gibibyte, got a header that announces 0 × 28 × 28"),
    (
        TRAIN_IMAGES,
        header(*[2**32 - 1] * 3),
        "expected from one byte to a gibibyte, got a header that announces 4,294,",
    ),
    (TRAIN_IMAGES, header(10**6, 28, 28), "expected 784,000,000 bytes after the header, got a file of "),
    (TRAIN_LABELS, lambda _: idx(np.zeros(4, np.uint8)), "expected 5 labels, one for each image, got 4"),
    (TEST_LABELS, lambda _: idx(np.array([1, 2, 10], np.uint8)), "expected labels from 0 to 9, got 10"),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "fault", "message"), FAULTS, ids=[message[:60] for _, _, message in FAULTS])
def test_a_bad_file_is_named_with_the_reason(
    tmp_path: Path, name: str, fault: Callable[[bytes], bytes], message: str, *, packed: bool
) -> None:
    """Whatever is wrong with one of the four, the error names it, and no memory is taken for what is not there."""
    files = small()
    files[name] = fault(files[name])
    write(tmp_path, files, packed=packed)
    tracemalloc.start()
    path = tmp_path / (name + ".gz" * packed)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {message}')}"):
        mnist(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-1], lambda packed: packed[:60], lambda packed: packed[:40] + b"!" + packed[41:]]
)
def test_a_damaged_gzip_file_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """Cut off or changed, be it in its checksum alone."""
    write(tmp_path, small(), packed=True)
    path = tmp_path / f"{TEST_IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: expected a whole gzip file, got a damaged one: "):
        mnist(tmp_path)


def test_a_gzip_bomb_does_not_go_off(tmp_path: Path) -> None:
    """Of a gigabyte of zeros in a megabyte, no more is unpacked than the header announces."""
    write(tmp_path, small(), packed=True)
    zeros = gzip.compress(bytes(2**20), 9)
    bomb = gzip.compress(small()[TRAIN_IMAGES], 9) + zeros * 1024  # members of a gzip file follow one another
    (tmp_path / f"{TRAIN_IMAGES}.gz").write_bytes(bomb)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"expected 3,920 bytes after the header, as it announces, got more$"):
        mnist(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """The first file that is not there is named under both its names, with what to do."""
    write(tmp_path, small())
    (tmp_path / TEST_LABELS).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist(tmp_path)
    assert str(caught.value) == (
        f"folder: expected {TEST_LABELS} or {TEST_LABELS}.gz in {tmp_path}, got neither; "
        "mnist(folder, download=True) fetches them"
    )


def test_another_file_than_mnist_is_not_verified(tmp_path: Path) -> None:
    """A checksum that is asked for is compared, packed or not."""
    with pytest.raises(ValueError, match=rf"{TRAIN_IMAGES}: expected the SHA-256 ba8910.* when unpacked, got "):
        mnist(write(tmp_path, small()), verify=True)


@pytest.mark.skipif(not REAL.is_dir(), reason="MNIST is not here: MNIST=folder names the folder of its four files")
def test_the_real_files() -> None:
    """MNIST itself, verified: how many of each digit there are is known, and what the pixels add up to."""
    data = mnist(REAL, verify=True)
    assert data.x_train.shape == (60_000, 784)
    assert data.x_test.shape == (10_000, 784)
    assert np.bincount(data.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.x_train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert data.x_train.dtype == np.float32


class Server(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server on this machine that offers the small files, and is known by their checksums."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    write(folder, small(), packed=True)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(datasets, "MIRROR", f"http://127.0.0.1:{server.server_port}/")
        checksums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        monkeypatch.setattr(datasets, "PACKED", checksums)
        yield folder
        server.shutdown()


def test_downloads_what_is_missing_and_no_more(tmp_path: Path, mirror: Path) -> None:
    """The first call fetches four files, the next none; what is there already stays as it is."""
    home = tmp_path / "new" / "home"
    assert mnist(home, download=True).y_test.tolist() == [9, 2, 6]
    assert sorted(path.name for path in home.iterdir()) == sorted(f"{name}.gz" for name in datasets.NAMES)
    (home / f"{TRAIN_LABELS}.gz").unlink()
    write(home, {TRAIN_LABELS: idx(np.arange(5, dtype=np.uint8))})
    for path in mirror.iterdir():
        path.unlink()
    assert mnist(home, download=True).y_train.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_wrong_download_leaves_nothing(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with another checksum is refused by name, what came before it stays, and the next call goes on from there."""
    home, good = tmp_path / "home", (mirror / f"{TEST_IMAGES}.gz").read_bytes()
    (mirror / f"{TEST_IMAGES}.gz").write_bytes(good[:-1])
    with pytest.raises(ValueError, match=rf"^{TEST_IMAGES}.gz: expected the known file from http://127.0.0.1:"):
        mnist(home, download=True)
    assert sorted(path.name for path in home.iterdir()) == [f"{TRAIN_IMAGES}.gz", f"{TRAIN_LABELS}.gz"]
    (mirror / f"{TEST_IMAGES}.gz").unlink()
    with pytest.raises(OSError, match=rf"^download: expected {TEST_IMAGES}.gz from http://127.0.0.1:"):
        mnist(home, download=True)
    (mirror / f"{TEST_IMAGES}.gz").write_bytes(good)
    assert len(mnist(home, download=True).x_test) == 3
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"^download: expected pooch to be installed: pip install"):
        mnist(home, download=True)
