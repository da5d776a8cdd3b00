"""The workspace closes at every phase of its runs (E16)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    stage.submit("elsewhere", "s2")
    await stage.moment("closing comes", (0, 0.5, 1.5, 3, 4, 7))
    stage.close()
    stage.submit("late", "s1", run_id="late")


SCENARIO = Scenario("close race", "closing while runs wait, prepare and work", ("E1", "E16"), _play)
