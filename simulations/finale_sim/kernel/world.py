"""Switches the simulated world on for the length of a trial: the escapes, and the garbage collector's pause."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from finale_sim.kernel.context import Context, here

__all__ = ["active"]


@contextmanager
def active(context: Context) -> Iterator[None]:
    """Make ``context`` this thread's trial. Cyclic garbage waits: when it goes would depend on what ran before."""
    collecting = gc.isenabled()
    gc.disable()
    here.trial = context
    try:
        yield
    finally:
        here.trial = None
        if collecting:
            gc.enable()
