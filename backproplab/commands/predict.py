"""The command `predict`: which digit a photograph shows, as a network sees it."""

import argparse
import sys
from pathlib import Path

import numpy as np

from backproplab.activations import softmax
from backproplab.checks import Array
from backproplab.commands.arguments import Parser, emphasised, printable, say, terminal_width, write
from backproplab.commands.stages import as_letters, as_page, as_picture
from backproplab.images.photographs import ImageError
from backproplab.images.preparing import PreparedDigit, prepare_digit
from backproplab.loading import load_network, recorded_network
from backproplab.network import Network
from backproplab.storage import replacing

_EXAMPLES = """\
the picture may be a photograph of dark ink on light paper or of chalk on a board, in any light, with paper all around
one digit. What cannot be read is refused with the reason first: blank, several, rim, small, large or unreadable; then
the exit code is 2.

examples:
  python -m backproplab predict photo.jpg
  python -m backproplab predict photo.jpg --show
  python -m backproplab predict scan.png --network reader.npz --output stages.html
"""
_SIZES = {(1, 28, 28): 28, (28, 28): 28, (784,): 28, (1, 8, 8): 8, (8, 8): 8, (64,): 8}
"""The inputs that networks take, and how many pixels a side of the picture has."""
_WIDEST = 72


def add_to(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to those of the program."""
    predict = commands.add_parser(
        "predict",
        help="read the digit in a picture",
        description="Read the digit in a picture, and show all outputs of the network.",
        epilog=_EXAMPLES,
    )
    predict.set_defaults(run=run)
    add = predict.add_argument
    add("picture", type=Path, nargs="+", metavar="PICTURE", help="a file such as photo.jpg; one digit in each")
    add(
        "--network",
        type=Path,
        metavar="FILE",
        help="a network of your own; by default the package's, which knows MNIST",
    )
    add("--show", action="store_true", help="draw every stage between the picture and the network")
    add("--output", type=Path, metavar="FILE", help="write the stages to a page (.html) or a picture (.png)")


def run(options: argparse.Namespace) -> int:
    """Read each picture, and return 2 if one is refused."""
    network = recorded_network() if options.network is None else load_network(options.network)
    shape = network.input_shape
    if shape not in _SIZES or len(network.output_shape) != 1 or network.output_shape[0] < 2:
        raise ValueError(
            "--network: expected one that takes images of 28 × 28 or 8 × 8 pixels and tells classes apart, got one from "
            f"{shape} to {network.output_shape}"
        )
    if options.output is not None and (
        len(options.picture) > 1 or options.output.suffix.lower() not in (".html", ".png")
    ):
        raise ValueError(
            f"--output: expected one picture, and a name that ends with .html or .png, got {options.output}"
        )
    width = terminal_width(100)
    code = 0
    for path in options.picture:
        name = printable(str(path))
        try:
            digit = prepare_digit(path, _SIZES[shape])
        except ImageError as error:
            code = 2
            sys.stderr.write(f"python -m backproplab predict: {name}: {error.reason}: {printable(str(error))}\n")
            continue
        outputs = network.predict(digit.centred.reshape(shape))
        lines = _bars(outputs, network, min(width, _WIDEST))
        if options.show:
            say(f"{as_letters(digit, width)}\n")
        best = int(outputs.argmax())
        say(f"{name}: {emphasised(str(best))}")
        say("\n".join(emphasised(line) if k == best else line for k, line in enumerate(lines)))
        if options.output is not None:
            _keep(options.output, digit, name, "\n".join(lines))
    return code


def _bars(outputs: Array, network: Network, width: int) -> list[str]:
    """Return a bar for each output, which for the softmax is a percentage."""
    largest = max(float(np.abs(outputs).max()), 1e-300)
    share = outputs if network.loss.prediction is softmax else np.clip(outputs, 0, None) / max(largest, 1)
    room = width - 14
    lines = []
    for k, (output, part) in enumerate(zip(outputs, share, strict=True)):
        value = f"{output:7.2%}" if network.loss.prediction is softmax else f"{output:7.3f}"
        lines.append(f"{k:>2} {value}  {_bar(float(part) * room)}".rstrip())
    return lines


def _bar(length: float) -> str:
    """Return a bar as long as so many letters, to an eighth of one."""
    eighths = round(length * 8)
    return "█" * (eighths // 8) + ("" if eighths % 8 == 0 else " ▏▎▍▌▋▊▉"[eighths % 8])


def _keep(path: Path, digit: PreparedDigit, name: str, outputs: str) -> None:
    if path.suffix.lower() == ".html":
        write(as_page(digit, name, outputs), path)
        return
    with replacing(path, "--output") as file:
        file.write(as_picture(digit))
