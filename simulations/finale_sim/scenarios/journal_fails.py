"""The journal fails, recovers, stalls, or stays broken (E22)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await trio.sleep(4)
    stage.submit("third", "s2")


SCENARIO = Scenario("journal fails", "appends that fail or stall, once or for good", ("E2", "E22"), _play, journal="failing")
