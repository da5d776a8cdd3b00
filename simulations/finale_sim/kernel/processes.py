"""A trial from its beginning to its end: the process of the program, and the one that may be started in its place.

Rules:

1. A process ends when its program returns or fails, when nothing can go on, or by a kill between two of its steps.
2. Of a killed process nothing runs any more: no ``finally``, no ``except``, no finaliser of an async generator. Its coroutines
   are kept as they stand, out of reach of the garbage collector, until what was started after it has ended.
3. What is started after it has a trio loop of its own. The clock, the disk and the choices are those of the trial and go on.
4. When all is over, what is left of both processes is cleared away, the later one first.
"""

import gc
from collections.abc import Awaitable, Callable
from typing import Any

from finale_sim.choices import Decide
from finale_sim.kernel import teardown, world
from finale_sim.kernel.conditions import Conditions
from finale_sim.kernel.context import Context, here
from finale_sim.kernel.driver import Driver
from finale_sim.kernel.errors import NestedTrial, StepBlocked
from finale_sim.kernel.interrupts import Interrupts
from finale_sim.kernel.seam import in_trio, number_of
from finale_sim.kernel.spare import SPARE
from finale_sim.kernel.trial import Ending, Step, Trial
from finale_sim.kernel.watchdog import BLOCKED_AFTER_S, Watched

__all__ = ["refuse_nesting", "run_trial"]


def run_trial(
    async_fn: Callable[..., Awaitable[Any]],
    args: tuple[Any, ...],
    decide: Decide,
    conditions: Conditions,
    max_steps: int,
    trace: bool,
    blocked_after_s: float = BLOCKED_AFTER_S,
    calm_steps: int = 0,
    recover: Callable[[], Awaitable[Any]] | None = None,
) -> Trial:
    """One trial, as ``simulate`` describes it, without asking whether the kernel fits this trio."""
    refuse_nesting()
    context = Context(decide, number_of)
    processes = _Processes(context, conditions, max_steps, calm_steps, Watched(context, blocked_after_s), [] if trace else None)
    return processes.run(async_fn, args, recover)


def refuse_nesting() -> None:
    """See that this thread is free.

    Raises:
        NestedTrial: it is in a trial or in trio already.
    """
    if here.trial is not None or in_trio():
        where = "another trial" if here.trial is not None else "trio.run"
        raise NestedTrial(f"simulate() was called inside {where}; a trial owns its thread, so call it from plain code")


class _Processes:
    """The processes of one trial. Used once."""

    def __init__(
        self,
        context: Context,
        conditions: Conditions,
        max_steps: int,
        calm_steps: int,
        watched: Watched,
        steps: list[Step] | None,
    ) -> None:
        self.context = context
        self.conditions = conditions
        self.max_steps = max_steps
        self.calm_steps = calm_steps
        self.watched = watched
        self.interrupts = Interrupts()
        self.steps = steps
        self.drivers: list[Driver] = []

    def run(
        self, async_fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], recover: Callable[[], Awaitable[Any]] | None
    ) -> Trial:
        with self.watched, world.Active(self.context), self.interrupts:
            result: Trial | BaseException
            try:
                result = self._start().run(async_fn, args)
                if recover is not None and result.ending in (Ending.RETURNED, Ending.KILLED):
                    result = self._afterwards(recover)
            except BaseException as error:  # noqa: BLE001  # raised below, when the trial is cleared away
                result = error
            self.context.ended = True
            self._clear_away(self.drivers)
        if self.interrupts.seen:
            raise KeyboardInterrupt
        if isinstance(self.context.failure, StepBlocked):
            return self.drivers[-1].result(self.context.failure)
        if self.context.failure is not None:
            raise self.context.failure
        if isinstance(result, BaseException):
            raise result
        return result

    def _start(self) -> Driver:
        """A new process. It is the one that is driven from now on."""
        before = self.drivers[-1] if self.drivers else None
        driver = Driver(self.context, self.conditions, self.max_steps, self.calm_steps, self.steps, self.interrupts, before)
        self.drivers.append(driver)
        self.watched.loop = self.interrupts.loop = driver.loop
        return driver

    def _afterwards(self, recover: Callable[[], Awaitable[Any]]) -> Trial:
        self.drivers[-1].budget.close()
        self.drivers[-1].loop.leave()
        kept = gc.get_objects(generation=0)  # all that the process made; else its garbage was finalised if recover collects
        try:
            return self._start().run(recover, ())
        finally:
            kept.clear()

    def _clear_away(self, drivers: list[Driver]) -> None:
        """Clear away what is left of each process, the later ones first."""
        if drivers:
            try:
                self._clear_away_one(drivers[-1])
            finally:
                self._clear_away(drivers[:-1])

    def _clear_away_one(self, driver: Driver) -> None:
        self.watched.loop = self.interrupts.loop = driver.loop
        if driver is not self.drivers[-1]:
            driver.loop.take_up()
        driver.budget.close()
        teardown.clear_away(driver.loop, driver.queue, self.context, self.interrupts)
        if driver.loop.runner.resting:
            SPARE.give_back(driver.loop)
