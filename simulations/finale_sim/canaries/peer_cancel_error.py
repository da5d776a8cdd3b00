"""A client that waits is told of somebody else's cancel as of an error."""

from dataclasses import replace

from finale import RunComplete, RunHandle, Status, Workspace
from finale_sim.canaries.canary import Canary, waiting

__all__ = ["CANARY"]


async def _wait(workspace: Workspace, run: RunHandle) -> RunComplete:
    complete = await run.wait()
    return replace(complete, status=Status.FAILED) if complete.status is Status.CANCELLED else complete


CANARY = Canary(
    "peer's cancel as error",
    "whoever waits for a cancelled run is told that it failed",
    "I12 waiter ends",
    "cancel race",
    workspace=waiting(_wait),
    symptom="One person presses stop, and another one, who only watches, gets an internal error.",
    immune="Cancelled is one of the three ways to end, with who did it; a waiter gets the very event that subscribers get.",
    case="peer-cancel-becomes-500",
    commit="7d927319c",
)
