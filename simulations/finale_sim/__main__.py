"""``python -m finale_sim``."""

import sys

from finale_sim.cli import main

__all__: list[str] = []

sys.exit(main())
