"""A run that has taken others along runs out of time, and they fail with it; one of them may be cancelled before (E24)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("host", "s1")
    await trio.sleep(0.5)
    guest = stage.submit("folded", "s1", when_busy="fold")
    stage.submit("folded, too", "s1", when_busy="fold")
    await stage.moment("cancel comes", (10, 1.5, 0.75))
    if guest is not None:
        stage.cancel_run(guest)


SCENARIO = Scenario(
    "host stopped",
    "runs that fail with the one they were folded into",
    ("E6", "E24"),
    _play,
    "folds",
    options={"deadline_s": 2.5},
)
