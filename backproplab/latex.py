"""Numbers and arrays as LaTeX, rounded in one stated way."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from backproplab.checks import real_array, real_number
from backproplab.options import digit_count

__all__ = ["latex_matrix", "latex_number"]


def latex_number(value: float, digits: int = 4) -> str:
    r"""Return a number as LaTeX, rounded half to even to a fixed number of decimals.

    Whole numbers stay whole. A number that would show no digit but zeros is written as a power of ten instead,
    such as $2.5 \times 10^{-7}$, and so is one of more than six digits before the point.

    Args:
        value: The number; infinity is written $\infty$.
        digits: Decimals to show.

    Raises:
        TypeError: If `value` is not a number, or `digits` not a whole one.
        ValueError: If `digits` is negative or more than a double has, or `value` is NaN or too large for a float.

    Source: the book's own convention, stated on the page on notation.
    """
    digits = digit_count(digits)
    value = real_number(value, "value")
    if np.isnan(value):
        raise ValueError("value: expected a number, got nan")
    if np.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    rounded = f"{value:.{digits}f}"
    if 0 < abs(float(rounded)) < 1e6:
        return rounded
    mantissa, exponent = f"{value:.{min(digits, 3)}e}".split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


def latex_matrix(array: ArrayLike, digits: int = 4) -> str:
    r"""Return a vector or matrix as a LaTeX `bmatrix`; a vector stands upright, as everywhere in the book.

    Args:
        array: A number, shape (n,) or (n, m).
        digits: Decimals of each entry.

    Raises:
        TypeError: If `array` is not numeric.
        ValueError: If it has more than two axes, or holds NaN or infinity.

    Source: the book's own convention, stated on the page on notation.
    """
    values = real_array(array, "array")
    if values.ndim == 0:
        return latex_number(float(values), digits)
    if values.ndim > 2:
        raise ValueError(f"array: expected a vector or a matrix, got shape {values.shape}")
    rows = values[:, np.newaxis] if values.ndim == 1 else values
    return bmatrix([[latex_number(value, digits) for value in row] for row in rows])


def bmatrix(rows: Sequence[Sequence[str]]) -> str:
    """Return entries that are LaTeX already, row by row, as a `bmatrix`."""
    return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}"
