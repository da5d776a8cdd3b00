"""Closing cancels what is there, and forgets to stop intake."""

from finale import Workspace
from finale_sim.canaries.canary import Canary, Overlay, in_front

__all__ = ["CANARY"]


def _open(workspace: Workspace) -> Overlay:
    def close() -> None:
        for run in workspace.runs():
            run.cancel()

    return Overlay(workspace, close=close)


CANARY = Canary(
    "open door",
    "a closed workspace goes on accepting",
    "I10 ownership",
    "close race",
    workspace=in_front(_open),
    symptom="A prompt that comes in while the program shuts down works on storage that is already closed.",
    immune="Closing and accepting are commands of the same ledger: a request comes before the closing or is rejected.",
    case="run-after-closing",
    commit="90b1a2a67",
)
