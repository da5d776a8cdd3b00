"""What ``submit`` returns: a caller's view of one run."""

from collections.abc import Awaitable, Callable, Sequence

import trio

from finale.admission import check_by
from finale.broker import Broker
from finale.door import Door
from finale.errors import JournalError, RunCancelled, RunFailed
from finale.events import Event, Request, RunComplete, Status
from finale.ledger import Ledger
from finale.record import RunRecord
from finale.runs import RunState
from finale.subscription import Subscription

__all__ = ["RunHandle"]


class RunHandle:
    """One accepted run. Any number of tasks may hold it, wait on it, and be cancelled while they wait."""

    __slots__ = ("_broker", "_do", "_ledger", "_read", "_record")

    def __init__(
        self,
        record: RunRecord,
        ledger: Ledger,
        broker: Broker,
        do: Door,
        read: Callable[[int], Awaitable[Sequence[Event]]] | None,
    ) -> None:
        self._record = record
        self._ledger = ledger
        self._broker = broker
        self._read = read  # the journal behind a seq
        self._do = do

    @property
    def run_id(self) -> str:
        """The run's id: the caller's own, or the one that the workspace made."""
        return self._record.request.run_id

    @property
    def session(self) -> str:
        """The session that the run belongs to."""
        return self._record.request.session

    @property
    def request(self) -> Request:
        """What was submitted."""
        return self._record.request

    @property
    def state(self) -> RunState:
        """Where the run is in its life, as of now."""
        return self._record.state

    @property
    def complete(self) -> RunComplete | None:
        """The run's terminal event, as soon as it is published."""
        ending = self._record.ending
        return ending if ending is not None and ending.seq <= self._broker.horizon else None

    @property
    def status(self) -> Status | None:
        """How the run ended; None as long as it has not. It is known a moment before ``complete`` is."""
        ending = self._record.ending
        return ending.status if ending is not None else None

    @property
    def position(self) -> int | None:
        """How many runs of the session start before this one while it waits, else None."""
        return self._ledger.position(self._record)

    async def accepted(self) -> None:
        """Return when the acceptance is as durable as the workspace's journal can make it. A checkpoint.

        Raises:
            JournalError: the journal failed, so that the acceptance will not survive the process. The run goes on all the same.
            WrongThread: this is not the workspace's thread, and the acceptance is not durable yet.
        """
        await trio.lowlevel.checkpoint()
        while self._broker.horizon < self._record.accepted_seq:
            await self._broker.wait(("run", self.run_id))
        lost_from = self._ledger.journal_lost_from
        if lost_from is not None and self._record.accepted_seq >= lost_from:
            raise JournalError(
                f"the journal failed, so the acceptance of run {self.run_id} is not durable; its ending is still told"
            )

    async def wait(self) -> RunComplete:
        """The run's terminal event, once it is published. Cancelling the wait leaves the run alone. A checkpoint.

        Raises:
            WrongThread: this is not the workspace's thread, and the run has not ended.
        """
        if self.complete is not None:
            await trio.lowlevel.checkpoint()
        while (complete := self.complete) is None:
            await self._broker.wait(("ending", self.run_id))
        return complete

    async def result(self) -> str | None:
        """The text of the completed run.

        Raises:
            RunFailed: it failed; ``complete`` is its terminal event.
            RunCancelled: it was cancelled; ``complete`` is its terminal event.
        """
        complete = await self.wait()
        if complete.status is Status.FAILED:
            raise RunFailed(complete)
        if complete.status is Status.CANCELLED:
            raise RunCancelled(complete)
        return complete.text

    def events(self) -> Subscription:
        """The run's events from its acceptance to its terminal event, with a ``Gap`` where progress was dropped.

        What the workspace no longer has in memory comes from the journal, as with ``subscribe(since=…)``; without a journal, and
        when the workspace has closed, a ``Gap`` stands for it.
        """
        return self._broker.subscribe(
            run_id=self.run_id,
            after=self._record.accepted_seq - 1,
            known={self.run_id: 0},
            ending=lambda: self.complete,
            past=self._past,
        )

    async def _past(self, after: int) -> Sequence[Event]:
        return () if self._read is None or self._broker.closed else await self._read(after)

    def cancel(self, by: str = "the caller") -> bool:
        """Cancel the run. Whether this call did it: False if it was cancelled before or has ended."""
        check_by(by)
        return self._do(self._ledger.cancel_run, self._record, by)

    def terminate(self, by: str = "the caller") -> bool:
        """Cancel the run and settle it at once, without waiting for its task to unwind.

        Returns whether this settled it: True also if it was cancelled before, False if it had ended. What is left of its task
        then, cleaning up after an early ``ctx.complete()``, is cancelled all the same.
        """
        check_by(by)
        return self._do(self._ledger.terminate_run, self._record, by)

    def __repr__(self) -> str:
        return f"<RunHandle {self.run_id} of session {self.session}: {self.state.value}>"
