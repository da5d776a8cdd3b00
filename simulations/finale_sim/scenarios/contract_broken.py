"""A coordinator returns what is not text, and never waits (E19)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    for prompt in ("first", "second", "third"):
        stage.submit(prompt, "s1")


SCENARIO = Scenario("contract broken", "results that are no text, without a checkpoint", ("E3", "E19"), _play, "returns rubbish")
