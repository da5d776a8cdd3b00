"""I11: every live subscriber gets each terminal event exactly once, or sees a gap that says how many it missed."""

from collections import Counter
from collections.abc import Iterator

from finale import Gap, RunComplete
from finale_sim.history import RETURNED, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    if history.crash:
        return
    if history.killed is not None:
        yield from _check_return(history)
        return
    later = {reader.who for reader in history.subscribed if reader.since is not None or reader.run_id is not None}
    finished = {e.who: e for e in history.of(What.END_OF_EVENTS) if e.who not in later}  # of those, "I11 streams" tells
    for who, entry in finished.items():
        seen = [e.detail for e in history.of(What.EVENT) if e.who == who]
        endings = [event for event in seen if isinstance(event, RunComplete)]
        told = Counter(endings)
        twice = [event.run_id for event, times in told.items() if times > 1]
        if twice:
            yield f"{who} was told the ending of run {twice[0]} twice"
        due = [e for e in history.endings() if entry.session in ("", e.session)]
        missing = [event.run_id for event in due if event not in told]
        excused = sum(gap.endings for gap in seen if isinstance(gap, Gap))
        if len(missing) > excused:
            yield f"{who} was not told the endings of {', '.join(missing)}, and saw a gap of {excused}"


def _check_return(history: History) -> Iterator[str]:
    """Who reads on after a crash gets each ending that it did not have, and none again."""
    opened = next(history.of(What.OPENED), None)
    if opened is None or not any(e.who == RETURNED for e in history.of(What.END_OF_EVENTS)):
        return
    seen = [e for e in history.of(What.EVENT) if isinstance(e.detail, RunComplete)]
    before = {e.run_id for e in seen if e.number < opened.number}
    told = Counter(e.run_id for e in seen if e.who == RETURNED)
    for ending in history.endings():
        wanted = 0 if ending.run_id in before else 1
        if told[ending.run_id] != wanted:
            how = f"{told[ending.run_id]} times, where {wanted} is right"
            yield f"{RETURNED} was told the ending of run {ending.run_id} {how}, reading on where it had stopped before the crash"


_CASES = {
    "a reader of the rest": lambda history: any(e.who != history.witness for e in history.of(What.END_OF_EVENTS)),
    "a reader that returns": lambda history: any(e.who == RETURNED for e in history.of(What.END_OF_EVENTS)),
}

ORACLE = Oracle("I11 delivery", "whoever reads on is told each ending once", _check, _CASES)
