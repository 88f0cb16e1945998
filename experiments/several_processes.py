"""One network, two processes: the gradient in shards, DistributedDataParallel, and workers that die or hang.

    python experiments/several_processes.py

PyTorch's `gloo` carries the numbers between processes of this machine. The shards are unequal on purpose. PyTorch is imported
by the workers alone. Half a minute.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

import numpy as np
from record import settings, write

from backproplab import Dense, Momentum, Network, digits, from_torch, to_torch

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from backproplab.checks import Array

Accident = Callable[[int, int], None]
"""What happens to a worker before a step, by rank and step."""
SHARDS = (60, 40)
BATCH = sum(SHARDS)
STEPS, RATE, MOMENTUM = 14, 0.1, 0.9
LOSS = "softmax_cross_entropy"
PATIENCE = 5.0
"""Seconds that a worker waits for another one inside a step."""
LONGEST = 120.0
"""Seconds that a whole run may take."""


def fresh() -> Network:
    """Return the network that every worker starts with."""
    rng = np.random.default_rng(0)
    return Network([Dense(64, 30, "tanh", rng=rng), Dense(30, 10, rng=rng)], LOSS)


def batch(step: int) -> tuple[Array, Array]:
    """Return the examples of a step."""
    rows, data = slice(step * BATCH, (step + 1) * BATCH), digits()
    return data.x_train[rows], data.y_train[rows]


def shard(rank: int, step: int) -> tuple[Array, Array]:
    """Return the examples of a step that a worker takes."""
    x, y = batch(step)
    begin = sum(SHARDS[:rank])
    return x[begin : begin + SHARDS[rank]], y[begin : begin + SHARDS[rank]]


def flat(arrays: dict[str, Array]) -> Array:
    """Put all numbers of a network's parameters or gradients into one vector."""
    return np.concatenate([array.ravel() for array in arrays.values()])


def reduce_gradients(rank: int, group: Any) -> Array:
    """Work out the gradient of a shard, and return the whole batch's: the weighted sum over the workers."""
    import torch
    from torch.distributed import all_reduce

    x, y = shard(rank, step=0)
    mine = flat(fresh().trace(x, y).gradients)
    total = torch.from_numpy(len(x) / BATCH * mine)
    all_reduce(total, group=group)
    return total.numpy()


def train_alone() -> Array:
    """Train in one process, with the package alone."""
    network, optimizer = fresh(), Momentum(RATE, MOMENTUM)
    for step in range(STEPS):
        gradients = network.trace(*batch(step)).gradients
        optimizer.step([*network.parameters.values()], [*gradients.values()])
    return flat(network.parameters)


def nothing(rank: int, step: int) -> None:
    """Let the step go on."""


