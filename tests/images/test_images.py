"""Photographs of digits: what files are read as, each stage on the way to a network, and what is refused by name."""

from __future__ import annotations

import builtins
import io
import pickle
import sys
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from backproplab import (
    ImageError,
    area_average,
    centre_of_mass,
    composite,
    digits,
    draw_digit,
    even_light,
    photograph,
    prepare_digit,
    read_grey,
)
from backproplab.images import photographs
from backproplab.images.blobs import blobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PICTURE = np.array([[0, 64, 128], [255, 192, 32]], np.uint8)
COLOURS = np.stack([PICTURE, PICTURE[::-1], PICTURE[:, ::-1]], axis=-1)
LUMA = COLOURS @ [0.299, 0.587, 0.114] / 255


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def packed(image: Image.Image, kind: str, **settings: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def written(digit: int, seed: int = 0, **settings: Any) -> np.ndarray:
    return draw_digit(digit, rng=rng(seed), **settings)


def reason(picture: Any) -> str:
    with pytest.raises(ImageError) as caught:
        prepare_digit(picture)
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (PICTURE, PICTURE / 255),
        (PICTURE.tolist(), PICTURE / 255),
        (PICTURE[..., np.newaxis], PICTURE / 255),
        (PICTURE.astype(np.uint16) * 257, PICTURE / 255),
        (PICTURE > 100, PICTURE > 100),
        (PICTURE / 255, PICTURE / 255),
        (COLOURS, LUMA),
        (np.dstack([PICTURE, np.full((2, 3), 51)]), 0.2 * PICTURE / 255 + 0.8),
        (np.dstack([COLOURS, np.full((2, 3), 51)]), 0.2 * LUMA + 0.8),
    ],
    ids=[
        "bytes",
        "lists",
        "one channel",
        "16 bits",
        "truth values",
        "floats",
        "colours",
        "grey, alpha",
        "colours, alpha",
    ],
)
def test_arrays_are_read_as_brightness(picture: Any, expected: np.ndarray) -> None:
    """Whatever its type and its channels, black is 0, white is 1, and what is transparent shows white paper."""
    np.testing.assert_allclose(read_grey(picture), expected, atol=1e-6)


FILES = {
    "PNG": packed(Image.fromarray(COLOURS), "PNG"),
    "palette": packed(Image.fromarray(COLOURS).quantize(6), "PNG"),
    "BMP": packed(Image.fromarray(COLOURS), "BMP"),
    "TIFF": packed(Image.fromarray(COLOURS), "TIFF"),
    "CMYK": packed(Image.fromarray(np.dstack([255 - COLOURS, np.zeros((2, 3), np.uint8)]), "CMYK"), "TIFF"),
    "opaque": packed(Image.fromarray(np.dstack([COLOURS, np.full((2, 3), 255, np.uint8)])), "PNG"),
}
GREY_FILES = {
    "grey": packed(Image.fromarray(PICTURE), "PNG"),
    "16 bits": packed(Image.fromarray(PICTURE.astype(np.uint16) * 257), "PNG"),
    "16 bits, TIFF": packed(Image.fromarray(PICTURE.astype(np.uint16) * 257), "TIFF"),
    "16 bits, large end first": packed(
        Image.frombytes("I;16B", (3, 2), (PICTURE.astype(">u2") * 257).astype(">u2").tobytes()), "TIFF"
    ),
    "32 bits": packed(Image.fromarray(PICTURE.astype(np.int32) * 257), "TIFF"),
    "floats": packed(Image.fromarray((PICTURE / 255).astype(np.float32)), "TIFF"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_every_kind_show_the_same_colours(kind: str) -> None:
    """Palette, CMYK and alpha come to the brightness of the colours they stand for."""
    np.testing.assert_allclose(read_grey(FILES[kind]), LUMA, atol=1.5 / 255)


@pytest.mark.parametrize("kind", GREY_FILES)
def test_grey_files_keep_their_greys(kind: str) -> None:
    """One byte, two in either order, four or floats: black is 0 and white is 1."""
    np.testing.assert_allclose(read_grey(GREY_FILES[kind]), PICTURE / 255, atol=1e-6)


TURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
    5: np.transpose, 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).T, 8: np.rot90,
}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNED)
def test_the_note_of_a_camera_on_orientation_is_obeyed(orientation: int) -> None:
    """Each of the eight orientations of EXIF is turned as the standard says."""
    note = Image.Exif()
    note[0x0112] = orientation
    file = packed(Image.fromarray(PICTURE), "PNG", exif=note)
    np.testing.assert_allclose(read_grey(file), TURNED[orientation](PICTURE) / 255, atol=1e-6)


