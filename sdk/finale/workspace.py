"""The workspace: the thin trio shell around the ledger. ``opening.py`` puts it together.

Rules:

1. ``submit``, ``cancel`` and ``close`` are plain functions, so each is a critical section: there is no gap between "accepted"
   and "active" in which a cancel could get lost.
2. It decides nothing. The ledger says what has happened, started and stopped; ``_follow`` carries it out.
3. Each active run has one task, which settles it in ``finally``: no terminal event can be missing (``executor.py``).
4. One pump carries events to the journal and then to subscribers, shielded from every cancellation (``pump.py``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import trio

from finale.admission import WhenBusy, check_by, check_types, owned
from finale.broker import Broker
from finale.door import Door
from finale.errors import DuplicateRun
from finale.events import Attachment, Request, RunComplete, Status
from finale.executor import Executor
from finale.handle import RunHandle
from finale.ledger import Ledger
from finale.pump import Pump
from finale.record import RunRecord
from finale.runs import RunState
from finale.subscription import Subscription
from finale.views import SessionView, Statistics

__all__ = ["WhenBusy", "Workspace"]


class Workspace:
    """Owner of runs. Made by ``open_workspace``; its methods belong to the thread that opened it.

    A destructor, which may strike anywhere, cannot call them while one of them is being executed: they raise RuntimeError, and
    the message says how to go about it.
    """

    def __init__(
        self,
        ledger: Ledger,
        broker: Broker,
        pump: Pump,
        make_executor: Callable[[Door], Executor],
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._broker = broker
        self._pump = pump
        self._past = pump.read if pump.has_journal else None
        self._new_id = new_id
        self._do = Door(clock, self._follow, broker.log)
        self._executor = make_executor(self._do)
        self._idle: dict[str | None, trio.lowlevel.ParkingLot] = {}  # by session; None: the workspace
        self._follow()  # publishes what a journal's unfinished runs ended with

    # What callers do --------------------------------------------------------------------------------------------------

    def submit(
        self,
        prompt: str,
        session: str,
        *,
        run_id: str | None = None,
        attachments: Sequence[Attachment] = (),
        metadata: Mapping[str, Any] | None = None,
        when_busy: WhenBusy = "enqueue",
    ) -> RunHandle:
        """Have a prompt worked on. Returns at once, with the accepted run; its work goes on in the background.

        ``run_id`` is an idempotency key: the same request with the same id is the same run. ``when_busy`` says what happens if
        the session is busy: "enqueue" waits, "reject" raises, "interrupt" cancels what the session has in flight and comes next,
        "fold" hands the prompt to the active run if that still takes prompts in, and else waits. Dicts, lists and tuples in
        ``metadata`` are copied all the way down, so that no later change reaches the run; any other object is shared.

        Raises:
            Rejected: it was not accepted, nothing was recorded, and nothing else has changed. The subclass says why; of several
                reasons it is the first in this order: ``DuplicateRun``, ``WorkspaceClosing``, ``JournalUnavailable``,
                ``SessionMissing``, ``EmptyPrompt``, ``SessionBusy``, ``QueueFull``.
            TypeError: the prompt, the session or the run id is not a ``str``, or an attachment is no ``Attachment`` of text or
                bytes, or metadata is not JSON-able although there is a journal.
            ValueError: ``when_busy`` is none of these words.
            WrongThread: this is not the workspace's thread.
        """
        request = Request(prompt, session, run_id or self._fresh_id(), tuple(attachments), dict(metadata or {}))
        check_types(request, stored=self._pump.has_journal)
        request = owned(request, plain=self._pump.has_journal)
        record = self._do(self._ledger.submit, request, when_busy)
        return self._handle(record)

    def cancel(self, session: str, by: str = "the caller") -> int:
        """Cancel all runs of the session that have not ended, and none that are submitted later. How many this call covered.

        Raises:
            TypeError: ``by`` is not a ``str``.
            WrongThread: this is not the workspace's thread.
        """
        check_by(by)
        return self._do(self._ledger.cancel, session, by)

    def terminate(self, session: str, by: str = "the caller") -> int:
        """Cancel all runs of the session and settle them at once, without waiting for tasks to unwind.

        Returns how many were settled, cancelled before or not. A clean-up after ``ctx.complete()`` is cancelled, but not counted.

        Raises:
            TypeError: ``by`` is not a ``str``.
            WrongThread: this is not the workspace's thread.
        """
        check_by(by)
        return self._do(self._ledger.terminate, session, by)

    def clear_queue(self, session: str, by: str = "the caller") -> int:
        """Cancel the runs of the session that wait, and leave the active one alone. How many they were.

        Raises:
            TypeError: ``by`` is not a ``str``.
            WrongThread: this is not the workspace's thread.
        """
        check_by(by)
        return self._do(self._ledger.clear_queue, session, by)

    def close(self, by: str = "the workspace closed") -> None:
        """Take no more requests, and cancel everything that has not ended. Leaving the ``async with`` block waits for the rest.

        Raises:
            TypeError: ``by`` is not a ``str``.
            WrongThread: this is not the workspace's thread.
        """
        check_by(by)
        self._do(self._ledger.close, by)

    def subscribe(self, *, session: str | None = None, run_id: str | None = None, since: int | None = None) -> Subscription:
        """Events from now on, or all behind the ``seq`` that ``since`` names: of everything, of one session, or of one run.

        What ``since`` asks for comes from the journal if it is older than what the workspace still has in memory; without a
        journal, or with one that cannot be read once it is closed, and for progress, a ``Gap`` stands for it. Ends when the
        workspace has closed, or after the ending of the run, which is told in any case unless ``since`` says that it is known.

        Raises:
            ValueError: ``since`` is negative, or is no ``seq`` that this workspace has got to.
        """
        if since is not None and since > self._ledger.seq:
            raise ValueError(f"since is {since}, and no event behind {self._ledger.seq} has happened; it is of another workspace")
        ending = self._ending_of(run_id) if run_id else None
        if since is not None:
            return self._broker.subscribe(session=session, run_id=run_id, after=since, ending=ending, past=self._past)
        live = self._ledger.turns.live(session) if session else []
        record = self._ledger.record(run_id) if run_id else None
        known = {record.request.run_id: record.events for record in [*live, *([record] if record else [])]}
        return self._broker.subscribe(session=session, run_id=run_id, known=known, ending=ending)

    def run(self, run_id: str) -> RunHandle | None:
        """The run with this id, in flight or remembered."""
        record = self._ledger.record(run_id)
        return self._handle(record) if record is not None else None

    def runs(self) -> tuple[RunHandle, ...]:
        """The runs in flight, in order of acceptance."""
        turns = self._ledger.turns
        live = [record for session in turns.sessions for record in turns.live(session)]
        return tuple(self._handle(record) for record in sorted(live, key=lambda record: record.number))

    def session(self, name: str) -> SessionView:
        """What the session is doing."""
        holder = self._ledger.turns.holder(name)
        active = self._handle(holder) if holder is not None and holder.state is not RunState.SETTLED else None
        queue = tuple(self._handle(record) for record in self._ledger.turns.waiting(name))
        return SessionView(name, active, queue, self._ledger.busy(name))

    async def wait_idle(self, session: str | None = None) -> None:
        """Return when no run (of the session) is in flight and the task of none is cleaning up. A checkpoint.

        Raises:
            WrongThread: this is not the workspace's thread.
        """
        self._do.check_thread("wait_idle", "run")
        await trio.lowlevel.checkpoint()
        while self._ledger.busy(session):
            lot = self._idle.setdefault(session, trio.lowlevel.ParkingLot())
            try:
                await lot.park()
            finally:
                if not lot and self._idle.get(session) is lot:
                    del self._idle[session]

    def statistics(self) -> Statistics:
        """Counts as of now."""
        endings = self._ledger.endings
        return Statistics(
            self._ledger.accepted,
            endings[Status.COMPLETED],
            endings[Status.FAILED],
            endings[Status.CANCELLED],
            self._ledger.in_flight,
            self._ledger.turns.active,
            self._broker.statistics(),
        )

    # How it is carried out --------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Do what the ledger's last command asks for."""
        outbox = self._ledger.outbox
        if outbox.events:
            self._broker.append(outbox.events)
            outbox.events.clear()
            self._pump.ring()
        for record in outbox.started:
            self._executor.start(record)
        outbox.started.clear()
        for record in outbox.stopped:
            self._executor.stop(record)
        outbox.stopped.clear()
        for name in [name for name in self._idle if not self._ledger.busy(name)] if self._idle else ():
            self._idle.pop(name).unpark_all()

    def _fresh_id(self) -> str:
        made = self._new_id()
        if self._ledger.record(made) is not None:
            raise DuplicateRun(f"new_id made {made!r}, the id of another run; each must be new, also to the journal")
        return made

    def _ending_of(self, run_id: str) -> Callable[[], RunComplete | None]:
        """Asks for the published ending of a run, which may not have been accepted yet."""
        early = self.run(run_id)
        return lambda: run.complete if (run := early or self.run(run_id)) is not None else None

    def _handle(self, record: RunRecord) -> RunHandle:
        return RunHandle(record, self._ledger, self._broker, self._do, self._past)
