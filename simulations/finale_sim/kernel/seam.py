"""The one file that names what trio keeps private. Everything else in the kernel goes through here.

trio's own ``unrolled_run`` generator does all the work; ours is handed to its ``Runner`` as constructor arguments, so that
nothing blocks and the driver picks each step. What can't be handed over is wrapped once, and behaves as before outside of trials:

- ``CancelStatus`` gets ordered sets, so that a cancellation reaches tasks in one order and not in that of their addresses;
- ``Task.__hash__`` is a task's number in its trial, so that sets of tasks iterate in one order;
- a context manager of ``CancelScope`` is made cheaper, in all loops, and does the same;
- ``start_thread_soon`` starts a simulated thread, a task. For versions see ``errors.SUPPORTED``, the self-test tries others.
"""

import inspect
from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context as Variables
from contextvars import copy_context
from functools import cache, partial
from operator import attrgetter
from typing import Any

import outcome
import sniffio
import trio

from finale_sim.kernel.context import here
from finale_sim.kernel.errors import unsupported
from finale_sim.kernel.escapes.sockets import cut_off
from finale_sim.kernel.parts import standins
from finale_sim.kernel.parts.brief import Brief
from finale_sim.kernel.parts.callbacks import OwnThreadOnly, simulated_threads
from finale_sim.kernel.parts.clock import VirtualClock
from finale_sim.kernel.parts.generators import InOrderOfUse
from finale_sim.kernel.parts.kept import Kept
from finale_sim.kernel.parts.timers import Timer, Timers

try:
    from trio import _threads
    from trio._core import _run
    from trio._core._asyncgens import AsyncGenerators
    from trio._core._entry_queue import EntryQueue
    from trio._core._instrumentation import Instruments
    from trio._core._ki import ki_protection_enabled
    from trio._core._run import GLOBAL_RUN_CONTEXT, CancelScope, CancelStatus, Deadlines, Runner, Task, unrolled_run
except ImportError as error:
    raise unsupported(str(error)) from error

__all__ = ["Loop", "in_trio", "install", "is_open", "number_of", "scope_tasks", "scopes_around"]

_FIRST_NUMBER = 1 << 40  # far above what trio counts to itself: larger numbers are tasks of trials
_object_hash = object.__hash__
_STRICT_GROUPS = inspect.signature(trio.run).parameters["strict_exception_groups"].default

number_of: Callable[[Task], int] = attrgetter("_counter")  #: the age of a task among those of its trial


def in_trio() -> bool:
    """Whether this thread is inside ``trio.run`` or a trial."""
    return hasattr(GLOBAL_RUN_CONTEXT, "runner")


def scope_tasks(scope: trio.CancelScope) -> list[Task]:
    """The tasks that are directly inside a cancel scope."""
    return list(scope._cancel_status._tasks) if scope._cancel_status is not None else []


def scopes_around(task: Task) -> Iterator[trio.CancelScope]:
    """The scopes by which a task can be cancelled, innermost first: those up to the first shield."""
    status: CancelStatus | None = task._cancel_status
    while status is not None:
        yield status._scope
        status = None if status._scope.shield else status._parent


def is_open(scope: trio.CancelScope) -> bool:
    """Whether its block has been entered and not been left."""
    return scope._cancel_status is not None


class _Tasks(standins.OrderedSet[Task]):
    """All living tasks. trio adds a task right after making it, so this is where a task gets its number."""

    __slots__ = ("born", "count")

    def __init__(self, count: int) -> None:
        self.born: Any = None
        self.count = count  # of the tasks so far

    def add(self, task: Task) -> None:  # type: ignore[override]
        task._counter = number = _FIRST_NUMBER + self.count
        self.count += 1
        self[task] = None
        if self.born is not None:
            self.born(task, number, task.coro.cr_code is EntryQueue.task.__code__)


class _Entry(OwnThreadOnly, EntryQueue):  # type: ignore[misc]
    """trio's queue of callbacks, for the simulating thread alone."""


class _AsyncGenerators(InOrderOfUse, AsyncGenerators):
    """trio's record of async generators, in order."""


