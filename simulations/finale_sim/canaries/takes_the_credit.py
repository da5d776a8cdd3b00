"""Closing puts its name on every run that it finds, also on those that somebody has cancelled before."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_close = Ledger.close


def _claiming(self: Ledger, by: str, at: float) -> None:
    for session in self.turns.sessions:
        for record in self.turns.live(session):
            record.cancelled_by = record.cancelled_by and by
    _close(self, by, at)


CANARY = Canary(
    "takes the credit",
    "a run that its client cancelled is said to have been cancelled by the closing",
    "I3 by whom",
    "stopped again",
    changes=((Ledger, "close", _claiming),),
    symptom="The user pressed stop, the server went down meanwhile, and the client starts the work again on its own.",
    immune="Who cancelled is written where a run becomes covered, and a run becomes covered once.",
)
