"""When learning stalls: how large random weights make sums and errors, the first loss, and inputs in other units."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from backproplab import (
    Activation,
    Dense,
    Network,
    half_squared_error,
    he,
    leaky_relu,
    mnist,
    relu,
    softmax_cross_entropy,
    xavier,
)
from backproplab.book.formulas.formula import formula
from tests.book import ROOT
from tests.worlds.stalls import (
    balanced,
    deep_relus,
    fan_in,
    fan_out,
    kept_by_relu,
    lead,
    linear_neuron,
    one_number,
    standardized,
)

MNIST = Path(os.environ.get("MNIST", ROOT.parent / "shared" / "mnist"))


@pytest.mark.equation("FIRSTLOSS")
def test_the_loss_is_the_lead_but_for_the_logarithm_of_the_classes() -> None:
    r"""The cross-entropy lies between the lead of the highest logit and that plus $\ln K$; equal logits cost $\ln K$ more than no lead."""
    world = lead([0.3, -1.2, 2.1, 0.8], 2)
    formula("FIRSTLOSS").holds(
        world, reached=[lead([1.3] * 4, 2), lead([1.0, 41.0, 3.0], 3), lead([1.0, 41.0, 3.0], 1)]
    )
    labels = np.array([[0.0], [1.0], [0.0], [0.0]])
    assert softmax_cross_entropy.value(world["z"][:, None], labels) == pytest.approx(world["C"])
    assert lead([1.3] * 5, 2)["C"] == pytest.approx(np.log(5))


@pytest.mark.equation("FANIN")
def test_the_variance_of_a_weighted_sum() -> None:
    r"""Over all outcomes of its weights, a weighted sum has the variance $s^2 \sum_k a_k^2$."""
    formula("FANIN").holds(fan_in([0.7, -1.1, 0.4]), fan_in([1.2, 0.5]))


@pytest.mark.equation("FANOUT")
def test_the_variance_of_an_error_that_goes_back() -> None:
    r"""Over all outcomes of the weights, the gradient at an activation has the variance $s^2 \sum_j \delta_j^2$."""
    same = {"g_{k} → g_{j}": "the free index by another name: the variance is the same at every activation"}
    formula("FANOUT").holds(fan_out([0.3, -0.8, 1.4]), fan_out([1.2, 0.5]), same=same)


@pytest.mark.equation("XAVIER")
def test_xavier_balances_forward_and_backward() -> None:
    r"""The deviation at which signal and error are kept on average has the square $2/(n_\text{in} + n_\text{out})$, and the package draws it."""
    worlds = [balanced(3, 2), balanced(1, 4)]
    formula("XAVIER").holds(*worlds)
    for world in worlds:
        assert xavier.deviation(world["n_in"], world["n_out"], 1.0) == pytest.approx(world["s"])


@pytest.mark.equation("RELUHALF")
def test_relu_keeps_half_of_the_mean_square() -> None:
    """A number and its negative share one square, so what is as likely to be either keeps half of it, as the package's ReLU does."""
    formula("RELUHALF").holds(one_number(1.7), one_number(-0.4), one_number(0.0))
    z = np.array([0.4, -0.4, 1.7, -1.7, 2.2, -2.2])
    assert np.mean(relu(z) ** 2) == pytest.approx(np.mean(z**2) / 2)


@pytest.mark.equation("HE")
def test_he_keeps_the_size_through_a_relu() -> None:
    r"""The deviation at which a mean square comes unchanged through a ReLU and a layer has the square $2/n_\text{in}$, and the package draws it."""
    worlds = [kept_by_relu(3), kept_by_relu(4)]
    formula("HE").holds(*worlds)
    for world in worlds:
        assert he.deviation(world["n_in"], 7, 1.0) == pytest.approx(world["s"])


@pytest.mark.equation("DEPTH")
def test_depth_is_a_power() -> None:
    r"""Over all signs of the weights of a ReLU network, the mean square of $z$ grows by $n s^2 / 2$ with every layer."""
    formula("DEPTH").holds(deep_relus(2, 4, 0.7), deep_relus(2, 3, 1.3), deep_relus(1, 4, 0.9))


@pytest.mark.equation("INPUTCURVATURE")
def test_the_inputs_are_the_curvature() -> None:
    r"""The measured second slopes of a linear neuron's cost are the means of the products of two inputs."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((3, 3)) + 0.5, rng.standard_normal(3)
    formula("INPUTCURVATURE").holds(linear_neuron(x, y))
    layer = Dense.from_parameters([[0.5, -0.15, -0.8]], [0.0])
    network = Network([layer], half_squared_error)
    assert network.cost(x, y[:, None]) == pytest.approx(linear_neuron(x, y)["C"])


@pytest.mark.equation("STANDARDIZE")
def test_standardized_inputs_are_the_formula() -> None:
    """What is left of an input when its share of the ones is taken away, made as long as they are, is the formula."""
    x = np.random.default_rng(1).standard_normal((4, 2)) * [1.5, 0.4] + [0.7, -2.0]
    world = standardized(x)
    formula("STANDARDIZE").holds(world)
    hat = world["hat_x"]
    np.testing.assert_allclose(hat.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(np.diag(hat.T @ hat) / len(x), 1)


@pytest.mark.parametrize("activation", [relu, leaky_relu])
def test_only_a_leak_moves_a_neuron_that_every_input_leaves_below_zero(activation: Activation) -> None:
    """A ReLU below zero for every input keeps its parameters; one that is below zero for two of three, or leaks, does not."""
    x = np.array([[0.2, 0.9], [0.7, 0.1], [0.9, 0.5]])
    for bias, below in ((-3.0, 3), (-0.72, 2)):
        hidden = Dense.from_parameters([[0.8, 0.6]], [bias], activation)
        trace = Network([hidden, Dense.from_parameters([[1.0]], [0.0])]).trace(x, np.ones((3, 1)))
        assert (trace.steps[0].z < 0).sum() == below
        learns = below < 3 or activation is leaky_relu
        assert np.any(trace.gradients["W1"]) == learns
        assert np.any(trace.gradients["b1"]) == learns


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST is not here: MNIST=folder names the folder of its four files")
@pytest.mark.parametrize("number", [0, 5])
def test_the_first_losses_are_as_recorded(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first loss and the first epoch of a recorded run come out again, for each of the two ways to draw the weights."""
    monkeypatch.syspath_prepend(ROOT / "experiments")
    experiment = importlib.import_module("first_loss")
    recorded = json.loads((ROOT / "experiments/records/first-loss.json").read_text("utf-8"))["runs"]
    assert [(run["init"], run["seed"]) for run in recorded] == [
        (init, seed) for init in experiment.INITS for seed in experiment.SEEDS
    ]
    run = recorded[number]
    again = experiment.run(run["init"], run["seed"], mnist(MNIST, np.float32), epochs=1)
    assert again["first"] == pytest.approx(run["first"], rel=1e-3)
    assert again["log"] == pytest.approx(run["log"][:1], rel=1e-2)
