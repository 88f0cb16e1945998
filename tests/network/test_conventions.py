"""Conventions: factors between costs, rows for columns, and other meanings of δ."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import Dense, Network, half_squared_error, mean_squared_error, squared_error
from backproplab.book.formulas.check import Manner
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.losses import table
from tests.worlds.steps import as_rows, blamed, two_costs

if TYPE_CHECKING:
    from backproplab import Loss, Step
    from backproplab.checks import Array

N, n = 4, 3
X = np.random.default_rng(0).standard_normal((N, 2))
Y = np.random.default_rng(1).random((N, n))


def network(loss: Loss | str = half_squared_error) -> Network:
    rng = np.random.default_rng(2)
    return Network([Dense(2, 5, "sigmoid", rng=rng), Dense(5, n, "sigmoid", rng=rng)], loss)


@pytest.mark.equation("HALF")
def test_two_comes_from_the_square() -> None:
    r"""The derivative of $c\sum_i\sum_j (a_{ji} - y_{ji})^2$ in $a_{ji}$ is $2c\,(a_{ji} - y_{ji})$, and the three losses are $c = \frac{1}{2N}, \frac1N, \frac{1}{nN}$."""
    formula("HALF").holds(table(0.3))
    for loss, c in ((half_squared_error, 1 / (2 * N)), (squared_error, 1 / N), (mean_squared_error, 1 / (n * N))):
        world = table(c, (n, N))
        a, y = world["a"], world["y"]
        package = [lambda of=loss, a=a, y=y: of.value(a, y), lambda of=loss, a=a, y=y: of.gradient(a, y)]
        formula("HALF").is_true([(world, Manner())], package)


@pytest.mark.equation("FACTOR")
def test_factor_between_any_two_conventions() -> None:
    r"""For each pair of losses every entry of $\nabla C'$ is $c'/c$ times that of $\nabla C$."""
    formula("FACTOR").holds(two_costs(0.3, 0.8))
    factors = {
        "half_squared_error": Fraction(1, 2 * N),
        "squared_error": Fraction(1, N),
        "mean_squared_error": Fraction(1, n * N),
    }
    gradients = {name: network(name).trace(X, Y).gradients for name in factors}
    for one, other in product(factors, repeat=2):
        ratio = float(factors[one] / factors[other])
        for parameter, array in gradients[one].items():
            np.testing.assert_allclose(array, ratio * gradients[other][parameter], rtol=1e-12)


@pytest.mark.equation("SAMEPATH")
def test_rescaled_rates_walk_the_same_path() -> None:
    r"""With $\eta' = \frac{c}{c'}\,\eta$ twenty steps under two costs end at the same parameters; with $\eta' = \eta$ they do not."""
    ends = {}
    for name, rate in (
        ("half_squared_error", 0.8),
        ("squared_error", 0.4),
        ("mean_squared_error", 0.8 * n / 2),
        ("squared", 0.8),
    ):
        net = network({"squared": "squared_error"}.get(name, name))
        for _ in range(20):
            gradients = net.trace(X, Y).gradients
            for parameter, array in net.parameters.items():
                array -= rate * gradients[parameter]
        ends[name] = net.parameters["W1"]
    np.testing.assert_allclose(ends["squared_error"], ends["half_squared_error"], rtol=1e-12)
    np.testing.assert_allclose(ends["mean_squared_error"], ends["half_squared_error"], rtol=1e-12)
    assert not np.allclose(ends["squared"], ends["half_squared_error"], rtol=1e-3)
    for c, eta in ((1 / N, 0.4), (1 / (n * N), 0.8 * n / 2)):
        formula("SAMEPATH").holds(World({"c": 1 / (2 * N), "eta": 0.8, "c'": c, "eta'": eta}))


def turned(world: World, name: str) -> list[Step]:
    """What the package computes, in columns, for the rows of a world."""
    weights = {l: W if name == "W" else W.T for l, W in world[name].items()}
    dense = [Dense.from_parameters(W, world["b"][l], "sigmoid") for l, W in weights.items()]
    return Network(dense).trace(world["A"][0], world["y"]).steps


@pytest.mark.equation("ROWS")
def test_rows_are_the_transposed_equations() -> None:
    r"""With examples as rows $Z = A W^T + b^T$, $\Delta^l = \Delta^{l+1} W^{l+1} \odot \sigma'$, and the slopes are $\Delta^T \mathbf 1$ and $\Delta^T A$: the package's numbers, turned over."""
    world = as_rows()
    steps = turned(world, "W")
    package = [
        lambda l: steps[l - 1].z.T,
        lambda l: steps[l - 1].delta.T,
        lambda l: steps[l - 1].grads["b"],
        lambda l: steps[l - 1].grads["W"],
    ]
    formula("ROWS").holds(world, package=package)


@pytest.mark.equation("INOUT")
def test_weights_stored_the_other_way_round() -> None:
    r"""With $M = W^T$ the forward pass is $A M + b^T$ and the slopes $A^T \Delta$: the package's numbers, turned over."""
    world = as_rows("M")
    steps = turned(world, "M")
    package = [lambda l: steps[l - 1].z.T, lambda l: steps[l - 1].delta.T, lambda l: steps[l - 1].grads["W"].T]
    formula("INOUT").holds(world, package=package)


@pytest.mark.equation("GAMMA")
def test_delta_and_gamma() -> None:
    r"""$\gamma^l = (W^{l+1})^T\delta^{l+1}$ is the slope of $C$ in $a^l$, and $\delta^l = \gamma^l \odot \sigma'(z^l)$; each layer of the package hands on the one and keeps the other."""
    world = blamed()
    dense = [Dense.from_parameters(world["W"][l], world["b"][l], "sigmoid") for l in world["W"]]
    steps = Network(dense).trace(world["x"], world["y"]).steps
    package = [lambda l: dense[l].pull_back(steps[l].a_prev, steps[l].delta), lambda l: steps[l - 1].delta]
    formula("GAMMA").holds(world, package=package)


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true",
    reason="PyTorch is not installed: pip install torch (CI=true requires it)",
)
def test_the_dictionary_s_entries_for_pytorch() -> None:
    """`MSELoss` divides by all outputs, `reduction="sum"` by nothing, weights are (out, in), gradients add up, and what `Linear` gets back is δ."""
    import torch

    a = torch.tensor(np.random.default_rng(3).random((N, n)), requires_grad=True)
    target = torch.tensor(Y)
    for reduction, c in (("mean", 1 / (n * N)), ("sum", 1.0)):
        a.grad = None
        torch.nn.MSELoss(reduction=reduction)(a, target).backward()
        assert a.grad is not None
        expected = 2 * c * (a - target).detach().numpy()
        np.testing.assert_allclose(a.grad.numpy(), expected)
    torch.nn.MSELoss(reduction="sum")(a, target).backward()
    assert a.grad is not None
    np.testing.assert_allclose(a.grad.numpy(), 2 * expected)
    linear = torch.nn.Linear(2, 5)
    assert tuple(linear.weight.shape) == (5, 2)
    got_back: list[Array] = []
    linear.register_full_backward_hook(
        lambda _module, _grad_input, grad_output: got_back.append(grad_output[0].numpy())
    )
    z = linear(torch.tensor(X, dtype=torch.float32, requires_grad=True))
    z.retain_grad()
    torch.sigmoid(z).sum().backward()
    assert z.grad is not None
    np.testing.assert_array_equal(got_back[0], z.grad.numpy())
