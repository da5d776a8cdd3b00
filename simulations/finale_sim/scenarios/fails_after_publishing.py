"""The coordinator raises after it has published its result; a cancel may come in between (E7)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await stage.moment("cancel comes", (10, 1, 1.5, 2))
    stage.cancel("s1")


SCENARIO = Scenario(
    "fails after publishing", "an error, and perhaps a cancel, after the result", ("E2", "E7"), _play, "fails after"
)
