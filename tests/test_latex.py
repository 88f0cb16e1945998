"""Numbers and arrays as LaTeX: the one rounding that every page uses."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import latex_matrix, latex_number

ROUNDED = [
    # value, digits, LaTeX
    (0, 4, "0"),
    (-0.0, 4, "0"),
    (3.0, 4, "3"),
    (-17, 4, "-17"),
    (np.float32(0.1), 4, "0.1000"),
    (0.5, 4, "0.5000"),
    (1 / 3, 4, "0.3333"),
    (2 / 3, 4, "0.6667"),
    (-2 / 3, 2, "-0.67"),
    (0.125, 2, "0.12"),
    (0.375, 2, "0.38"),
    (2.5, 0, "2"),
    (3.5, 0, "4"),
    (0.00005, 4, "0.0001"),
    (0.00004, 4, r"4.000 \times 10^{-5}"),
    (-0.00004, 4, r"-4.000 \times 10^{-5}"),
    (2.5e-7, 2, r"2.50 \times 10^{-7}"),
    (0.4, 0, r"4 \times 10^{-1}"),
    (9.9996e-7, 4, r"1.000 \times 10^{-6}"),
    (5e-324, 4, r"4.941 \times 10^{-324}"),
    (999_999, 4, "999999"),
    (999_999.5, 4, "999999.5000"),
    (999_999.99996, 4, r"1.000 \times 10^{6}"),
    (-999_999.99996, 4, r"-1.000 \times 10^{6}"),
    (1_000_000, 4, r"1.000 \times 10^{6}"),
    (1.7e308, 4, r"1.700 \times 10^{308}"),
    (float("inf"), 4, r"\infty"),
    (float("-inf"), 4, r"-\infty"),
]


@pytest.mark.parametrize(("value", "digits", "latex"), ROUNDED)
def test_numbers(value: float, digits: int, latex: str) -> None:
    """A number is rounded half to even; what would show only noughts, or seven places, becomes a power of ten."""
    assert latex_number(value, digits) == latex


def test_four_decimals_are_the_default() -> None:
    """Without a wish, four decimals are shown."""
    assert latex_number(np.pi) == latex_number(np.pi, 4) == "3.1416"
    assert latex_matrix(np.pi) == "3.1416"


MATRICES = [
    # array, LaTeX
    (2, "2"),
    ([1, 2], r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}"),
    ([[1, 2]], r"\begin{bmatrix} 1 & 2 \end{bmatrix}"),
    ([[1], [2]], r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}"),
    ([[1, -0.0], [0.5, 2e-9]], r"\begin{bmatrix} 1 & 0 \\ 0.500 & 2.000 \times 10^{-9} \end{bmatrix}"),
    (np.eye(2, dtype=np.float32), r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}"),
    ([True, False], r"\begin{bmatrix} 1 \\ 0 \end{bmatrix}"),
]


@pytest.mark.parametrize(("array", "latex"), MATRICES, ids=str)
def test_matrices(array: object, latex: str) -> None:
    """A vector stands upright, a matrix keeps its rows, and every entry is rounded like a single number."""
    assert latex_matrix(array, 3) == latex  # type: ignore[arg-type]
