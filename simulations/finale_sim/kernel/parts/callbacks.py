"""Calls into trio's loop: callbacks of ``run_sync_soon``, and the threads that deliver their results that way."""

from collections.abc import Callable
from threading import get_ident
from typing import Any

import outcome
import trio
from trio.lowlevel import Task

from finale_sim.kernel.context import here
from finale_sim.kernel.errors import RealIO
from finale_sim.kernel.parts.aside import Aside

__all__ = ["OwnThreadOnly", "Wakeup", "simulated_threads"]


class Wakeup:
    """Where trio's run_sync_soon task sleeps. The driver looks for callbacks before every step, so nobody needs to knock."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: trio.lowlevel.Task | None = None

    async def wait_woken(self) -> None:
        def abort(_: object) -> trio.lowlevel.Abort:
            self.waiting = None
            return trio.lowlevel.Abort.SUCCEEDED

        self.waiting = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def wake(self) -> None:
        """Make the task runnable if it sleeps."""
        task, self.waiting = self.waiting, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def wakeup_thread_and_signal_safe(self) -> None:
        """Nothing to do."""

    def wakeup_on_signals(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class OwnThreadOnly:
    """To be mixed into trio's queue of callbacks. ``inline`` callbacks are called on the spot."""

    def __init__(self) -> None:
        super().__init__(wakeup=Wakeup())  # type: ignore[call-arg]
        self.thread = get_ident()
        self.started = False
        self.inline = False
        self.over = False

    def run_sync_soon(self, sync_fn: Any, *args: Any, idempotent: bool = False) -> None:
        if self.over:
            raise trio.RunFinishedError("the trial is over")
        if get_ident() != self.thread:
            raise RealIO(
                "a real thread called into a trial (run_sync_soon); when it does so can't be repeated. "
                "Start threads with trio.to_thread.run_sync, which runs them inside the trial"
            )
        if self.inline:
            sync_fn(*args)
        else:
            super().run_sync_soon(sync_fn, *args, idempotent=idempotent)  # type: ignore[misc]


def simulated_threads(original: Callable[..., None], of_thread: Any) -> Callable[..., None]:
    """Stands for trio's ``start_thread_soon``, and starts a task in a trial. ``of_thread`` holds what trio keeps for a thread."""

    def start_thread_soon(fn: Any, deliver: Any, name: str | None = None) -> None:
        if here.trial is None:
            original(fn, deliver, name)
        else:
            entry, aside = of_thread.runner.entry_queue, Aside(of_thread.__dict__)
            trio.lowlevel.spawn_system_task(thread, fn, deliver, trio.lowlevel.current_task(), entry, aside, name=name)

    return start_thread_soon


async def thread(
    fn: Callable[[], object], deliver: Callable[[Any], object], host: Task, entry: OwnThreadOnly, aside: Aside
) -> None:
    """A simulated thread: calls its function and delivers the result in one step. ``host`` is the task that started it."""
    trial: Any = here.trial
    trial.thread = aside
    aside.swap()
    try:
        result = outcome.capture(fn)
    finally:
        aside.swap()
        trial.thread = None
    entry.inline = True
    try:
        deliver(result)
    finally:
        entry.inline = False
