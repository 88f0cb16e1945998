"""The cheat sheet copies its formulas from the chapters, and what its table of symptoms says about a check is so."""

from __future__ import annotations

import numpy as np
import pytest
from markdown import Markdown

from backproplab import Dense, Network, check_gradients
from backproplab.book import ledger

RNG = np.random.default_rng(3)


def test_an_equation_is_quoted_as_its_chapter_has_it_with_a_link_to_it() -> None:
    entry = next(entry for entry in ledger.equations() if entry.tag == "BP2")
    html = Markdown(extensions=["backproplab.book.ledger"]).convert("error [[equation BP2]] here")
    assert entry.formula in html
    assert '<a href="../network/four-equations.md#eq-BP2">(BP2)</a> here' in html


def test_a_tag_that_no_page_shows_cannot_be_quoted() -> None:
    with pytest.raises(LookupError, match=r"\[\[equation NONE\]\]: no page shows"):
        ledger.quoted("NONE", ledger.equations())


def wrong(mistake: str) -> set[str]:
    """The parameters whose gradients a check calls wrong after one mistake in a network of two layers."""
    layers = [Dense(3, 4, "sigmoid", rng=RNG), Dense(4, 2, "sigmoid", rng=RNG)]
    network = Network(layers)
    x, y = RNG.random((3, 3)), RNG.random((3, 2))
    trace = network.trace(x, y)
    first, second = trace.steps
    claimed = dict(trace.gradients)
    if mistake == "BP1":
        claimed = {name: -gradient for name, gradient in claimed.items()}
    elif mistake == "BP2":
        delta = layers[1].W.T @ second.delta
        claimed |= {"W1": delta @ first.a_prev.T, "b1": delta.sum(axis=1).reshape(layers[0].b.shape)}
    elif mistake == "BP3":
        claimed |= {"b2": claimed["b2"] / 3}
    else:
        claimed |= {"W2": second.delta @ first.z.T}

    def cost(parameters: dict[str, np.ndarray]) -> float:
        own = [Dense.from_parameters(parameters[f"W{layer}"], parameters[f"b{layer}"], "sigmoid") for layer in (1, 2)]
        return Network(own).cost(x, y)

    report = check_gradients(cost, network.parameters, claimed)
    return {check.name for check in report.checks if check.verdict == "wrong"}


@pytest.mark.parametrize(
    ("mistake", "found"),
    [("BP1", {"W1", "b1", "W2", "b2"}), ("BP2", {"W1", "b1"}), ("BP3", {"b2"}), ("BP4", {"W2"})],
)
def test_the_place_of_a_wrong_gradient_tells_the_equation(mistake: str, found: set[str]) -> None:
    assert wrong(mistake) == found
