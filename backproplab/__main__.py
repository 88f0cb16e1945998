"""What `python -m backproplab` runs."""

import sys

from backproplab.command import main

if __name__ == "__main__":
    sys.exit(main())
