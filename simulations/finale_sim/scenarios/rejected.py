"""Rejected requests: an exception each, and no event at all (E1)."""

from finale import Attachment
from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("  ", "s1", run_id="empty")
    stage.submit("hello", "", run_id="homeless")
    stage.submit("once", "s1", run_id="twin")
    stage.submit("once", "s1", run_id="twin")
    stage.submit("twice", "s1", run_id="twin")
    stage.submit("", "s1", attachments=[Attachment("notes.txt", "the prompt is in here")])
    await stage.moment("closing comes", (10, 0, 2.5))
    stage.close()
    stage.submit("late", "s1", run_id="late")


SCENARIO = Scenario("rejected", "requests without text or session, a taken id, a closing workspace", ("E1", "E2"), _play)
