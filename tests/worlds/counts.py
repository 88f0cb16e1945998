"""Worlds of what is counted: parameters, paths and products of a network, steps and draws of an epoch."""

from __future__ import annotations

from itertools import pairwise, product
from math import sqrt

from backproplab.book.formulas.world import World


def sizes(counted: dict[str, float], *numbers: int) -> World:
    """The numbers of neurons $n_l$ of a network, and what has been counted in it."""
    return World({"n": dict(enumerate(numbers)), "L": len(numbers) - 1, **counted})


def walked(*numbers: int) -> World:
    """The paths through a network, walked one edge at a time, and the edges that they use."""
    walks = [[(0, j)] for j in range(numbers[0])]
    for layer in range(1, len(numbers)):
        walks = [[*walk, (layer, k)] for walk in walks for k in range(numbers[layer])]
    edges = {pair for walk in walks for pair in pairwise(walk)}
    return sizes({"paths": len(walks), "edges": len(edges)}, *numbers)


def missed(examples: int) -> World:
    """All ways to draw as many examples as there are, with replacement: the share of those without the first."""
    draws = list(product(range(examples), repeat=examples))
    share = sum(0 not in draw for draw in draws) / len(draws)
    return World({"N": examples, "missed": 0, "Pr": lambda _missed: share})


def poll(p: float, m: int) -> World:
    """All answers of m voters of whom each says yes with probability p, and how far their share strays from p."""
    spread = 0.0
    for answers in product((0, 1), repeat=m):
        chance = 1.0
        for answer in answers:
            chance *= p if answer else 1 - p
        spread += chance * (sum(answers) / m - p) ** 2
    return World({"se": sqrt(spread), "p": p, "m": m})


def settled(eta: float, sigma: float, m: int) -> World:
    """The variance that is left when the step d′ = (1 − η) d − η ξ has been made often, with noise of variance σ²/m."""
    v = 0.0
    for _ in range(2000):
        v = (1 - eta) ** 2 * v + eta**2 * sigma**2 / m
    return World({"eta": eta, "sigma": sigma, "m": m, "v": v})
