"""The door: how everything reaches the ledger, from the right thread, with the time, and with what follows carried out."""

import threading
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio

from finale.errors import WrongThread

__all__ = ["Door"]

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")


class Door:
    """Called with a command of the ledger and its arguments, it executes the command now, and then calls ``follow``.

    A command and what follows from it are one step: no other task, and no Ctrl-C, comes in between.
    """

    __slots__ = ("_clock", "_follow", "_thread")

    def __init__(self, clock: Callable[[], float], follow: Callable[[], None]) -> None:
        self._clock = clock
        self._follow = follow
        self._thread = threading.get_ident()

    @trio.lowlevel.enable_ki_protection
    def __call__(self, command: Callable[[*_Args, float], _Result], *args: *_Args) -> _Result:
        """Execute ``command(*args, at)``.

        Raises:
            WrongThread: this is not the thread that the door was made in.
        """
        if threading.get_ident() != self._thread:
            raise WrongThread(
                f"{command.__name__}() was called in thread {threading.current_thread().name!r}, but its workspace lives in "
                "another; from there, go through trio.from_thread.run_sync(function, *args, trio_token=token_of_the_workspace)"
            )
        result = command(*args, self._clock())
        self._follow()
        return result
