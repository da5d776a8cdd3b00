"""The ``RunContext`` that a coordinator is handed."""

from typing import Any

import trio

from finale.admission import owned
from finale.door import Door
from finale.errors import ContractViolation, shown
from finale.events import Request
from finale.ledger import Ledger
from finale.record import RunRecord

__all__ = ["Context"]


class Context:
    """See ``finale.RunContext``; this one speaks to the ledger."""

    __slots__ = ("_do", "_ledger", "_record", "reported_at")

    def __init__(self, ledger: Ledger, do: Door, record: RunRecord) -> None:
        self._ledger = ledger
        self._do = do
        self._record = record
        self.reported_at = trio.current_time()  # what the idle limit is measured from

    @property
    def run_id(self) -> str:
        return self._record.request.run_id

    @property
    def session(self) -> str:
        return self._record.request.session

    async def progress(self, payload: Any) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        self.progress_nowait(payload)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def progress_nowait(self, payload: Any) -> None:
        self._do(self._ledger.progress, self._record, payload)
        self.reported_at = trio.current_time()

    def take_folded(self) -> list[Request]:
        return [owned(request) for request in self._do(self._ledger.fold, self._record)]

    def complete(self, text: str | None = None) -> None:
        if text is not None and not isinstance(text, str):
            raise ContractViolation(f"complete() takes str or None; this is a {type(text).__name__}: {shown(text)}")
        self._do(self._ledger.complete, self._record, text)
