"""Sees which code runs, and what it asks of the world outside of a trial's state: clocks, files, what else a C function may know.

A profile function is told of every call. Python code is noted, for its global names are part of the state. A call into C is
fine if all that can come of it follows from its arguments, or from the state of an object that a snapshot sees through.

``sys.setprofile`` would not do: before Python 3.13 it makes frames keep copies of their variables, and so keeps alive what the
program has let go. The function of C behind it does not.
"""

import ctypes
import functools
import logging
import re
import sys
import types
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from finale_sim.kernel.context import Context, here
from finale_sim.kernel.escapes import clocks
from finale_sim.kernel.given import only_given
from finale_sim.kernel.places import CARRIERS, file_name, is_kernel, is_trio, is_user

__all__ = ["Witness"]

_OF_TRIO = frozenset(  # by what these return, a program can tell two states apart that are told to be equal
    {
        "current_time",
        "current_effective_deadline",
        "CancelScope.deadline",
        "current_root_task",
        "current_statistics",
        "RunVar.get",
        "VirtualClock.current_time",
        "Context.now",
        "current_trial",
    }
)
_CALL, _C_CALL = 0, 4  # PyTrace_CALL and PyTrace_C_CALL
_Told = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.py_object, ctypes.c_int, ctypes.c_void_p)
_set_profile = ctypes.pythonapi.PyEval_SetProfile
_set_profile.argtypes = (_Told, ctypes.c_void_p)
_set_profile.restype = None

_CLOCK = frozenset({"clock", "clock_ns", "convert", "now", "utcnow", "current_time"})
_CLOCKS = clocks.__file__
_SIMULATOR = str(Path(__file__).parents[2])  # which knows what it asks for
_LOG = str(Path(logging.__file__).parent)
_GENERATED = re.compile("<attrs generated .*\\btrio\\.")

_PROGRAM, _TRIO, _LOGGING = "program", "trio", "logging"


class Witness:
    """Of what happens while it looks. ``codes`` are those that ran, with their globals, in order."""

    def __init__(self, context: Context) -> None:
        self.codes: dict[int, tuple[CodeType, dict[str, Any]]] = {}
        self.variables: set[ContextVar[Any]] = set()  #: context variables that were looked up
        self._asked: dict[tuple[str, CodeType, int], int] = {}  # what was asked of the outside, where, and in which step last
        self._context = context
        self._told = _Told(self._tell)

    @property
    def possible(self) -> bool:
        """Whether nobody else is profiling."""
        return sys.getprofile() is None

    def look(self) -> None:
        """Begin, or go on."""
        _set_profile(self._told, None)

    def look_away(self) -> None:
        """Be told nothing for now."""
        sys.setprofile(None)

    def asked(self, since: int) -> list[str]:
        """What was asked of the outside in this step or later."""
        return [f"{what} at {file_name(code)}:{line}" for (what, code, line), step in self._asked.items() if step >= since]

    def _tell(self, _: int | None, frame: FrameType, event: int, called: int) -> int:
        if here.trial is None:
            return 0  # it is done for the simulator
        if event == _CALL:
            self._called(frame, frame.f_code)
        elif event == _C_CALL and _side(frame.f_code) is _PROGRAM:
            self._into_c(frame, ctypes.cast(called, ctypes.py_object).value)
        return 0

    def _called(self, frame: FrameType, code: CodeType) -> None:
        side = _side(code)
        if side is _PROGRAM:
            if id(code) not in self.codes and not _aside(frame):
                self.codes[id(code)] = code, frame.f_globals
        elif _tells(code) and (caller := frame.f_back) is not None and _side(caller.f_code) is _PROGRAM:
            self._ask(caller, "the time is asked for" if code.co_name in _CLOCK else f"{code.co_qualname} is called")

    def _into_c(self, frame: FrameType, called: Any) -> None:
        if type(getattr(called, "__self__", None)) is ContextVar:
            self.variables.add(called.__self__)
        elif not _harmless(called, frame.f_code):
            self._ask(frame, f"{_title(called)} is called")

    def _ask(self, frame: FrameType, what: str) -> None:
        if not _aside(frame) and not frame.f_code.co_filename.startswith(_SIMULATOR):
            place = next((outer for outer in _outwards(frame) if is_user(outer.f_code)), frame)
            self._asked[what, place.f_code, place.f_lineno] = self._context.steps


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _aside(frame: FrameType) -> bool:
    """Whether a call is none of the program's: the kernel makes it, or the log, which is told things and decides none."""
    for outer in _outwards(frame):
        side = _side(outer.f_code)
        if is_kernel(outer.f_code) or side is _LOGGING:
            return True
        if side is _TRIO or is_user(outer.f_code):
            break
    return False


@functools.lru_cache(4096)
def _side(code: CodeType) -> str:
    """Whose code it is: what counts is the program's, and what it uses of the standard library."""
    if is_trio(code) or is_kernel(code) or code.co_filename.startswith(CARRIERS) or _GENERATED.match(code.co_filename):
        return _TRIO
    return _LOGGING if code.co_filename.startswith(_LOG) else _PROGRAM


@functools.lru_cache(4096)
def _tells(code: CodeType) -> bool:
    """Whether a function of trio's or the kernel's tells what no snapshot holds."""
    if code.co_filename == _CLOCKS:
        return code.co_name != "sleep"
    return code.co_qualname in _OF_TRIO


def _harmless(called: Any, by: CodeType) -> bool:
    """Whether all that comes of a call into C follows from what snapshots see. A class of the program may hash as it likes."""
    return only_given(called) or (called is hash and by.co_name == "__hash__")


def _title(called: Any) -> str:
    owner: Any = getattr(called, "__self__", None)
    kind: Any = owner if isinstance(owner, type | types.ModuleType) else type(owner)
    return f"{kind.__name__}.{called.__name__}".removeprefix("builtins.")
