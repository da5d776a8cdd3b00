"""Many runs in one session and many sessions at once, some of them failing (E26)."""

from finale_sim.scenarios.scenario import Scenario, Stage

__all__ = ["SCENARIO"]


async def _play(stage: Stage) -> None:
    for n in range(10):
        stage.submit(f"fail {n}" if n % 5 == 4 else f"prompt {n}", "s1")
    for n in range(10):
        stage.submit(f"hello {n}", f"session {n}")
    await stage.moment("cancel comes", (30, 4, 7.5))
    stage.cancel("s1")


SCENARIO = Scenario(
    "crowd", "a long queue beside many sessions", ("E3", "E6", "E26"), _play, "fails active", options={"max_active": 4}
)
