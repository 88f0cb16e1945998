"""A fair contest: contenders take turns in one process, on one thread, and the table says on what machine."""

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
CORE_TYPE = "OPENBLAS_CORETYPE"  # the environment variable that chooses OpenBLAS's kernels
AVX2_KERNELS, AVX512_KERNELS = "Haswell", "SkylakeX"  # OpenBLAS's names for them
FOUND = "BENCHMARK_ENVIRONMENT"  # carries what the environment said before over the new start


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


def settle_environment(*, blas_default: bool) -> None:
    """Start the script anew with one thread and the best BLAS kernels, unless it already runs so.

    OpenBLAS reads its environment when it is loaded, so nothing that is set later reaches it. PyTorch brings its own
    kernels. Where the CPU has AVX-512 but NumPy's OpenBLAS would take its AVX2 kernels, because it does not recognise
    the CPU or because the environment says so, it is asked for its AVX-512 kernels, and `setting` reports it.

    Args:
        blas_default: Whether to leave OpenBLAS as it was found.
    """
    wanted = dict(ONE_THREAD)
    if not blas_default and _has_avx512() and AVX2_KERNELS in _kernels():
        wanted |= {CORE_TYPE: AVX512_KERNELS, FOUND: f"{CORE_TYPE}={os.environ.get(CORE_TYPE, '')}"}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})


def race(contenders: Sequence[Contender], rounds: int) -> dict[str, list[float]]:
    """Let the contenders train in turn and return the examples per second of each, one number a round.

    One uncounted round comes first. Each round begins with another contender.
    """
    speeds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        first = number % len(contenders)
        for contender in [*contenders[first:], *contenders[:first]]:
            time.sleep(REST)
            start = time.perf_counter()
            contender.turn()
            seconds = time.perf_counter() - start
            if number:
                speeds[contender.name].append(contender.examples / seconds)
    return speeds


def table(speeds: dict[str, list[float]], reference: str) -> str:
    """Return the medians, the slowest and the fastest round, and the ratio to a reference, as a Markdown table."""
    lines = [
        f"| | samples/s, median | slowest … fastest round | ratio to {reference} |",
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
    kernels = f"NumPy's BLAS kernels: {_kernels()}"
    if FOUND in os.environ:
        kernels += f", asked for with `{CORE_TYPE}={os.environ[CORE_TYPE]}`; "
        kernels += f"with `{os.environ[FOUND]}`, as found, they would be {AVX2_KERNELS} (AVX2): see `--blas-default`"
    else:
        kernels += f", with `{CORE_TYPE}={os.environ.get(CORE_TYPE, '')}` as found"
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


def _has_avx512() -> bool:
    return "avx512f" in _cpu_info("flags").split()


def _processor() -> str:
    family, model = _cpu_info("cpu family"), _cpu_info("model")
    name = _cpu_info("model name") or platform.processor() or platform.machine()
    return f"{name} (family {family}, model {model})" if family else name
