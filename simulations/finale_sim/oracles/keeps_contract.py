"""The coordinator keeps its side of the contract. Asked only where a user's coordinator is checked: stubs break it on purpose."""

from collections.abc import Iterator

from finale import Notification, RunComplete
from finale_sim.history import History
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for event in history.events():
        if isinstance(event, Notification) and event.kind == "contract_violation":
            yield f"run {event.run_id}: {event.message}"
        elif isinstance(event, RunComplete) and event.error is not None and event.error.type == "finale.errors.ContractViolation":
            yield f"run {event.run_id}: {event.error.message}"
        elif isinstance(event, RunComplete) and event.abandoned:
            yield f"run {event.run_id} was cancelled and did not unwind within grace_s; let trio.Cancelled through"


ORACLE = Oracle(
    "the coordinator keeps its contract", "text or None is returned, nothing follows the ending, cancels get through", _check
)
