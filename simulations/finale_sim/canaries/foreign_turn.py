"""A waiter takes the first ending of its session for that of its run."""

from finale import RunComplete, RunHandle, Workspace
from finale_sim.canaries.canary import Canary, waiting

__all__ = ["CANARY"]


async def _wait(workspace: Workspace, run: RunHandle) -> RunComplete:
    async for event in workspace.subscribe(session=run.session):
        if isinstance(event, RunComplete):
            return event
    return await run.wait()


CANARY = Canary(
    "foreign turn",
    "a waiter goes home with another run's ending",
    "I12 waiter ends",
    "queue behind",
    workspace=waiting(_wait),
    symptom="A client prints the answer to an earlier prompt, and leaves before its own has even started.",
    immune="A waiter is woken by its run's id, and reads the ending from its run's record, not from a stream.",
    case="foreign-turn-ends-waiter",
    commit="e14d47a81",
)
