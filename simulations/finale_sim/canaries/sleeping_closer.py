"""Nobody wakes who waits for the workspace to become idle."""

from finale.workspace import Workspace
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_follow = Workspace._follow


def _quiet_follow(self: Workspace) -> None:
    idle, self._idle = self._idle, {}
    _follow(self)
    self._idle = idle


CANARY = Canary(
    "sleeping closer",
    "the last run ends, and the workspace never closes",
    "not stuck",
    "queue behind",
    changes=((Workspace, "_follow", _quiet_follow),),
    symptom="Everything has ended, and the program does not.",
    immune="Who waits for idleness is woken in the same step that makes the session idle.",
)
