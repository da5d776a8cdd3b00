"""Conformance checks: whether a coordinator, a journal or a subscriber keeps its side of the contract.

They are plain async functions, for any test. They say what is wrong with a ``ConformanceError``, and nothing if all is well. Put
them on a virtual clock (``trio.testing.MockClock``), or use ``finale-sim check``, which looks at a coordinator under every
schedule as well.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import trio
import trio.testing

from finale import Subscription
from finale.coordinator import Coordinator, CoordinatorFunction, RunContext
from finale.events import Attachment, ErrorInfo, Event, Request, RunAccepted, RunComplete, RunStarted, Status
from finale.journal import Journal
from finale.opening import open_workspace
from finale.workspace import Workspace

__all__ = ["ConformanceError", "check_coordinator", "check_journal", "check_subscriber"]


Subscriber: TypeAlias = Callable[[Subscription], Awaitable[object]]
"""Reads events until there are no more."""


class ConformanceError(AssertionError):
    """What was checked breaks its contract; the message says how."""


async def check_journal(open_again: Callable[[], Awaitable[Journal]]) -> None:
    """Check a journal. ``open_again`` opens the same, at first empty, store each time that it is called.

    Checked: order, reading from a place on, one copy of what is appended twice, nothing lost on reopening if it is durable.

    Raises:
        ConformanceError: it breaks its contract.
    """
    journal = await open_again()
    events = _events()
    _expect("a new journal", list(await journal.read()), [])
    with _told_by("store whatever text a workspace may be given", "journal"):
        await journal.append(events[:2])
        await journal.append(events[1:])
    _expect("after an append was repeated in part", list(await journal.read()), events)
    await journal.append([])
    _expect("after an append of nothing", list(await journal.read()), events)
    _expect("behind the first event", list(await journal.read(events[0].seq)), events[1:])
    _expect("behind the last event", list(await journal.read(events[-1].seq)), [])
    await journal.aclose()
    if journal.durable:
        journal = await open_again()
        _expect("after reopening", list(await journal.read()), events)
        await journal.aclose()


async def check_coordinator(
    coordinator: Coordinator | CoordinatorFunction, prompt: str = "hello", *, within_s: float = 60
) -> None:
    """Check a coordinator with a run that is left alone, one that is cancelled, and two sessions side by side.

    Checked: each run ends by itself ``within_s`` seconds, lets a cancel through within the workspace's grace, and does nothing
    that its contract forbids. A run may fail; that is its right. The cancel comes when the run is under way, as soon as all
    tasks wait for something.

    Raises:
        ConformanceError: it breaks its contract.
    """
    async with open_workspace(coordinator, on_exit="cancel") as workspace:
        notes = workspace.subscribe()
        alone = workspace.submit(prompt, session="alone")
        with trio.move_on_after(within_s) as patience:
            await alone.wait()
        if patience.cancelled_caught:
            raise ConformanceError(f"the run for {prompt!r} had not ended after {within_s:g} s")
        pair = [workspace.submit(prompt, session=name) for name in ("left", "right")]
        with trio.move_on_after(within_s):  # a run that never blocks is cancelled then
            await trio.testing.wait_all_tasks_blocked()  # a task that has not begun yet is never asked
        pair[0].cancel()
        for run in pair:
            complete = await run.wait()
            if complete.abandoned:
                raise ConformanceError(f"run {complete.run_id} was cancelled and did not unwind within its grace")
        workspace.close()
    async for event in notes:
        if getattr(event, "kind", "") == "contract_violation":
            raise ConformanceError(f"the coordinator broke its contract: {event}")
        error = getattr(event, "error", None)
        if isinstance(error, ErrorInfo) and error.type.endswith("ContractViolation"):
            raise ConformanceError(f"the coordinator broke its contract: {error.message}")


async def check_subscriber(subscriber: Subscriber, *, within_s: float = 60) -> None:
    """Check a subscriber: an async function that reads what ``workspace.subscribe()`` returned, until there is no more.

    Checked: it lets a cancel through while it waits for more; it copes with every kind of event and with gaps; it reads to the
    end of a workspace that has closed, and returns within ``within_s`` seconds.

    Raises:
        ConformanceError: it does not.
    """
    async with open_workspace(_every_kind_of_event) as workspace:
        await _check_live(subscriber, workspace, within_s)
    async with open_workspace(_every_kind_of_event, retain=1, progress_limit=1) as workspace:
        events = workspace.subscribe()
        for number in range(10):
            await workspace.submit(f"{number}", session="s").wait()
    with _told_by("read the events of a workspace that has closed"), trio.move_on_after(within_s) as patience:
        await subscriber(events)
    if patience.cancelled_caught:
        raise ConformanceError(f"the workspace had closed, and the subscriber had not returned {within_s:g} s later")
    async for event in events:
        raise ConformanceError(f"the subscriber returned, and there was more to read: {event}")


async def _every_kind_of_event(request: Request, ctx: RunContext) -> str:
    for step in range(3):
        await ctx.progress({"step": step})
    if request.prompt == "3":
        raise ValueError("a run that fails")
    ctx.complete(request.prompt)
    await ctx.progress("after the ending, so that a notification comes of it")
    return request.prompt


async def _check_live(subscriber: Subscriber, workspace: Workspace, within_s: float) -> None:
    scope, left = trio.CancelScope(), trio.Event()
    problems: list[ConformanceError] = []

    async def read(events: Subscription) -> None:
        try:
            with _told_by("read the events of a run"), scope:
                await subscriber(events)
            if not scope.cancelled_caught:
                how = "in spite of its cancel" if scope.cancel_called else "before the end"
                problems.append(ConformanceError(f"the subscriber returned {how}"))
        except ConformanceError as problem:
            problems.append(problem)
        left.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, workspace.subscribe())
        await workspace.submit("one", session="s").wait()
        with trio.move_on_after(within_s):  # one that polls never blocks
            await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        with trio.move_on_after(within_s):
            await left.wait()
        if not left.is_set():
            problems.append(ConformanceError(f"the subscriber was cancelled, and had not returned {within_s:g} s later"))
    if problems:
        raise problems[0]


@contextmanager
def _told_by(what: str, who: str = "subscriber") -> Iterator[None]:
    try:
        yield
    except ConformanceError:
        raise
    except Exception as error:
        raise ConformanceError(f"the {who} was to {what}, and raised {error!r}") from error


def _events() -> list[Event]:
    awkward = "hello \0 \r\n \u2028 \ud800 \U0001f600 '\""  # all that a str may hold, a lone surrogate, too
    attachments = (Attachment("text", awkward), Attachment("bytes", bytes(range(256)), "application/octet-stream"))
    request = Request(awkward, "s", "r", attachments, {"key": ["value", awkward]})
    return [
        RunAccepted("r", "s", 1, 0, 0.0, request),
        RunStarted("r", "s", 2, 1, 0.5),
        RunComplete("r", "s", 7, 5, 1.5, Status.FAILED, awkward, ErrorInfo("ValueError", awkward, "Traceback …")),
    ]


def _expect(where: str, found: list[Event], wanted: list[Event]) -> None:
    if found != wanted:
        raise ConformanceError(f"{where}: the journal has {found}, where {wanted} is right")
