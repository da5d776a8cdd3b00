"""``python -m finale`` is the command ``finale``."""

import sys

from finale.cli import main

if __name__ == "__main__":
    sys.exit(main())
