"""Prompts are folded into the active run, which may be cancelled, or come too late for it (E24)."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    stage.submit("host", "s1")
    await trio.sleep(0.5)
    stage.submit("folded", "s1", when_busy="fold")
    stage.submit("enqueued", "s1")
    await trio.sleep(stage.pick("late fold comes after", (1.0, 2.0, 5.0)))
    stage.submit("late", "s1", when_busy="fold")
    await stage.moment("cancel comes", (20, 1.5, 2.5))
    stage.cancel("s1")


SCENARIO = Scenario("folded", "prompts that join the active run, or come too late for it", ("E3", "E24"), _play, "folds")
