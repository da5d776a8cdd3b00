"""Gets rid of a trial that has not ended by itself: quietly, completely, and in bounded time.

First the program is cancelled and runs on, by the fair path, so that its clean-up code works as it would. Tasks that are still
there then get an exception that nobody catches by name, youngest first. What is left is closed from outside.
"""

import ctypes
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

from trio.lowlevel import Task

from finale_sim.kernel.context import Context
from finale_sim.kernel.interrupts import Interrupts
from finale_sim.kernel.seam import Loop, number_of

__all__ = ["clear_away"]

_GRACE_STEPS = 500  # for clean-up code; more for many tasks
_GRACE_STEPS_PER_TASK = 10
_LAST_WORDS = 100  # steps after each exception that nobody catches by name
_ROUNDS = 3
_CLOSING_ATTEMPTS = 5


class _Abandoned(BaseException):
    """Thrown into tasks that outlive their trial. Not a ``Cancelled``, which some programs swallow."""


def clear_away(loop: Loop, queue: list[Task], context: Context, interrupts: Interrupts) -> None:
    """End the loop. Afterwards no task of the trial is left and the thread is free for another loop."""
    try:
        if not loop.finished:
            _end_tasks(loop, queue, context, interrupts)
        if loop.tasks and not loop.runner.resting:
            _close_tasks(loop, interrupts)
    finally:
        loop.finish()


def _end_tasks(loop: Loop, queue: list[Task], context: Context, interrupts: Interrupts) -> None:
    with suppress(BaseException):  # StopIteration: all tasks have ended. Anything else: the loop can't go on; the rest is closed
        loop.runner.cancel()
        _pump(loop, queue, context, interrupts, _GRACE_STEPS + _GRACE_STEPS_PER_TASK * len(loop.tasks))
        for _ in range(_ROUNDS):
            for task in _leaves(loop.tasks):
                loop.throw_into(task, _Abandoned())
            _pump(loop, queue, context, interrupts, _LAST_WORDS + len(loop.tasks))


def _pump(loop: Loop, queue: list[Task], context: Context, interrupts: Interrupts, turns: int) -> None:
    """Take steps, first come first served, until nothing happens any more or there were too many."""
    timers, clock = loop.timers, context.clock
    for _ in range(turns):
        if interrupts.seen:
            raise KeyboardInterrupt
        if loop.jobs or loop.idempotent_jobs:
            loop.runner.wake_entry()
        queue += loop.runq
        loop.runq.clear()
        instant, cushion = timers.instant(), loop.idle.cushion()
        if instant <= clock.now:
            loop.fire(timers.due(clock.now)[0], clock.now)
        elif queue:
            task = queue.pop(0)
            context.lane = context.lane_of(task)
            loop.turn(task)
        elif cushion < instant - clock.now:
            clock.now += cushion
            loop.idle.wake(cushion)
        elif instant < inf:
            clock.now = instant
        else:
            return


def _leaves(tasks: Iterable[Task]) -> list[Task]:
    """Tasks without children, youngest first; trio's root task never."""
    leaves = [task for task in tasks if task.parent_nursery and not any(own.child_tasks for own in task.child_nurseries)]
    return sorted(leaves, key=number_of, reverse=True)


def _close_tasks(loop: Loop, interrupts: Interrupts) -> None:
    """Close what is left, youngest first. Closing a task may start others; these, never begun, close without a word."""
    interrupts.closing = True
    generators = list(loop.runner.asyncgens.alive)  # held, so that they are closed here and not by the collector
    seen: set[Task] = set()
    with loop.closing() as make_current:
        while len(seen) < len(loop.tasks):
            for task in sorted(set(loop.tasks) - seen, key=number_of, reverse=True):
                seen.add(task)
                make_current(task)
                _close(task.coro, partial(task.context.run, task.coro.close))
        for generator in generators:
            _close(generator, partial(_finalise, generator))
    interrupts.closing = False


def _close(thing: object, close: Callable[[], object]) -> None:
    """Call ``close`` until it has nothing more to object, but not for ever."""
    for _ in range(_CLOSING_ATTEMPTS):
        try:
            close()
        except BaseException:  # noqa: BLE001, S112  # clean-up failed, or awaited something: both end in another attempt
            continue
        return
    _keep_for_ever(thing)


def _finalise(generator: Any) -> None:
    closing = generator.aclose()
    with suppress(StopIteration):
        closing.send(None)
        closing.close()
        raise RuntimeError("it awaited something")


def _keep_for_ever(thing: object) -> None:
    """A coroutine that won't close complains when it is freed, even at exit: one reference more than there are owners."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
