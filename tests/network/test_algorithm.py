"""The algorithm: one turn by index, the loop, the average cost of an epoch, and when to stop."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from backproplab import SGD, Dense, Network, fit, flow_chart
from backproplab.book.formulas.formula import formula
from tests.worlds.steps import descent, waiting

X = np.array([[0.8, 0.6], [0.6, 0.9], [0.9, 0.8], [0.5, 0.5], [0.7, 0.4]])
Y = np.array([[0.7], [0.6], [0.9], [0.3], [0.4]])


def students() -> Network:
    return Network(
        [
            Dense.from_parameters([[0.5, -0.3], [0.2, 0.4]], [0.1, -0.2], "sigmoid"),
            Dense.from_parameters([[0.6, -0.5]], [0.1]),
        ]
    )


def by_index(theta: list[float], x: list[float], y: float) -> tuple[float, list[float]]:
    """Cost and gradient of the 2-2-1 network, every number by itself: two neurons of three parameters, one of three."""
    z = [theta[3 * j] * x[0] + theta[3 * j + 1] * x[1] + theta[3 * j + 2] for j in range(2)]
    a = [1 / (1 + math.exp(-value)) for value in z]
    out = theta[6] * a[0] + theta[7] * a[1] + theta[8]
    delta = out - y
    gradient = []
    for j in range(2):
        back = theta[6 + j] * delta * a[j] * (1 - a[j])
        gradient += [back * x[0], back * x[1], back]
    return (out - y) ** 2 / 2, [*gradient, delta * a[0], delta * a[1], delta]


def flat(arrays: dict[str, np.ndarray]) -> list[float]:
    """The nine numbers in the order of `by_index`."""
    W1, b1, W2, b2 = (arrays[name] for name in ("W1", "b1", "W2", "b2"))
    return [*W1[0], b1[0, 0], *W1[1], b1[1, 0], *W2[0], b2[0, 0]]


@pytest.mark.parametrize("i", range(5))
def test_the_worked_turn_by_index(i: int) -> None:
    """Each of the nine gradients, written out for two inputs, two sigmoids and one output, is the trace's and the slope of $C$."""
    network = students()
    trace = network.trace(X[i], Y[i])
    theta = flat(network.parameters)
    cost, gradient = by_index(theta, [*X[i]], Y[i, 0])
    assert trace.cost == pytest.approx(cost)
    assert flat(trace.gradients) == pytest.approx(gradient)
    for p in range(9):
        above, below = ([value + h * (p == q) for q, value in enumerate(theta)] for h in (1e-6, -1e-6))
        slope = (by_index(above, [*X[i]], Y[i, 0])[0] - by_index(below, [*X[i]], Y[i, 0])[0]) / 2e-6
        assert gradient[p] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.equation("LOOP")
def test_all_gradients_of_a_step_are_taken_at_one_place() -> None:
    r"""$\theta_{t+1} = \theta_t - \eta\,\nabla C_{B_t}(\theta_t)$ for ten steps of one, two and all examples, each parameter by itself, ends where `fit` ends."""
    for size in (1, 2, 5):
        network, eta, epochs = students(), 0.7, 10
        theta = flat(network.parameters)
        order = np.random.default_rng(3)
        list(fit(network, X, Y, epochs=epochs, batch_size=size, optimizer=SGD(eta), rng=np.random.default_rng(3)))
        for _ in range(epochs):
            rows = order.permutation(5)
            for start in range(0, 5, size):
                batch = rows[start : start + size]
                each = [by_index(theta, [*X[i]], Y[i, 0])[1] for i in batch]
                theta = [value - eta * sum(g[p] for g in each) / len(batch) for p, value in enumerate(theta)]
        assert flat(network.parameters) == pytest.approx(theta, rel=1e-9)


@pytest.mark.equation("LOOP")
def test_the_loop_one_example_at_a_time() -> None:
    r"""Each step is $\theta_{t+1} = \theta_t - \eta\,\nabla C_{B_t}(\theta_t)$, and `SGD` on the package's gradients goes the same way."""
    world = descent(X, Y[:, 0], 0.7)
    neuron = Network([Dense.from_parameters([world["theta"][0]], [0.0], "sigmoid")])
    passed = []
    for example in world["B"].values():
        gradients = neuron.trace(X[example], Y[example]).gradients
        SGD(0.7).step([neuron.parameters["W1"]], [gradients["W1"]])
        passed.append(neuron.parameters["W1"][0].copy())
    formula("LOOP").holds(world, package=lambda t: passed[t])


def test_updating_on_the_way_back_is_another_path() -> None:
    """If the last layer moves before the error goes back through it, the first layer's gradient is another one."""
    network = students()
    hidden, output = network.trace(X[0], Y[0]).steps
    moved = network.parameters["W2"] - 3.0 * output.grads["W"]
    late = moved.T @ output.delta * hidden.a * (1 - hidden.a)
    assert np.sign(late[1, 0]) != np.sign(hidden.delta[1, 0])


