"""A cancel says that it covered a run although its session has never had one."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_cancel = Ledger.cancel


def _optimistic_cancel(self: Ledger, session: str, by: str, at: float) -> int:
    return max(_cancel(self, session, by, at), 1)


CANARY = Canary(
    "counts nothing as one",
    "a cancel of nothing claims a victim",
    "I5 idle cancel",
    "idle cancel",
    ((Ledger, "cancel", _optimistic_cancel),),
)
