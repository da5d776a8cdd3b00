"""One prompt, one answer (E2)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("hello", "s1")


SCENARIO = Scenario("one prompt", "one prompt, one answer", ("E2",), _play)
