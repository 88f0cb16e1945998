"""When one machine is not enough: shards, the ring, and what it costs; and two real processes where PyTorch is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from backproplab import ACTIVATIONS, LOSSES, Dense, Network, identity
from backproplab.book.formulas.formula import formula
from tests.book import ROOT
from tests.worlds.machines import sent, shards, small_steps, step, uneven_ring, weak

sys.path.append(str(ROOT / "experiments"))

import several_processes

needs_pytorch = pytest.mark.skipif(
    os.environ.get("CI") != "true" and importlib.util.find_spec("torch") is None,
    reason="PyTorch is not installed: pip install torch (CI=true requires it)",
)
DIVIDED = (shards((1, 3, 4), (2, 5)), shards((2,), (1, 4, 5), (3, 6)))
RINGS = [step(p, c=61.0, n=4.0, alpha=0.5, beta=1.5) for p in (7, 3, 2)]


@pytest.mark.equation("SHARDS")
def test_shards_add_up_to_the_batch() -> None:
    """The measured gradient of the batch is the weighted sum over the shards, and so is the package's under every loss."""
    formula("SHARDS").holds(*DIVIDED)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 3)), rng.dirichlet(np.ones(4), 9)
    for activation, loss in zip(ACTIVATIONS, LOSSES, strict=True):
        layers = [Dense(n, m, activation, rng=rng) for n, m in pairwise((3, 5, 4))]
        layers[-1].activation = identity
        network = Network(layers, loss)
        parts = [slice(0, 5), slice(5, 8), slice(8, 9)]
        found = [network.trace(x[part], y[part]).gradients for part in parts]
        for name, whole in network.trace(x, y).gradients.items():
            total = sum(n / 9 * gradients[name] for n, gradients in zip((5, 3, 1), found, strict=True))
            np.testing.assert_allclose(total, whole, rtol=1e-12, atol=1e-15)


@pytest.mark.equation("PLAINMEAN")
def test_a_plain_mean_misses_by_what_the_shards_are_unequal() -> None:
    """The plain mean of the workers' gradients is off by the formula; with equal shards by nothing."""
    formula("PLAINMEAN").holds(*DIVIDED)
    equal = shards((1, 3), (2, 5), (4, 6))
    weighted = sum(n / 6 * equal["g"][k] for k, n in equal["n"].items())
    np.testing.assert_allclose(equal["bar_g"], weighted, rtol=1e-14)


@pytest.mark.equation("RING")
def test_what_a_worker_of_the_ring_sends() -> None:
    """Parts handed on until nobody lacks a worker's numbers: the messages of each, counted, are the formula."""
    formula("RING").holds(sent(4, 12), sent(3, 5), sent(2, 7))


@pytest.mark.equation("RINGTIME")
def test_the_time_of_the_ring() -> None:
    """The last event of a simulated ring is at the time that the formula says."""
    formula("RINGTIME").holds(*RINGS)


@pytest.mark.equation("STEPTIME")
def test_the_time_of_a_step() -> None:
    """A simulated step, computing and all, takes as long as the formula says; speed-up and efficiency follow."""
    formula("STEPTIME").holds(*RINGS)


@pytest.mark.equation("AMDAHL")
def test_no_ring_is_faster_than_amdahl() -> None:
    """A simulated ring stays below Amdahl's law, and reaches it when messages take no time of their own."""
    formula("AMDAHL").holds(*RINGS, reached=[step(p, c=61.0, n=4.0, alpha=0.0, beta=1.5) for p in (2, 5)])


@pytest.mark.equation("BESTP")
def test_the_best_number_of_workers() -> None:
    """Of all simulated rings, that of the formula's size is the quickest."""
    formula("BESTP").holds(RINGS[0], step(4, c=16.6, n=5.0, alpha=0.3, beta=0.7))


@pytest.mark.equation("WEAK")
def test_a_batch_for_each() -> None:
    """Examples per second and worker in a simulated ring, beside one worker's, are the formula."""
    formula("WEAK").holds(*(weak(p, c=6.1, n=4.0, alpha=0.5, beta=1.5) for p in (7, 3)))


@pytest.mark.equation("SLOWEST")
def test_the_slowest_worker_sets_the_pace() -> None:
    """A simulated ring whose workers begin at different times ends a whole reduction after the last of them."""
    rings = [[1.0, 9.5, 3.0], [4.0, 2.0, 3.0, 0.5]]
    formula("SLOWEST").holds(*(uneven_ring(ready, n=4.0, alpha=0.5, beta=1.5) for ready in rings))


@pytest.mark.equation("LINEARRULE")
def test_one_large_step_is_many_small_ones_at_first() -> None:
    """Where p small steps on p batches end, and where one p times as long on all of them does, differ by the square of the step."""
    formula("LINEARRULE").holds(small_steps(3), small_steps(2), small="eta")


def test_the_record_is_the_program_s() -> None:
    """What the page reads was made with the shards, the steps and the patience that the program has now."""
    record = json.loads((ROOT / "experiments/records/several-processes.json").read_text("utf-8"))
    made = [record[name] for name in ("shards", "steps", "patience", "parameters")]
    now = several_processes
    assert made == [list(now.SHARDS), now.STEPS, now.PATIENCE, now.flat(now.fresh().parameters).size]


@needs_pytorch
def test_two_processes_work_out_and_train_what_one_does() -> None:
    """Two processes with unequal shards find the gradient of one, and after training with DistributedDataParallel its parameters."""
    alone = several_processes.train_alone()
    whole = several_processes.flat(several_processes.fresh().trace(*several_processes.batch(0)).gradients)
    for reduced, trained in several_processes.together(several_processes.both, patience=60.0):
        np.testing.assert_allclose(reduced, whole, rtol=0, atol=1e-15)
        np.testing.assert_allclose(trained, alone, rtol=0, atol=1e-13)
    assert np.abs(alone - several_processes.flat(several_processes.fresh().parameters)).max() > 0.1


@needs_pytorch
@pytest.mark.parametrize(
    ("accident", "said"),
    [
        (several_processes.die, "rank 1 died: exit code -9"),
        (several_processes.hang, "rank 1 did not answer"),
    ],
    ids=["dies", "hangs"],
)
def test_a_worker_that_dies_or_hangs_is_named(accident: several_processes.Accident, said: str) -> None:
    """A worker is killed, or put to sleep, in the middle of the run: the run ends with an error that names it."""
    with pytest.raises(RuntimeError, match=said):
        several_processes.together(partial(several_processes.train, before=accident), patience=4.0)
