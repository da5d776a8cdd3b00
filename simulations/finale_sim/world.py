"""The world: the composition root of a trial of the SDK. The only place where the simulator's parts meet the product.

It starts the same workspace as everybody does; what differs are arguments: the clock, the maker of ids, the coordinator, the
journal. Whatever outsiders do and see goes into one history. When the scenario has played its part, everything that was
accepted must come to an end: the block of the workspace is left, and a trial in which that can't happen is stuck.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count
from math import inf
from typing import Any, NoReturn, TypeAlias, TypeVar

import trio

from finale import (
    Coordinator,
    Event,
    Gap,
    JournalError,
    RunComplete,
    RunHandle,
    Subscription,
    Workspace,
    open_workspace,
)
from finale_sim.callers import Callers, Watched
from finale_sim.choices import Kind
from finale_sim.faults import JOURNALS
from finale_sim.history import RETURNED, History, What
from finale_sim.kernel import current_trial
from finale_sim.observed import Observed
from finale_sim.scenarios import Scenario, Stage

__all__ = ["Opens", "World"]

Opens: TypeAlias = Callable[..., AbstractAsyncContextManager[Any]]
"""What opens a workspace: called like ``finale.open_workspace``, and, unless somebody else's is tried, that itself."""

_T = TypeVar("_T")

_SILENT = logging.getLogger("finale_sim.silent")  # a journal that fails on purpose is no news
_SILENT.propagate = False
_SILENT.addHandler(logging.NullHandler())


_JOURNAL_FAULTS = {
    "journal append": ("journal append fails", "journal append stalls", "journal append fails for good"),
    "journal close": ("journal does not close",),
    "journal dies before an append": ("killed before an append",),
    "journal dies after an append": ("killed after an append",),
}


class _Killed(SystemExit):
    """The process goes away. Like a kill, no ``except Exception`` sees it; unlike one it unwinds, which nobody observes."""


