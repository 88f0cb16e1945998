"""What `python -m backproplab` runs."""

import sys


def _run() -> int:
    try:
        from backproplab.commands.main import main  # NumPy takes a while, and the reader may have second thoughts

        return main()
    except KeyboardInterrupt:
        return 130  # what a shell gives for a program stopped by Ctrl-C


if __name__ == "__main__":
    sys.exit(_run())
