"""The door: how everything reaches the ledger, from the right thread, with the time, and with what follows carried out."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio

from finale.report import report
from finale.thread import check_thread

__all__ = ["Door"]

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")

_DEPTH = 20  # calls inside of each other that a command may need; twice what the deepest takes today


class Door:
    """Called with a command of the ledger and its arguments, it executes the command now, and then calls ``follow``.

    A command and what follows from it are one step: no other task, and no Ctrl-C, comes in between. Nor does anything else end a
    step half way: a destructor that comes back in is refused, a caller too deep in its own calls is sent away before anything
    has happened, and a clock that fails is replaced by its last answer.
    """

    __slots__ = ("_at", "_clock", "_follow", "_home", "_log", "_stepping")

    def __init__(self, clock: Callable[[], float], follow: Callable[[], None], log: logging.Logger) -> None:
        self._at: float | None = None
        self._clock = clock
        self._follow = follow
        self._log = log
        self._stepping = False
        self._home = threading.get_ident()

    @trio.lowlevel.enable_ki_protection
    def __call__(self, command: Callable[[*_Args, float], _Result], *args: *_Args) -> _Result:
        """Execute ``command(*args, at)``.

        Raises:
            WrongThread: this is not the thread that the door was made in.
            RuntimeError: a step is being executed, and a destructor or an instrument inside of it has called this.
            RecursionError: the caller is so deep in calls that the step might not come to its end.
        """
        check_thread(self._home, command.__name__)
        if self._stepping:
            raise RuntimeError(
                f"{command.__name__}() was called in the middle of another command of its workspace, by a destructor or an "
                "instrument; from there, go through token.run_sync_soon(function, *args) of trio's current_trio_token()"
            )
        at = self._time()
        _room_for(_DEPTH)
        self._stepping = True
        try:
            result = command(*args, at)
            self._follow()
        finally:
            self._stepping = False
        return result

    def check_thread(self, name: str, way: str = "run_sync") -> None:
        """Refuse what is called in another thread; see ``check_thread``."""
        check_thread(self._home, name, way)

    def _time(self) -> float:
        """What the clock says; what it said last if it fails, since no run may lack its ending because of that."""
        try:
            at = self._clock()
            if not isinstance(at, (int, float)):
                raise TypeError(f"the clock gave {at!r}, a {type(at).__name__}; it gives seconds, as time.time() does")  # noqa: TRY301
        except Exception as error:
            if self._at is None:
                raise  # nothing has happened yet that could need it
            report(self._log, logging.WARNING, "the clock of the workspace failed, its last answer stands: %r", error)
            return self._at
        self._at = at
        return at


def _room_for(calls: int) -> None:
    """Raise RecursionError here if there is no room for that many calls inside of each other."""
    if calls:
        _room_for(calls - 1)