def test_alpha_is_laid_on_the_paper_that_shows_the_ink() -> None:
    """Black ink on nothing lies on white, white ink on nothing on black, and a palette may be transparent too."""
    ink = (255 * written(3, shape=(60, 50))).astype(np.uint8)
    for brightness in (0, 255):
        picture = np.dstack([np.full_like(ink, brightness)] * 3 + [ink])
        seen = ink / 255 if brightness else 1 - ink / 255
        np.testing.assert_allclose(read_grey(picture), seen, atol=1e-6)
        assert abs(prepare_digit(picture).centred - prepare_digit(255 - ink).centred).max() < 0.01
    palette = Image.fromarray(np.where(ink > 99, 1, 0).astype(np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 0, 0])
    grey = read_grey(packed(palette, "PNG", transparency=0))
    np.testing.assert_allclose(grey, ink <= 99, atol=1e-6)


def test_a_picture_on_disk_is_read(tmp_path: Path) -> None:
    """A path may be text or a Path; no file, no picture and a truncated one are told apart."""
    path = tmp_path / "a digit.png"
    path.write_bytes(GREY_FILES["grey"])
    np.testing.assert_array_equal(read_grey(path), read_grey(str(path)))
    with pytest.raises(FileNotFoundError, match=r"^picture: expected a file that can be read, got .*: No such file"):
        read_grey(tmp_path / "none.png")
    with pytest.raises(IsADirectoryError, match=r"^picture: expected a file that can be read"):
        read_grey(tmp_path)
    path.write_bytes(FILES["BMP"][:-10])
    assert reason(path) == "unreadable"
    assert reason(b"no picture at all") == "unreadable"
    assert reason(b"") == "unreadable"


def test_too_many_pixels_are_refused_before_they_are_unpacked() -> None:
    """A small file that claims a huge picture costs no memory, whether Pillow would object or not."""
    for side in (8200, 10_000, 60_000):
        header = b"IHDR" + side.to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
        data = b"IDAT" + zlib.compress(bytes(1000))
        chunks = (len(c[4:]).to_bytes(4) + c + zlib.crc32(c).to_bytes(4) for c in (header, data, b"IEND"))
        bomb = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
        tracemalloc.start()
        assert reason(bomb) == "large"
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()
    assert reason(np.broadcast_to(np.uint8(0), (10_000, 10_000))) == "large"


def test_a_large_picture_is_made_small_by_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pixel that is kept is the mean of a square, and one row of many pixels is no problem."""
    monkeypatch.setattr(photographs, "LONGEST", 4)
    picture = rng().random((6, 9))
    squares = picture[:6, :9].reshape(2, 3, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(read_grey(picture), squares, rtol=1e-6)
    np.testing.assert_allclose(read_grey(picture[:1]), picture[:1].reshape(1, 3, 3).mean(axis=2), rtol=1e-6)


def test_without_pillow_arrays_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """An array needs no Pillow; a file says what to install."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "PIL", raising=False)
    assert read_grey(PICTURE).shape == (2, 3)
    with pytest.raises(ImportError, match=r"^picture: expected Pillow .*backproplab\[images\]"):
        read_grey(b"")


def test_a_picture_laid_on_paper() -> None:
    """Opaque shows the picture, transparent the paper, half of each their mean."""
    np.testing.assert_allclose(composite([0.2, 0.2, 0.2], [1, 0, 0.5], 1.0), [0.2, 1.0, 0.6])
    with pytest.raises(ValueError, match=r"^alpha: expected one number for each pixel"):
        composite([0.2, 0.2], [[1.0, 0.0]], 1.0)
    with pytest.raises(ValueError, match=r"^alpha: expected numbers from 0 to 1, got 0 to 255"):
        composite([0.2, 0.2], [0, 255], 1.0)


