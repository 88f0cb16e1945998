"""How fast is one step of an optimizer? backproplab beside PyTorch's plain, foreach and fused implementations.

Everything runs on one thread; see `--help`. The gradients are given, so that nothing but the step is measured.
What to expect: on small networks, where calls cost more than arithmetic, a step of backproplab is the fastest; on large
ones a fused step, which goes through memory once and not ten times, takes about half the time.
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from contest import Contender, race, setting, settle_environment, table

NETWORKS = {"784-30-10": (784, 30, 10), "784-512-10": (784, 512, 10)}
REFERENCE = "PyTorch, fused"
WAYS = {"PyTorch, plain": {"foreach": False}, "PyTorch, foreach": {"foreach": True}, REFERENCE: {"fused": True}}
KINDS = ("SGD", "Momentum", "Adam")


def shapes(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Return the shapes of weights and biases of fully connected layers."""
    return [shape for n, m in pairwise(sizes) for shape in ((m, n), (m, 1))]


def backproplab_turn(kind: str, sizes: Sequence[int], dtype: str, steps: int) -> Callable[[], object]:
    """Return so many steps of the package's optimizer."""
    import numpy as np

    from backproplab import SGD, Adam, Momentum

    rng = np.random.default_rng(1)
    parameters, gradients = ([rng.standard_normal(shape).astype(dtype) for shape in shapes(sizes)] for _ in "ab")
    optimizer = {"SGD": SGD, "Momentum": Momentum, "Adam": Adam}[kind](1e-3)

    def turn() -> None:
        for _ in range(steps):
            optimizer.step(parameters, gradients)

    return turn


def pytorch_turn(kind: str, sizes: Sequence[int], dtype: str, steps: int, way: dict[str, bool]) -> Callable[[], object]:
    """Return so many steps of PyTorch's optimizer, implemented in one of its ways."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(1)
    parameters = [torch.randn(shape, dtype=getattr(torch, dtype), requires_grad=True) for shape in shapes(sizes)]
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    optim: Any = torch.optim
    if kind == "Adam":
        optimizer = optim.Adam(parameters, lr=1e-3, **way)
    else:
        optimizer = optim.SGD(parameters, lr=1e-3, momentum=0.9 if kind == "Momentum" else 0.0, **way)

    def turn() -> None:
        for _ in range(steps):
            optimizer.step()

    return turn


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the contest and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300, help="steps in each turn")
    parser.add_argument("--rounds", type=int, default=9, help="counted turns of each contender")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"], choices=["float32", "float64"])
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, help="which optimizers")
    parser.add_argument("--keep-kernels", action="store_true", help="obey OPENBLAS_CORETYPE if it is set")
    options = parser.parse_args(arguments)
    settle_environment(keep_kernels=options.keep_kernels)

    print(setting("numpy", "torch"))
    print(f"- {options.steps} steps in each turn, {options.rounds} rounds")
    for name, sizes in NETWORKS.items():
        for dtype in options.dtypes:
            for kind in options.kinds:
                steps = options.steps
                turns = {"backproplab": backproplab_turn(kind, sizes, dtype, steps)}
                turns |= {way: pytorch_turn(kind, sizes, dtype, steps, how) for way, how in WAYS.items()}
                print(f"\n### {kind}, {name}, {dtype}\n", flush=True)
                speeds = race([Contender(who, steps, turn) for who, turn in turns.items()], options.rounds)
                print(table(speeds, REFERENCE, "steps/s"), flush=True)


if __name__ == "__main__":
    main()
