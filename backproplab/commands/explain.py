"""The command `explain`: a worked example of a network drawn by chance, or given in a file."""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from backproplab.activations import ACTIVATIONS
from backproplab.checks import whole_number
from backproplab.commands.arguments import Parser, number, terminal_width, write
from backproplab.layers import Dense
from backproplab.losses import LOSSES
from backproplab.network import Network
from backproplab.widgets.elements import standalone
from backproplab.widgets.stepper import stepper
from backproplab.worked.examples import worked_sections
from backproplab.worked.sections import markdown
from backproplab.worked.terminal import WIDTH, text
from backproplab.worked.webpage import html

_FILE = """\
a file (JSON, or TOML with the ending .toml) holds a list of layers, from the first to the last, and, where they are
not given as arguments, x, y, loss and learning_rate; x and y may hold several examples:

  {"layers": [{"W": [[0.5, -0.4], [0.8, 0.2]], "b": [0.1, -0.3], "activation": "sigmoid"},
              {"W": [[0.7, -0.5]], "b": [0], "activation": "sigmoid"}],
   "x": [[0.8, 0.6], [0.1, 0.9]], "y": [1, 0], "learning_rate": 0.5}

as TOML, a layer is a table [[layers]] with W, b and activation.
"""
_DRAWN = ("layers", "activation", "seed")
_GIVEN = ("x", "y", "loss", "learning_rate")
_DECIMALS = 2  # of drawn weights, so that what is shown is what is calculated with

_LARGEST = 1000  # and of those the text shows six


