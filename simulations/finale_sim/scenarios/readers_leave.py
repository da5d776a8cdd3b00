"""Subscribers leave or fall behind at each phase of a run (E21)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.subscribe("slow", pause_s=0.25)
    for events in (1, 2, 3, 4, 15, 16):
        stage.subscribe(f"leaves after {events}", leaves_after=events)
    stage.submit("first", "s1")
    stage.submit("second", "s1")
    await trio.sleep(0.5)
    stage.submit("elsewhere", "s2")
    await stage.moment("cancel comes", (2.5, 0.75, 20))
    stage.cancel("s1")


SCENARIO = Scenario(
    "readers leave",
    "subscribers that leave or fall behind, at each phase of a run",
    ("E10", "E12", "E21"),
    _play,
    "thorough",
    options={"progress_limit": 8},
)
