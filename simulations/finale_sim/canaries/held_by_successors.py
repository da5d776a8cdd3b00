"""A run goes on to work off the queue behind it, and tells its end when it returns from that."""

from finale.ledger import Ledger
from finale.record import Ending, RunRecord
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_ended = Ledger.ended


def _recursing_ended(self: Ledger, record: RunRecord, ending: Ending, at: float) -> None:
    held: dict[str, list[tuple[RunRecord, Ending]]] = vars(self).setdefault("held", {})
    session = record.request.session
    if self.turns.length(session):
        held.setdefault(session, []).append((record, ending))
        self.turns.released(record)
        self._start_heads(at)
        return
    _ended(self, record, ending, at)
    for earlier, its in reversed(held.pop(session, [])):
        self._settle(earlier, its, at)


CANARY = Canary(
    "held by successors",
    "an ending waits for the runs behind it, and comes after theirs",
    "I8 promptness",
    "queue behind",
    changes=((Ledger, "ended", _recursing_ended),),
    symptom="The first of three prompts is answered, and its client waits until the other two are as well.",
    immune="Runs do not call each other: each has a task of its own, which settles it before the next one is started.",
    case="finished-run-held-by-successors",
)
