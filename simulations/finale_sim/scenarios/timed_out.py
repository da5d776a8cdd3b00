"""A run is silent for too long, or takes too long altogether."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await stage.moment("cancel comes", (20, 5.5, 6))
    stage.cancel("s1")


SCENARIO = Scenario(
    "timed out", "limits on silence and on time", ("E6",), _play, "slow steps", options={"idle_s": 3.5, "deadline_s": 8}
)
