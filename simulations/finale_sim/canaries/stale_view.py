"""Queries about a session are answered from a copy that is made when somebody asks for the first time."""

from finale.views import SessionView
from finale.workspace import Workspace
from finale_sim.canaries.canary import Canary

__all__ = ["CANARY"]

_session, _submit = Workspace.session, Workspace.submit


def _remembering_session(self: Workspace, name: str) -> SessionView:
    views: dict[str, SessionView] = vars(self).setdefault("views", {})
    return views.setdefault(name, _session(self, name))


def _asking_submit(self: Workspace, prompt: str, session: str, **options: object) -> object:
    run = _submit(self, prompt, session, **options)  # type: ignore[arg-type]
    vars(self).setdefault("views", {}).setdefault(session, _session(self, session))
    return run


CANARY = Canary(
    "stale view",
    "a session is said to be active after its run has ended",
    "I13 agreement",
    "one prompt",
    ((Workspace, "session", _remembering_session), (Workspace, "submit", _asking_submit)),
)
