"""A sound journal, while the workspace closes at every phase of its runs."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("behind", "s1")
    await stage.moment("closing comes", (2, 0, 0.5, 3, 7))
    stage.close()


SCENARIO = Scenario("journal closed", "what closing stops is in the journal as well", ("E16",), _play, journal="sound")
