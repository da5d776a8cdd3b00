"""A run is tried again after an error, and the error of the first attempt has been told already."""

from finale import executor
from finale.context import Context
from finale.coordinator import Coordinator
from finale.endings import describe
from finale.events import Request, RunComplete, Status
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_work = executor._work


async def _retrying_work(coordinator: Coordinator, request: Request, ctx: Context) -> object:
    try:
        return await _work(coordinator, request, ctx)
    except Exception as failed:  # noqa: BLE001  # whatever a coordinator raises
        error = describe(failed)
        ctx._do(lambda at: ctx._ledger._emit(RunComplete, ctx._record, at, Status.FAILED, None, error))
    return await _work(coordinator, request, ctx)


CANARY = Canary(
    "first attempt",
    "an attempt that failed is told as the end of its run",
    "I1 one terminal",
    "fails before running",
    changes=((executor, "_work", _retrying_work),),
    symptom="The client exits with an error, and the answer arrives after it has gone.",
    immune="A retry happens inside the coordinator's call; only the end of that call is the end of the run.",
    case="failed-attempt-ends-waiter",
    commit="e14d47a81",
)
