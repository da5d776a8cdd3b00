"""Three prompts in one session: each ends at its own end, not at its successors' (E3)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await trio.sleep(stage.pick("third comes after", (1.5, 3.0, 6.0)))
    stage.submit("third", "s1")


SCENARIO = Scenario("queue behind", "three prompts in one session, the third one late", ("E2", "E3"), _play)
