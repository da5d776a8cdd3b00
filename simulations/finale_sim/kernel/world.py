"""Switches the simulated world on for the length of a trial: the escapes, and the garbage collector's pause."""

import gc

from finale_sim.kernel.context import Context, here

__all__ = ["Active"]


class Active:
    """Makes a context this thread's trial. Cyclic garbage waits: when it goes would depend on what ran before."""

    __slots__ = ("_collecting", "_context")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._collecting = gc.isenabled()
        gc.disable()
        here.trial = self._context

    def __exit__(self, *_: object) -> None:
        here.trial = None
        if self._collecting:
            gc.enable()
