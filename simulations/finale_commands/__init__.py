"""The commands ``finale`` and ``finale-sim``, as a shell starts them.

What they need takes a good part of a second to load. It is loaded within ``main`` here, so that a Ctrl-C meanwhile ends a command
with a line, as it does later; from then on each command knows better what an interrupt means.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["finale", "finale_sim"]


def finale() -> int:
    """``finale``; the exit code."""
    with _interruptible("finale"):
        from finale.cli import main

        return main()


def finale_sim() -> int:
    """``finale-sim``; the exit code."""
    with _interruptible("finale-sim"):
        from finale_sim.cli import main

        return main()


@contextmanager
def _interruptible(command: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one more, while Python shuts down, should not get a traceback
        print(f"{command}: interrupted", file=sys.stderr)
        raise SystemExit(128 + signal.SIGINT) from None
