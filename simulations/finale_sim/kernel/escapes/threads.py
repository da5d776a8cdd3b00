"""Threads: those of trio are simulated, and can call back into trio; others are refused."""

import _thread
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import trio

from finale_sim.kernel.context import here
from finale_sim.kernel.errors import RealIO
from finale_sim.kernel.places import user_line

__all__ = ["table"]

_IDENT = 1
"""What ``threading.get_ident`` says in a simulated thread. One for all: each is over before the next begins."""


class _Simulated(threading.Thread):
    """What a simulated thread is told that it is. Python would make it up, list it from then on, and number it."""

    ident = _IDENT

    def is_alive(self) -> bool:
        return True


_THREAD = _Simulated(name="simulated thread", daemon=True)


def table() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to replace: owner, name, replacement."""
    yield trio.from_thread, "run", _run(trio.from_thread.run)
    yield trio.from_thread, "run_sync", _run_sync(trio.from_thread.run_sync)
    yield trio, "run", _second_loop(trio.run)
    yield threading.Thread, "start", _refused("threading.Thread.start", threading.Thread.start)
    for name in ("start_new_thread", "start_joinable_thread"):  # the second since Python 3.13
        if hasattr(_thread, name):
            yield _thread, name, _refused(f"_thread.{name}", getattr(_thread, name))
    yield threading, "get_ident", _get_ident(threading.get_ident)
    yield threading, "current_thread", _current_thread(threading.current_thread)


def _in_thread() -> bool:
    trial = here.trial
    return trial is not None and trial.thread is not None


def _run(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run(afn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if _in_thread():
            raise RealIO(
                f"trio.from_thread.run({getattr(afn, '__qualname__', afn)}) waits for trio in a thread, from {user_line()}; in a "
                "trial a thread calls its function in one step, and can't wait. Use trio.from_thread.run_sync, or let an async "
                "function do this part"
            )
        return original(afn, *args, **kwargs)

    return run


def _run_sync(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run_sync(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        trial = here.trial
        if trial is None or trial.thread is None:
            return original(fn, *args, **kwargs)
        aside, trial.thread = trial.thread, None
        aside.swap()
        try:
            return fn(*args)
        finally:
            aside.swap()
            trial.thread = aside

    return run_sync


def _second_loop(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run(*args: Any, **kwargs: Any) -> Any:
        if _in_thread():
            raise RealIO(
                f"trio.run starts a real loop in a simulated thread, from {user_line()}; a trial can't repeat what it waits for. "
                "Start the function as a task of the program"
            )
        return original(*args, **kwargs)

    return run


def _refused(call: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def start(*args: Any, **kwargs: Any) -> Any:
        if here.trial is not None:
            raise RealIO(
                f"{call} starts a real thread, from {user_line()}; a trial can't repeat when it runs. "
                "Use trio.to_thread.run_sync, which calls the function in a step of the trial"
            )
        return original(*args, **kwargs)

    return start


def _get_ident(original: Callable[[], int]) -> Callable[[], int]:
    @wraps(original)
    def get_ident() -> int:
        return _IDENT if _in_thread() else original()

    return get_ident


def _current_thread(original: Callable[[], threading.Thread]) -> Callable[[], threading.Thread]:
    @wraps(original)
    def current_thread() -> threading.Thread:
        return _THREAD if _in_thread() else original()

    return current_thread