def die(rank: int, step: int) -> None:
    """Kill the last worker in the middle of the run, as the system does when memory runs out."""
    if (rank, step) == (len(SHARDS) - 1, STEPS // 2):
        os.kill(os.getpid(), signal.SIGKILL)


def hang(rank: int, step: int) -> None:
    """Leave the last worker asleep in the middle of the run."""
    if (rank, step) == (len(SHARDS) - 1, STEPS // 2):
        time.sleep(10 * LONGEST)


def train(rank: int, group: Any, before: Accident = nothing) -> Array:
    """Train one worker's copy beside the others, and return its parameters."""
    import torch
    from torch.nn.parallel import DistributedDataParallel

    module = DistributedDataParallel(to_torch(fresh()), process_group=group)
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(module.parameters(), RATE, MOMENTUM)
    for step in range(STEPS):
        before(rank, step)
        x, y = map(torch.from_numpy, shard(rank, step))
        weight = len(SHARDS) * len(x) / BATCH  # the mean over workers is plain
        optimizer.zero_grad()
        (weight * loss(module(x), y)).backward()  # sums around the workers
        optimizer.step()
    return flat(from_torch(module.module, LOSS).parameters)


def both(rank: int, group: Any) -> tuple[Array, Array]:
    """Return the reduced gradient and the trained parameters."""
    return reduce_gradients(rank, group), train(rank, group)


def seconds(rank: int, group: Any, rounds: int = 300) -> dict[str, Any]:
    """Measure one worker's quickest of many all-reduces of some sizes, and of many gradients of a whole batch."""
    import torch
    from torch.distributed import all_reduce

    def quickest(job: Callable[[], object]) -> float:
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            job()
            times.append(time.perf_counter() - began)
        return min(times)

    network, (x, y) = fresh(), batch(0)
    reduces = []
    for size in (1, flat(network.parameters).size, 100_000, 1_000_000):
        numbers = torch.zeros(size)
        reduces.append({"numbers": size, "seconds": quickest(partial(all_reduce, numbers, group=group))})
    return {"rank": rank, "gradient": quickest(lambda: network.trace(x, y)), "all_reduce": reduces}


def work(job: Callable[[int, Any], Any], rank: int, meeting: str, patience: float, answer: Connection) -> None:
    """Be one worker: meet the others, do the job, and send what came of it."""
    import torch
    import torch.distributed as dist

    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = next(name for _, name in socket.if_nameindex() if name.startswith("lo"))
    dist.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",
        rank=rank,
        world_size=len(SHARDS),
        timeout=timedelta(seconds=LONGEST),
    )
    group = dist.new_group(timeout=timedelta(seconds=patience))
    try:
        answer.send((True, job(rank, group)))
    except RuntimeError as error:
        answer.send((False, str(error)))
    dist.destroy_process_group()


def together(job: Callable[[int, Any], Any], patience: float = PATIENCE) -> list[Any]:
    """Do a job in one process for each shard, and return what came of each.

    Raises:
        RuntimeError: If a worker died, did not answer or failed, with its rank; the others have been ended by then.
    """
    context = multiprocessing.get_context("spawn")
    processes, answers = [], []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for rank in range(len(SHARDS)):
                here, there = context.Pipe(duplex=False)
                process = context.Process(
                    target=work, args=(job, rank, f"{folder}/meeting", patience, there), daemon=True
                )
                process.start()
                there.close()  # so that the pipe ends with the worker
                processes.append(process)
                answers.append(here)
            return listen(processes, answers, patience)
        finally:
            for process in processes:
                process.kill()
                process.join()


def listen(processes: list[Any], answers: list[Connection], patience: float) -> list[Any]:
    """Return the answers of all workers, or say which of them is to blame."""
    results: dict[int, Any] = {}
    troubles: dict[int, str] = {}
    waiting, until = dict(enumerate(answers)), time.monotonic() + LONGEST
    while waiting and time.monotonic() < until:
        ready = wait([*waiting.values()], until - time.monotonic())
        for rank in [rank for rank, answer in waiting.items() if answer in ready]:
            try:
                fine, result = waiting.pop(rank).recv()
                (results if fine else troubles)[rank] = result
            except EOFError:
                processes[rank].join()
                raise RuntimeError(f"the worker with rank {rank} died: exit code {processes[rank].exitcode}") from None
        if troubles:
            until = min(until, time.monotonic() + patience)
    for rank in waiting:
        raise RuntimeError(f"the worker with rank {rank} did not answer; the others report: {troubles}")
    if troubles:
        raise RuntimeError(f"workers failed: {troubles}")
    return [results[rank] for rank in sorted(results)]


def accident(before: Accident) -> dict[str, Any]:
    """Let something happen to a worker, and return the error that the run ended with, and after how many seconds."""
    began = time.monotonic()
    try:
        together(partial(train, before=before))
    except RuntimeError as error:
        return {"error": str(error), "seconds": round(time.monotonic() - began, 1)}
    raise AssertionError("the run ended as if nothing had happened")


def main() -> None:
    """Do all of it and write the record."""
    given = settings(__doc__ or "")
    from importlib.metadata import version

    whole, alone = flat(fresh().trace(*batch(0)).gradients), train_alone()
    reduced, trained = zip(*together(both), strict=True)
    found = {
        "pytorch": version("torch"),
        "shards": SHARDS,
        "steps": STEPS,
        "parameters": whole.size,
        "gradient": float(np.abs(whole).max()),
        "gradient_off": max(float(np.abs(one - whole).max()) for one in reduced),
        "moved": float(np.abs(alone - flat(fresh().parameters)).max()),
        "trained_off": max(float(np.abs(one - alone).max()) for one in trained),
        "replicas_off": float(np.abs(trained[0] - trained[1]).max()),
        "patience": PATIENCE,
        "dies": accident(die),
        "hangs": accident(hang),
        "seconds": together(seconds)[0],
    }
    print(found)
    write(given.records, "several-processes", found)


if __name__ == "__main__":
    main()
