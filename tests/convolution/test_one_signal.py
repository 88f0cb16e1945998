"""One signal through convolution, sigmoid, max-pooling and a dense layer and back: every path, by plain loops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from backproplab import SGD, Conv2d, Dense, Flatten, MaxPool2d, Network

IMAGE, KERNEL, MAP, POOLED, OUTPUTS = range(6), range(3), range(4), range(2), range(2)
Grid = list[list[float]]


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def slope(z: float) -> float:
    return sigma(z) * (1 - sigma(z))


def half_square(off: float) -> float:
    return off * off / 2


@dataclass
class Signal:
    """Given numbers, and the forward pass with no array anywhere."""

    x: Grid
    w: Grid
    b: float
    v: Grid
    c: list[float]
    y: list[float]

    def z1(self, i: int, j: int) -> float:
        return self.b + sum(self.w[u][v] * self.x[i + u][j + v] for u, v in product(KERNEL, KERNEL))

    def a1(self) -> Grid:
        return [[sigma(self.z1(i, j)) for j in MAP] for i in MAP]

    def rest(self, a1: Grid) -> float:
        """The cost, if the feature map were a1."""
        return self.end(
            [max(a1[2 * p + s][2 * q + t] for s, t in product(POOLED, POOLED)) for p in POOLED for q in POOLED]
        )

    def end(self, a3: list[float]) -> float:
        """The cost, if the pooled numbers were a3."""
        return sum(half_square(sigma(self.z4(a3, k)) - self.y[k]) for k in OUTPUTS)

    def z4(self, a3: list[float], k: int) -> float:
        return self.c[k] + sum(self.v[k][m] * a3[m] for m in range(4))

    def a3(self) -> list[float]:
        a1 = self.a1()
        return [a1[i][j] for i, j in (self.winner(m) for m in range(4))]

    def winner(self, m: int) -> tuple[int, int]:
        a1 = self.a1()
        window = [(2 * (m // 2) + s, 2 * (m % 2) + t) for s, t in product(POOLED, POOLED)]
        return max(window, key=lambda ij: a1[ij[0]][ij[1]])

    def cost(self) -> float:
        return self.rest(self.a1())

    def with_weight(self, u: int, v: int, change: float) -> Signal:
        w = [row[:] for row in self.w]
        w[u][v] += change
        return Signal(self.x, w, self.b, self.v, self.c, self.y)

    def delta4(self, k: int) -> float:
        z4 = self.z4(self.a3(), k)
        return (sigma(z4) - self.y[k]) * slope(z4)

    def delta3(self, m: int) -> float:
        return sum(self.v[k][m] * self.delta4(k) for k in OUTPUTS)

    def delta1(self, i: int, j: int) -> float:
        m = 2 * (i // 2) + j // 2
        return self.delta3(m) * slope(self.z1(i, j)) if self.winner(m) == (i, j) else 0.0

    def path(self, k: int, i: int, j: int, u: int, v: int) -> list[float]:
        """The six slopes along one path, from the cost to the weight."""
        m, z4 = 2 * (i // 2) + j // 2, self.z4(self.a3(), k)
        won = float(self.winner(m) == (i, j))
        return [sigma(z4) - self.y[k], slope(z4), self.v[k][m], won, slope(self.z1(i, j)), self.x[i + u][j + v]]

    def network(self) -> Network:
        layers = [
            Conv2d.from_parameters(np.array([[self.w]]), [self.b], "sigmoid"),
            MaxPool2d(2),
            Flatten(),
            Dense.from_parameters(self.v, self.c, "sigmoid"),
        ]
        return Network(layers, "half_squared_error", input_shape=(1, 6, 6))


def the_page() -> Signal:
    """The numbers of the page."""
    x: list[list[float]] = [
        [0, 1, 1, 1, 1, 0],
        [0, 0, 0, 0.5, 1, 0],
        [0, 0, 0, 1, 0.5, 0],
        [0, 0, 1, 0.5, 0, 0],
        [0, 0.5, 1, 0, 0, 0],
        [0, 1, 0.5, 0, 0, 0],
    ]
    w = [[-0.4, 0.3, 0.8], [-0.2, 0.9, 0.1], [0.7, 0.5, -0.6]]
    v = [[0.9, -1.2, 1.5, -0.8], [-0.7, 2.0, -1.1, 0.6]]
    return Signal(x, w, -0.5, v, [0.2, -0.1], [1, 0])


def another(seed: int) -> Signal:
    """Numbers drawn at random."""
    rng = np.random.default_rng(seed)
    x, w, v = rng.random((6, 6)), rng.standard_normal((3, 3)), rng.standard_normal((2, 4))
    return Signal(x.tolist(), w.tolist(), 0.3, v.tolist(), rng.standard_normal(2).tolist(), [0.0, 1.0])


@pytest.fixture(params=["page", 0, 1, 2], ids=str)
def signal(request: pytest.FixtureRequest) -> Signal:
    return the_page() if request.param == "page" else another(request.param)


H = 1e-6


@pytest.mark.equation("TRACEPATH")
def test_a_path_is_the_product_of_six_slopes(signal: Signal) -> None:
    r"""With every other road held still, a nudge of $w_{0,2}$ moves the cost of output $k$ through place $(i, j)$ by $P_{k,i,j}$."""
    u, v = 0, 2
    still, a3 = signal.a1(), signal.a3()
    for k, i, j in product(OUTPUTS, MAP, MAP):

        def cost_of_one_road(w: float, k: int = k, i: int = i, j: int = j) -> float:
            a1 = [row[:] for row in still]
            a1[i][j] = sigma(signal.z1(i, j) + (w - signal.w[u][v]) * signal.x[i + u][j + v])
            m, (p, q) = 2 * (i // 2) + j // 2, (2 * (i // 2), 2 * (j // 2))
            pooled = a3[:]
            pooled[m] = max(a1[p][q], a1[p][q + 1], a1[p + 1][q], a1[p + 1][q + 1])
            return half_square(sigma(signal.z4(pooled, k)) - signal.y[k])

        w = signal.w[u][v]
        measured = (cost_of_one_road(w + H) - cost_of_one_road(w - H)) / (2 * H)
        assert measured == pytest.approx(math.prod(signal.path(k, i, j, u, v)), abs=1e-9)


@pytest.mark.equation("TRACESUM")
def test_the_derivative_is_the_sum_over_all_paths(signal: Signal) -> None:
    r"""For each of the nine weights, the 32 products add up to the measured slope, and to the gradient of the package."""
    gradient = signal.network().trace([signal.x], signal.y).gradients["W1"][0, 0]
    for u, v in product(KERNEL, KERNEL):
        paths = [math.prod(signal.path(k, i, j, u, v)) for k, i, j in product(OUTPUTS, MAP, MAP)]
        assert len(paths) == 32
        measured = (signal.with_weight(u, v, H).cost() - signal.with_weight(u, v, -H).cost()) / (2 * H)
        assert sum(paths) == pytest.approx(measured, abs=1e-9)
        assert sum(paths) == pytest.approx(gradient[u, v], abs=1e-15)


@pytest.mark.equation("TRACEDENSE")
def test_the_error_of_a_pooled_number_comes_back_along_both_outputs(signal: Signal) -> None:
    r"""A nudge of $a^3_m$ moves the cost by $\sum_k w^4_{k,m}\,\delta^4_k$ for each unit, and the package's $\delta^3$ is that."""
    delta = signal.network().trace([signal.x], signal.y).steps[2].delta
    a3 = signal.a3()
    for m in range(4):
        up, down = a3[:], a3[:]
        up[m] += H
        down[m] -= H
        measured = (signal.end(up) - signal.end(down)) / (2 * H)
        assert signal.delta3(m) == pytest.approx(measured, abs=1e-9)
        assert signal.delta3(m) == pytest.approx(delta[m, 0], abs=1e-15)


