"""A client waits for a message of its run before it believes in the end of it."""

import trio

from finale import Progress, RunComplete, RunHandle, Workspace
from finale_sim.canaries.canary import Canary, waiting

__all__ = ["CANARY"]


async def _wait(workspace: Workspace, run: RunHandle) -> RunComplete:
    heard = False
    async for event in workspace.subscribe(run_id=run.run_id, since=0):
        heard = heard or isinstance(event, Progress)
        if heard and isinstance(event, RunComplete):
            return event
    await trio.sleep_forever()
    raise AssertionError("nothing comes after for ever")


CANARY = Canary(
    "waits for words",
    "a client never leaves if its run failed without a word",
    "I12 waiter ends",
    "fails before running",
    workspace=waiting(_wait),
    symptom="A prompt fails at once, and its client hangs.",
    immune="Each accepted run gets a terminal event, also one that never said anything, and waiting needs nothing else.",
    case="finished-message-lost-or-absent",
    commit="e14d47a81",
)
