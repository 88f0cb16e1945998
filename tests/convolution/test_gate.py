"""The way back through activations: one gate for each place, how far it opens, and what many in a row leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from backproplab import (
    ACTIVATIONS,
    Conv2d,
    Dense,
    Network,
    leaky_relu,
    output_error,
    relu,
    sigmoid,
    tanh,
)
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.convolution import layer
from tests.worlds.network import chain
from tests.worlds.worked import SIGMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.formulas.world import Let

Z = sp.Symbol("z", real=True)
SIGMOID = 1 / (1 + sp.exp(-Z))


def gated(function: Callable[[Any], Any]) -> World:
    """A vector of places behind one activation, and a cost of what they let through; δ is measured place by place."""
    weights = np.array([0.5, -1.2, 2.0])

    def cost(a: Any) -> Any:
        return sum(w * (a[k] - 0.3) ** 2 for k, w in enumerate(weights))

    def program(let: Let) -> None:
        z = let("z", np.array([0.7, -0.4, 1.3]))
        let("sigma", function)
        let("C", cost(let("a", function(z))))

    before, step = World(program), 1e-30
    slopes = [np.imag(before.nudged(((("z", (), (k,)), 1j * step),))["C"]) / step for k in range(3)]

    def with_error(let: Let) -> None:
        program(let)
        let("delta", np.array(slopes))

    return World(with_error)


@pytest.mark.equation("GATE")
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_every_place_has_a_gate_of_its_own(name: str) -> None:
    r"""Place by place, $\delta = \partial C / \partial a \odot \sigma'(z)$, with both slopes measured; the package's layer says so too."""
    world = gated(SIGMA[name])
    grad_a = 2 * np.array([0.5, -1.2, 2.0]) * (world["a"] - 0.3)
    formula("GATE").holds(world, package=lambda: output_error(grad_a, ACTIVATIONS[name].derivative(world["z"])))


def gates(z: float) -> World:
    """The three activations at one place."""
    return World({"sigma": SIGMA["sigmoid"], "tanh": SIGMA["tanh"], "relu": SIGMA["relu"], "z": z})


@pytest.mark.equation("GATEBOUND")
def test_how_far_each_gate_opens() -> None:
    r"""$\sigma' = \frac14 - (\sigma - \frac12)^2$ and $\tanh' = 1 - \tanh^2$, with the largest values $\frac14$ and 1 at zero; ReLU has 0 and 1."""
    formula("GATEBOUND").holds(gates(1.3), gates(-0.6), gates(9.0), reached=[gates(0.0)])
    z = np.linspace(-20, 20, 4001)
    for activation, most in ((sigmoid, 1 / 4), (tanh, 1.0)):
        assert np.all(activation.derivative(z) > 0)
        assert activation.derivative(z).max() == pytest.approx(most)
    assert set(relu.derivative(z)) == {0, 1}


@pytest.mark.equation("GATETAIL")
def test_how_fast_gates_close() -> None:
    r"""$\sigma'(z) < e^{-|z|}$ and $\tanh'(z) < 4e^{-2|z|}$, and far out on both sides each comes as close as you like."""
    far = [gates(8.0), gates(-8.0)]
    formula("GATETAIL").holds(gates(1.3), gates(-0.6), gates(0.0), reached=far, rtol=1e-3)


@given(z=st.floats(-300, 300))
@settings(deadline=None)
def test_gates_of_the_package_close_as_fast(z: float) -> None:
    """The package keeps both bounds, wherever the numbers can tell."""
    e = np.exp(-abs(z))
    assert sigmoid.derivative(np.array(z)) == pytest.approx(e / (1 + e) ** 2, rel=1e-12)
    assert tanh.derivative(np.array(z)) <= 4 * e**2 * (1 + 1e-12)
    if abs(z) < 30:  # beyond that 1 + e rounds to 1
        assert sigmoid.derivative(np.array(z)) < e


@pytest.mark.equation("GATETAIL")
def test_the_gate_of_tanh_is_four_gates_of_sigmoid() -> None:
    r"""By SymPy $\tanh'(z) = 4\,\sigma'(2z)$, which gives the second bound from the first."""
    four = 4 * sp.diff(SIGMOID, Z).subs(Z, 2 * Z)
    assert sp.simplify((sp.diff(sp.tanh(Z), Z) - four).rewrite(sp.exp)) == 0


def network(world: World) -> Network:
    """The package's chain of neurons with the numbers of a world."""
    return Network([Dense.from_parameters([[world["w"][l]]], [world["b"][l]], "sigmoid") for l in world["w"]])


