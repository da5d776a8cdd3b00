"""The result of a run waits for the end of its task in a place that all runs share."""

import trio

from finale import executor
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_work = executor._work
_last: dict[str, object] = {}


async def _shared_work(*args: object) -> object:
    _last["result"] = await _work(*args)  # type: ignore[arg-type]
    await trio.lowlevel.checkpoint()
    return _last["result"]


CANARY = Canary(
    "shared result",
    "two runs that end together mix up their texts",
    "I2 attribution",
    "many sessions",
    changes=((executor, "_work", _shared_work),),
    symptom="Two conversations that end at the same moment get each other's answers.",
    immune=(
        "The result of a run is a local variable of its own task, and goes into the ledger in the step in which it comes back."
    ),
)
