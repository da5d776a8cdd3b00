"""I9: an accepted run is started or settled; it never waits in an idle session while there is capacity.

Virtual time passes only when nothing else can happen, so a run that is due starts at the very instant at which its turn comes:
when the last of its session's earlier runs has let go, or at its acceptance.
"""

from collections.abc import Iterator

from finale import RunStarted
from finale_sim.history import History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["oracle"]

_OUT = (What.RETURNED, What.RAISED, What.STOPPED)


def oracle(max_active: int | None = None) -> Oracle:
    """With a limit on active runs, only what is never started is a breach: the turn then depends on other sessions."""

    def check(history: History) -> Iterator[str]:
        free_at: dict[str, float] = {}
        for run_id in history.in_order:
            accepted = history.accepted[run_id]
            due = max(accepted.at_s, free_at.get(accepted.session, 0.0))
            started = next((e for e in history.events(run_id) if isinstance(e, RunStarted)), None)
            if started is not None:
                if max_active is None and history.killed is None and started.at > due:
                    yield f"run {run_id} could have started at {due:g} s, and started at {started.at:g} s"
                let_go = [e.at_s for e in history.of(*_OUT, run_id=run_id)]
                free_at[accepted.session] = max(let_go, default=float("inf"))
            elif not history.endings(run_id) and not history.crash:
                yield f"run {run_id} was neither started nor settled; its session was free from {due:g} s on"

    cases = {"a run that waits": lambda history: any(_waits(history))}
    return Oracle("I9 no stranding", "a run whose turn has come starts at once", check, cases)


def _waits(history: History) -> Iterator[str]:
    """The runs that did not start at the instant of their acceptance."""
    for run_id, accepted in history.accepted.items():
        if any(isinstance(e, RunStarted) and e.at > accepted.at_s for e in history.events(run_id)):
            yield run_id
