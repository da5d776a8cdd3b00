"""The way back from a simulated thread into trio: plain functions are called at once, async ones can't be waited for."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import trio

from finale_sim.kernel.context import here

__all__ = ["table"]


def table() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What to replace: owner, name, replacement."""
    yield trio.from_thread, "run", _run(trio.from_thread.run)
    yield trio.from_thread, "run_sync", _run_sync(trio.from_thread.run_sync)


def _in_thread() -> bool:
    trial = here.trial
    return trial is not None and trial.in_thread


def _run(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run(afn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if _in_thread():
            raise NotImplementedError(
                f"trio.from_thread.run({afn!r}): a simulated thread calls its function in one step and can't wait for trio; "
                "use trio.from_thread.run_sync, or let an async function do this part"
            )
        return original(afn, *args, **kwargs)

    return run


def _run_sync(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def run_sync(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        trial = here.trial
        if trial is None or not trial.in_thread:
            return original(fn, *args, **kwargs)
        trial.in_thread = False
        try:
            return fn(*args)
        finally:
            trial.in_thread = True

    return run_sync
