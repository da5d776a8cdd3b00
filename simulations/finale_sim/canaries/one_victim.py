"""A cancel of a session stops its active run and forgets those that wait behind it."""

from finale.ledger import Ledger
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]


_cancel = Ledger.cancel


def _short_cancel(self: Ledger, session: str, by: str, at: float) -> int:
    if self.closing:
        return _cancel(self, session, by, at)
    holder = self.turns.holder(session)
    return self._stop(holder, by) if holder is not None else 0


CANARY = Canary(
    "one victim",
    "a cancel stops one run, and the next one starts",
    "I4 cancel scope",
    "cancel race",
    changes=((Ledger, "cancel", _short_cancel),),
    symptom="The stop button ends the first of two prompts, and the second one starts.",
    immune=(
        "A cancel is one synchronous command over the active run and the whole queue; it sets no mark that somebody could use up."
    ),
    case="one-cancel-one-victim",
    commit="34995e933",
)
