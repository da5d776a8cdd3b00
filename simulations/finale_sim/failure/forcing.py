"""Delays: holding a task back at one place, in a trial as well as on stock trio, so that what a trial showed can be seen there.

A task is named by its path and a place by the task's step, both counted as the kernel counts them; here only trio's public
names are used to do so. A held task does not notice that it is cancelled until it goes on, like a task of a slow machine.
"""

import re
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self

import trio
import trio.testing

from finale_sim.kernel.lanes import Lane

__all__ = ["Delay", "NotReached", "Stuck", "delayed", "force", "holding"]

_FOREVER_S = 1e7  # four months of virtual time in which nothing else happened

_Pauses = dict[str, dict[int, float]]  # seconds by path and step

_here: ContextVar[tuple[Lane, _Pauses] | None] = ContextVar("who a task is, and who is held; None where nobody is", default=None)


class Stuck(Exception):  # what happened, not an error of whoever called
    """The program deadlocked: four months of virtual time went by, and it still waited."""


class NotReached(Exception):
    """A task was to be held where it never came, so what the program did says nothing."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold the task ``path`` for ``seconds`` before its step ``step``, its first one being 1."""

    path: str
    step: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.path}#{self.step}+{self.seconds:g}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The delay that ``str`` wrote.

        Raises:
            ValueError: it did not.
        """
        match = re.fullmatch(r"(/\S+)#(\d+)\+(\d+\.?\d*(?:e[-+]?\d+)?)", text)
        if match is None:
            raise ValueError(f"{text!r} is no delay; a delay looks like /main/worker:0#2+0.001: task, step, seconds")
        return cls(match[1], int(match[2]), float(match[3]))


def force(function: Callable[[], Awaitable[Any]], *delays: Delay | str) -> Any:
    """Run ``function`` on stock ``trio.run`` with tasks held as ``delays`` say; what it returns.

    Time is that of a ``trio.testing.MockClock`` which jumps when nothing is runnable; everything else is trio as it comes.

    Raises:
        Stuck: it deadlocks.
        ValueError: a text is no delay.
        NotReached: it returned, and a delay was never reached: there was no such task, or it did not take that step.
        Exception: whatever ``function`` raises.
    """
    held = [Delay.parse(delay) if isinstance(delay, str) else delay for delay in delays]
    left: _Pauses = {}

    async def main() -> Any:
        with trio.move_on_after(_FOREVER_S):
            value = await delayed(function, held, left)()
            missed = [str(delay) for delay in held if delay.step in left[delay.path]]
            if missed:
                raise NotReached(f"never reached: {', '.join(missed)}; no such task took that step")
            return value
        raise Stuck("nothing happened for four months of virtual time, and the program still waits")

    with holding():
        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def delayed(
    function: Callable[[], Awaitable[Any]], delays: Iterable[Delay], left: _Pauses | None = None
) -> Callable[[], Awaitable[Any]]:
    """``function``, with tasks held, to be run in a trial or by ``trio.run`` while ``holding``. ``left``: what is not reached."""

    async def main() -> Any:
        pauses: _Pauses = {} if left is None else left
        for delay in delays:
            pauses.setdefault(delay.path, {})[delay.step] = delay.seconds
        return await _held(_awaiting(function()), Lane("/main"), pauses)

    return main


async def _awaiting(work: Awaitable[Any]) -> Any:
    return await work


@contextmanager
def holding() -> Iterator[None]:
    """While this lasts, tasks that are started by a ``delayed`` function can be held; all others start as ever."""
    start_soon, start = trio.Nursery.start_soon, trio.Nursery.start

    def holding_start_soon(self: trio.Nursery, async_fn: Any, *args: Any, name: object = None) -> None:
        start_soon(self, _held_function(async_fn), *args, name=async_fn if name is None else name)

    async def holding_start(self: trio.Nursery, async_fn: Any, *args: Any, name: object = None) -> Any:
        return await start(self, _held_function(async_fn), *args, name=async_fn if name is None else name)

    nursery: Any = trio.Nursery
    nursery.start_soon, nursery.start = holding_start_soon, holding_start
    try:
        yield
    finally:
        nursery.start_soon, nursery.start = start_soon, start


def _held_function(async_fn: Any) -> Any:
    starter = _here.get()
    if starter is None:
        return async_fn
    lane, pauses = starter

    def call(*args: Any, **kwargs: Any) -> Any:
        inner = async_fn(*args, **kwargs)
        if not isinstance(inner, types.CoroutineType):
            return inner  # trio says what is wrong with it
        name = inner.__name__
        outer: Any = _held(inner, lane.child(name), pauses)
        outer.__name__ = name
        return outer

    return call


async def _held(inner: Coroutine[Any, Any, Any], lane: Lane, pauses: _Pauses) -> Any:
    _here.set((lane, pauses))
    return await _stepping(inner, pauses.get(lane.path, {}))


@types.coroutine
def _stepping(inner: Coroutine[Any, Any, Any], pauses: dict[int, float]) -> Generator[Any, Any, Any]:
    """Await ``inner`` step by step, with pauses before some of them."""
    step, resume, value = 0, inner.send, None
    last = max(pauses, default=0) + 1
    while True:
        step = min(step + 1, last)  # behind the last pause nothing changes any more, so it can be seen to go round for ever
        if step in pauses:
            yield from _pause(pauses.pop(step)).__await__()
        try:
            trap = resume(value)
        except StopIteration as end:
            return end.value
        try:
            resume, value = inner.send, (yield trap)
        except BaseException as error:  # noqa: BLE001  # whatever trio throws into the task goes on to where it waits
            resume, value = inner.throw, error


async def _pause(seconds: float) -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(seconds)
