"""From a photographed digit to what a network expects: ink 1, paper 0, in the middle, at the size of its training data."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import Array, shown
from backproplab.images.blobs import blobs
from backproplab.images.photographs import ImageError, read_grey
from backproplab.images.resampling import area_average, centre_of_mass, filtered, grey_picture, stretched

__all__ = ["PreparedDigit", "even_light", "prepare_digit"]

BOXES = {28: 20, 8: 8}
"""How large the digit is in a picture of MNIST's size, and in one of the 8×8 digits of the package."""
COARSE = 64  # pixels along the longer side of a picture that shows light and no strokes
FINE = 120  # pixels along the longer side, of which no stroke is narrower than
WIDEST = 1 / 3  # of that side: wider strokes would be taken for paper
BLACKEST = 1e-3  # light of which nothing can be told
FAINTEST = 0.15  # share of the paper's light that ink must take
SPECK = 20  # of the darkest pixels, which may be dirt
SMALLEST = 10  # pixels
LARGE = 0.1  # share of the digit's ink from which a second blob is a digit and no speck
GAP = 0.05  # share of the digit's size by which its strokes may miss each other, on either side


@dataclass(frozen=True)
class PreparedDigit:
    """A digit at each stage between the picture and the network.

    Attributes:
        read: The picture's brightness, from 0 for black to 1 for white, shape (height, width).
        light: The same in even light: paper is 1, or 0 if it is black.
        inverted: Ink is 1 and paper 0.
        cropped: The box around the digit, without specks.
        scaled: The box shrunk, its longer side to the 20 (or 8) pixels of the training data.
        centred: The digit with its centre of mass in the middle of 28 × 28 (or 8 × 8) pixels: what the network reads.
    """

    read: Array
    light: Array
    inverted: Array
    cropped: Array
    scaled: Array
    centred: Array


def prepare_digit(picture: str | os.PathLike[str] | bytes | ArrayLike, size: int = 28) -> PreparedDigit:
    """Turn a picture of one digit into what a network was trained on.

    Args:
        picture: A file, its bytes or an array, as for `read_grey`.
        size: 28 for a network that has learnt from MNIST, 8 for one that has learnt from the digits of the package.

    Returns:
        All stages; `centred` is for the network, shape (size, size).

    Raises:
        ImageError: If the picture cannot be read, has no ink ("blank"), more than one digit ("several"), ink at its edge
            ("rim") or a digit of too few pixels ("small").
        ValueError: If `size` is another, and whatever `read_grey` raises.

    Source: LeCun, Bottou, Bengio and Haffner 1998, *Gradient-Based Learning Applied to Document Recognition*, section
    III.A, for the box and the centre of mass.
    """
    if type(size) is not int or size not in BOXES:
        raise ValueError(f"size: expected one of {', '.join(map(str, BOXES))}, got {shown(size)}")
    read = read_grey(picture)
    on_black = _is_on_black(read)
    even = even_light(1 - read if on_black else read)
    ink = _ink(even)
    cropped = _cropped(ink)
    scaled = _scaled(cropped, BOXES[size])
    return PreparedDigit(read, 1 - even if on_black else even, ink, cropped, scaled, _centred(scaled, size))


