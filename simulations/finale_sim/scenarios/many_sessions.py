"""Three sessions, two prompts each, and room for two runs at a time."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    for prompt in ("first", "second"):
        for session in ("s1", "s2", "s3"):
            stage.submit(f"{prompt} of {session}", session)


SCENARIO = Scenario("many sessions", "three sessions share room for two runs", ("E2", "E3"), _play, options={"max_active": 2})
