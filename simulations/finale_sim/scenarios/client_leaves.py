"""A client has a prompt worked on, and its connection drops at some phase of the run: the run is none of its tasks."""

import trio

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    async with trio.open_nursery() as connection:
        connection.start_soon(_stay_on_the_line, stage, name="client")
        await stage.moment("connection drops", (10, 0.5, 1.5, 3, 0))
        connection.cancel_scope.cancel()
    stage.submit("of another client", "s1")


async def _stay_on_the_line(stage: Stage) -> None:
    stage.submit("first", "s1")
    stage.submit("elsewhere", "s2")
    await trio.sleep_forever()


SCENARIO = Scenario("client leaves", "the connection of a client drops, and its runs go on", ("E2",), _play)
