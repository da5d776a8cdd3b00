"""The time of a run is up before its preparation is done (E4)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")


SCENARIO = Scenario(
    "prepares too long", "a limit on time that preparation exceeds", ("E4",), _play, "thorough", options={"deadline_s": 0.75}
)
