"""A client takes the first finished message of its run for the end of it."""

from finale import Progress, RunComplete, RunHandle, Status, Workspace
from finale_sim.canaries.canary import Canary, waiting

__all__ = ["CANARY"]


async def _wait(workspace: Workspace, run: RunHandle) -> RunComplete:
    async for event in workspace.subscribe(run_id=run.run_id, since=0):
        if isinstance(event, Progress):
            place = (event.run_id, event.session, event.seq, event.index, event.at)
            return RunComplete(*place, Status.COMPLETED, str(event.payload))
    return await run.wait()


CANARY = Canary(
    "first news",
    "a client goes home with the first message that it sees",
    "I12 waiter ends",
    "fails while active",
    workspace=waiting(_wait),
    symptom="The client exits in the middle of a turn, as if all had been said.",
    immune="The end is an event of its own, which is made in one place; nothing is guessed from messages.",
    case="tool-step-finish-ends-run",
    commit="e14d47a81",
)
