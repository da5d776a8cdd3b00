"""Requests that do not want to wait, and a queue that is full (E1)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    stage.submit("third", "s1", run_id="third")
    await stage.moment("impatient one comes", (1, 2.9, 3, 6, 9))
    stage.submit("now or never", "s1", run_id="impatient", when_busy="reject")


SCENARIO = Scenario(
    "busy rejected", "a full queue, and a request that does not wait", ("E1", "E3"), _play, options={"queue_limit": 1}
)
