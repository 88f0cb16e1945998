"""The way back through activations: one gate for each place, how far it opens, and what many in a row leave."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st

from backproplab import Activation, Conv2d, Dense, Network, leaky_relu, relu, sigmoid, tanh

Z = sp.Symbol("z", real=True)
SIGMOID = 1 / (1 + sp.exp(-Z))


@pytest.mark.equation("GATE")
@pytest.mark.parametrize("activation", [sigmoid, tanh, relu], ids=str)
def test_every_place_has_a_gate_of_its_own(activation: Activation) -> None:
    r"""Place by place, $\delta = \partial C / \partial a \cdot \sigma'(z)$ with a measured $\sigma'$, and it is the slope of the cost."""
    rng = np.random.default_rng(0)
    layer = Conv2d(1, 2, 2, activation, rng=rng)
    network = Network([layer], input_shape=(1, 4, 4))
    y, h = rng.standard_normal((2, 2, 3, 3)), 1e-6
    step = network.trace(rng.standard_normal((2, 1, 4, 4)), y).steps[0]
    targets = np.moveaxis(y, 0, -1)
    for index in np.ndindex(step.z.shape):
        z = step.z[index]
        slope = (activation(z + h) - activation(z - h)) / (2 * h)
        grad_a = (step.a[index] - targets[index]) / 2  # half the squared error, mean over two examples
        assert step.delta[index] == pytest.approx(grad_a * slope, abs=1e-8)
        costs = []
        for nudge in (h, -h):
            nudged = step.z.copy()
            nudged[index] += nudge
            costs.append(np.sum((activation(nudged) - targets) ** 2) / 2 / 2)
        assert step.delta[index] == pytest.approx((costs[0] - costs[1]) / (2 * h), abs=1e-7)


@pytest.mark.equation("GATEBOUND")
def test_how_far_each_gate_opens() -> None:
    r"""By SymPy $\sigma' = \frac14 - (\sigma - \frac12)^2$ and $\tanh' = 1 - \tanh^2$, with the largest values $\frac14$ and 1 at zero; ReLU has 0 and 1."""
    square = sp.Rational(1, 4) - (SIGMOID - sp.Rational(1, 2)) ** 2
    assert sp.simplify(sp.diff(SIGMOID, Z) - square) == 0
    assert sp.simplify(sp.diff(sp.tanh(Z), Z) - (1 - sp.tanh(Z) ** 2)) == 0
    z = np.linspace(-20, 20, 4001)
    for activation, most in ((sigmoid, 1 / 4), (tanh, 1.0)):
        slopes = activation.derivative(z)
        assert np.all(slopes > 0)
        assert slopes.max() == pytest.approx(most)
        assert np.all(slopes[z != 0] <= most)
    measured = (relu(z + 1e-3) - relu(z - 1e-3)) / 2e-3
    assert set(measured[np.abs(z) > 2e-3].round(9)) == {0, 1}
    assert set(relu.derivative(z)) == {0, 1}


@pytest.mark.equation("GATETAIL")
@given(z=st.floats(-300, 300))
@settings(deadline=None)
def test_how_fast_gates_close(z: float) -> None:
    r"""$\sigma'(z) < e^{-|z|}$ and $\tanh'(z) < 4e^{-2|z|}$, both as formulas and in the package."""
    e = np.exp(-abs(z))
    assert e / (1 + e) ** 2 <= e
    assert sigmoid.derivative(np.array(z)) == pytest.approx(e / (1 + e) ** 2, rel=1e-12)
    assert tanh.derivative(np.array(z)) <= 4 * e**2 * (1 + 1e-12)
    if abs(z) < 30:  # beyond that 1 + e rounds to 1
        assert sigmoid.derivative(np.array(z)) < e


@pytest.mark.equation("GATETAIL")
def test_the_gate_of_tanh_is_four_gates_of_sigmoid() -> None:
    r"""By SymPy $\tanh'(z) = 4\,\sigma'(2z)$, which gives the second bound from the first."""
    four = 4 * sp.diff(SIGMOID, Z).subs(Z, 2 * Z)
    assert sp.simplify((sp.diff(sp.tanh(Z), Z) - four).rewrite(sp.exp)) == 0


def chain(weights: list[float], biases: list[float]) -> Network:
    return Network([Dense.from_parameters([[w]], [b], "sigmoid") for w, b in zip(weights, biases, strict=True)])


@pytest.mark.equation("GATEPRODUCT")
def test_a_chain_multiplies_weights_and_slopes() -> None:
    r"""SymPy differentiates the cost of a chain of four neurons: $\delta^1$ is $\delta^L$ times $w^{l+1} \sigma'(z^l)$ for every layer before the last."""
    w, b = sp.symbols("w1:5"), sp.symbols("b1:5")
    first = sp.Symbol("z1")
    z, slopes = first, []
    for weight, bias in zip(w[1:], b[1:], strict=True):
        slopes.append(weight * sp.diff(SIGMOID, Z).subs(Z, z))
        z = weight * SIGMOID.subs(Z, z) + bias
    last = sp.Symbol("zL")
    cost = (SIGMOID.subs(Z, last) - sp.Rational(3, 10)) ** 2 / 2
    delta_last, delta_first = sp.diff(cost, last).subs(last, z), sp.diff(cost.subs(last, z), first)
    values = {**dict(zip(w, (0.7, -1.3, 2.1, 0.9), strict=True)), **dict(zip(b, (0.1, 0.2, -0.4, 0.3), strict=True))}
    at = {**values, first: values[w[0]] * 0.5 + values[b[0]]}
    product = float((delta_last * sp.prod(slopes)).subs(at))
    assert product == pytest.approx(float(delta_first.subs(at)))
    steps = chain([values[s] for s in w], [values[s] for s in b]).trace([0.5], [0.3]).steps
    assert steps[0].delta.item() == pytest.approx(product)


@pytest.mark.equation("GATEVANISH")
@given(
    weights=st.lists(st.floats(-6, 6).filter(lambda w: abs(w) > 0.01), min_size=2, max_size=12),
    bias=st.floats(-2, 2),
)
@settings(deadline=None)
def test_sigmoids_lose_three_quarters_at_every_gate(weights: list[float], bias: float) -> None:
    r"""Whatever the weights, $|\delta^1| \le |\delta^L| \prod |w^{l+1}| / 4$, with the errors from a product of measured slopes."""
    z, h, product = weights[0] * 0.5 + bias, 1e-5, 1.0
    for weight in weights[1:]:
        product *= weight * float(sigmoid(np.array(z + h)) - sigmoid(np.array(z - h))) / (2 * h)
        z = weight * float(sigmoid(np.array(z))) + bias
    bound = np.prod(np.abs(weights[1:]) / 4)
    assert abs(product) <= bound * (1 + 1e-6)
    steps = chain(weights, [bias] * len(weights)).trace([0.5], [1.0]).steps
    assert steps[0].delta.item() == pytest.approx(steps[-1].delta.item() * product, rel=1e-3, abs=1e-12)


@pytest.mark.equation("GATEDEAD")
def test_dead_is_a_map_that_is_negative_everywhere() -> None:
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
