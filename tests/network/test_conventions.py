"""Conventions: factors between costs, rows for columns, and other meanings of δ."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sympy

from backproplab import Dense, Network, half_squared_error, mean_squared_error, squared_error

if TYPE_CHECKING:
    from backproplab import Loss, Trace
    from backproplab.checks import Array

N, n = 4, 3
X = np.random.default_rng(0).standard_normal((N, 2))
Y = np.random.default_rng(1).random((N, n))


def network(loss: Loss | str = half_squared_error) -> Network:
    rng = np.random.default_rng(2)
    return Network([Dense(2, 5, "sigmoid", rng=rng), Dense(5, n, "sigmoid", rng=rng)], loss)


def trace() -> Trace:
    return network().trace(X, Y)


def prime(A: Array) -> Array:
    return A * (1 - A)


@pytest.mark.equation("HALF")
def test_two_comes_from_the_square() -> None:
    r"""The derivative of $c\sum_i\sum_j (a_{ji} - y_{ji})^2$ in $a_{ji}$ is $2c\,(a_{ji} - y_{ji})$, by SymPy, and the three losses are $c = \frac{1}{2N}, \frac1N, \frac{1}{nN}$."""
    c = sympy.symbols("c")
    a, y = (np.array(sympy.symbols(f"{letter}:{2 * 3}")).reshape(2, 3) for letter in "ay")
    cost = c * sum((a[j, i] - y[j, i]) ** 2 for j in range(2) for i in range(3))
    for j, i in product(range(2), range(3)):
        assert sympy.expand(sympy.diff(cost, a[j, i]) - 2 * c * (a[j, i] - y[j, i])) == 0
    A, T = np.random.default_rng(3).random((n, N)), Y.T
    for loss, factor in ((half_squared_error, 1 / (2 * N)), (squared_error, 1 / N), (mean_squared_error, 1 / (n * N))):
        assert loss.value(A, T) == pytest.approx(
            factor * sum((A[j, i] - T[j, i]) ** 2 for j in range(n) for i in range(N))
        )
        np.testing.assert_allclose(loss.gradient(A, T), 2 * factor * (A - T))


@pytest.mark.equation("FACTOR")
def test_factor_between_any_two_conventions() -> None:
    r"""For each pair of losses every entry of $\nabla C'$ is $c'/c$ times that of $\nabla C$."""
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


@pytest.mark.equation("ROWS")
def test_rows_are_the_transposed_equations() -> None:
    r"""$Z = A W^T + b^T$, $\Delta^l = \Delta^{l+1} W^{l+1} \odot \sigma'$, the sum of the rows and $\Delta^T A$, by index with examples as rows, are the trace turned over."""
    first, last = trace().steps
    W1, b1, W2, b2 = network().parameters.values()
    A1, A2 = np.empty((N, 5)), np.empty((N, n))
    for i in range(N):
        for j in range(5):
            A1[i, j] = 1 / (1 + np.exp(-sum(X[i, k] * W1[j, k] for k in range(2)) - b1[j, 0]))
        for j in range(n):
            A2[i, j] = 1 / (1 + np.exp(-sum(A1[i, k] * W2[j, k] for k in range(5)) - b2[j, 0]))
    np.testing.assert_allclose(A1 @ W2.T + b2.T, last.z.T)
    np.testing.assert_allclose(A2, last.a.T)
    Delta2 = (A2 - Y) / N * prime(A2)
    Delta1 = Delta2 @ W2 * prime(A1)
    np.testing.assert_allclose(Delta1, first.delta.T)
    np.testing.assert_allclose(Delta1.T @ X, first.grads["W"])
    np.testing.assert_allclose(Delta2.T @ A1, last.grads["W"])
    np.testing.assert_allclose(Delta2.sum(axis=0), last.grads["b"][:, 0])


@pytest.mark.equation("INOUT")
def test_weights_stored_the_other_way_round() -> None:
    r"""With $M = W^T$ the forward pass is $A M + b^T$ and the gradient $A^T \Delta$; its entry $(k, j)$ is the slope of $C$ in our $w_{jk}$, measured by a nudge."""
    first, last = trace().steps
    M1, b1, M2, b2 = (array.T.copy() for array in network().parameters.values())

    def rows(M1: Array) -> tuple[Array, Array]:
        A1 = 1 / (1 + np.exp(-(X @ M1 + b1)))
        return A1, 1 / (1 + np.exp(-(A1 @ M2 + b2)))

    A1, A2 = rows(M1)
    np.testing.assert_allclose(A2, last.a.T)
    Delta2 = (A2 - Y) / N * prime(A2)
    Delta1 = Delta2 @ M2.T * prime(A1)
    gradient = X.T @ Delta1
    for k, j in np.ndindex(M1.shape):
        above, below = M1.copy(), M1.copy()
        above[k, j] += 1e-5
        below[k, j] -= 1e-5
        slope = sum(sign * np.sum((rows(M)[1] - Y) ** 2) / (2 * N) for sign, M in ((1, above), (-1, below))) / 2e-5
        assert gradient[k, j] == pytest.approx(slope, rel=1e-6, abs=1e-10)
        assert gradient[k, j] == pytest.approx(first.grads["W"][j, k])


@pytest.mark.equation("GAMMA")
def test_delta_and_gamma() -> None:
    r"""$\gamma^l = (W^{l+1})^T\delta^{l+1}$ is the slope of $C$ in $a^l$, measured by a nudge of each activation, and $\delta^l = \gamma^l \odot \sigma'(z^l)$."""
    first, last = trace().steps
    W2, b2 = network().parameters["W2"], network().parameters["b2"]

    def cost(a: Array) -> float:
        return float(np.sum((1 / (1 + np.exp(-(W2 @ a + b2))) - Y.T) ** 2) / (2 * N))

    for k, i in np.ndindex(first.a.shape):
        above, below = first.a.copy(), first.a.copy()
        above[k, i] += 1e-5
        below[k, i] -= 1e-5
        gamma = sum(W2[j, k] * last.delta[j, i] for j in range(n))
        assert (cost(above) - cost(below)) / 2e-5 == pytest.approx(gamma, rel=1e-6, abs=1e-10)
        assert gamma * first.a[k, i] * (1 - first.a[k, i]) == pytest.approx(first.delta[k, i])


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