class World:
    """The ``Stage`` of one trial. ``play`` is the program that the trial runs."""

    workspace: Workspace
    clients: trio.Nursery
    _outsiders: trio.Nursery

    def __init__(self, scenario: Scenario, make: Callable[[], Coordinator], opens: Opens = open_workspace) -> None:
        self.history = History()
        self._scenario = scenario
        self._make = make
        self._opens = opens
        self._outside = trio.CancelScope()
        self._waiters = count(1)
        self._ids = count(1)
        self._askers = count(1)
        self._callers = Callers(self.history)
        self._journal = None
        if scenario.journal:
            self._journal = Watched(JOURNALS[scenario.journal](self._strikes, self._die), self.history)

    async def play(self) -> None:
        """One trial from beginning to end."""
        trial = current_trial()
        assert trial is not None, "a world exists in a trial only"
        self.history.now = lambda: (trial.steps, trial.now, trio.current_effective_deadline() == -inf)
        await self._live(self._scenario.play)
        if self.history.dead:
            await self._live_again()
        if self._journal is not None:
            self.history.note("journal", What.STORED, detail=tuple(await self._journal.read()))

    async def _live(self, play: Callable[[Stage], Awaitable[None]]) -> None:
        """One life of the process: a workspace, from its opening until its block has been left, and whoever looks on."""
        error: BaseException | None = None
        async with trio.open_nursery() as self._outsiders:
            try:
                with self._outside:
                    await self._in_workspace(play)
            except _Killed:
                self._outsiders.cancel_scope.cancel()
                return
            except (Exception, SystemExit) as crash:  # noqa: BLE001  # judged by an oracle, whatever it is
                error = crash
                if isinstance(crash, Exception):
                    self.history.crash = repr(crash)
            self._callers.left()
            self.history.note("client", What.LEFT, detail=error)

    async def _in_workspace(self, play: Callable[[Stage], Awaitable[None]]) -> None:
        async with self._opens(
            Observed(self._make(), self.history),  # made in the trial, whose clocks and random numbers it may ask
            journal=self._journal,
            clock=trio.current_time,
            new_id=lambda: f"r{next(self._ids)}",
            logger=_SILENT,
            **self._scenario.options,
        ) as self.workspace:
            everything = self.workspace.subscribe(since=0)
            self._outsiders.start_soon(self._read, self.history.witness, everything, name=self.history.witness)
            async with trio.open_nursery() as self.clients:
                await play(self)

    async def _live_again(self) -> None:
        """A new process opens the journal that the first one left. Its witness reads everything from the beginning.

        It does nothing of its own but one more run. The first witness comes back, and reads on where it had stopped.
        """
        place = max((event.seq for event in self.history.events()), default=0)

        async def play(stage: Stage) -> None:
            self._outsiders.start_soon(self._read, RETURNED, self.workspace.subscribe(since=place), name=RETURNED)
            stage.submit("after the crash", "s9")

        self._outside = trio.CancelScope()
        self._callers = Callers(self.history)
        self.history.dead = False
        self.history.witness = "second witness"
        self.history.note("client", What.OPENED)
        await self._live(play)

    def _die(self) -> NoReturn:
        self.history.note("journal", What.KILLED)
        self.history.dead = True
        raise _Killed

    # The stage -------------------------------------------------------------------------------------------------------

    def submit(self, prompt: str, session: str, **options: Any) -> RunHandle | None:
        run = self._callers.submit(self.workspace, prompt, session, options)
        if run is None:
            return None
        waiter = f"waiter {next(self._waiters)}"
        if self._scenario.journal == "mortal":
            self._outsiders.start_soon(self._wait_for_acceptance, waiter, run, prompt, name=waiter)
        else:
            if run.run_id not in self.history.accepted:
                self.history.note("client", What.ACCEPTED, run.run_id, session, prompt)
            self._outsiders.start_soon(self._wait, waiter, run, name=waiter)
        return run

    def cancel(self, session: str, **by: str) -> None:
        self._callers.stop("cancel", self.workspace.cancel, session, **by)

    def cancel_run(self, run: RunHandle, **by: str) -> None:
        self._callers.stop_run("cancel", run, run.cancel, **by)

    def terminate(self, session: str, **by: str) -> None:
        self._callers.stop("terminate", self.workspace.terminate, session, **by)

    def terminate_run(self, run: RunHandle, **by: str) -> None:
        self._callers.stop_run("terminate", run, run.terminate, **by)

    def clear_queue(self, session: str, **by: str) -> None:
        self._callers.clear_queue(self.workspace.clear_queue, session, **by)

    def close(self, **by: str) -> None:
        self._callers.close(self.workspace.close, **by)

    def assure(self, run: RunHandle) -> None:
        asker = f"asker {next(self._askers)}"
        self._outsiders.start_soon(self._assure, asker, run, name=asker)

    def cancel_from_outside(self) -> None:
        self.history.strike("cancel from outside")
        self.history.note("client", What.OUTSIDE)
        self._outside.cancel()

    def subscribe(
        self, name: str, *, pause_s: float = 0, leaves_after: int | None = None, session: str | None = None, **where: Any
    ) -> None:
        subscription = self._callers.subscribe(self.workspace, name, slow=pause_s > 0, session=session, **where)
        if subscription is not None:
            self._outsiders.start_soon(self._read, name, subscription, session, pause_s, leaves_after, name=name)

    def follow(self, name: str, run: RunHandle) -> None:
        subscription = self._callers.follow(name, run)
        self._outsiders.start_soon(self._read, name, subscription, name=name)

    def place(self, name: str) -> int:
        return self.history.place(name)

    def pick(self, label: str, options: Sequence[_T]) -> _T:
        return options[self._draw(Kind.DATA, label, options)]

    async def moment(self, label: str, seconds: Sequence[float]) -> None:
        instant = seconds[self._draw(Kind.DELAY, label, [f"at {s:g} s" for s in seconds])]
        await trio.sleep_until(instant)

    # Outsiders -------------------------------------------------------------------------------------------------------

    async def _wait_for_acceptance(self, name: str, run: RunHandle, prompt: str) -> None:
        """Where processes die, a run counts as accepted when that is in the journal; only then is a client told."""
        try:
            await run.accepted()
        except JournalError:
            return
        if run.run_id not in self.history.accepted:
            self.history.note("client", What.ACCEPTED, run.run_id, run.session, prompt)
        await self._wait(name, run)

    async def _assure(self, name: str, run: RunHandle) -> None:
        self.history.note(name, What.ASSURING, run.run_id, run.session)
        error: JournalError | None = None
        try:
            await run.accepted()
        except JournalError as unkept:
            error = unkept
        self.history.note(name, What.ASSURED, run.run_id, run.session, error)

    async def _wait(self, name: str, run: RunHandle) -> None:
        self.history.note(name, What.WAITING, run.run_id, run.session)
        complete = await run.wait()
        self.history.note(name, What.WAITED, run.run_id, run.session, complete)

    async def _read(
        self, name: str, events: Subscription, session: str | None = None, pause_s: float = 0, leaves_after: int | None = None
    ) -> None:
        seen = 0
        async for event in events:
            self._saw(name, event)
            seen += 1
            if seen == leaves_after:
                self.history.strike("subscriber leaves", session or "")
                return
            if pause_s:
                await trio.sleep(pause_s)
        self.history.note(name, What.END_OF_EVENTS, session=session or "")

    def _saw(self, name: str, event: Event | Gap) -> None:
        run_id, session = (event.run_id, event.session) if isinstance(event, Event) else ("", "")
        if isinstance(event, Gap):
            self.history.strike("subscriber falls behind")
        self.history.note(name, What.EVENT, run_id, session, event)
        if isinstance(event, RunComplete) and name == self.history.witness and (run := self.workspace.run(run_id)) is not None:
            self.history.note(name, What.ASKED, run_id, session, (run.state, self.workspace.session(session)))

    # Choices ---------------------------------------------------------------------------------------------------------

    def _strikes(self, label: str, options: int) -> int:
        answer = self._draw(Kind.FAULT, label, [f"fault {n}" for n in range(options)])
        if answer:
            self.history.strike(_JOURNAL_FAULTS[label][answer - 1])
        return answer

    def _draw(self, kind: Kind, label: str, options: Sequence[object]) -> int:
        trial = current_trial()
        assert trial is not None, "the stage is gone with its trial"
        answer = trial.choose(kind, label, len(options))
        if answer:
            self.history.picks[trial.choices.made[-1].site.key] = f"{label}: {options[answer]}"
        return answer
