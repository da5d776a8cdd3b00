"""Requests that something forbids, or two things at once: what they are, a busy session, a closing, a lost journal (E1)."""

from typing import Any

from finale import Attachment
from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]

_ASKS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "for another session": ("elsewhere", "s2", {}),
    "for one more": ("one more", "s1", {}),
    "not to wait": ("now or never", "s1", {"when_busy": "reject"}),
    "to interrupt": ("instead", "s1", {"when_busy": "interrupt"}),
    "to be folded": ("as well", "s1", {"when_busy": "fold"}),
    "for nothing": ("", "s1", {"run_id": "nothing", "attachments": [Attachment("photo", b"...", "image/png")]}),
    "to interrupt for nothing": ("", "s1", {"run_id": "hollow", "when_busy": "interrupt"}),
    "in no session": ("hello", " ", {"run_id": "homeless"}),
    "for the same": ("first", "s1", {"run_id": "first"}),
    "for something else by that id": ("other", "s2", {"run_id": "first"}),
    "for a number": (7, "s1", {"run_id": "number"}),
    "for what there is no word for": ("hello", "s1", {"run_id": "wordless", "when_busy": "later"}),
}


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1", run_id="first")
    stage.submit("behind", "s1")
    await stage.moment("client comes", (1.5, 0, 2.5, 4, 9))
    for which in ("first", "second"):
        prompt, session, options = _ASKS[stage.pick(f"it asks {which}", list(_ASKS))]
        stage.submit(prompt, session, **options)
        if stage.pick(f"closing comes {which}", (False, True)):
            stage.close()


SCENARIO = Scenario(
    "refused",
    "requests that one thing forbids, or several",
    ("E1", "E3", "E22"),
    _play,
    journal="failing",
    options={"queue_limit": 1},
)
