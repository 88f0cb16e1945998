"""From layers to graphs: gates, forks, a neuron taken apart, and the two ways through a record."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Dense, Network, Value
from backproplab.book.formulas.formula import formula
from backproplab.book.formulas.world import World
from tests.worlds.graphs import drawn, fork, gate, neuron, programmed, run, sum_times

PROGRAMS = [(drawn(seed, size), 0.7, -0.4) for seed, size in ((0, 5), (1, 6), (2, 7))]


@pytest.mark.equation("SUMTIMES")
def test_the_gradient_of_a_sum_times_a_number() -> None:
    r"""The measured slopes of $(x + y)\,z$ are $z$, $z$ and $x + y$, and `Value` finds them."""
    formula("SUMTIMES").holds(sum_times(4.0, -1.0, -2.0))
    x, y, z = Value(4), Value(-1), Value(-2)
    ((x + y) * z).backward()
    assert (x.grad, y.grad, z.grad) == (-2, -2, 3)


@pytest.mark.equation("SHARE")
def test_add_shares_out() -> None:
    r"""For $z = x + y$, the measured slopes of a bent $L$ in $x$, $y$ and $z$ are one number, and `Value` notes the slopes 1 and 1."""
    formula("SHARE").holds(gate(lambda x, y: x + y, 0.8, -1.7))
    assert (Value(0.8) + Value(-1.7)).slopes == (1, 1)


@pytest.mark.equation("SWAP")
def test_multiply_swaps() -> None:
    r"""For $z = xy$, each measured slope is the other input times that of $z$, and `Value` notes the inputs swapped."""
    formula("SWAP").holds(gate(lambda x, y: x * y, 0.8, -1.7))
    assert (Value(0.8) * Value(-1.7)).slopes == (-1.7, 0.8)


@pytest.mark.equation("ROUTE")
def test_max_routes() -> None:
    r"""For $z = \max(x, y)$ the larger input has the measured slope of $z$ and the smaller has none, as in `Value.relu` beside 0."""

    def larger(x: complex, y: complex) -> complex:
        return x if np.real(x) > np.real(y) else y

    same = dict.fromkeys(("x < y → x ≤ y", "x > y → x ≥ y"), "at a tie there is no slope, and the formula is silent")
    pairs = ((0.8, -1.7), (-1.7, 0.8), (0.8, 0.6), (0.6, 0.8), (-0.8, -0.6), (-0.6, -0.8))
    formula("ROUTE").holds(*(gate(larger, *pair) for pair in pairs), same=same)
    assert [Value(x).relu().slopes for x in (0.8, -1.7)] == [(1,), (0,)]


@pytest.mark.equation("FORK")
def test_a_fork_adds_up() -> None:
    r"""The measured slope of $L$ in a number that three gates use is the sum of what comes through each, as `Value` has it."""
    x = Value(0.6)
    z = [x * 3, x * x, x.tanh()]
    formula("FORK").holds(fork(0.6))
    (z[0] * z[1] + z[2].exp() - z[0] * z[2]).backward()
    assert x.grad == pytest.approx(
        sum(slope * one.grad for one in z for parent, slope in zip(one.parents, one.slopes, strict=True) if parent is x)
    )


@pytest.mark.equation("FOURGATES")
def test_four_gates_find_the_slope_of_the_sigmoid() -> None:
    r"""Through $-z$, $e^n$, $1 + p$ and $1/u$ the measured slope is $a(1 - a)$, in four gates of `Value` as in one."""
    same = {"-(1)/((u)^2) · 1 → -(1)/((u)^2)": "the 1 is written because it is the slope of a gate"}
    formula("FOURGATES").holds(neuron([1.0, -1.0], [2.0, 4.0], 1.0), neuron([0.5, 1.5], [0.3, 0.9], 0.2), same=same)
    apart, whole = Value(-1), Value(-1)
    (1 / ((-apart).exp() + 1)).backward()
    whole.sigmoid().backward()
    assert apart.grad == pytest.approx(whole.grad, rel=1e-14)


@pytest.mark.equation("NEURONBACK")
def test_the_gradients_of_a_sigmoid_neuron() -> None:
    """The measured slopes of a neuron in its weights, inputs and bias are the formula, and those of `Value` are the network's."""
    w, x, b = [1.0, -0.6], [2.0, 1.4], 0.3
    formula("NEURONBACK").holds(neuron(w, x, b))
    weights, bias = [Value(one) for one in w], Value(b)
    miss = (weights[0] * x[0] + weights[1] * x[1] + bias).sigmoid() - 1
    (miss * miss / 2).backward()
    network = Network([Dense.from_parameters([w], [b], "sigmoid")], "half_squared_error")
    gradients = network.trace([x], [[1]]).gradients
    np.testing.assert_allclose([one.grad for one in weights], gradients["W1"][0], rtol=1e-14)
    np.testing.assert_allclose(bias.grad, gradients["b1"][0], rtol=1e-14)


