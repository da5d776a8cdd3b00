"""Clocks: every one of them shows the virtual time of the trial."""

import ctypes
import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from finale_sim.kernel.context import here

__all__ = ["EPOCH_S", "replace_datetime", "table"]

EPOCH_S = 1_704_067_200.0
"""What ``time.time()`` says when a trial begins: 2024-01-01 00:00 UTC."""

_NANO = 1_000_000_000
_SINCE_BEGIN = ("monotonic", "perf_counter", "process_time", "thread_time")


def table() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to replace: owner, name, replacement."""
    for name in _SINCE_BEGIN:
        yield time, name, _seconds(getattr(time, name), 0.0)
        yield time, f"{name}_ns", _nanoseconds(getattr(time, f"{name}_ns"), 0.0)
    yield time, "time", _seconds(time.time, EPOCH_S)
    yield time, "time_ns", _nanoseconds(time.time_ns, EPOCH_S)
    for name in ("gmtime", "localtime", "ctime"):
        yield time, name, _of_now(getattr(time, name))
    yield time, "sleep", _sleep(time.sleep)


def _seconds(original: Callable[[], float], offset: float) -> Callable[[], float]:
    @wraps(original)
    def clock() -> float:
        trial = here.trial
        return original() if trial is None else trial.clock.now + offset

    return clock


def _nanoseconds(original: Callable[[], int], offset: float) -> Callable[[], int]:
    @wraps(original)
    def clock_ns() -> int:
        trial = here.trial
        return original() if trial is None else round(trial.clock.now * _NANO) + int(offset) * _NANO

    return clock_ns


def _of_now(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def convert(seconds: float | None = None) -> Any:
        trial = here.trial
        if seconds is None and trial is not None:
            seconds = trial.clock.now + EPOCH_S
        return original(seconds)

    return convert


def _sleep(original: Callable[[float], None]) -> Callable[[float], None]:
    @wraps(original)
    def sleep(seconds: float) -> None:
        trial = here.trial
        if trial is None:
            original(seconds)
        elif seconds < 0:
            raise ValueError("sleep length must be non-negative")
        else:
            trial.clock.now += seconds  # nobody else runs meanwhile, as nobody would

    return sleep


def replace_datetime() -> None:
    """Make ``datetime.now`` and ``datetime.utcnow`` ask the trial, for the class itself, so for everybody who has it.

    ``datetime`` can't be assigned to, and a replacement of the class would be another class; so this writes to the dictionary
    behind it. Where that isn't possible, nothing happens and these two stay real.
    """
    behind = gc.get_referents(datetime.__dict__)
    if len(behind) != 1 or not isinstance(behind[0], dict):
        return
    real_now, real_utcnow = behind[0]["now"], behind[0]["utcnow"]

    def now(cls: type[datetime], tz: Any = None) -> datetime:
        trial = here.trial
        if trial is None:
            return real_now.__get__(None, cls)(tz)  # type: ignore[no-any-return]
        return cls.fromtimestamp(EPOCH_S + trial.clock.now, tz)

    def utcnow(cls: type[datetime]) -> datetime:
        trial = here.trial
        if trial is None:
            return real_utcnow.__get__(None, cls)()  # type: ignore[no-any-return]
        return cls.fromtimestamp(EPOCH_S + trial.clock.now, UTC).replace(tzinfo=None)

    behind[0]["now"], behind[0]["utcnow"] = classmethod(now), classmethod(utcnow)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
