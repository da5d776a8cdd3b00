"""An accepted run is dispatched by a task of its own, and a cancel knows only what is active or behind it."""

from typing import Any

import trio

from finale.ledger import Ledger
from finale.workspace import Workspace
from finale_sim.canaries.canary import Canary, rewritten

__all__ = ["CANARY"]

_cancel, _submit = Ledger.cancel, Workspace.submit


def _blind_cancel(self: Ledger, session: str, by: str, at: float) -> int:
    if self.turns.holder(session) is None and not self.closing:
        return 0
    return _cancel(self, session, by, at)


def _spawning_submit(self: Workspace, *args: Any, **options: Any) -> Any:
    run = _submit(self, *args, **options)
    self._executor._runs.start_soon(_dispatch, self)
    return run


async def _dispatch(workspace: Workspace) -> None:
    await trio.lowlevel.checkpoint()
    workspace._do(workspace._ledger._start_heads)


CANARY = Canary(
    "accept window",
    "a cancel between accepting and dispatching finds nothing",
    "I4 cancel scope",
    "cancel race",
    changes=(
        (Ledger, "submit", rewritten(Ledger.submit, "self._start_heads(at)", "pass")),
        (Ledger, "cancel", _blind_cancel),
        (Workspace, "submit", _spawning_submit),
    ),
    symptom="Stop is pressed right after a prompt, is acknowledged, and the prompt runs to its end.",
    immune=(
        "Accepting, queueing and starting are one synchronous command: there is no window, so nothing has to be remembered in it."
    ),
    case="cancel-after-accept-lost",
    commit="4347015ab",
)
