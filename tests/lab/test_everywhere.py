"""The same rule everywhere: an embedding, the floor of a model's cost, and an attention head, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Tensor, softmax, softmax_cross_entropy, softmax_jacobian
from backproplab.book.formulas.formula import formula
from tests.worlds.everywhere import guesses, head, one_lookup, random_score, sentence

HEAD = head()


def tensors() -> dict[str, Tensor]:
    """The head of the world once more, recorded, with every gradient worked out."""
    t = {name: Tensor(HEAD[name]) for name in ("X", "W_Q", "W_K", "W_V")}
    t["Q"], t["K"], t["V"] = (t[f"W_{name}"] @ t["X"] for name in "QKV")
    t["S"] = t["K"].T @ t["Q"] / np.sqrt(3)
    powers = t["S"].exp() * np.triu(np.ones((3, 3)))
    t["A"] = powers / powers.sum(axis=0)
    t["H"] = t["V"] @ t["A"]
    rng = np.random.default_rng(0)
    for _ in range(4):
        rng.standard_normal((3, 3))
    goal, weight = rng.standard_normal((3, 3)), np.array([[1.0], [2.0], [3.0]])
    ((t["H"] - goal) ** 2 * weight).sum().backward()
    return t


@pytest.mark.equation("LOOKUP")
def test_a_lookup_is_a_product_with_a_one_hot_column() -> None:
    """An embedding times a one-hot column is the column of the word."""
    formula("LOOKUP").holds(one_lookup(3), one_lookup(1, seed=1))


@pytest.mark.equation("EMBEDDING")
def test_the_gradient_of_an_embedding_goes_to_the_columns_that_were_looked_up() -> None:
    """A word that occurs twice gets both gradients, one that does not occur gets none, and `Tensor` agrees."""
    world = sentence([2, 4, 1, 2])
    E = Tensor(world["E"])
    looked_up = E.T[np.array([2, 4, 1, 2]) - 1].T
    mix = np.random.default_rng(0)
    mix.standard_normal((4, 4))
    sums = (looked_up * mix.standard_normal((4, 4))).sum(axis=0) @ np.triu(np.ones((4, 4)))
    sums.backward(np.cos(sums.data))
    formula("EMBEDDING").holds(world, sentence([3, 3, 3, 1], seed=1), package=lambda: E.grad)


@pytest.mark.equation("FLOOR")
def test_no_shares_cost_less_than_the_entropy() -> None:
    """The mean cost is never below the entropy of what follows, and it is the entropy where the shares are the frequencies."""
    frequencies, shares = [0.5, 0.2, 0.3], [0.2, 0.3, 0.5]
    worlds = [guesses(frequencies, each) for each in (shares, [0.6, 0.1, 0.3], [0.48, 0.21, 0.31])]
    rows = np.array(frequencies)[:, None]
    cost = softmax_cross_entropy.value(np.log(np.array(shares))[:, None], rows)
    formula("FLOOR").holds(*worlds, reached=[guesses(frequencies, frequencies)], package=lambda: cost)


@pytest.mark.equation("ROOTD")
def test_the_variance_of_a_score() -> None:
    """Over all outcomes of a key and a query, their dot product has the length times the variance of one product."""
    formula("ROOTD").holds(random_score(3), random_score(4))


@pytest.mark.equation("HEAD")
def test_an_attention_head_by_index() -> None:
    """Scores, masked softmax and average, in plain loops, are the formula; so are the package's softmax and `Tensor`."""
    shares = np.zeros((3, 3))
    for u in range(3):
        shares[: u + 1, u] = softmax(HEAD["s"][: u + 1, u])
    t = tensors()
    formula("HEAD").holds(HEAD, head(3, seed=1), package=[lambda: t["S"].data, lambda: shares, lambda: t["H"].data])


@pytest.mark.equation("MIXBACK")
def test_back_through_the_mixture() -> None:
    """The gradients at the values and at the attention are those that are measured, and those of `Tensor`."""
    t = tensors()
    formula("MIXBACK").holds(HEAD, package=[lambda: t["V"].grad, lambda: t["A"].grad])


@pytest.mark.equation("SOFTMAXBACK")
def test_back_through_a_column_of_shares() -> None:
    """The gradient at a score is that of the package's Jacobian, column by column; what is masked gets none."""
    arrives, back = tensors()["A"].grad, np.zeros((3, 3))
    assert arrives is not None
    for u in range(3):
        back[: u + 1, u] = softmax_jacobian(HEAD["s"][: u + 1, u]).T @ arrives[: u + 1, u]
    formula("SOFTMAXBACK").holds(HEAD, head(4, seed=1), package=lambda: back)


@pytest.mark.equation("SCOREBACK")
def test_back_through_the_scores() -> None:
    """The gradients at queries and keys are those that are measured, and those of `Tensor`."""
    t = tensors()
    formula("SCOREBACK").holds(HEAD, package=[lambda: t["Q"].grad, lambda: t["K"].grad])


@pytest.mark.equation("THREEPATHS")
def test_three_paths_meet_in_the_input() -> None:
    """The gradient at the input is the sum of what comes back from queries, keys and values."""
    t = tensors()
    formula("THREEPATHS").holds(HEAD, package=lambda: t["X"].grad)
