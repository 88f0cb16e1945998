"""The command `check`: the gradients of a saved network against the slopes of its cost."""

import argparse
from pathlib import Path

import numpy as np

from backproplab.checks import Array, positive, whole_number
from backproplab.commands.arguments import Parser, emphasised, number, say
from backproplab.commands.data import FORMATS, read_examples
from backproplab.gradcheck import check_gradients
from backproplab.loading import load_network
from backproplab.losses import LOSSES
from backproplab.network import Network

_EXAMPLES = f"""\
{FORMATS}
without --data, inputs and targets are drawn at random. The exit code is 0 if no gradient is wrong, and else 1.

examples:
  python -m backproplab check digits.npz
  python -m backproplab check digits.npz --data digits --examples 20 --entries 100
"""
_MANY = 1000  # parameters from which on some of them have to do
_SOME = 25


def add_to(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to those of the program."""
    check = commands.add_parser(
        "check",
        help="check the gradients of a saved network against differences of its cost",
        description="Check the gradients of a saved network, which backpropagation computes, against differences of its cost.",
        epilog=_EXAMPLES,
    )
    check.set_defaults(run=run)
    add = check.add_argument
    add("network", type=Path, metavar="FILE", help="what train --save or Network.save has written")
    add("--data", metavar="DATA", help="examples to check with: digits, a folder or a file; see below")
    add("--label", default="last", metavar="COLUMN", help="the column of a table that holds the class (default last)")
    add("--divide", type=number, default=1, metavar="N", help="divide the inputs of a file by this, such as 255")
    add("--examples", type=int, default=8, metavar="N", help="how many of them (default 8)")
    add("--entries", type=int, metavar="N", help=f"entries of each parameter (default all, of large networks {_SOME})")
    add("--tolerance", type=number, metavar="TAU", help="the relative error that counts as right (default 1e-6)")
    add("--seed", type=int, default=0, metavar="N", help="what entries and random examples are drawn with (default 0)")


def run(options: argparse.Namespace) -> int:
    """Print the report and return the exit code."""
    network = load_network(options.network)
    rng = np.random.default_rng(whole_number(options.seed, "--seed", least=0))
    count = whole_number(options.examples, "--examples")
    x, y = _drawn(network, count, rng) if options.data is None else _given(options, network, count)
    size = sum(array.size for array in network.parameters.values())
    entries = _SOME if options.entries is None and size > _MANY else options.entries
    tolerance = None if options.tolerance is None else positive(options.tolerance, "--tolerance")
    drawing = None if entries is None else rng
    report = check_gradients(network, x, y, entries=entries, rng=drawing, tolerance=tolerance)
    say(f"{network}\n")
    *table, verdict = str(report).splitlines()
    say("\n".join([*table, emphasised(verdict)]))
    return int(report.verdict == "wrong")


def _drawn(network: Network, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw inputs and targets that fit the network."""
    x = rng.random((count, *network.input_shape))
    shape = network.output_shape
    if network.loss in (LOSSES["softmax_cross_entropy"], LOSSES["binary_cross_entropy"]) and len(shape) == 1:
        return x, rng.integers(0, shape[0], count) if shape[0] > 1 else rng.integers(0, 2, (count, 1)).astype(float)
    return x, rng.random((count, *shape))


def _given(options: argparse.Namespace, network: Network, count: int) -> tuple[Array, Array]:
    """Return the first examples of the reader's data, in the shape that the network takes."""
    data = read_examples(options.data, options.label, positive(options.divide, "--divide"))
    x = data.x[:count]
    if x[0].size != np.prod(network.input_shape):
        raise ValueError(f"--data: expected examples of shape {network.input_shape}, got {x.shape[1:]}")
    return x.reshape(-1, *network.input_shape), data.y[:count]
