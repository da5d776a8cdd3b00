"""How everything reaches the ledger."""

from collections.abc import Callable

import pytest
import trio

import finale
from finale.door import Door
from tests.finale.helpers import quiet


def test_a_command_gets_the_time_and_is_followed() -> None:
    """In this order, and its result comes back."""
    steps: list[object] = []

    def command(value: str, at: float) -> str:
        steps.append((value, at))
        return "result"

    assert Door(lambda: 7.0, lambda: steps.append("followed"), quiet())(command, "value") == "result"
    assert steps == [("value", 7.0), "followed"]


def test_a_command_that_raises_is_not_followed() -> None:
    """A rejected request leaves nothing to do."""

    def command(at: float) -> None:
        raise finale.EmptyPrompt

    with pytest.raises(finale.EmptyPrompt):
        Door(lambda: 0.0, lambda: pytest.fail("followed"), quiet())(command)


async def test_another_thread_is_refused_and_shown_the_way() -> None:
    """``submit``, both cancels and ``close`` raise at once and change nothing; through trio's token they work."""

    async def work(request: finale.Request, ctx: finale.RunContext) -> str:
        return request.prompt

    async with finale.open_workspace(work) as workspace:
        run = workspace.submit("p", "s")
        token = trio.lowlevel.current_trio_token()
        calls: list[Callable[[], object]] = [
            lambda: workspace.submit("p", "s"), lambda: workspace.cancel("s"), workspace.close, run.cancel
        ]  # fmt: skip
        refused: list[str] = []

        def elsewhere() -> finale.RunHandle:
            for call in calls:
                with pytest.raises(finale.WrongThread) as caught:
                    call()
                refused.append(str(caught.value))
            return trio.from_thread.run_sync(workspace.submit, "q", "s", trio_token=token)

        assert await (await trio.to_thread.run_sync(elsewhere)).result() == "q"
        assert await run.result() == "p"
    assert len(refused) == 4
    assert all("close" in refused[2] and "trio.from_thread.run_sync" in message for message in refused)
    assert workspace.statistics().accepted == 2
