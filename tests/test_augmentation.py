"""Shifted images: every distance comes up, nothing wraps around, and training sees what the function returns."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pytest

from backproplab import SGD, Dense, Network, fit, shifted


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def moved(image: np.ndarray, down: int, across: int) -> np.ndarray:
    """The image shifted pixel by pixel, as the formula says."""
    out = np.zeros_like(image)
    for i, j in np.ndindex(image.shape):
        if 0 <= i - down < image.shape[0] and 0 <= j - across < image.shape[1]:
            out[i, j] = image[i - down, j - across]
    return out


@pytest.mark.parametrize("pixels", [0, 1, 2])
def test_each_image_goes_its_own_way(pixels: int) -> None:
    """Of one picture of distinct numbers, the copies are its shifts, all of them, about equally often."""
    image = np.arange(1.0, 21).reshape(4, 5)
    distances = range(-pixels, pixels + 1)
    expected = {moved(image, down, across).tobytes(): (down, across) for down in distances for across in distances}
    found = Counter(expected[copy.tobytes()] for copy in shifted(np.stack([image] * 4000), rng(), pixels))
    assert len(found) == (2 * pixels + 1) ** 2
    share = 4000 / len(found)
    assert all(abs(count - share) <= 5 * share**0.5 for count in found.values())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_images_and_channels_are_shifted_alike(dtype: Any) -> None:
    """The same generator draws the same distances, whichever way the images are laid out; channels stay together."""
    images = rng(1).random((6, 4, 4)).astype(dtype)
    expected = shifted(images, rng())
    assert expected.dtype == dtype
    np.testing.assert_array_equal(shifted(images.reshape(6, 16), rng()), expected.reshape(6, 16))
    colours = shifted(np.stack([images, 2 * images, 3 * images], axis=1), rng())
    for channel in range(3):
        np.testing.assert_array_equal(colours[:, channel], (channel + 1) * expected)


def test_what_was_given_stays() -> None:
    """The images are new ones, even where nothing moves."""
    images = np.ones((3, 9))
    for pixels in (0, 1):
        shifted(images, rng(), pixels)[...] = 7
    assert (images == 1).all()


def test_no_image_is_no_image() -> None:
    """A batch of nothing stays one."""
    assert shifted(np.ones((0, 2, 3, 3)), rng()).shape == (0, 2, 3, 3)


@pytest.mark.parametrize("shape", [(9,), (2, 8), (1, 1, 1, 2, 2), (2, 0), (2, 3, 0), (), (2, 0, 3, 3)])
def test_a_shape_of_no_images_is_refused(shape: tuple[int, ...]) -> None:
    """Rows of a number of pixels that is no square, or axes that no image has."""
    with pytest.raises(ValueError, match=r"^images: expected a batch of them, shape \(N, side²\), \(N, H, W\) or "):
        shifted(np.ones(shape), rng())


def test_a_shift_out_of_sight_is_refused() -> None:
    """An image cannot be shifted farther than it is high."""
    assert shifted(np.ones((2, 3, 5)), rng(), 3).shape == (2, 3, 5)
    with pytest.raises(ValueError, match=r"^pixels: expected at most 3, got 4$"):
        shifted(np.ones((2, 3, 5)), rng(), 4)


def network() -> Network:
    return Network([Dense(9, 2, rng=rng())], "softmax_cross_entropy")


X, Y = rng(3).random((10, 9)), np.arange(10) % 2


def trained(**more: Any) -> tuple[Network, list[float]]:
    net = network()
    losses = [p.loss for p in fit(net, X, Y, epochs=2, batch_size=4, optimizer=SGD(0.1), rng=rng(), **more)]
    return net, losses


def test_training_takes_what_the_function_returns() -> None:
    """Each mini-batch passes through it once an epoch, with the generator of the training, and its result is trained on."""
    seen: list[np.ndarray] = []
    generator = rng()

    def doubled(rows: np.ndarray, given: np.random.Generator) -> np.ndarray:
        assert given is generator
        seen.append(rows.copy())
        rows *= 2  # in place: the examples themselves must not change
        return rows

    before, net = X.copy(), network()
    losses = [
        p.loss for p in fit(net, X, Y, epochs=2, batch_size=4, optimizer=SGD(0.1), rng=generator, augment=doubled)
    ]
    np.testing.assert_array_equal(X, before)
    assert [len(rows) for rows in seen] == [4, 4, 2] * 2
    np.testing.assert_array_equal(np.sort(np.concatenate(seen[:3]), axis=0), np.sort(X, axis=0))
    other = network()
    plain = [p.loss for p in fit(other, 2 * X, Y, epochs=2, batch_size=4, optimizer=SGD(0.1), rng=rng())]
    assert losses == plain
    np.testing.assert_array_equal(net.layers[0].parameters["W"], other.layers[0].parameters["W"])


def test_shifted_goes_in_as_it_is() -> None:
    """The package's own function may be given by name, or with its distance set."""
    assert trained(augment=shifted)[1] != trained()[1]
    assert trained(augment=partial(shifted, pixels=0))[1] == pytest.approx(
        trained(augment=lambda rows, g: (g.integers(0, 1, (2, len(rows))), rows)[1])[1]
    )


@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        ("shifted", TypeError, r"^augment: expected a function, got 'shifted'$"),
        (
            lambda rows, _: rows[1:],
            ValueError,
            r"^augment: expected rows of the shape they came in, \(4, 9\), got \(3, 9\)$",
        ),
        (lambda *_: None, TypeError, r"^augment: expected real numbers, got None$"),
        (lambda rows, _: rows * np.nan, ValueError, r"^augment: expected finite numbers, got nan at index \(0, 0\)$"),
    ],
)
def test_a_function_that_does_not_fit_is_refused(augment: Any, error: type[Exception], message: str) -> None:
    """What it returns is checked at every batch, and the network stays as it was."""
    net = network()
    with pytest.raises(error, match=message):
        list(fit(net, X, Y, epochs=2, batch_size=4, optimizer=SGD(0.1), rng=rng(), augment=augment))
    np.testing.assert_array_equal(net.layers[0].parameters["W"], network().layers[0].parameters["W"])
