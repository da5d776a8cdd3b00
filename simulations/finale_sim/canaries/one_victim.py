"""A cancel of a session stops its active run and forgets those that wait behind it."""

from finale import Workspace
from finale_sim.canaries.canary import Canary, Overlay, in_front

__all__ = ["CANARY"]


def _sparing(workspace: Workspace) -> Overlay:
    def cancel(session: str) -> int:
        active = workspace.session(session).active
        return int(active is not None and active.cancel())

    return Overlay(workspace, cancel=cancel)


CANARY = Canary(
    "one victim",
    "a cancel stops one run, and the next one starts",
    "I4 cancel scope",
    "cancel race",
    workspace=in_front(_sparing),
    symptom="The stop button ends the first of two prompts, and the second one starts.",
    immune=(
        "A cancel is one synchronous command over the active run and the whole queue; it sets no mark that somebody could use up."
    ),
    case="one-cancel-one-victim",
    commit="34995e933",
)
