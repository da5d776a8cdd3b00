"""Closing ends the streams of events at once, and the runs after that."""

from finale.workspace import Workspace
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_close = Workspace.close


def _hasty_close(self: Workspace, by: str = "the workspace closed") -> None:
    self._broker.close()
    _close(self, by)


CANARY = Canary(
    "stops fan-in first",
    "the endings of a closing workspace find no stream any more",
    "I1 one terminal",
    "close race",
    changes=((Workspace, "close", _hasty_close),),
    symptom="The stream ends cleanly, so the client reports success for a run that was cut off.",
    immune="Intake, runs, delivery, storage: leaving the block ends them in this order, each when the one before is done.",
    case="shutdown-stops-fanin-first",
)
