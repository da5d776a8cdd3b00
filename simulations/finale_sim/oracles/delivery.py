"""I11: every live subscriber gets each terminal event exactly once, or sees a gap that says how many it missed."""

from collections import Counter
from collections.abc import Iterator

from finale import Gap, RunComplete
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    if history.killed is not None or history.crash:
        return
    finished = {e.who: e for e in history.of(What.END_OF_EVENTS)}
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


ORACLE = Oracle("I11 delivery", "whoever reads on is told each ending once", _check)
