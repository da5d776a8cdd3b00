"""A cancel says that it covered a run although its session has never had one."""

from finale import Workspace
from finale_sim.canaries.canary import Canary, Overlay, in_front

__all__ = ["CANARY"]


def _optimistic(workspace: Workspace) -> Overlay:
    return Overlay(workspace, cancel=lambda session: max(workspace.cancel(session), 1))


CANARY = Canary(
    "counts nothing as one",
    "a cancel of nothing claims a victim",
    "I5 idle cancel",
    "idle cancel",
    workspace=in_front(_optimistic),
    symptom="A cancel says that it stopped something where there was nothing.",
    immune="A cancel counts the records that it has just changed.",
)
