"""How fast does a small convolutional network train, and in how much memory? backproplab beside PyTorch, JAX and NumPy.

28×28 → convolution 8 (3×3, padding 1) → ReLU → max-pool 2 → convolution 16 (3×3, padding 1) → ReLU → max-pool 2
→ dense 10, cross-entropy, stochastic gradient descent. Everybody starts from the same weights, and before the contest
their losses over a few steps on one batch are compared. Everything runs on one thread; see `--help`.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contest import Contender, installed, race, setting, settle_environment, table
from mlp import DEFAULT_MNIST, load_data

REFERENCE = "PyTorch eager"
LEARNING_RATE = 0.05
SIDE, BATCH = 28, 64
BATCHES, SIDES = (32, 64, 128, 256), (20, 28, 40, 56)  # each twice as much as the one before, or nearly
XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"

Turn = Callable[[], float]


def backproplab_network(dtype: str, side: int = SIDE) -> Any:
    """Return the network of this benchmark."""
    import numpy as np

    from backproplab import Conv2d, Dense, Flatten, MaxPool2d, Network

    rng = np.random.default_rng(1)
    layers = [
        Conv2d(1, 8, 3, "relu", padding=1, rng=rng, dtype=dtype),
        MaxPool2d(2),
        Conv2d(8, 16, 3, "relu", padding=1, rng=rng, dtype=dtype),
        MaxPool2d(2),
        Flatten(),
        Dense(16 * (side // 4) ** 2, 10, rng=rng, dtype=dtype),
    ]
    return Network(layers, "softmax_cross_entropy", (1, side, side))


def backproplab_turn(x: Any, labels: Any, batch: int) -> Turn:
    """Return one epoch of the public `fit`."""
    import numpy as np

    from backproplab import SGD, fit

    network = backproplab_network(x.dtype.name, x.shape[-1])
    rng, optimizer = np.random.default_rng(2), SGD(LEARNING_RATE)
    training = fit(network, x, labels, epochs=1_000_000, batch_size=batch, optimizer=optimizer, rng=rng)
    return lambda: next(training).loss


def pytorch_turn(x: Any, labels: Any, batch: int, *, channels_last: bool = False) -> Turn:
    """Return one epoch of PyTorch without a DataLoader: tensors, indexed by a permutation."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(1)
    nn, start = torch.nn, backproplab_network(x.dtype.name, x.shape[-1]).parameters
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(len(start["W6"][0]), 10),
    )
    for parameter, array in zip(model.parameters(), start.values(), strict=True):
        parameter.data = torch.tensor(array.reshape(parameter.shape))
    inputs, classes = torch.from_numpy(x), torch.from_numpy(labels)
    if channels_last:
        model, inputs = model.to(memory_format=torch.channels_last), inputs.to(memory_format=torch.channels_last)
    cross_entropy = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

    def epoch() -> float:
        total = 0.0
        for indices in torch.randperm(len(inputs)).split(batch):
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs[indices]), classes[indices])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(indices)
        return total / len(inputs)

    return epoch


def channels_last_turn(x: Any, labels: Any, batch: int) -> Turn:
    """Return one epoch of PyTorch in its other memory format."""
    return pytorch_turn(x, labels, batch, channels_last=True)


