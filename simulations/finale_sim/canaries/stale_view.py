"""Queries about a session are answered from a copy that is made when its first run is accepted."""

from typing import Any

from finale import SessionView, Workspace
from finale_sim.canaries.canary import Canary, Overlay, in_front

__all__ = ["CANARY"]


def _remembering(workspace: Workspace) -> Overlay:
    views: dict[str, SessionView] = {}

    def submit(prompt: str, name: str, **options: Any) -> Any:
        run = workspace.submit(prompt, name, **options)
        views.setdefault(name, workspace.session(name))
        return run

    def session(name: str) -> SessionView:
        return views.get(name) or workspace.session(name)

    return Overlay(workspace, submit=submit, session=session)


CANARY = Canary(
    "stale view",
    "a session is said to be active after its run has ended",
    "I13 agreement",
    "one prompt",
    workspace=in_front(_remembering),
    symptom="The answer is there, and the session says that it is still working.",
    immune="Views are made anew from the ledger at each question; there is no copy to forget.",
)
