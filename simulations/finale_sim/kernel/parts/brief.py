"""A short start and end for trio's runner, and the rest between two programs."""

from math import inf
from typing import Any

import outcome
import trio

from finale_sim.kernel.parts.standins import how_ended

__all__ = ["Brief"]


class Brief:
    """To be mixed into trio's runner.

    trio keeps the program, its system tasks and the run_sync_soon task in three nested nurseries, and takes half a dozen steps
    to open and close them. Here the program shares a nursery with the system tasks, which are cancelled when it exits, and the
    run_sync_soon task is started when there is something to call. The nurseries are open before there is a program; and if
    nothing else is left when it exits, they are not closed: the runner rests, and can begin another one.
    """

    __slots__ = ()  # those of its own are where it is mixed in, beside trio's
    asyncgens: Any
    deadlines: Any
    ended: str  #: how the last task ended that did
    entry_nursery: Any
    entry_queue: Any
    hold: Any  #: keep the program's nursery open, with 1, or no longer, with -1
    instruments: Any
    main_task: Any
    main_task_outcome: Any
    rest: Any  #: set ``resting``; a nursery at rest is closed to new arrivals
    resting: bool
    spawn_impl: Any
    system_nursery: Any
    tasks: Any

    async def init(self, *_: object) -> None:
        async with trio.open_nursery() as self.entry_nursery:
            async with trio.open_nursery() as self.system_nursery:
                self.hold(1)
            if self.asyncgens.alive or self.asyncgens.trailing_needs_finalize:
                self.start_entry()
                await self.asyncgens.finalize_remaining(self)
            self.entry_nursery.cancel_scope.cancel()

    def begin(self, async_fn: Any, args: tuple[Any, ...]) -> None:
        """Start the program."""
        self.rest(False)
        try:
            self.main_task = self.spawn_impl(async_fn, args, self.system_nursery, None)
        except BaseException as error:  # noqa: BLE001  # as trio does
            self.main_task_outcome = outcome.Error(error)
            self.wind_up()

    def wind_up(self) -> None:
        """Come to the end, as soon as all tasks have."""
        self.rest(False)
        self.hold(-1)

    def task_exited(self, task: Any, outcome: Any) -> None:
        is_main = task is self.main_task
        if is_main and self._nothing_left():
            self.rest(True)
        elif is_main:
            self.wind_up()
        super().task_exited(task, outcome)  # type: ignore[misc]
        self.ended = how_ended(outcome)  # type: ignore[misc]  # see the slots
        if is_main and len(self.tasks) > 1:
            self.cancel()

    def _nothing_left(self) -> bool:
        """Whether trio would do nothing at the exit of the program but close its nurseries."""
        entry, generators = self.entry_queue, self.asyncgens
        return (
            len(self.tasks) == 2
            and not self.system_nursery.cancel_scope.cancel_called
            and not (entry.queue or entry.idempotent_queue or self.instruments.used)
            and not (generators.alive or generators.trailing_needs_finalize)
            and bool(self.deadlines.next_deadline() == inf)
        )

    def cancel(self) -> None:
        """Cancel the program and all tasks that it or its callbacks started."""
        self.system_nursery.cancel_scope.cancel()

    def wake_entry(self) -> None:
        """Let trio's run_sync_soon task see that it has callbacks."""
        if self.resting:  # what was freed with the program has called
            self.wind_up()
        self.start_entry()
        self.entry_queue.wakeup.wake()

    def start_entry(self) -> None:
        """Start the task that calls what ``run_sync_soon`` was given, if it isn't there."""
        if not self.entry_queue.started:
            self.entry_queue.started = True
            self.spawn_impl(self.entry_queue.task, (), self.entry_nursery, "<TrioToken.run_sync_soon task>", system_task=True)