def jax_turn(x: Any, labels: Any, batch: int) -> Turn:
    """Return one epoch of JAX, a compiled step for each batch; it is compiled before anything is measured."""
    os.environ["XLA_FLAGS"] = XLA_ONE_THREAD
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", x.dtype.name == "float64")
    start = backproplab_network(x.dtype.name, x.shape[-1]).parameters
    parameters = {name: jnp.asarray(array) for name, array in start.items()}

    def stage(p: Any, a: Any, number: int) -> Any:
        z = jax.lax.conv_general_dilated(a, p[f"W{number}"], (1, 1), ((1, 1), (1, 1))) + p[f"b{number}"][:, :, None]
        pool = (1, 1, 2, 2)
        return jax.lax.reduce_window(jax.nn.relu(z), -jnp.inf, jax.lax.max, pool, pool, "VALID")

    def cost(p: Any, a: Any, y: Any) -> Any:
        a = stage(p, stage(p, a, 1), 3)
        logits = a.reshape(len(a), -1) @ p["W6"].T + p["b6"][:, 0]
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()

    def step(p: Any, a: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(cost)(p, a, y)
        return {name: p[name] - LEARNING_RATE * grads[name] for name in p}, loss

    rng, compiled = np.random.default_rng(2), jax.jit(step)

    def epoch() -> float:
        nonlocal parameters
        order, total = rng.permutation(len(x)), 0.0
        for indices in np.split(order, range(batch, len(x), batch)):
            parameters, loss = compiled(parameters, x[indices], labels[indices])
            total += float(loss) * len(indices)
        return total / len(x)

    return epoch


def numpy_turn(x: Any, labels: Any, batch: int) -> Turn:
    """Return one epoch of the textbook's NumPy."""
    from textbook import epochs

    parameters = backproplab_network(x.dtype.name, x.shape[-1]).parameters
    training = epochs(parameters, x, labels, batch, LEARNING_RATE)
    return lambda: next(training)


TURNS = {
    "backproplab": (backproplab_turn, ()),
    REFERENCE: (pytorch_turn, ("torch",)),
    "PyTorch channels_last": (channels_last_turn, ("torch",)),
    "JAX jit": (jax_turn, ("jax",)),
    "NumPy, as in textbooks": (numpy_turn, ()),
}


def present() -> list[str]:
    """Return who is installed."""
    return [name for name, (_, needs) in TURNS.items() if installed(*needs)]


def check_agreement(x: Any, labels: Any, batch: int) -> None:
    """Let everybody take a few steps on one batch, and stop unless all see the same losses."""
    losses = {}
    for name in present():
        turn = TURNS[name][0](x[:batch], labels[:batch], batch)
        losses[name] = [turn() for _ in range(4)]
    expected = losses["backproplab"]
    for name, found in losses.items():
        if any(abs(a - b) > 1e-3 * abs(b) for a, b in zip(found, expected, strict=True)):
            sys.exit(f"{name} trains another network: losses {found}, expected {expected}")


def measured_peak(name: str, batch: int, side: int, dtype: str) -> float:
    """Return by how many MB training steps raise the resident memory of a fresh process, at their peak."""
    arguments = ["--peak-of", name, "--batch", str(batch), "--side", str(side), "--dtypes", dtype]
    command = [sys.executable, __file__, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak(name: str, batch: int, side: int, dtype: str) -> float:
    """Return the same for this process, after a step with a single example has loaded and set up everything.

    Several steps are taken, because what one leaves behind counts with the next.
    """
    import numpy as np

    make = TURNS[name][0]
    rng = np.random.default_rng(0)
    x, labels = rng.random((4 * batch, 1, side, side)).astype(dtype), rng.integers(0, 10, 4 * batch)
    make(x[:1], labels[:1], 1)()
    turn = make(x, labels, batch)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _resident("VmRSS")
    turn()
    return (_resident("VmHWM") - before) / 1024


def _resident(key: str) -> int:
    """Return a number of kB from /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def memory_table(names: Sequence[str], cases: Sequence[tuple[int, int]], dtype: str, heading: str) -> str:
    """Return the peaks over several batches and sides as a Markdown table."""
    lines = [f"| {heading} | " + " | ".join(names) + " |", "|---:|" + "---:|" * len(names)]
    for batch, side in cases:
        label = f"{batch}" if heading == "batch" else f"{side}×{side} = {side * side:,}"
        peaks = [f"{measured_peak(name, batch, side, dtype):.1f} MB" for name in names]
        lines.append(f"| {label} | " + " | ".join(peaks) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the contest and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path, default=DEFAULT_MNIST, help="a folder with MNIST's IDX files")
    parser.add_argument("--examples", type=int, default=2_048, help="training examples in each turn")
    parser.add_argument("--rounds", type=int, default=9, help="counted turns of each contender")
    parser.add_argument("--batch", type=int, default=BATCH, help="examples in a mini-batch")
    parser.add_argument("--side", type=int, default=SIDE, help=argparse.SUPPRESS)
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"], choices=["float32", "float64"])
    parser.add_argument("--keep-kernels", action="store_true", help="obey OPENBLAS_CORETYPE if it is set")
    parser.add_argument("--no-memory", action="store_true", help="measure no memory")
    parser.add_argument("--peak-of", choices=list(TURNS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    settle_environment(keep_kernels=options.keep_kernels)
    if options.peak_of:
        print(peak(options.peak_of, options.batch, options.side, options.dtypes[0]))
        return

    images, labels, source = load_data(options.mnist, options.examples)
    images = images.reshape(-1, 1, SIDE, SIDE)
    print(setting("numpy", "torch", "jax"))
    print(f"- data: {source}, {len(images):,} examples at each turn, batch {options.batch}, {options.rounds} rounds")
    for dtype in options.dtypes:
        x = images.astype(dtype)
        check_agreement(x, labels, options.batch)
        print(f"\n### Speed, {dtype}\n", flush=True)
        contenders = [Contender(name, len(x), TURNS[name][0](x, labels, options.batch)) for name in present()]
        print(table(race(contenders, options.rounds), REFERENCE), flush=True)
    if not options.no_memory and Path("/proc/self/clear_refs").exists():
        names = [name for name in present() if name != "JAX jit"]
        for dtype in options.dtypes:
            print(f"\n### Memory of a training step at its peak, {dtype}\n", flush=True)
            print(memory_table(names, [(batch, SIDE) for batch in BATCHES], dtype, "batch"), end="\n\n", flush=True)
            print(memory_table(names, [(BATCH, side) for side in SIDES], dtype, "image area"), flush=True)


if __name__ == "__main__":
    main()