@pytest.mark.equation("EPOCHCOST")
def test_average_cost_of_an_epoch() -> None:
    r"""The average cost on the way is $\bar C = \frac1N \sum_t C_{i_t}(\theta_t)$, each cost before its own step."""
    formula("EPOCHCOST").holds(descent(X, Y[:, 0], 0.7))


@pytest.mark.equation("EPOCHCOST")
def test_average_cost_on_the_way() -> None:
    r"""$\bar C = \frac1N \sum_t C_{i_t}(\theta_t)$, each cost before its own step, is what `fit` reports for an epoch."""
    network, eta = students(), 0.1
    theta = flat(network.parameters)
    order = np.random.default_rng(1)
    for state in fit(network, X, Y, epochs=5, batch_size=1, optimizer=SGD(eta), rng=np.random.default_rng(1)):
        total = 0.0
        for i in order.permutation(5):
            cost, gradient = by_index(theta, [*X[i]], Y[i, 0])
            total += cost
            theta = [value - eta * slope for value, slope in zip(theta, gradient, strict=True)]
        assert state.loss == pytest.approx(total / 5)
        assert state.loss != pytest.approx(network.cost(X, Y), rel=1e-3)


def test_a_short_last_batch_counts_by_its_size() -> None:
    """With batches of two, two and one, the cost of an epoch is the mean over the five examples, not over the three batches."""
    network = students()
    theta, rows = flat(network.parameters), np.random.default_rng(1).permutation(5)
    (state,) = fit(network, X, Y, epochs=1, batch_size=2, optimizer=SGD(0.1), rng=np.random.default_rng(1))
    total = 0.0
    for batch in (rows[:2], rows[2:4], rows[4:]):
        each = [by_index(theta, [*X[i]], Y[i, 0]) for i in batch]
        total += sum(cost for cost, _ in each)
        theta = [value - 0.1 * sum(g[p] for _, g in each) / len(batch) for p, value in enumerate(theta)]
    assert state.loss == pytest.approx(total / 5)


@pytest.mark.equation("PATIENCE")
def test_patience_ends_after_the_best_epoch() -> None:
    r"""$\min_{e-p < e' \le e} C(e') \ge \min_{e' \le e-p} C(e')$ holds when no epoch of the last $p$ was the best so far, found by counting instead."""
    costs = [5, 4, 4.5, 3, 3.5, 3, 3.4, 2.9, 2.95, 3.0, 3.1, 4, 2]
    more = "an epoch from before the window cannot be below the best of those before it"
    wider = ("(e - p) < e' ≤ e → (e - p) ≤ e' ≤ e", "(e - p) → (-e - p)", "(e - p) → -p")
    worlds = [waiting(costs, e, p) for p in (1, 2, 3, 4) for e in range(p + 1, len(costs) + 1)]
    formula("PATIENCE").holds(*worlds, same=dict.fromkeys(wider, more))


def test_a_flow_chart_has_its_texts_in_order_and_a_way_for_each_step_and_loop() -> None:
    drawn = flow_chart(["begin", "do\nmuch", "enough?", "end"], {(2, 1): ("no", "yes")})
    places = [drawn.index(f">{text}<") for text in ("begin", "do", "much", "enough?", "end")]
    assert places == sorted(places)
    assert drawn.count('fill="none"') == 3 + 1
    assert ">no<" in drawn
    assert ">yes<" in drawn
    assert drawn == flow_chart(["begin", "do\nmuch", "enough?", "end"], {(2, 1): ("no", "yes")})


def test_each_box_of_a_flow_chart_lies_below_the_one_before() -> None:
    drawn = flow_chart(["a", "b\nb", "c?"], {})
    tops = [float(part.split("L")[0].split()[1]) for part in drawn.split('<path d="M')[1:] if "z" in part.split('"')[0]]
    assert all(lower > upper for upper, lower in pairwise(tops[::2]))


def test_flow_chart_escapes_what_is_written() -> None:
    assert "a &lt; b" in flow_chart(["a < b"], {})


@pytest.mark.parametrize("loop", [(0, 1), (1, 1), (2, 0)])
def test_a_loop_leads_back_to_an_earlier_box(loop: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="loops: expected a way from a box to an earlier one"):
        flow_chart(["a", "b"], {loop: ("no", "yes")})
    with pytest.raises(ValueError, match="loops: expected at least 0, got -1"):
        flow_chart(["a", "b"], {(1, -1): ("no", "yes")})


def test_a_flow_chart_has_a_box() -> None:
    with pytest.raises(ValueError, match="boxes: expected at least one"):
        flow_chart([], {})
