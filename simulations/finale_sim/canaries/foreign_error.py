"""A client takes any error of the workspace for one of its own run."""

from dataclasses import replace

from finale import RunComplete, RunHandle, Status, Workspace
from finale_sim.canaries.canary import Canary, waiting

__all__ = ["CANARY"]


async def _wait(workspace: Workspace, run: RunHandle) -> RunComplete:
    async for event in workspace.subscribe(since=0):
        if isinstance(event, RunComplete) and (event.run_id == run.run_id or event.status is Status.FAILED):
            return replace(event, run_id=run.run_id, session=run.session)
    return await run.wait()


CANARY = Canary(
    "foreign error",
    "a client gives up because somebody else's run failed",
    "I12 waiter ends",
    "fails while active",
    workspace=waiting(_wait),
    symptom="One conversation fails, and clients of others give up, too.",
    immune="Every event carries run and session, and an error is part of the ending of the run that raised it.",
    case="unattributed-error-kills-bystander",
    commit="a6a8459c0",
)
