"""The pump: the one task that carries events from the ledger's order into the journal and then before subscribers' eyes."""

import logging
import math
from collections.abc import Callable, Sequence

import trio

from finale.broker import Broker
from finale.endings import must_propagate
from finale.events import Event, Progress, RunComplete
from finale.journal import Journal
from finale.ledger import Ledger
from finale.report import report
from finale.subscription import BATCH

__all__ = ["Pump"]

_ATTEMPTS = 4
_BACKOFF_S = 0.05
_TIMEOUT_S = 10.0
_LEAST_S = 1.0  # what a hurried journal gets in any case: a workspace without patience for runs still wants their endings kept


class Pump:
    """Runs until it is told to finish and everything is out. Callers only ``ring``; they never wait for it.

    A journal that keeps failing, or stalls, is given up: from then on terminal events are published with ``durable=False`` and
    the ledger takes no more requests. Nobody hangs, and nothing claims a durability that it does not have. What a journal raises
    that means "stop the program" goes on as itself, when everything is out.
    """

    def __init__(self, ledger: Ledger, broker: Broker, journal: Journal | None, log: logging.Logger, grace_s: float) -> None:
        self.has_journal = journal is not None
        self._ledger = ledger
        self._broker = broker
        self._journal = journal
        self._log = log
        self._grace_s = max(grace_s, _LEAST_S)
        self._bell = trio.lowlevel.ParkingLot()
        self._finishing = False
        self._gone = trio.Event()
        self._writing = trio.CancelScope()  # around what the journal is asked to do
        self._write_until = math.inf
        self._stopped_by: BaseException | None = None

    def ring(self) -> None:
        """There is something to publish."""
        if self._bell:
            self._bell.unpark_all()

    async def finish(self) -> None:
        """Nothing will be recorded any more: return when everything is out and the journal is closed. A checkpoint."""
        self._finishing = True
        self.ring()
        await self._gone.wait()

    def finish_soon(self) -> None:
        """Stop at that point, and give up the journal if that takes more than ``grace_s`` seconds from now (at least one)."""
        self._finishing = True
        self.ring()
        self._write_until = min(self._write_until, trio.current_time() + self._grace_s)
        self._writing.deadline = self._write_until

    async def read(self, after: int) -> Sequence[Event]:
        """What the journal has behind seq ``after``. When everything is out it is closed, and may have nothing any more."""
        if self._journal is None:
            return ()
        try:
            return await self._journal.read(after)
        except Exception:
            if self._broker.closed:
                return ()  # it has let go of its files, as it may
            raise

    @trio.lowlevel.enable_ki_protection
    async def run(self, stop: Callable[[], None]) -> None:
        """Shielded: a cancellation ends runs, and the pump is what gets their endings out. ``stop`` ends them, too."""
        with trio.CancelScope(shield=True):
            while True:
                if batch := self._broker.staged(BATCH):
                    stored = await self._store(batch)
                    endings = [(e, self._ledger.published(e, stored=stored)) for e in batch if type(e) is RunComplete]
                    self._broker.publish(batch[-1].seq, {e.seq: told for e, told in endings if told is not e})
                    if self._stopped_by is not None:
                        stop()
                    await trio.lowlevel.checkpoint()  # lets readers keep pace with a burst
                elif self._finishing:
                    break
                else:
                    await self._bell.park()
            self._broker.close()
            await self._close_journal()
        self._gone.set()
        if self._stopped_by is not None:
            raise self._stopped_by

    async def _store(self, batch: Sequence[Event]) -> bool:
        """Whether the journal has all of the batch that it should have."""
        if self._journal is None or not (events := [event for event in batch if type(event) is not Progress]):
            return True
        if self._ledger.journal_lost_from is not None:
            return False
        with trio.CancelScope(deadline=self._write_until) as self._writing:
            if await self._append(self._journal, events):
                return True
        self._ledger.journal_lost_from = events[0].seq
        given_up = "the journal is given up; %d events are not durable, and no more requests are accepted"
        report(self._log, logging.ERROR, given_up, len(events))
        return False

    async def _append(self, journal: Journal, events: Sequence[Event]) -> bool:
        for attempt in range(_ATTEMPTS):
            try:
                with trio.fail_after(_TIMEOUT_S):
                    await journal.append(events)
            except GeneratorExit:
                raise  # trio is gone
            except BaseException as error:  # noqa: BLE001  # what must go on is raised at the end of run()
                failed = "journal append failed, attempt %d of %d: %r"
                report(self._log, logging.WARNING, failed, attempt + 1, _ATTEMPTS, error)
                if self._stops(error):
                    return False
                await trio.sleep(_BACKOFF_S * 2**attempt)
            else:
                return True
        return False

    async def _close_journal(self) -> None:
        if self._journal is None:
            return
        try:
            patience_s = _TIMEOUT_S if self._write_until == math.inf else min(_TIMEOUT_S, self._grace_s)
            with trio.fail_after(patience_s) as self._writing:
                await self._journal.aclose()
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001  # the same
            report(self._log, logging.WARNING, "closing the journal failed: %r", error)
            self._stops(error)

    def _stops(self, error: BaseException) -> bool:
        """Whether ``error`` means "stop the program". A stray cancellation does not: nobody cancels behind the shield."""
        self._stopped_by = self._stopped_by or must_propagate(error, cancelled_from_outside=False)
        return self._stopped_by is not None
