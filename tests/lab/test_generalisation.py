"""Generalisation: weight decay, shifts and the luck of a test as the chapter prints them."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import SGD, shifted
from backproplab.book.formulas.formula import formula
from tests.worlds.generalisation import best_of, lowest, moved, one_test, penalised, shrinking, two_tests


@pytest.mark.equation("PENALTY")
def test_the_slope_of_the_penalty() -> None:
    r"""The measured slope of a cost with a charge for each square is that of the cost plus $\lambda w_k$."""
    formula("PENALTY").holds(penalised(0.7))


@pytest.mark.equation("SHRINK")
def test_weight_decay_shrinks_and_steps() -> None:
    r"""Steps down the whole penalised cost shrink by $1 - \eta\lambda$ and step, and `SGD` takes them."""
    world = shrinking()
    H, star = np.array([[1.3, 0.4, -0.2], [0.4, 0.9, 0.3], [-0.2, 0.3, 1.7]]), np.array([0.3, -0.2, 0.9])
    optimizer, w, path = SGD(world["eta"], weight_decay=world["lambda"]), world["w"][0].copy(), {}
    for t in range(4):
        optimizer.step([w], [H @ (w - star)])
        path[t] = w.copy()
    formula("SHRINK").holds(world, package=lambda t: path[t])


@pytest.mark.equation("RIDGE")
def test_ridge_is_where_the_penalised_bowl_is_lowest() -> None:
    """A long walk down a penalised bowl ends where the formula says, axis by axis."""
    formula("RIDGE").holds(lowest(0.4), lowest(1.5))


@pytest.mark.equation("SHIFTED")
@pytest.mark.parametrize("seed", range(3))
def test_shifted_is_the_formula(seed: int) -> None:
    """A single lit pixel shows by how much `shifted` moves; another image it moves as the formula says."""
    lit, image = np.zeros((1, 7, 7)), np.random.default_rng(9).random((1, 7, 7))
    lit[0, 3, 3] = 1
    row, column = np.argwhere(shifted(lit, np.random.default_rng(seed), 2)[0])[0]
    new = shifted(image, np.random.default_rng(seed), 2)[0]
    formula("SHIFTED").holds(
        moved(image[0], int(row) - 3, int(column) - 3), moved(image[0], 2, -1), package=lambda i, j: new[i, j]
    )


@pytest.mark.equation("ENOUGH")
def test_enough_images_for_two_standard_errors() -> None:
    """Over all outcomes of two small tests, so many images make a difference two standard errors long."""
    formula("ENOUGH").holds(two_tests(0.7, 3), two_tests(0.9, 4))


@pytest.mark.equation("PAIRED")
def test_the_error_of_a_paired_difference() -> None:
    r"""The spread of the numbers $+1$, $0$ and $-1$, over the root of how many there are, is the formula."""
    formula("PAIRED").holds(one_test([1, 1, 1, -1, 0, 0, 0]), one_test([1, -1, -1, 0, 0]))


@pytest.mark.equation("BESTOF")
def test_the_best_of_several() -> None:
    """Over all results of several networks, the best scores at most so many as often as the formula says."""
    formula("BESTOF").holds(best_of(3), best_of(2))
