"""Worlds of the chapter on several machines: shards of a batch, parts and messages on a ring, times and speed-ups."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np

from backproplab.book.formulas.world import World
from tests.worlds.calculus import slope_of
from tests.worlds.steps import neuron_cost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backproplab.book.formulas.world import Let
    from backproplab.checks import Array


def shards(*members: Sequence[int]) -> World:
    """Examples with a cost each, divided among workers, and the measured gradient of each worker's mean cost."""
    rng = np.random.default_rng(3)
    N = sum(map(len, members))
    costs = [neuron_cost(rng.standard_normal(3), rng.random()) for _ in range(N)]
    start = np.array([0.4, -0.7, 1.1])

    def mean(rows: Sequence[int]) -> Callable[[Any], Any]:
        return lambda theta: sum(costs[i - 1](theta) for i in rows) / len(rows)

    def program(let: Let) -> None:
        theta = let("theta", start)
        let("N", N), let("p", len(members))
        for i in range(1, N + 1):
            let("C", costs[i - 1](theta), i)
        let("the C", mean(range(1, N + 1))(theta))
        slopes = [slope_of(mean(rows))(start) for rows in members]
        for k, rows in enumerate(members, 1):
            let("B", set(rows), k), let("n", len(rows), k)
            let("g", slopes[k - 1], k)
        let("bar_g", np.mean(slopes, axis=0))

    return World(program)


def sent(p: int, n: int) -> World:
    """What each worker of a ring has sent when all hold the sum of n numbers: hand parts on until nobody lacks one."""
    parts = [[{worker} for _ in range(p)] for worker in range(p)]
    everybody, messages = set(range(p)), 0
    while any(part != everybody for worker in parts for part in worker):
        at = messages
        moving = [(worker, (worker - at) % p, parts[worker][(worker - at) % p]) for worker in range(p)]
        for worker, part, summed in moving:
            parts[(worker + 1) % p][part] = parts[(worker + 1) % p][part] | summed
        messages += 1
    return World({"s": messages * n / p, "p": p, "n": n})


def last(computing: Sequence[float], n: float, alpha: float, beta: float) -> float:
    """When the last worker of a ring holds the sum: an event for each end of computing, end of sending, and arrival."""
    p = len(computing)
    events = [(seconds, worker, "computed") for worker, seconds in enumerate(computing)]
    heapq.heapify(events)
    sent, arrived, busy, now = [0] * p, [0] * p, [True] * p, 0.0
    while events:
        now, worker, what = heapq.heappop(events)
        arrived[worker] += what == "arrived"
        sent[worker] += what == "sent"
        busy[worker] = busy[worker] and what == "arrived"
        if not busy[worker] and sent[worker] <= arrived[worker] and sent[worker] < 2 * (p - 1):
            busy[worker] = True
            over = now + alpha + beta * n / p
            heapq.heappush(events, (over, worker, "sent"))
            heapq.heappush(events, (over, (worker + 1) % p, "arrived"))
    return now


def whole(workers: Any) -> int:
    """A number of workers that a reader of formulas may have handed on as a complex one."""
    return int(np.real(workers))


def reduction(n: float, alpha: float, beta: float) -> Callable[[Any], float]:
    """The time of a ring, by its number of workers, when all begin together."""
    return lambda workers: last([0.0] * whole(workers), n, alpha, beta)


def step(p: int, c: float, n: float, alpha: float, beta: float) -> World:
    """Steps of a ring of any size with c seconds of computing in all: their times by simulation, and the quickest."""

    def time(workers: Any) -> float:
        return last([c / whole(workers)] * whole(workers), n, alpha, beta)

    values = {
        "p": p,
        "c": c,
        "n": n,
        "alpha": alpha,
        "beta": beta,
        "R": reduction(n, alpha, beta),
        "T": time,
        "S": lambda workers: time(1) / time(workers),
        "E": lambda workers: time(1) / (whole(workers) * time(workers)),
        "f": 2 * beta * n / c,
        "p^*": min(range(1, 4 * p), key=time),
    }
    return World(values)


def weak(p: int, c: float, n: float, alpha: float, beta: float) -> World:
    """Workers that compute c seconds each: the examples per second of each beside those of one that works alone."""
    shard = 32

    def efficiency(workers: Any) -> float:
        together = whole(workers) * shard / last([c] * whole(workers), n, alpha, beta)
        return together / whole(workers) / (shard / c)

    return World({"p": p, "c_1": c, "E": efficiency, "R": reduction(n, alpha, beta)})


def uneven_ring(computing: Sequence[float], n: float, alpha: float, beta: float) -> World:
    """A ring whose workers are done with their shards at different times."""
    reached = last(computing, n, alpha, beta)
    return World({"p": len(computing), "c": np.array(computing), "T": reached, "R": reduction(n, alpha, beta)})


def small_steps(p: int) -> World:
    """One step on each of p batches in turn, from one place on, with steps of any length."""
    rng = np.random.default_rng(5)
    costs = [neuron_cost(rng.standard_normal(3), rng.random()) for _ in range(p)]
    start = np.array([0.4, -0.7, 1.1])

    def walked(eta: float) -> Array:
        w = start
        for cost in costs:
            w = w - eta * slope_of(cost)(w)
        return w

    values = {"p": p, "eta": 0.1, "C": lambda w: sum(cost(w) for cost in costs) / p, "w": start, "w'": walked}
    return World(values, at={"C": "w"})
