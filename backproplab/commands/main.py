"""What `python -m backproplab` offers, and what it says when something is wrong."""

import os
import sys
from collections.abc import Sequence

from backproplab.commands import check, explain, predict, train
from backproplab.commands.arguments import Parser

_EXAMPLES = """\
examples:
  python -m backproplab train --save digits.npz
  python -m backproplab train --data mnist/ --network conv --shift 1 --save reader.npz
  python -m backproplab predict photo.jpg --show
  python -m backproplab check reader.npz
  python -m backproplab explain --layers 2 2 1 --x 0.8 0.6 --y 1

each command has a --help of its own.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 2 after one line on what is wrong, 130 after Ctrl-C, else the command's."""
    parser = Parser(prog="python -m backproplab", description="backproplab in the terminal.", epilog=_EXAMPLES)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=Parser)
    for command in (train, predict, check, explain):
        command.add_to(commands)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except BrokenPipeError:  # whoever read along has seen enough
        if getattr(options, "output", None) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ArithmeticError, ImportError, MemoryError, OSError, TypeError, ValueError) as error:
        parser.prog += f" {options.command}"
        parser.error(_sentence(error))
    return code


def _sentence(error: BaseException) -> str:
    """Return what is wrong in words, without the number that the system has for it."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
