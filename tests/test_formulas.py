"""The reader of formulas: what it makes of LaTeX, what it refuses, and that a wrong formula does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproplab.book.formulas.check import Untrue
from backproplab.book.formulas.formula import Formula, displays, formula
from backproplab.book.formulas.reader import read
from backproplab.book.formulas.tree import ReadError, tokens
from backproplab.book.formulas.world import World
from tests.worlds import calculus, convolution, network

LAYERS = network.layers()


def test_every_tagged_display_is_made_of_known_tokens() -> None:
    """KaTeX's parser and ours know every piece of every tagged equation."""
    assert len(displays()) > 150
    for tex in displays().values():
        assert tokens(tex)


@pytest.mark.parametrize(
    ("tex", "said"),
    [
        (r"a^l_j = \sigma(z^l_j)", "a^{l}_{j} = sigma(z^{l}_{j})"),
        (r"\delta^L_j = x^2 (1 - x)", "delta^{L}_{j} = (x)^2 (1 - x)"),
        (r"x = \sum_k w^1_{jk} a^0_k + b^1_j", "x = (Σ[k] w^{1}_{j,k} a^{0}_{k} + b^{1}_{j})"),
        (r"x = \prod_{l=2}^{L} w^l_{jk} \cdot 2 x", "x = Π[l=2..L] w^{l}_{j,k} · 2 x"),
        (r"\frac{\partial^2 C}{\partial (x)^2} = C", "∂[C]/∂[x, x] = C"),
        (r"x = n_1 n_2 \cdots n_L", "x = Π[…=1..L] n_{…}"),
        (r"(W^{l+1})^T \delta^{l+1} = x", "(W^{(l + 1)})^T delta^{(l + 1)} = x"),
    ],
)
def test_what_a_letter_is_decides_how_it_is_read(tex: str, said: str) -> None:
    assert [str(statement) for statement in read(tex, LAYERS)] == [said]


@pytest.mark.parametrize(
    ("tex", "complaint"),
    [
        (r"a^l_j = \operatorname{swish}(z^l_j)", "the function swish is not declared"),
        (r"a^l_j", "states nothing"),
        (r"x'^2 = x", "nothing shows how far x' runs"),
        (r"x = (a^l_j", "a bracket ( is not closed"),
        (r"x = 1/2 x", "under the slash"),
        (r"x = \ln 2 x", "belongs to ln"),
        (r"x = n_1 \cdots n_1", "it does not show what runs"),
        (r"x^\mathsf{T} = x", "a node of the kind 'font' has no meaning"),
        (r"x = n_1 n_3 \cdots n_L", "do not follow one another"),
    ],
)
def test_what_has_no_one_meaning_is_an_error(tex: str, complaint: str) -> None:
    with pytest.raises(ReadError, match=complaint.replace("(", r"\(")):
        Formula("X", tex).holds(LAYERS)


@pytest.mark.parametrize(
    "tex",
    [
        r"\delta^L = \nabla_a C",
        r"\delta^l = W^{l+1} \delta^{l+1} \odot \sigma'(z^l)",
        r"\frac{\partial C}{\partial W^l} = a^{l-1} (\delta^l)^T",
        r"z^l_j = \sum_k w^l_{kj} a^{l-1}_k + b^l_j",
        r"z^l_j = \sum_k w^l_{jk} a^{l-1}_k - b^l_j",
    ],
)
def test_a_wrong_formula_does_not_hold(tex: str) -> None:
    with pytest.raises((Untrue, ReadError)):
        Formula("X", tex).holds(LAYERS)


def test_a_world_too_weak_to_see_a_mistake_is_named() -> None:
    """With one neuron in each layer the transpose makes no difference; the test that would pass says so."""
    with pytest.raises(Untrue, match="would hold as well with"):
        Formula("X", r"x = y^2").holds(World({"x": 1.0, "y": 1.0}))
    with pytest.raises(Untrue, match="is not the same with"):
        Formula("X", r"x = y").holds(World({"x": 2.0, "y": 2.0}), same={"y → z": "no such mistake"})


def test_slopes_of_every_order_are_measured_to_the_last_digits() -> None:
    def f(x: Any) -> Any:
        return np.sin(2 * x)

    world = World({"f": f, "x": 0.3, "one": 2 * np.cos(0.6), "two": -4 * np.sin(0.6), "three": -8 * np.cos(0.6)})
    for primes, name in enumerate(("one", "two", "three"), 1):
        Formula("X", rf"f{chr(39) * primes}(x) = \text{{{name}}}").holds(world, rtol=1e-12)


@pytest.mark.parametrize(("tag", "small"), [("FORWARD", "h"), ("CENTRAL", "h"), ("COMPLEX", "h"), ("TAYLOR2", "")])
def test_formulas_of_one_variable_hold(tag: str, small: str) -> None:
    formula(tag).holds(calculus.line(), small=small)


@pytest.mark.parametrize(("tag", "small", "order"), [("TAYLORN", "d", 0), ("DESCENT", "eta", 2)])
def test_formulas_of_several_variables_hold(tag: str, small: str, order: int) -> None:
    formula(tag).holds(calculus.hillside(), small=small, order=order)


@pytest.mark.parametrize("tag", ["CONVDOT", "KERNELDOT"])
def test_formulas_of_one_image_hold(tag: str) -> None:
    formula(tag).holds(convolution.plane())


def test_formulas_of_a_layer_of_images_hold() -> None:
    formula("CONVOUT").holds(convolution.layer((2, 5, 5, 1), (2, 2, 3, 3), (2, 2), (1, 1), batch=False))
