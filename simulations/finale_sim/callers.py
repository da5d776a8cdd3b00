"""Clients and their journal: what is asked of a workspace, and what it answers in the same step, goes into the history.

Under trio nothing can come between a call and its answer here, so what is different afterwards is the call's doing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from finale import Event, Rejected, Request, RunHandle, RunState, Subscription, Workspace
from finale.journal import Journal
from finale_sim.calls import Kept, States, Stopped, Submitted, Subscribed
from finale_sim.history import History, What

__all__ = ["Callers", "Watched"]

_BY, _CLOSED = "the caller", "the workspace closed"  # what a workspace says where nobody says anything


class Callers:
    """All clients of one workspace."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._runs: dict[str, RunHandle] = {}  # that were accepted, in order

    def submit(self, workspace: Workspace, prompt: str, session: str, options: Mapping[str, Any]) -> RunHandle | None:
        """Submit. None if that was rejected."""
        wanted = options.get("run_id") or ""
        request = Request(prompt, session, wanted, tuple(options.get("attachments", ())), options.get("metadata") or {})
        at, when_busy = len(self._history.entries), options.get("when_busy", "enqueue")
        (busy, waiting, known), before = asked = self._glimpse(workspace, session, wanted), self._states()
        try:
            run = workspace.submit(prompt, session, **options)
        except (Rejected, TypeError, ValueError) as error:
            trace = "" if (self._glimpse(workspace, session, wanted), self._states()) == asked else self._trace(before)
            self._record(Submitted(at, request, when_busy, busy, waiting, known, error=error, trace=trace))
            self._history.note("client", What.REJECTED, wanted, str(session), error)
            return None
        self._record(Submitted(at, request, when_busy, busy, waiting, known, run.run_id))
        if not known:
            self._accepted(run, before, interrupts=when_busy == "interrupt")
        return run

    def stop(self, word: str, call: Callable[..., int], session: str, by: str | None = None) -> None:
        """Cancel or terminate a session."""
        self._history.strike(word, session)
        stopped = self._stopped(word, call, _given(by), session=session)
        self._history.note("client", What.CANCEL, session=session, detail=stopped.answer)

    def stop_run(self, word: str, run: RunHandle, call: Callable[..., bool], by: str | None = None) -> None:
        """Cancel or terminate one run."""
        self._history.strike(word, run.session, run.run_id)
        stopped = self._stopped(word, call, _given(by), run_id=run.run_id)
        self._history.note("client", What.CANCEL, run.run_id, run.session, int(stopped.answer or 0))

    def clear_queue(self, call: Callable[..., int], session: str, by: str | None = None) -> None:
        """Clear the queue of a session: to whoever waits in it that is a cancel of its own."""
        stopped = self._stopped("clear queue", call, _given(by), session=session)
        for run_id, state in stopped.before.items():
            if state is RunState.WAITING and self._runs[run_id].session == session:
                self._history.strike("cancel", session, run_id)
                self._history.note("client", What.CANCEL, run_id, session, 1)

    def close(self, call: Callable[..., None], by: str | None = None) -> None:
        """Close the workspace."""
        self._history.strike("close")
        self._stopped("close", call, _given(by), by or _CLOSED)
        self._history.note("client", What.CLOSE)

    def subscribe(self, workspace: Workspace, name: str, *, slow: bool, **where: Any) -> Subscription | None:
        """Subscribe. None if that was refused."""
        events, error, run_id = None, None, where.get("run_id")
        try:
            events = workspace.subscribe(**where)
        except ValueError as refused:
            error = refused
        known = run_id is not None and workspace.run(run_id) is not None
        at, at_s = len(self._history.entries), self._history.now()[1]
        self._history.subscribed.append(Subscribed(at, at_s, name, slow=slow, known=known, error=error, **where))
        return events

    def follow(self, name: str, run: RunHandle) -> Subscription:
        """Read the events of one run, from its acceptance on."""
        at, at_s = len(self._history.entries), self._history.now()[1]
        self._history.subscribed.append(Subscribed(at, at_s, name, known=True, run_id=run.run_id, since=0))
        return run.events()

    def left(self) -> None:
        """The workspace's block has been left."""
        untold = [run_id for run_id, run in self._runs.items() if _untold(run)]
        self._history.unsettled = tuple(untold)

    def _accepted(self, run: RunHandle, before: States, *, interrupts: bool) -> None:
        history = self._history
        if interrupts:
            history.strike("interrupt", run.session)
            by = f"run {run.run_id}"
            at, _, at_s = len(history.entries), *history.now()[:2]
            history.stopped.append(Stopped(at, at_s, "interrupt", by, before, self._states(), run.session))
            history.note("client", What.CANCEL, session=run.session)
        self._runs.setdefault(run.run_id, run)

    def _stopped(self, word: str, call: Callable[..., Any], given: dict[str, str], by: str = "", **named: str) -> Stopped:
        at, before, (_, at_s, _) = len(self._history.entries), self._states(), self._history.now()
        answer = call(*([named["session"]] if "session" in named else []), **given)
        stopped = Stopped(at, at_s, word, by or given.get("by", _BY), before, self._states(), **named, answer=answer)
        if not self._history.dead:
            self._history.stopped.append(stopped)
        return stopped

    def _record(self, submitted: Submitted) -> None:
        if not self._history.dead:
            self._history.submitted.append(submitted)

    def _states(self) -> States:
        return {run_id: run.state for run_id, run in self._runs.items()}

    def _glimpse(self, workspace: Workspace, session: str, run_id: str) -> tuple[bool, int, bool]:
        """Whether the session is busy, how many wait in it, and whether the workspace knows a run by this id."""
        view = workspace.session(session)
        return view.busy, len(view.queue), bool(run_id) and workspace.run(run_id) is not None

    def _trace(self, before: States) -> str:
        changed = [f"run {run_id} is {state}" for run_id, state in self._states().items() if before[run_id] != state]
        return ", ".join(changed) or "its session or its id is known now"


def _given(by: str | None) -> dict[str, str]:
    return {} if by is None else {"by": by}


def _untold(run: RunHandle) -> bool:
    """Whether the ending of the run is not published. What handles of others cannot tell is not held against them."""
    return run.state is not RunState.SETTLED or getattr(run, "complete", True) is None


class Watched:
    """A journal that tells the history what it has confirmed."""

    def __init__(self, journal: Journal, history: History) -> None:
        self._journal = journal
        self._history = history
        self.durable = history.durable = journal.durable

    async def append(self, events: Sequence[Event]) -> None:
        """As the journal does it."""
        await self._journal.append(events)
        self._confirmed(events)

    async def read(self, after: int = 0) -> Sequence[Event]:
        """What the journal has behind a seq."""
        stored = await self._journal.read(after)
        self._confirmed(stored)
        return stored

    async def aclose(self) -> None:
        """As the journal does it."""
        await self._journal.aclose()

    def _confirmed(self, events: Sequence[Event]) -> None:
        if not self._history.dead:
            _, at_s, _ = self._history.now()
            for event in events:
                self._history.kept.setdefault(event.seq, Kept(len(self._history.entries), at_s))
