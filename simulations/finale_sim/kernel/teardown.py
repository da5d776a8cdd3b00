"""Gets rid of a trial that has not ended by itself: quietly, completely, and in bounded time.

First the program is cancelled and runs on, by the fair path, so that its clean-up code works as it would. Tasks that are still
there then get an exception that nobody catches by name, youngest first. What is left is closed from outside.
"""

import ctypes
from collections.abc import Iterable
from math import inf

from trio.lowlevel import Task

from finale_sim.kernel.clock import VirtualClock
from finale_sim.kernel.interrupts import Interrupts
from finale_sim.kernel.seam import Loop, number_of

__all__ = ["clear_away"]

_GRACE_STEPS = 500  # for clean-up code; more for many tasks
_GRACE_STEPS_PER_TASK = 10
_LAST_WORDS = 100  # steps after each exception that nobody catches by name
_ROUNDS = 3


class _Abandoned(BaseException):
    """Thrown into tasks that outlive their trial. Not a ``Cancelled``, which some programs swallow."""


def clear_away(loop: Loop, queue: list[Task], clock: VirtualClock, interrupts: Interrupts) -> None:
    """End the loop. Afterwards no task of the trial is left and the thread is free for another loop."""
    try:
        if not loop.finished:
            _end_tasks(loop, queue, clock, interrupts)
        if loop.tasks:
            _close_tasks(loop, interrupts)
    finally:
        loop.finish()


def _end_tasks(loop: Loop, queue: list[Task], clock: VirtualClock, interrupts: Interrupts) -> None:
    try:
        loop.cancel_main()
        _pump(loop, queue, clock, interrupts, _GRACE_STEPS + _GRACE_STEPS_PER_TASK * len(loop.tasks))
        for _ in range(_ROUNDS):
            for task in _leaves(loop.tasks):
                loop.throw_into(task, _Abandoned())
            _pump(loop, queue, clock, interrupts, _LAST_WORDS + len(loop.tasks))
    except BaseException:  # StopIteration: all tasks have ended. Anything else: the loop can't go on, so the rest is closed
        pass


def _pump(loop: Loop, queue: list[Task], clock: VirtualClock, interrupts: Interrupts, turns: int) -> None:
    """Take steps, first come first served, until nothing happens any more or there were too many."""
    timers = loop.timers
    for _ in range(turns):
        if interrupts.seen:
            raise KeyboardInterrupt
        if loop.jobs or loop.idempotent_jobs:
            loop.wake_entry()
        queue += loop.runq
        loop.runq.clear()
        instant, cushion = timers.instant(), loop.idle.cushion()
        if instant <= clock.now:
            loop.fire(timers.due(clock.now)[0], clock.now)
        elif queue:
            loop.turn(queue.pop(0))
        elif cushion < instant - clock.now:
            clock.now += cushion
            loop.wake_idle(cushion)
        elif instant < inf:
            clock.now = instant
        else:
            return


def _leaves(tasks: Iterable[Task]) -> list[Task]:
    """Tasks without children, youngest first; trio's root task never."""
    return sorted(
        (t for t in tasks if t.parent_nursery and not any(n.child_tasks for n in t.child_nurseries)), key=number_of, reverse=True
    )


def _close_tasks(loop: Loop, interrupts: Interrupts) -> None:
    interrupts.closing = True
    try:
        for coroutine in loop.close_tasks():
            _keep_for_ever(coroutine)
    except KeyboardInterrupt:
        pass
    finally:
        interrupts.closing = False


def _keep_for_ever(thing: object) -> None:
    """A coroutine that won't close complains when it is freed, even at exit: one reference more than there are owners."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
