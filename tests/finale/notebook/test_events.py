"""Events by ``for`` and by ``async for``."""

import asyncio
from collections.abc import Iterator

import pytest

from finale import Gap, Progress, RunComplete, notebook
from tests.finale.notebook.helpers import agent


@pytest.fixture(scope="module")
def ws() -> Iterator[notebook.Workspace]:
    workspace = notebook.open_workspace(agent, progress_limit=1000)
    yield workspace
    workspace.close().wait()


def kinds(events: list[object]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_all_styles_tell_the_same(ws: notebook.Workspace) -> None:
    """From the acceptance to the ending, each time from the start, while the run works and afterwards."""

    async def by_async_for() -> list[object]:
        return [event async for event in run.events()]

    run = ws.submit("3", session="s1")
    told = list(run.events())
    assert kinds(told) == ["RunAccepted", "RunStarted", "Progress", "Progress", "Progress", "RunComplete"]
    assert list(run.events()) == told
    assert asyncio.run(by_async_for()) == told


async def test_trio_reads_too(ws: notebook.Workspace) -> None:
    """In a loop that is not that of the runs."""
    run = ws.submit("2", session="s1")
    assert kinds([event async for event in run.events()]) == ["RunAccepted", "RunStarted", "Progress", "Progress", "RunComplete"]


def test_a_reader_that_was_left_goes_on_where_it_was(ws: notebook.Workspace) -> None:
    """Nothing is told twice, nothing is missing, and behind the end there is nothing."""
    events = ws.submit("5", session="s1").events()
    first = next(events)
    rest = list(events)
    assert [event.index for event in (first, *rest) if not isinstance(event, Gap)] == list(range(8))
    assert list(events) == []


def test_a_cancelled_read_loses_no_event(ws: notebook.Workspace) -> None:
    """Whoever gives up while nothing comes reads on later."""
    run = ws.submit("never", session="s1")
    events = run.events()
    assert kinds([next(events), next(events)]) == ["RunAccepted", "RunStarted"]

    async def gives_up() -> None:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.001)

    asyncio.run(gives_up())
    run.cancel()
    assert kinds(list(events)) == ["RunComplete"]


def test_what_was_dropped_shows_as_a_gap(ws: notebook.Workspace) -> None:
    """A long run that nobody watched: memory is bounded here as everywhere, and the ending is never dropped."""
    run = ws.submit("5000", session="s1")
    run.wait()
    events = list(run.events())
    gaps = [event for event in events if isinstance(event, Gap)]
    assert gaps
    assert sum(gap.dropped for gap in gaps) + sum(isinstance(event, Progress) for event in events) == 5000
    assert isinstance(events[-1], RunComplete)


def test_a_workspace_is_watched(ws: notebook.Workspace) -> None:
    """From now on, or from the beginning; one session, or one run."""
    ahead = ws.subscribe(session="watched")
    run = ws.submit("1", session="watched")
    run.wait()
    assert kinds([next(ahead) for _ in range(4)]) == ["RunAccepted", "RunStarted", "Progress", "RunComplete"]
    assert kinds(list(ws.subscribe(run_id=run.run_id, since=0)))[-1] == "RunComplete"
    with pytest.raises(ValueError, match="since is -1"):
        ws.subscribe(since=-1)
    assert repr(ahead) == "<events: iterate with for, or with async for>"