def _is_on_black(grey: Array) -> bool:
    """Say whether a picture shows light ink on dark paper.

    What sticks out of its surroundings then is lighter than they are, and the sum of its cubes positive. Paper in shade
    is no dark paper: it has at least half of the light.
    """
    coarse = _coarse(grey)
    bump = coarse - filtered(coarse, max(coarse.shape) // 2 | 1, np.mean)
    return bool((bump**3).sum() > 0 and np.median(coarse) < coarse.max() / 2)


def even_light(picture: ArrayLike) -> Array:
    r"""Divide dark ink on light paper by the light that falls on the paper, so that paper is 1 everywhere.

    $$r_{ij} = \min\left(\frac{g_{ij}}{\ell_{ij}},\; 1\right)$$

    The light $\ell$ is what is left when everything darker than its surroundings and narrower than a third of the picture
    is filled in: of each window the lightest pixel, and of these in each window the darkest.

    Args:
        picture: Brightness $g$, from 0 for black to 1 for white, shape (height, width).

    Raises:
        TypeError: If `picture` is not numeric.
        ValueError: If it has not two axes, no pixel, or a number that is not finite.

    Source: Serra 1982, *Image Analysis and Mathematical Morphology*, chapter XII, for closing.
    """
    grey = grey_picture(picture)
    coarse = _coarse(grey)
    window = int(max(coarse.shape) * WIDEST) | 1
    around = np.pad(coarse, window, "edge")  # what reaches the edge may go on beyond it
    light = filtered(filtered(around, window, np.max), window, np.min)[window:-window, window:-window]
    return np.minimum(grey / np.maximum(stretched(light, grey.shape), BLACKEST), 1)


def _coarse(grey: Array) -> Array:
    """Return the picture so small that strokes are no more than spots, but light and shade are the same."""
    share = min(1, COARSE / max(grey.shape))
    return area_average(grey, tuple(max(1, round(side * share)) for side in grey.shape))


def _ink(even: Array) -> Array:
    """Return how much ink there is in each pixel: all from three quarters of the darkest on, none below a quarter."""
    dark = filtered(1 - even, max(even.shape) // FINE | 1, np.mean)
    paper = np.median(dark)
    grain = 1.5 * np.median(abs(dark - paper))
    speck = min(SPECK, dark.size)
    full = np.partition(dark, -speck, axis=None)[-speck]
    if full - paper < max(FAINTEST, 8 * grain):
        raise ImageError("blank", "picture: expected a digit, got blank paper")
    return np.clip(2 * (dark - paper) / (full - paper) - 0.5, 0, 1)


def _cropped(ink: Array) -> Array:
    """Return the box around the largest blob of ink and the strokes that almost touch it, without anything else."""
    written = ink > 1 / 2
    labels, digit, _ = _largest(written, ink)
    reach = round(GAP * max(map(np.ptp, np.nonzero(labels == digit))))
    labels, digit, amounts = _largest(filtered(written, 2 * reach + 1, np.max), ink)
    own = np.where(labels == digit, ink, 0)
    (top, bottom), (left, right) = ((int(side.min()), int(side.max()) + 1) for side in np.nonzero(own))
    if top == 0 or left == 0 or bottom == ink.shape[0] or right == ink.shape[1]:
        raise ImageError("rim", "picture: expected paper all around the digit, got ink that touches the edge")
    if (amounts > LARGE * amounts[digit]).sum() > 1:
        raise ImageError("several", "picture: expected one digit, got several blobs of ink")
    if (longest := max(bottom - top, right - left)) < SMALLEST:
        raise ImageError("small", f"picture: expected a digit of at least {SMALLEST} pixels, got one of {longest}")
    return own[top:bottom, left:right]


def _largest(mask: Array, ink: Array) -> tuple[Array, int, Array]:
    """Return a picture of the blobs, the number of the one with most ink, and how much ink each has."""
    labels = blobs(mask)
    amounts = np.bincount(labels.ravel(), ink.ravel())
    amounts[0] = 0
    return labels, int(amounts.argmax()), amounts


def _scaled(box: Array, longest: int) -> Array:
    """Return the box at its final size; its darkest pixel is full ink again."""
    share = longest / max(box.shape)
    small = area_average(box, tuple(max(1, round(side * share)) for side in box.shape))
    return small / small.max()


def _centred(digit: Array, size: int) -> Array:
    """Return the digit, moved by whole pixels so that its centre of mass lies in the middle; it stays inside."""
    canvas = np.zeros((size, size), digit.dtype)
    corner = [
        int(np.clip(np.floor(size / 2 - round(mass, 9) + 0.5), 0, size - side))  # the same on every machine at a tie
        for mass, side in zip(centre_of_mass(digit), digit.shape, strict=True)
    ]
    canvas[corner[0] : corner[0] + digit.shape[0], corner[1] : corner[1] + digit.shape[1]] = digit
    return canvas
