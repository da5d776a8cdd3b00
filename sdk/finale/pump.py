"""The pump: the one task that carries events from the ledger's order into the journal and then before subscribers' eyes."""

import logging
from collections.abc import Sequence

import trio

from finale.broker import Broker
from finale.events import Event, Progress, RunComplete
from finale.journal import Journal
from finale.ledger import Ledger
from finale.subscription import BATCH

__all__ = ["Pump"]

_ATTEMPTS = 4
_BACKOFF_S = 0.05
_TIMEOUT_S = 10.0


class Pump:
    """Runs until ``finish`` was called and everything is out. Callers only ``ring``; they never wait for it.

    A journal that keeps failing, or stalls, is given up: from then on terminal events are published with ``durable=False`` and
    the ledger takes no more requests. Nobody hangs, and nothing claims a durability that it does not have.
    """

    def __init__(self, ledger: Ledger, broker: Broker, journal: Journal | None, log: logging.Logger) -> None:
        self._ledger = ledger
        self._broker = broker
        self._journal = journal
        self._log = log
        self._bell = trio.lowlevel.ParkingLot()
        self._finishing = False

    def ring(self) -> None:
        """There is something to publish."""
        self._bell.unpark_all()

    def finish(self) -> None:
        """Nothing will be recorded any more: stop when all is published."""
        self._finishing = True
        self.ring()

    async def read(self, after: int) -> Sequence[Event]:
        """What the journal has behind seq ``after``."""
        return await self._journal.read(after) if self._journal is not None else ()

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Shielded: a cancellation ends runs, and the pump is what gets their endings out."""
        with trio.CancelScope(shield=True):
            while True:
                if batch := self._broker.staged(BATCH):
                    stored = await self._store(batch)
                    endings = {e.seq: self._ledger.published(e, stored=stored) for e in batch if type(e) is RunComplete}
                    self._broker.publish(batch[-1].seq, endings)
                    await trio.lowlevel.checkpoint()  # lets readers keep pace with a burst
                elif self._finishing:
                    break
                else:
                    await self._bell.park()
            self._broker.close()
            await self._close_journal()

    async def _store(self, batch: Sequence[Event]) -> bool:
        """Whether the journal has all of the batch that it should have."""
        events = [event for event in batch if type(event) is not Progress]
        if self._journal is None or not events:
            return True
        if self._ledger.journal_lost_from is not None:
            return False
        for attempt in range(_ATTEMPTS):
            try:
                with trio.fail_after(_TIMEOUT_S):
                    await self._journal.append(events)
            except (Exception, trio.Cancelled) as error:  # noqa: BLE001  # behind the shield nobody else cancels: a failure, too
                self._log.warning("journal append failed, attempt %d of %d: %r", attempt + 1, _ATTEMPTS, error)
                await trio.sleep(_BACKOFF_S * 2**attempt)
            else:
                return True
        self._ledger.journal_lost_from = events[0].seq
        self._log.error("the journal is given up; %d events are not durable, and no more requests are accepted", len(events))
        return False

    async def _close_journal(self) -> None:
        if self._journal is None:
            return
        try:
            with trio.fail_after(_TIMEOUT_S):
                await self._journal.aclose()
        except (Exception, trio.Cancelled) as error:  # noqa: BLE001  # the endings are out; only the log is left to be told
            self._log.warning("closing the journal failed: %r", error)
