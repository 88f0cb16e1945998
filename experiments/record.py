"""What every recorded experiment has in common: where MNIST lies, on what it ran, and how the record is written."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproplab import Dataset

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MNIST = Path(__file__).parents[2] / "shared" / "mnist"
RECORDS = Path(__file__).parent / "records"


def settings(description: str) -> argparse.Namespace:
    """Read the command line, and start the program anew with one thread, which a BLAS reads when it is loaded."""
    if any(os.environ.get(name) != number for name, number in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--mnist", type=Path, default=MNIST, help="a folder with MNIST's four files")
    parser.add_argument("--records", type=Path, default=RECORDS, help="where to write the record")
    return parser.parse_args()


def data(folder: Path) -> Dataset:
    """Return MNIST, of which every file is the known one."""
    import numpy as np

    from backproplab import mnist

    return mnist(folder, np.float32, verify=True)


def machine() -> dict[str, str]:
    """Say on what an experiment ran."""
    import numpy as np

    from backproplab import __version__

    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "backproplab": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "threads": "1",
    }


def write(folder: Path, name: str, record: dict[str, Any]) -> None:
    """Write a record whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    half = path.with_suffix(".part")
    half.write_text(json.dumps({"machine": machine(), **record}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    half.replace(path)
    print(f"written: {path}")
