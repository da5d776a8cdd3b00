"""A cancel that finds nothing to cancel is kept for the next run of its session."""

from typing import Any

from finale import RunHandle, Workspace
from finale_sim.canaries.canary import Canary, Overlay, in_front

__all__ = ["CANARY"]


def _sticky(workspace: Workspace) -> Overlay:
    pending: set[str] = set()

    def cancel(session: str) -> int:
        covered = workspace.cancel(session)
        if not covered:
            pending.add(session)
        return covered

    def submit(prompt: str, session: str, **options: Any) -> RunHandle:
        run = workspace.submit(prompt, session, **options)
        if session in pending:
            run.cancel()
        return run

    return Overlay(workspace, cancel=cancel, submit=submit)


CANARY = Canary(
    "sticky cancel",
    "a cancel of an idle session hits the next run",
    "I4 cancel scope",
    "idle cancel",
    workspace=in_front(_sticky),
    symptom="The stop button is pressed while nothing runs, and the next prompt is cancelled at once.",
    immune="A cancel covers the runs that exist at that moment and leaves nothing behind that could outlive it.",
    case="idle-cancel-poisons-next",
    commit="4347015ab",
)
