"""A fair contest: contenders take turns in one process, on one thread, and the table says on what machine."""

import gc
import importlib.metadata
import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

REST = 0.25  # seconds; the threads of a BLAS spin for a while after a call and would slow down whoever comes next
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
KERNELS = "OPENBLAS_CORETYPE"  # the environment variable that pins OpenBLAS to the kernels of one kind of CPU


@dataclass(frozen=True)
class Contender:
    """Somebody who trains.

    Attributes:
        name: What the table calls it.
        examples: Examples it trains on at each turn.
        turn: Trains on them once.
    """

    name: str
    examples: int
    turn: Callable[[], object]


def settle_environment(*, keep_kernels: bool) -> None:
    """Start the script anew with one thread and with every library free to choose its own kernels.

    OpenBLAS reads its environment when it is loaded, so nothing that is set later reaches it. PyTorch brings kernels of
    its own; a variable that pins only OpenBLAS to an older kind of CPU would make the contest an unequal one.

    Args:
        keep_kernels: Whether to leave such a variable as it was found.
    """
    wanted = {**os.environ, **ONE_THREAD}
    if not keep_kernels:
        wanted.pop(KERNELS, None)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)


def race(contenders: Sequence[Contender], rounds: int) -> dict[str, list[float]]:
    """Let the contenders train in turn and return the examples per second of each, one number a round.

    One uncounted round comes first. Each round begins with another contender.
    """
    speeds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        first = number % len(contenders)
        for contender in [*contenders[first:], *contenders[:first]]:
            gc.collect()  # nobody clears away what another has left
            time.sleep(REST)
            start = time.perf_counter()
            contender.turn()
            seconds = time.perf_counter() - start
            if number:
                speeds[contender.name].append(contender.examples / seconds)
    return speeds


def table(speeds: dict[str, list[float]], reference: str, unit: str = "samples/s") -> str:
    """Return the medians, the slowest and the fastest round, and the ratio to a reference, as a Markdown table."""
    lines = [
        f"| | {unit}, median | slowest … fastest round | ratio to {reference} |",
        "|---|---:|---:|---:|",
    ]
    for name, values in speeds.items():
        ratio = f"{median(values) / median(speeds[reference]):.2f}" if reference in speeds else "–"
        lines.append(f"| {name} | {median(values):,.0f} | {min(values):,.0f} … {max(values):,.0f} | {ratio} |")
    return "\n".join(lines)


def installed(*modules: str) -> bool:
    """Say whether every one of these modules can be imported."""
    return all(importlib.util.find_spec(module) for module in modules)


def setting(*distributions: str) -> str:
    """Return the machine, the versions and the BLAS kernels as a Markdown list."""
    versions = [f"Python {platform.python_version()}"]
    for distribution in distributions:
        try:
            versions.append(f"{distribution} {importlib.metadata.version(distribution)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {distribution}")
    chosen = f"pinned by `{KERNELS}={os.environ[KERNELS]}`" if KERNELS in os.environ else "its own choice"
    kernels = f"NumPy's BLAS kernels: {_kernels()}, {chosen}"
    lines = [f"machine: {_processor()}, {os.cpu_count()} cores, one thread in use", ", ".join(versions), kernels]
    return "\n".join(f"- {line}" for line in lines)


def _kernels() -> str:
    """Return what kernels NumPy's BLAS has chosen, as far as threadpoolctl can tell."""
    import numpy as np  # loads the BLAS that is asked about

    if not installed("threadpoolctl"):
        return "not known without threadpoolctl"
    from threadpoolctl import threadpool_info

    ours = Path(np.__file__).parent.parent
    pools: list[dict[str, Any]] = [
        pool for pool in threadpool_info() if pool["user_api"] == "blas" and Path(pool["filepath"]).is_relative_to(ours)
    ]
    chosen = {f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip() for pool in pools}
    return ", ".join(sorted(chosen)) or "not known"


def _cpu_info(key: str) -> str:
    """Return the first value of a key of /proc/cpuinfo, or nothing."""
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _processor() -> str:
    family, model = _cpu_info("cpu family"), _cpu_info("model")
    name = _cpu_info("model name") or platform.processor() or platform.machine()
    return f"{name} (family {family}, model {model})" if family else name
