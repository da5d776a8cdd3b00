"""The task of a run thinks of a title for the conversation before it tells that the run has ended."""

import trio

from finale import executor
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_work = executor._work


async def _titled_work(*args: object) -> object:
    result = await _work(*args)  # type: ignore[arg-type]
    with trio.CancelScope(shield=True):
        await trio.sleep(1)
    return result


CANARY = Canary(
    "title making",
    "an ending waits for work that is not the run's",
    "I8 promptness",
    "one prompt",
    changes=((executor, "_work", _titled_work),),
    symptom="The answer is complete, and the client waits half a minute longer, for a title.",
    immune="The ending is recorded when the coordinator's call returns; what else has to be done is not part of the run.",
    case="terminal-held-by-title-generation",
    commit="3a71bdf3a",
)
