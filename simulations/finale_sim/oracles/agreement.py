"""I13: when an event is seen, queries already agree with it."""

from collections.abc import Iterator

from finale import RunState
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for entry in history.of(What.ASKED):
        state, view = entry.detail
        if state is not RunState.SETTLED:
            yield f"the ending of run {entry.run_id} was seen while its state was {state}"
        if view.active is not None and view.active.run_id == entry.run_id:
            yield f"the ending of run {entry.run_id} was seen while its session said that it is active"
        if entry.run_id in [run.run_id for run in view.queue]:
            yield f"the ending of run {entry.run_id} was seen while it was in its session's queue"


_CASES = {
    "a question": lambda history: any(history.of(What.ASKED)),
}

ORACLE = Oracle("I13 agreement", "whoever asks on seeing an event gets an answer that fits it", _check, _CASES)