@pytest.mark.equation("GATEPRODUCT")
def test_a_chain_multiplies_weights_and_slopes() -> None:
    r"""In a chain $\delta^1$ is $\delta^L$ times $w^{l+1} \sigma'(z^l)$ for every layer before the last."""
    world = chain(4, half=0.5)
    steps = network(world).trace([world["x"]], [world["y"]]).steps
    formula("GATEPRODUCT").holds(world, package=lambda: steps[0].delta)


@pytest.mark.equation("GATEVANISH")
def test_sigmoids_lose_three_quarters_at_every_gate() -> None:
    r"""$|\delta^1| \le |\delta^L| \prod |w^{l+1}| / 4$, and no less where every sigmoid is at its steepest."""
    worlds = [chain(length, half=0.5, seed=seed) for length, seed in ((2, 3), (4, 2), (12, 3))]
    formula("GATEVANISH").holds(*worlds, reached=[chain(4, half=0.5, still=True)])
    for world in worlds:
        steps = network(world).trace([world["x"]], [world["y"]]).steps
        assert steps[0].delta.item() == pytest.approx(world["delta"][1], rel=1e-12)


@pytest.mark.equation("GATEDEAD")
def test_dead_is_a_map_that_is_negative_everywhere() -> None:
    r"""Of a map with $z < 0$ everywhere, all slopes are zero; of one that is positive somewhere or everywhere, they are not."""
    maps = layer((1, 4, 4, 2), (3, 1, 2, 2), biases=[0.0] * 3)["z"]
    biases = [-9.0, 0.5 - maps[1].max(), 9.0]
    world = layer((1, 4, 4, 2), (3, 1, 2, 2), activation=SIGMA["relu"], biases=biases)
    entry = "no entry of the kernel of a dead map has a slope"
    formula("GATEDEAD").holds(
        world,
        same={
            "w_{f,c,u,v} → w_{f,c,n,v}": entry,
            "w_{f,c,u,v} → w_{f,c,u,n}": entry,
            "w_{f,c,u,v} → w_{f,c,v,u}": entry,
            "w_{f,c,u,v} → w_{f,u,c,v}": entry,
            "z_{f,i,j,n} < 0 → z_{f,i,j,n} ≤ 0": "the book takes the slope of ReLU at 0 to be 0",
        },
    )


def test_one_positive_place_is_enough_to_learn() -> None:
    """A map with $z < 0$ everywhere gets gradients of zero, by nudges too; one with a single positive place learns; a leaky one always does."""
    rng = np.random.default_rng(0)
    x, y, kernel = rng.standard_normal((2, 1, 4, 4)), np.ones((2, 1, 3, 3)), rng.standard_normal((1, 1, 2, 2))
    z = Conv2d.from_parameters(kernel, [0.0]).forward(np.moveaxis(x, 0, -1))
    largest, second = np.sort(z.ravel())[[-1, -2]]
    between = -(largest + second) / 2  # with this bias one place of all is above zero
    for activation, bias, learns in (
        (relu, -largest - 1, False),
        (relu, between, True),
        (leaky_relu, -largest - 1, True),
    ):
        network = Network([Conv2d.from_parameters(kernel, [bias], activation)], input_shape=(1, 4, 4))
        step = network.trace(x, y).steps[0]
        assert np.sum(step.z > 0) == (activation is relu and learns)
        assert np.all((step.grads["W"] != 0) == learns)
        assert np.all((step.grads["b"] != 0) == learns)
        cost = network.cost(x, y)
        network.parameters["b1"] += 1e-6
        assert (network.cost(x, y) != cost) == learns
    assert leaky_relu(np.array(0.0)) == 0
