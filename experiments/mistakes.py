"""The mistakes of preparing a digit that are made on purpose, each as a function of an image made as MNIST is."""

from collections.abc import Callable

import numpy as np

from backproplab import area_average
from backproplab.checks import Array


def box(image: Array) -> Array:
    """Return what lies between the first and the last row and column with ink."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def in_the_middle(digit: Array) -> Array:
    """Put the middle of a digit's box into the middle of an image, instead of its centre of mass."""
    top, left = ((28 - side) // 2 for side in digit.shape)
    image = np.zeros((28, 28))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def sized(image: Array, longest: int) -> Array:
    """Scale the box to another size than 20 pixels."""
    digit = box(image)
    share = longest / max(digit.shape)
    return in_the_middle(area_average(digit, [max(1, round(side * share)) for side in digit.shape]))


def moved(image: Array, pixels: int) -> Array:
    """Move an image to the right; what leaves it is lost."""
    return np.pad(image, ((0, 0), (pixels, 0)))[:, :-pixels]


RAMP = np.linspace(0, 0.5, 28)
"""How much the light falls off from one side to the other."""
MISTAKES: dict[str, Callable[[Array], Array]] = {
    "none": lambda x: x,
    "not inverted": lambda x: 1 - x,
    "centred by its box": lambda x: in_the_middle(box(x)),
    "2 pixels off": lambda x: moved(x, 2),
    "4 pixels off": lambda x: moved(x, 4),
    "filling the frame": lambda x: sized(x, 28),
    "too small": lambda x: sized(x, 12),
    "grey paper": lambda x: 0.3 + 0.7 * x,
    "uneven light": lambda x: x + (1 - x) * RAMP,
    "thresholded": lambda x: (x > 0.5).astype(float),
    "pale pen": lambda x: 0.3 * x,
    "lying on its side": np.rot90,
}
"""Each mistake as a function of an image with ink 1 and paper 0, made as MNIST is."""
