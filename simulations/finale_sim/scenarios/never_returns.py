"""A run that never ends by itself is cancelled, and its clean-up is waited for (E12)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    first = stage.submit("first", "s1")
    stage.submit("second", "s1")
    await stage.moment("cancel comes", (1, 0, 5))
    if first is not None:
        stage.cancel_run(first)
    await stage.moment("second cancel comes", (7, 2, 1.5))
    stage.cancel("s1")


SCENARIO = Scenario("never returns", "runs that end only when they are cancelled", ("E12",), _play, "never returns")
