"""A failed run leaves without looking after those that wait behind it."""

from finale.events import Status
from finale.ledger import Ending, Ledger, RunRecord, _Session
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended, _offer = Ledger.ended, Ledger._offer


def _careless_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    vars(self)["leaving in a hurry"] = ending.status is Status.FAILED
    try:
        _ended(self, record, ending, at)
    finally:
        vars(self)["leaving in a hurry"] = False


def _skipped_offer(self: Ledger, name: str, session: _Session, at: float) -> None:
    if not vars(self).get("leaving in a hurry"):
        _offer(self, name, session, at)


CANARY = Canary(
    "stranded queue",
    "whoever waits behind a failed run waits for ever",
    "I1 one terminal",
    ((Ledger, "ended", _careless_ended), (Ledger, "_offer", _skipped_offer)),
)
