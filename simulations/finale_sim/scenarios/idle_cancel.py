"""A session is cancelled while nothing is there, and used afterwards."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.cancel("s1")
    stage.submit("first", "s1")
    await trio.sleep(stage.pick("cancel again after", (5.0, 3.0)))
    stage.cancel("s1")
    stage.submit("second", "s1")


SCENARIO = Scenario("idle cancel", "a cancel of nothing poisons nothing that comes later", ("E2",), _play)