def add_to(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to those of the program."""
    explain = commands.add_parser(
        "explain",
        help="write out one forward pass, one backward pass and one update",
        description="Write out one forward pass, one backward pass and one update of a network, step by step.",
        epilog=_FILE,
    )
    explain.set_defaults(run=run)
    add = explain.add_argument
    add("--layers", type=int, nargs="+", metavar="N", help="how many inputs, and neurons of each layer, such as 2 2 1")
    add("--activation", nargs="+", metavar="NAME", help=f"one for all layers or one for each: {', '.join(ACTIVATIONS)}")
    add("--seed", type=int, metavar="N", help=f"what the weights are drawn with, to {_DECIMALS} decimals (default 0)")
    add("--file", type=Path, metavar="FILE", help="weights, biases and examples from a file instead; see below")
    add("--x", type=number, nargs="+", metavar="X", help="the inputs of one example")
    add("--y", type=number, nargs="+", metavar="Y", help="its target, or the number of its class, from 0")
    add("--loss", metavar="NAME", help=f"{', '.join(LOSSES)}; the first is the default")
    add("--learning-rate", type=number, metavar="ETA", help="the step size (default 0.5)")
    add("--hold", nargs="+", metavar="NAME", help="parameters that keep their values in the update, such as b")
    add("--digits", type=int, default=4, metavar="N", help="decimals to show of each result (default 4)")
    add("--blank", action="store_true", help="leave out every result, and put the solutions at the end")
    add("--format", choices=("text", "markdown", "html"), default="text", help="how to write it (default text)")
    add(
        "--interactive",
        action="store_true",
        help="let the reader of the HTML page go through the step and change its numbers",
    )
    add("--output", type=Path, metavar="FILE", help="where to write it; by default the terminal")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    write(_explained(options), options.output)
    return 0


def _explained(options: argparse.Namespace) -> str:
    stored = _read(options.file) if options.file else {}
    given = {name: getattr(options, name) for name in _GIVEN if getattr(options, name) is not None}
    settings: dict[str, Any] = {"loss": "half_squared_error", "learning_rate": 0.5} | stored | given
    for name in ("x", "y"):
        if name not in settings:
            raise ValueError(f"{name}: expected --{name}, or {name} in a file given with --file, got neither")
    if type(settings["learning_rate"]) is int:
        settings["learning_rate"] = number(str(settings["learning_rate"]))  # finite, or infinity
    network = _stored(stored, options) if "layers" in stored else _drawn(options, settings["loss"])
    x, y, learning_rate = settings["x"], settings["y"], settings["learning_rate"]
    hold = options.hold or ()
    _check_interactive(options)
    sections = worked_sections(network, x, y, learning_rate, digits=options.digits, blank=options.blank, hold=hold)
    if options.format == "html":
        sizes = [network.input_shape[0], *(len(layer.parameters["b"]) for layer in network.layers)]
        title = f"A {'-'.join(map(str, sizes))} network, step by step"
        if not options.interactive:
            return html(sections, title)
        return html(sections, title, head=standalone("stepper"), top=stepper(network, x, y, learning_rate, name="step"))
    if options.format == "markdown":
        return markdown(sections)
    return text(sections, WIDTH if options.output else terminal_width(WIDTH))


def _check_interactive(options: argparse.Namespace) -> None:
    """A page that is gone through shows every result, and moves every parameter."""
    if options.interactive and (options.format != "html" or options.blank or options.hold):
        raise ValueError("interactive: expected --format html, and neither --blank nor --hold, with --interactive")


def _read(path: Path) -> dict[str, Any]:
    kind = "TOML" if path.suffix.lower() == ".toml" else "JSON"
    try:
        content = path.read_text("utf-8-sig")
        stored = tomllib.loads(content) if kind == "TOML" else json.loads(content, parse_int=number)
    except OSError as error:
        raise type(error)(f"--file: expected a file that can be read, got {path}: {error.strerror}") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ValueError(f"{path}: expected {kind}, got something else: {error}") from error
    allowed = ("layers", *_GIVEN)
    if not isinstance(stored, dict) or set(stored) - set(allowed):
        got = ", ".join(sorted(set(stored) - set(allowed))) if isinstance(stored, dict) else type(stored).__name__
        raise ValueError(f"{path}: expected a table of {', '.join(allowed)}, got {got}")
    return stored


def _stored(stored: dict[str, Any], options: argparse.Namespace) -> Network:
    for name in _DRAWN:
        if getattr(options, name) is not None:
            raise ValueError(f"{name}: expected no --{name} beside the layers of {options.file}")
    if not isinstance(stored["layers"], list):
        raise TypeError(f"{options.file}: expected a list of layers, got {type(stored['layers']).__name__}")
    layers = []
    for position, table in enumerate(stored["layers"], 1):
        if not isinstance(table, dict) or not {"W", "b"} <= set(table) <= {"W", "b", "activation"}:
            got = ", ".join(table) if isinstance(table, dict) else type(table).__name__
            raise ValueError(
                f"{options.file}: expected W, b and activation in layer {position}, got {got or 'nothing'}"
            )
        try:
            layers.append(Dense.from_parameters(table["W"], table["b"], table.get("activation", "identity")))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{options.file}: layer {position}, {error}") from error
    return Network(layers, options.loss or stored.get("loss", "half_squared_error"))


def _drawn(options: argparse.Namespace, loss: str) -> Network:
    sizes, names = options.layers, options.activation or ["sigmoid"]
    if sizes is None:
        raise ValueError("layers: expected --layers, or layers in a file given with --file, got neither")
    if len(sizes) < 2:
        raise ValueError(f"layers: expected the inputs and at least one layer, such as 2 1, got {sizes[0]}")
    count = len(sizes) - 1
    if len(names) not in (1, count):
        raise ValueError(f"activation: expected one name or {count}, one for each layer, got {len(names)}")
    if len(names) == 1:  # the cross-entropies have their own function behind the last layer
        names = names * count if loss not in ("binary_cross_entropy", "softmax_cross_entropy") else [
            *names * (count - 1), "identity",
        ]  # fmt: skip
    for size in sizes:
        if whole_number(size, "layers") > _LARGEST:
            raise ValueError(f"layers: expected at most {_LARGEST}, got {size}")
    rng = np.random.default_rng(whole_number(options.seed or 0, "seed", least=0))
    layers = []
    for inputs, outputs, name in zip(sizes, sizes[1:], names, strict=False):
        drawn = Dense(inputs, outputs, name, rng=rng)
        layers.append(Dense.from_parameters(drawn.W.round(_DECIMALS), drawn.b, name))
    return Network(layers, loss)