@pytest.mark.equation("TRACEROUTE")
def test_a_maximum_sends_its_error_to_the_winner_alone(signal: Signal) -> None:
    r"""A nudge of $a^1_{i,j}$ moves the cost by $\delta^3_m$ for each unit if it won its window, and not at all if it lost."""
    still = signal.a1()
    for i, j in product(MAP, MAP):
        up, down = [row[:] for row in still], [row[:] for row in still]
        up[i][j] += H
        down[i][j] -= H
        m = 2 * (i // 2) + j // 2
        measured = (signal.rest(up) - signal.rest(down)) / (2 * H)
        if signal.winner(m) == (i, j):
            assert measured == pytest.approx(signal.delta3(m), abs=1e-9)
        else:
            assert measured == 0


@pytest.mark.equation("TRACEDELTA")
def test_the_error_of_the_map_is_the_slope_of_the_cost(signal: Signal) -> None:
    r"""A nudge of $z^1_{i,j}$ moves the cost by $\delta^1_{i,j}$ for each unit, and the package's $\delta^1$ is that map."""
    delta = signal.network().trace([signal.x], signal.y).steps[0].delta[0, :, :, 0]
    still = signal.a1()
    for i, j in product(MAP, MAP):
        costs = []
        for change in (H, -H):
            nudged = [row[:] for row in still]
            nudged[i][j] = sigma(signal.z1(i, j) + change)
            costs.append(signal.rest(nudged))
        assert signal.delta1(i, j) == pytest.approx((costs[0] - costs[1]) / (2 * H), abs=1e-9)
        assert signal.delta1(i, j) == pytest.approx(delta[i, j], abs=1e-15)


@pytest.mark.equation("TRACEKERNEL")
def test_a_weight_collects_error_times_pixel_from_every_place(signal: Signal) -> None:
    r"""$\sum_{i,j} \delta^1_{i,j}\,x_{i+u,j+v}$ is the measured slope for each weight, and $\sum_{i,j} \delta^1_{i,j}$ that for the bias."""
    gradients = signal.network().trace([signal.x], signal.y).gradients
    for u, v in product(KERNEL, KERNEL):
        collected = sum(signal.delta1(i, j) * signal.x[i + u][j + v] for i, j in product(MAP, MAP))
        measured = (signal.with_weight(u, v, H).cost() - signal.with_weight(u, v, -H).cost()) / (2 * H)
        assert collected == pytest.approx(measured, abs=1e-9)
        assert collected == pytest.approx(gradients["W1"][0, 0, u, v], abs=1e-15)
    moved = [Signal(signal.x, signal.w, signal.b + h, signal.v, signal.c, signal.y).cost() for h in (H, -H)]
    complaints = sum(signal.delta1(i, j) for i, j in product(MAP, MAP))
    assert complaints == pytest.approx((moved[0] - moved[1]) / (2 * H), abs=1e-9)
    assert complaints == pytest.approx(gradients["b1"][0, 0], abs=1e-15)


@pytest.mark.equation("TRACEUPDATE")
def test_the_update_by_index_is_the_one_the_package_makes(signal: Signal) -> None:
    r"""After one step of `SGD` each weight is $w_{u,v} - \eta \sum_{i,j} \delta^1_{i,j}\,x_{i+u,j+v}$."""
    eta, network = 0.7, signal.network()
    gradients = network.trace([signal.x], signal.y).gradients
    SGD(eta).step([*network.parameters.values()], [*gradients.values()])
    for u, v in product(KERNEL, KERNEL):
        collected = sum(signal.delta1(i, j) * signal.x[i + u][j + v] for i, j in product(MAP, MAP))
        assert network.parameters["W1"][0, 0, u, v] == pytest.approx(signal.w[u][v] - eta * collected, abs=1e-15)


@pytest.mark.equation("TRACEFALL")
def test_one_weight_lowers_the_cost_by_eta_times_its_squared_derivative(signal: Signal) -> None:
    r"""The cost falls by $\eta\,(\partial C / \partial w_{u,v})^2$, and what is missing shrinks with the square of $\eta$."""
    for u, v in product(KERNEL, KERNEL):
        slope_w = sum(signal.delta1(i, j) * signal.x[i + u][j + v] for i, j in product(MAP, MAP))
        if slope_w == 0:
            continue
        missing = []
        for step in (0.02, 0.01):
            eta = step / abs(slope_w)
            missing.append(signal.with_weight(u, v, -eta * slope_w).cost() - (signal.cost() - eta * slope_w**2))
        assert missing[0] / missing[1] == pytest.approx(4, rel=0.1)


def test_of_the_32_paths_of_the_page_8_are_open() -> None:
    signal = the_page()
    paths = [math.prod(signal.path(k, i, j, 0, 2)) for k, i, j in product(OUTPUTS, MAP, MAP)]
    assert sum(path != 0 for path in paths) == 8
    assert min(paths) < 0 < max(paths)
