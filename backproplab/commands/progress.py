"""The progress of training, in a terminal as a bar, elsewhere as a line for each epoch, with the time that is left."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from backproplab.checks import Array
from backproplab.commands.arguments import say
from backproplab.optimizers import Optimizer
from backproplab.training import Progress


class Counting(Optimizer):
    """An optimizer that says after each of its steps that it has taken one."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.taken: Callable[[], object] = lambda: None

    def __repr__(self) -> str:
        return repr(self.optimizer)

    def step(self, parameters: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Take the step."""
        self.optimizer.step(parameters, gradients)
        self.taken()

    def snapshot(self) -> Callable[[], None]:
        """Return what puts back the optimizer's memory."""
        return self.optimizer.snapshot()


def watched(training: Iterable[Progress], optimizer: Counting, epochs: int, steps: int) -> Iterator[Progress]:
    """Pass progress on, and show it.

    Args:
        training: What `fit` returns.
        optimizer: The optimizer that it trains with.
        epochs: How many epochs it goes through.
        steps: How many steps it takes in all.
    """
    tqdm = _tqdm()
    return _lines(training, epochs) if tqdm is None else _bar(training, optimizer, epochs, steps, tqdm)


def measured(progress: Progress) -> str:
    """Return what was measured after an epoch."""
    held_out = "" if progress.validation_loss is None else f", held out {progress.validation_loss:.4f}"
    share = "" if progress.accuracy is None else f", accuracy {progress.accuracy:.2%}"
    return f"loss {progress.loss:.4f}{held_out}{share}"


def _tqdm() -> Any:
    """Return tqdm, if it is installed and there is a terminal to draw in."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def _bar(training: Iterable[Progress], optimizer: Counting, epochs: int, steps: int, tqdm: Any) -> Iterator[Progress]:
    with tqdm(total=steps, unit="step", dynamic_ncols=True) as bar:
        optimizer.taken = bar.update
        for progress in training:
            bar.write(_line(progress, epochs))
            yield progress


def _lines(training: Iterable[Progress], epochs: int) -> Iterator[Progress]:
    start = time.perf_counter()
    for progress in training:
        left = (time.perf_counter() - start) * (epochs / progress.epoch - 1)
        say(_line(progress, epochs) + (f", {_time(left)} left" if progress.epoch < epochs else ""))
        yield progress


def _line(progress: Progress, epochs: int) -> str:
    return f"epoch {progress.epoch:>{len(str(epochs))}} of {epochs}: {measured(progress)}"


def _time(seconds: float) -> str:
    """Return a span of time as people say it."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