def test_blobs_are_those_of_a_walk_from_pixel_to_pixel() -> None:
    """On three hundred random pictures blobs are what is reached from neighbour to neighbour, corners included."""

    def walked(mask: np.ndarray) -> np.ndarray:
        labels, count = np.zeros(mask.shape, int), 0
        for start in map(tuple, np.argwhere(mask)):
            if labels[start]:
                continue
            count += 1
            ahead = [start]
            while ahead:
                i, j = ahead.pop()
                if 0 <= i < mask.shape[0] and 0 <= j < mask.shape[1] and mask[i, j] and not labels[i, j]:
                    labels[i, j] = count
                    ahead += [(i + down, j + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        return labels

    draw = rng(3)
    for _ in range(300):
        mask = draw.random(draw.integers(1, 20, 2)) < draw.random()
        np.testing.assert_array_equal(blobs(mask), walked(mask))


def test_areas_are_weighed_exactly() -> None:
    """Three pixels become two: the middle one goes half to each; the mean of a picture never changes."""
    np.testing.assert_allclose(area_average([[1.0, 4.0, 10.0]], (1, 2)), [[2.0, 8.0]])
    picture = rng().random((7, 5))
    for shape in ((3, 2), (1, 1), (7, 5), (20, 11)):
        assert area_average(picture, shape).mean() == pytest.approx(picture.mean(), rel=1e-12)
    np.testing.assert_allclose(area_average(picture, (7, 5)), picture, rtol=1e-12)
    fine = np.kron(picture, np.ones((3, 4)))  # every pixel is cut into 3 × 4
    np.testing.assert_allclose(area_average(fine, (7, 5)), picture, rtol=1e-12)


def test_the_centre_of_mass() -> None:
    """Of one pixel it is the pixel, of two the place between them, nearer to the heavier."""
    picture = np.zeros((4, 5))
    picture[2, 3] = 3
    assert centre_of_mass(picture) == (2, 3)
    picture[2, 1] = 1
    assert centre_of_mass(picture) == (2, 2.5)
    for wrong in (np.zeros((2, 2)), [[1.0, -0.5]]):
        with pytest.raises(ValueError, match=r"^picture: expected ink"):
            centre_of_mass(wrong)


def test_uneven_light_is_divided_out() -> None:
    """Paper under a slope of light becomes white everywhere, and ink keeps its share of it."""
    ink = written(0)
    light = np.linspace(1, 0.4, ink.shape[1]) * np.linspace(0.9, 1, ink.shape[0])[:, np.newaxis]
    even = even_light((1 - 0.8 * ink) * light)
    assert even[ink == 0].min() > 0.93
    assert even[ink == 1].max() < 0.27
    assert ((1 - 0.8 * ink) * light)[ink == 0].min() < 0.4


def test_a_shadow_in_a_corner_is_light_and_no_ink() -> None:
    """What reaches the edge may be wide beyond it: a dark corner is divided out as a wide shadow is."""
    rows, columns = np.indices((120, 100))
    light = 1 - 0.5 * np.clip((rows + columns - 175) / 15, 0, 1)
    assert even_light(0.9 * light).min() > 0.85
    assert reason(0.9 * light) == "blank"


@pytest.mark.parametrize("seed", range(8))
def test_grain_in_the_shade_is_no_ink(seed: int) -> None:
    """Division by little light makes grain large; a blank page is blank all the same."""
    grain = photograph(np.zeros((240, 200)), rng=rng(seed), slope=0.3, shadow=0.4, grain=0.05)
    assert reason(grain) == "blank"


@pytest.mark.parametrize("digit", range(10))
def test_a_prepared_digit_is_made_as_mnist_is(digit: int) -> None:
    """The longer side of its box has 20 pixels, its centre of mass is less than half a pixel off the middle, ink is 1."""
    stages = prepare_digit(photograph(written(digit, digit), rng=rng(), slope=0.3, shadow=0.3, grain=0.02))
    assert stages.read.shape == stages.light.shape == stages.inverted.shape == (240, 200)
    assert max(stages.scaled.shape) == 20
    assert stages.centred.shape == (28, 28)
    assert stages.centred.max() == 1
    assert abs(np.array(centre_of_mass(stages.centred)) - 14).max() <= 0.5
    assert stages.centred.sum() == pytest.approx(stages.scaled.sum())


def test_ink_may_be_lighter_than_paper() -> None:
    """Chalk on a board comes out as a pen on paper does."""
    ink = written(5)
    board = prepare_digit(photograph(ink, rng=rng(), paper=(0.1, 0.15, 0.12), pen=(0.9, 0.9, 0.85), grain=0.01))
    sheet = prepare_digit(photograph(ink, rng=rng(), grain=0.01))
    assert abs(board.centred - sheet.centred).max() < 0.15
    assert np.median(board.light) < 0.1 < 0.9 < np.median(sheet.light)


def test_the_size_of_the_digits_that_come_with_the_package() -> None:
    """At 8 × 8 pixels a digit fills the height, as the package's own do."""
    stages = prepare_digit(photograph(written(2), rng=rng()), size=8)
    assert stages.centred.shape == (8, 8)
    assert max(stages.scaled.shape) == 8
    filled = digits().x_train.reshape(-1, 8, 8).max(axis=2) > 0
    assert np.median(filled.sum(axis=1)) == 8


def two_digits() -> np.ndarray:
    return np.hstack([written(2, shape=(240, 110)), written(7, shape=(240, 110))])


def small_digit() -> np.ndarray:
    sheet = np.zeros((100, 80))
    sheet[40:52, 30:40] = written(3, shape=(12, 10))
    return sheet


def at_the_rim() -> np.ndarray:
    ink = written(4)
    return ink[np.flatnonzero(ink.any(axis=1))[0] + 8 :]


@pytest.mark.parametrize("on_black", [False, True])
@pytest.mark.parametrize(
    ("ink", "name"),
    [(np.zeros((240, 200)), "blank"), (two_digits(), "several"), (at_the_rim(), "rim"), (small_digit(), "small")],
    ids=["blank", "several", "rim", "small"],
)
def test_what_cannot_be_read_is_refused_by_name(ink: np.ndarray, name: str, on_black: bool) -> None:
    """Blank paper, two digits, ink at the edge, too few pixels: each has a reason of its own."""
    colours: dict[str, Any] = {"paper": (0.1, 0.1, 0.1), "pen": (0.9, 0.9, 0.9)} if on_black else {}
    assert reason(photograph(ink, rng=rng(), slope=0.2, grain=0.01, **colours)) == name


def test_a_refusal_survives_a_queue() -> None:
    """An error that was pickled, as between processes, still says why."""
    error = pickle.loads(pickle.dumps(ImageError("blank", "picture: expected a digit, got blank paper")))
    assert (error.reason, str(error)) == ("blank", "picture: expected a digit, got blank paper")


def test_specks_and_gaps_are_no_digits() -> None:
    """Dirt beside a digit is left out, and a stroke that just misses the next belongs to the digit."""
    ink = written(5, shaky=0.0)
    clean = prepare_digit(1 - ink)
    dirty = ink.copy()
    dirty[20:23, 20:23] = 1
    np.testing.assert_array_equal(prepare_digit(1 - dirty).centred, clean.centred)
    rows = np.flatnonzero(ink.any(axis=1))
    gap = rows[len(rows) // 3]
    torn = ink.copy()
    torn[gap : gap + 6] = 0
    assert prepare_digit(1 - torn).cropped.shape == clean.cropped.shape


def test_drawn_digits_come_from_their_seed() -> None:
    """The same seed draws the same digit, another one another; ink lies between 0 and 1."""
    one, same, other = written(8, 1), written(8, 1), written(8, 2)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert one.min() == 0
    assert one.max() == 1
