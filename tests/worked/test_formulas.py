"""Every formula that a worked example prints, in symbols and in numbers, is true where its letters have their meaning."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Dense, Network
from backproplab.book.formulas.check import Manner
from backproplab.book.formulas.formula import Formula
from backproplab.worked.examples import worked_sections
from backproplab.worked.sections import Formula as Written, latex
from tests.worlds.worked import FACTOR, SIGMA, batch

ENTROPIES = ("binary_cross_entropy", "softmax_cross_entropy")
KINDS = [(name, loss) for name in SIGMA for loss in FACTOR] + [("identity", loss) for loss in ENTROPIES]


@pytest.mark.parametrize("examples", [1, 2])
@pytest.mark.parametrize(("activation", "loss"), KINDS)
def test_every_line_of_every_formula_is_true(activation: str, loss: str, examples: int) -> None:
    rng = np.random.default_rng(12)
    layers = [Dense(2, 3, activation, rng=rng), Dense(3, 2, activation, rng=rng)]
    network = Network(layers, loss=loss)
    x, y = rng.standard_normal((examples, 2)), np.array([[0.25, 0.75], [0.5, 0.5]])[:examples]
    world = batch(network, x.T, y.T, 0.5)
    formulas = [
        part
        for section in worked_sections(network, x, y, 0.5, digits=12)
        for part in section.parts
        if isinstance(part, Written) and len(part.lines) > 1
    ]
    assert len(formulas) >= 18
    for written in formulas:
        Formula(f"{written.left} in the worked example", latex(written)).is_true([(world, Manner(rtol=1e-8))], None)
