"""Closing what is closed already is an error."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_close = Ledger.close


def _strict_close(self: Ledger, by: str, at: float) -> None:
    if self.closing:
        raise RuntimeError("close of a closed workspace")
    _close(self, by, at)


CANARY = Canary(
    "closes twice",
    "the second of two who close brings the workspace down",
    "no crash",
    "close race",
    changes=((Ledger, "close", _strict_close),),
    symptom="Two things end the program at the same time, and it crashes instead.",
    immune="Closing is a command that may come any number of times; only the pump closes the log.",
    case="double-close-of-event-channel",
    commit="ed870ecb9",
)