@pytest.mark.equation("REVERSE")
def test_reverse_mode_on_random_programs() -> None:
    r"""In random programs that use numbers twice, the measured $\partial L / \partial v_i$ follow the sum over all later numbers."""
    worlds = [programmed(*program) for program in PROGRAMS]
    no_such_arrow = "no number uses itself or a later one, so these slopes are zero"
    term = r"s_{j,i} ∂[L]/∂[v_{j}]"
    same = dict.fromkeys(
        ("(i + 1) → 1", "(i + 1) → i", f"Σ[j=(i + 1)..N] {term} → Σ[j=((i + 1) - 1)..N] {term}"), no_such_arrow
    )
    formula("REVERSE").holds(*worlds, same=same)
    for program, world in zip(PROGRAMS, worlds, strict=True):
        values, s = run(*program)
        values[-1].backward()
        grads = np.array([value.grad for value in values])
        assert values[-1].data == pytest.approx(world["L"])
        np.testing.assert_allclose(s.T @ grads + np.eye(len(values))[-1], grads, rtol=1e-12)


@pytest.mark.equation("FORWARDMODE")
def test_forward_mode_on_random_programs() -> None:
    r"""In random programs, the measured $\partial v_j / \partial v_1$ follow the sum over all earlier numbers."""
    no_such_arrow = "no number uses itself, so this slope is zero"
    term = r"s_{j,i} ∂[v_{i}]/∂[v_{1}]"
    same = dict.fromkeys(("(j - 1) → j", f"Σ[i=1..(j - 1)] {term} → Σ[i=1..j] {term}"), no_such_arrow)
    formula("FORWARDMODE").holds(*(programmed(*program) for program in PROGRAMS), same=same)


@pytest.mark.equation("PASSES")
def test_products_of_the_two_modes_are_counted() -> None:
    """Numbers that count their own products give one for each arrow, input and output of a graph."""

    class Counted(float):
        products = 0

        def __mul__(self, other: float) -> Counted:
            Counted.products += 1
            return Counted(float(self) * other)

        def __add__(self, other: float) -> Counted:
            return Counted(float(self) + other)

    def counted(seed: int, size: int, outputs: int) -> World:
        _, s = run(drawn(seed, size), 0.7, -0.4)
        arrows = [(j, i, Counted(s[j, i])) for j, i in zip(*np.nonzero(s), strict=True)]
        jacobians, spent = [], []
        for forward in (True, False):
            Counted.products, table = 0, []
            for start in range(2) if forward else range(size - outputs, size):
                known = [Counted(number == start) for number in range(size)]
                for j, i, slope in arrows if forward else arrows[::-1]:
                    to, source = (j, i) if forward else (i, j)
                    known[to] = known[to] + slope * known[source]
                table.append(known[-outputs:] if forward else known[:2])
            jacobians.append(np.array(table))
            spent.append(Counted.products)
        np.testing.assert_allclose(jacobians[0], jacobians[1].T, rtol=1e-12)
        return World({"n": 2, "m": outputs, "E": len(arrows), "forward": spent[0], "reverse": spent[1]})

    formula("PASSES").holds(counted(0, 7, 1), counted(3, 9, 3))