class _Runner(Brief, Runner):
    """trio's runner, in short."""

    __slots__ = ("ended", "entry_nursery", "resting")

    def rest(self, resting: bool) -> None:
        self.resting = self.system_nursery._closed = resting

    def hold(self, starts: int) -> None:
        self.system_nursery._pending_starts += starts  # trio counts there who is being started, and keeps the nursery open
        self.system_nursery._check_nursery_closed()


class _LaterRunner(standins.OwnTasksOnly, _Runner):
    """The runner of a loop that comes in the place of another one."""


class Loop:
    """One trio loop under control: ``runq`` holds what has become runnable, and ``turn`` takes one step.

    trio runs all that is in ``runq``; so the driver takes it away, and puts one task back. A loop rests until it is started, and
    rests again if its program leaves nothing. One that comes in the place of another loop counts its tasks on from there.
    """

    protects = staticmethod(ki_protection_enabled)  #: whether trio would not raise a Ctrl-C in this frame

    def __init__(self, before: "Loop | None" = None) -> None:
        self._library: str | None = None
        self.runq: list[Task] = []
        self.tasks: _Tasks = _Tasks(before.tasks.count if before is not None else 0)
        self.timers, self._stock_deadlines, self.idle, self.entry = Timers(), Deadlines(), standins.IdleWaiters(), _Entry()
        self.jobs, self.idempotent_jobs = self.entry.queue, self.entry.idempotent_queue
        self.runner: Any = (_Runner if before is None else _LaterRunner)(
            clock=VirtualClock(),
            instruments=standins.LazyInstruments(lambda: Instruments(())),  # type: ignore[arg-type]
            io_manager=standins.NoIO(),  # type: ignore[arg-type]
            ki_manager=standins.NoSignals(),  # type: ignore[arg-type]
            strict_exception_groups=_STRICT_GROUPS,
            system_context=Variables(),
            runq=self.runq,  # type: ignore[arg-type]
            tasks=self.tasks,  # type: ignore[arg-type]
            deadlines=self.timers,  # type: ignore[arg-type]
            entry_queue=self.entry,
            asyncgens=_AsyncGenerators(),
            waiting_for_idle=self.idle,
        )
        self.generator: Any = unrolled_run(self.runner, self.runner.init, (), True)
        self.send: Callable[[Any], float] = self.generator.send
        self._open()
        self.kept: Kept | None = None  #: tells whether it is as good as new; None: it is not to be used again

    def _open(self) -> None:
        """Let trio open its nurseries, and rest."""
        GLOBAL_RUN_CONTEXT.runner = self.runner
        next(self.generator)
        self.send(())
        GLOBAL_RUN_CONTEXT.__dict__.clear()
        self.runner.rest(True)
        self.runner.asyncgens.make_hooks(self.runner)
        self._forget()

    def _forget(self) -> None:
        """Keep nothing of the last program."""
        runner = self.runner
        runner.clock = runner.system_context = runner.main_task = runner.main_task_outcome = runner.trio_token = None
        runner.init_task.context = runner.init_task.custom_sleep_data = runner.asyncgens.prev_hooks = None
        self._library, runner._locals, runner.ended, self.entry.over, self.entry.thread = None, None, "", True, 0
        self.timers.forget()
        self._stock_deadlines._active = 0
        self.tasks.born, self.tasks.count = None, number_of(runner.init_task) - _FIRST_NUMBER + 1

    def start(self, clock: VirtualClock, born: Callable[[Task, int, bool], None], async_fn: Any, args: tuple[Any, ...]) -> None:
        """Make this the thread's trio loop, with the program in ``runq``.

        ``born`` is told of every task: the task, its number, whether it is trio's own run_sync_soon task.
        """
        runner, root, variables = self.runner, self.runner.init_task, copy_context()
        variables.run(sniffio.current_async_library_cvar.set, "trio")  # where trio 0.22 says so
        runner.clock, runner._locals, runner.system_context, root.context = clock, {}, variables, variables.copy()
        self.take_up()
        runner.asyncgens.install_hooks(runner)
        cut_off(runner._locals)
        self.tasks.born = born
        born(root, number_of(root), False)
        GLOBAL_RUN_CONTEXT.task = root
        root.context.run(runner.begin, async_fn, args)
        del GLOBAL_RUN_CONTEXT.task

    def turn(self, task: Task) -> None:
        """One step of one task. StopIteration if it was the last step of all."""
        self.runq.append(task)
        self.send(())

    @property
    def finished(self) -> bool:
        """Whether the program is over, and nothing is left of it."""
        return bool(self.runner.resting) or self.generator.gi_frame is None

    def fire(self, timer: Timer, now: float) -> None:
        """Expire one cancel scope, the way trio does. Abort functions run in an empty context."""
        self._stock_deadlines.add(timer[0], timer[2])
        self._outside(self._stock_deadlines.expire, now)

    def cancel(self, scope: trio.CancelScope) -> None:
        """Cancel a scope from outside of any task, like ``fire``."""
        self._outside(scope.cancel)

    def _outside(self, act: Callable[..., object], *args: float) -> None:
        try:
            Variables().run(act, *args)
        except BaseException as error:  # noqa: BLE001
            self.generator.throw(error)  # trio's loop makes it what it would have made of it

    def throw_into(self, task: Task, error: BaseException) -> None:
        """Make ``error`` what a task's next step starts with."""
        if task._next_send_fn is None:
            trio.lowlevel.reschedule(task, outcome.Error(error))
        else:
            task._next_send_fn, task._next_send = task.coro.throw, error

    @contextmanager
    def closing(self) -> Iterator[Callable[[Task], None]]:
        """While the coroutines of tasks that are left are closed from outside: make a task the current one."""
        self.entry.over = True
        GLOBAL_RUN_CONTEXT.runner = self.runner
        yield partial(setattr, GLOBAL_RUN_CONTEXT, "task")
        for task in self.tasks:
            if task.parent_nursery is not None:
                task.parent_nursery._children.clear()
            getattr(_run, "GLOBAL_PARKING_LOT_BREAKER", {}).pop(task, None)  # since trio 0.26

    def leave(self) -> None:
        """Stop being the thread's trio loop, and let everything stand as it is, without a word to any task."""
        self.entry.over = True
        GLOBAL_RUN_CONTEXT.__dict__.clear()
        sniffio.thread_local.name = self._library

    def take_up(self) -> None:
        """Be the thread's trio loop, once or again. Those that came meanwhile have finished."""
        self.entry.over, self.entry.thread = False, get_ident()
        GLOBAL_RUN_CONTEXT.runner = self.runner
        self._library, sniffio.thread_local.name = sniffio.thread_local.name, "trio"

    def finish(self) -> None:
        """Stop being the thread's trio loop, whatever state this is in. Can be called twice."""
        self.entry.over = True
        runner = self.runner
        if runner.resting:
            if runner.clock is not None:  # it was started
                runner.asyncgens.close()
                self.leave()
                self._forget()
            return
        if not self.finished:
            with suppress(BaseException):
                self.generator.throw(trio.TrioInternalError("the trial is over"))
        self.tasks.clear()
        self.leave()
        # circles of references, in which only the garbage collector would see that all this is over
        runner.main_task = runner.init_task = runner.system_nursery = runner.entry_nursery = None
        self.kept = self.tasks.born = runner.asyncgens.hooks = None


@cache
def install() -> None:
    """Wrap, once for the process, what can't be handed to a ``Runner``.

    Raises:
        KernelUnsupported: this trio has no such thing.
    """
    try:
        _order_cancellation()
        standins.without_overhead(CancelScope, "_might_change_registered_deadline")  # entered twice for each scope
        Task.__hash__ = _task_hash  # type: ignore[method-assign, assignment]
        threads: Any = _threads
        starting = simulated_threads(threads.start_thread_soon, GLOBAL_RUN_CONTEXT)
        threads.start_thread_soon = trio.lowlevel.start_thread_soon = starting
    except AttributeError as error:
        raise unsupported(str(error)) from error


def _task_hash(task: Task) -> int:
    return number if (number := task._counter) >= _FIRST_NUMBER else _object_hash(task)


def _order_cancellation() -> None:
    original = CancelStatus.__attrs_post_init__

    def ordered(self: CancelStatus) -> None:
        if (trial := here.trial) is not None:
            self._children, self._tasks = standins.OrderedSet(), standins.OrderedSet()  # type: ignore[assignment]
            if trial.opened is not None:
                trial.opened(self._scope)
        original(self)

    CancelStatus.__attrs_post_init__ = ordered  # type: ignore[method-assign]
