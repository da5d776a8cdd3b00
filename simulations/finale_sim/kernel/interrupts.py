"""Ctrl-C during a trial: the person wants out, whatever the program does about it."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from finale_sim.kernel.context import here

if TYPE_CHECKING:
    from finale_sim.kernel.seam import Loop

__all__ = ["Interrupts", "heard"]


# signal.signal converts to enums and back, which costs as much as a small trial; beneath it are the plain functions.
_signal: Any = import_module("_signal")


class Interrupts:
    """For the length of a trial, a Ctrl-C is noted in ``seen`` and raised at once in the program, if that is what runs.

    What trio protects from Ctrl-C, itself above all, is let go on to the end of its step; but not if somebody insists.

    Does nothing outside the main thread, or where somebody else handles SIGINT: then it is up to them.
    """

    __slots__ = ("_installed", "closing", "loop", "seen")

    def __init__(self) -> None:
        self.loop: Loop | None = None  #: the one that is driven now
        self._installed = False
        self.seen = False
        self.closing = False  #: the program's clean-up is called outside the loop

    def __enter__(self) -> Self:
        if _signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                _signal.signal(signal.SIGINT, self._interrupt)
                self._installed = True
            except ValueError:  # not the main thread
                pass
        return self

    def __exit__(self, *_: object) -> None:
        if self._installed and _signal.getsignal(signal.SIGINT) == self._interrupt:
            _signal.signal(signal.SIGINT, signal.default_int_handler)

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        again, self.seen = self.seen, True
        loop = self.loop
        generator = loop.generator if loop else None  # None as long as the loop is being made: the driver looks at ``seen`` then
        if self.closing or (loop and generator and generator.gi_running and (again or not self._protected(loop, frame))):
            raise KeyboardInterrupt

    def _protected(self, loop: "Loop", frame: FrameType | None) -> bool:
        in_thread = here.trial is not None and here.trial.thread is not None  # its function is nothing of trio's
        return not in_thread and loop.protects(frame)


@contextmanager
def heard() -> Iterator[None]:
    """Ctrl-C is a KeyboardInterrupt here, also in a cell with ``await``, or elsewhere inside asyncio.

    There its handler asks the event loop to cancel the task that runs, and the loop cannot go on before we return.
    """
    theirs, installed = _signal.getsignal(signal.SIGINT), False
    if callable(theirs) and threading.current_thread() is threading.main_thread() and _inside_asyncio():
        _signal.signal(signal.SIGINT, signal.default_int_handler)
        installed = True
    try:
        yield
    finally:
        if installed and _signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            _signal.signal(signal.SIGINT, theirs)


def _inside_asyncio() -> bool:
    asyncio = sys.modules.get("asyncio")  # whoever has not imported it has no loop of it
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False
