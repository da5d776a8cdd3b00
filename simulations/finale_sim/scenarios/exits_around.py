"""A coordinator exits the program, while other runs wait, prepare, work, unwind and have ended (E20)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    for session in ("s1", "s2"):
        stage.submit("first", session)
        stage.submit("behind", session)
    stage.submit("stop", "s3")
    await trio.sleep(1.5)
    stage.cancel("s1")
    stage.submit("late", "s4")


SCENARIO = Scenario(
    "exits around", "SystemExit in a coordinator, with others in each phase", ("E10", "E12", "E20"), _play, "thorough"
)
