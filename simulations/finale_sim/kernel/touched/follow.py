"""Which functions a tracker looks into, and which of the others touch nothing but what they are called with."""

import enum
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import trio

from finale_sim import injected
from finale_sim.kernel import context
from finale_sim.kernel.escapes import clocks
from finale_sim.kernel.given import only_given
from finale_sim.kernel.parts import clock
from finale_sim.kernel.places import CARRIERS, is_trio, is_user

__all__ = ["Follow", "follow", "harmless", "of_trio"]


class Follow(enum.Enum):
    """What is done about a function in Python that is called."""

    ALWAYS = "its instructions are looked at"
    FROM_USERS = "they are, if its caller's are"
    NEVER = "it touches nothing that tasks share"
    INJECTS = "it touches what is noted of faults, and nothing else"
    OPAQUE = "it may touch anything, unless it is known to touch its arguments only"


_OURS = str(Path(__file__).parents[2]) + os.sep
_WITHOUT_EFFECT = tuple(module.__file__ for module in (injected, clocks, clock, context))
_ADDRESSES = (id, hash)  # they tell of an object what no step changes
_REFLECTION = frozenset(
    {"getattr", "setattr", "delattr", "hasattr", "vars", "dir", "exec", "eval", "compile", "globals", "locals"}
    | {"__import__", "__setattr__", "__delattr__", "__getattribute__", "__reduce_ex__", "__setstate__"}
)


@cache
def follow(code: CodeType) -> Follow:
    """What is done about a function with this code."""
    file = code.co_filename
    if is_trio(code):
        return Follow.OPAQUE
    if file.startswith((*CARRIERS, "<attrs", "<frozen")):
        return Follow.NEVER
    if file.startswith(_OURS):
        if file == f"{_OURS}inject.py":
            return Follow.INJECTS
        return Follow.NEVER if file in _WITHOUT_EFFECT else Follow.OPAQUE
    return Follow.ALWAYS if is_user(code) else Follow.FROM_USERS


def harmless(function: Any) -> bool:
    """Whether a function in C touches no more than its arguments and the object whose method it is."""
    return function in _ADDRESSES or (
        only_given(function) and function.__name__ not in _REFLECTION and getattr(function, "__module__", "") != "_weakref"
    )


@cache
def of_trio() -> frozenset[CodeType]:
    """The functions of trio's that touch nothing but the objects that they are called with."""
    return frozenset(_public()) - {trio.Nursery.start.__code__}


def _public() -> Iterator[CodeType]:
    plain: list[Any] = [trio.sleep, trio.sleep_until, trio.sleep_forever, trio.current_time, trio.current_effective_deadline]
    plain += [trio.move_on_after, trio.move_on_at, trio.fail_after, trio.fail_at, trio.open_nursery, trio.open_memory_channel]
    plain += [trio.lowlevel.checkpoint, trio.lowlevel.checkpoint_if_cancelled, trio.lowlevel.cancel_shielded_checkpoint]
    plain += [vars(trio.open_memory_channel).get("__new__")]  # it is a class, for the sake of type checkers
    shared: list[Any] = [trio.Event, trio.Lock, trio.StrictFIFOLock, trio.Semaphore, trio.Condition, trio.CapacityLimiter]
    shared += [trio.MemorySendChannel, trio.MemoryReceiveChannel, trio.CancelScope, trio.Nursery, trio.lowlevel.ParkingLot]
    shared += [trio.abc.SendChannel, trio.abc.ReceiveChannel, trio.abc.AsyncResource, type(trio.open_nursery())]
    members = [member for owner in shared for kind in owner.__mro__[:-1] for member in vars(kind).values()]
    for function in (*plain, *members):
        for form in (function, getattr(function, "fget", None), getattr(function, "__func__", None)):
            wrapped = form
            while wrapped is not None:
                if isinstance(code := getattr(wrapped, "__code__", None), CodeType):
                    yield code
                wrapped = getattr(wrapped, "__wrapped__", None)
