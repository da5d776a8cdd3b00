"""The first failure is kept, and every later run is failed with it without asking its coordinator."""

from finale import executor
from finale.context import Context
from finale.coordinator import Coordinator
from finale.events import Request
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_work = executor._work


async def _sticky_work(coordinator: Coordinator, request: Request, ctx: Context) -> object:
    kept = getattr(coordinator, "kept_error", None)
    if kept is not None:
        raise kept
    try:
        return await _work(coordinator, request, ctx)
    except Exception as error:
        vars(coordinator)["kept_error"] = error
        raise


CANARY = Canary(
    "sticky failure",
    "one failed preparation fails all later runs",
    "I17 no poison",
    "fails before running",
    changes=((executor, "_work", _sticky_work),),
    symptom="One failed start makes every later prompt fail, until the program is restarted.",
    immune="Each run prepares for itself; nothing of a failed preparation is kept.",
    case="sticky-readiness-error",
)
