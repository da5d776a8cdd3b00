"""Clients ask whether their runs are kept, before and after the journal has been lost (E22)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    first = stage.submit("first", "s1")
    await stage.moment("second comes", (2, 0, 0.5, 4))
    second = stage.submit("second", "s2")
    for run in (first, second):
        if run is not None:
            stage.assure(run)
    await stage.moment("cancel comes", (8, 1, 4.5))
    stage.cancel("s2")
    if first is not None:
        stage.assure(first)
    stage.submit("third", "s1")


SCENARIO = Scenario(
    "journal lost", "clients that ask whether they can rely on a journal", ("E2", "E22"), _play, journal="failing"
)
