"""The workspace's face over the seed: accepting, dispatching, shutting down, and what clients see."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

import trio

from finale import (
    Attachment,
    Coordinator,
    EmptyPrompt,
    ErrorInfo,
    Event,
    Notification,
    Progress,
    Request,
    RunAccepted,
    RunComplete,
    RunStarted,
    RunState,
    SessionMissing,
    SessionView,
    Status,
    WorkspaceClosing,
)
from finale_sim.seed.agent import Agent, Call, Outcome
from finale_sim.seed.brokers import Broker, fan_in

__all__ = ["SeedRun", "SeedWorkspace", "open_workspace"]

_ROOM = 32  # events; the original has 64, and 4096 where that was too few


class SeedRun:
    """A client that waits for its run: it listens to the stream of events for the terminal event with the run's id."""

    def __init__(self, call: Call, cancel: Callable[[Call], bool], events: trio.MemoryReceiveChannel[Event]) -> None:
        self.run_id, self.session = call.request.run_id, call.request.session
        self.state = RunState.WAITING
        self.cancel = partial(cancel, call)
        self._events = events
        self._ending: RunComplete | None = None

    async def wait(self) -> RunComplete:
        """The terminal event. A stream that ends is taken for success, as a clean end of stream was."""
        async for event in self._events:
            if isinstance(event, RunComplete) and event.run_id == self.run_id:
                self._ending = event
                self._events.close()
                break
        return self._ending or RunComplete(self.run_id, self.session, 0, 0, trio.current_time(), Status.COMPLETED)


class SeedWorkspace:
    """See the package. ``runs`` is cancelled when the workspace closes; ``home`` outlives it."""

    def __init__(
        self,
        coordinator: Coordinator,
        runs: trio.Nursery,
        home: trio.Nursery,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._coordinator = coordinator
        self._runs = runs
        self._home = home
        self._clock = clock
        self._new_id = new_id
        self._closing = False
        self._seq = count(1)
        self._index: Counter[str] = Counter()
        self._source = Broker(_ROOM)
        self._events = Broker(_ROOM)
        self._known: dict[str, SeedRun] = {}
        self._agent = Agent(self._publish_ending, self._begin, home.start_soon)
        self._fan_in = trio.CancelScope()
        home.start_soon(self._carry, self._source.subscribe())

    # What callers do --------------------------------------------------------------------------------------------------

    def submit(
        self,
        prompt: str,
        session: str,
        *,
        run_id: str | None = None,
        attachments: Sequence[Attachment] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> SeedRun:
        """Accept the prompt, reserve its place, and dispatch it in a task of its own."""
        if self._closing:
            raise WorkspaceClosing(f"the workspace is closing and did not take {prompt[:60]!r}")
        if not session:
            raise SessionMissing("a prompt needs a session")
        if not prompt.strip() and not attachments:
            raise EmptyPrompt("a prompt needs text")
        request = Request(prompt, session, run_id or self._new_id(), tuple(attachments), dict(metadata or {}))
        call = Call(request, self._agent.reserve(session), partial(self._work, request))
        run = self._known[request.run_id] = SeedRun(call, self._cancel_call, self._events.subscribe())
        self._source.publish(RunAccepted(*self._place(request), request))
        self._runs.start_soon(self._run_agent, call, name=f"run {request.run_id}")
        return run

    def cancel(self, session: str, by: str = "the caller") -> int:
        """Cancel all that the session has accepted."""
        return self._agent.cancel(session, by)

    def close(self) -> None:
        """Take no more prompts, cancel the context of the runs, and let a task shut the rest down."""
        if not self._closing:
            self._closing = True
            self._runs.cancel_scope.cancel()
            self._home.start_soon(self._shut_down)

    def subscribe(self, *, session: str | None = None, since: int | None = None) -> AsyncIterator[Event]:
        """What is published from now on, of all sessions or of one."""
        events = self._events.subscribe()
        return events if session is None else _of_session(events, session)

    def run(self, run_id: str) -> SeedRun | None:
        """The run with this id."""
        return self._known.get(run_id)

    def session(self, name: str) -> SessionView:
        """What the agent has for this session."""
        held = self._agent.active.get(name)
        active: Any = self._known[held[0].request.run_id] if held is not None else None
        queue: Any = tuple(self._known[call.request.run_id] for call in self._agent.queue.get(name, ()))
        return SessionView(name, active, queue, busy=held is not None)

    # How it is carried out --------------------------------------------------------------------------------------------

    def report(self, request: Request, payload: Any) -> None:
        """What a turn says while it goes on."""
        self._source.publish(Progress(*self._place(request), payload))

    async def _run_agent(self, call: Call) -> None:
        """Dispatch one accepted prompt. An error without a terminal event gets one here, unless it is a cancellation."""
        told = trio.Event()
        try:
            await self._coordinate(call, told)
        except Exception as error:  # noqa: BLE001  # nobody above could be told
            self._source.publish(Notification(*self._place(call.request), "error", str(error)))
            if not told.is_set():
                await self._publish_ending(call, Outcome(Status.FAILED, error=error))

    async def _coordinate(self, call: Call, told: trio.Event) -> None:
        """Hand the call to the agent, and publish its own ending, once, when the agent has returned."""
        kept: list[Outcome] = []
        call.on_complete = kept.append
        await trio.lowlevel.checkpoint()  # refreshes models and credentials
        try:
            await self._agent.run(call)
        finally:
            for outcome in kept:
                await self._publish_ending(call, outcome)
                told.set()

    async def _work(self, request: Request) -> str | None:
        return await self._coordinator.run(request, _Context(self, request))

    def _begin(self, call: Call) -> None:
        self._known[call.request.run_id].state = RunState.ACTIVE
        self._source.publish(RunStarted(*self._place(call.request)))

    async def _publish_ending(self, call: Call, outcome: Outcome) -> None:
        error = ErrorInfo(type(outcome.error).__name__, str(outcome.error)) if outcome.error is not None else None
        by = call.cancelled_by or "the workspace closed" if outcome.status is Status.CANCELLED else None
        self._known[call.request.run_id].state = RunState.SETTLED
        await self._source.must_deliver(RunComplete(*self._place(call.request), outcome.status, outcome.text, error, by))

    def _cancel_call(self, call: Call) -> bool:
        if call.cancelled_by is not None or self._known[call.request.run_id].state is RunState.SETTLED:
            return False
        queue, active = self._agent.queue[call.request.session], self._agent.active.get(call.request.session)
        call.cancelled_by = "the caller"
        if call in queue:
            queue.remove(call)
            self._home.start_soon(self._publish_ending, call, Outcome(Status.CANCELLED))
        elif active is not None and active[0] is call:
            active[1].cancel()
        return True

    async def _carry(self, source: AsyncIterator[Event]) -> None:
        with self._fan_in:
            await fan_in(source, self._events, RunComplete)

    async def _shut_down(self) -> None:
        """Cancel what is busy, wait for the tasks of runs, and stop delivery."""
        await trio.lowlevel.checkpoint()
        self._agent.cancel_all("the workspace closed")
        while self._runs.child_tasks:  # noqa: ASYNC110  # stands for a wait group; virtual time costs nothing
            await trio.sleep(0.01)
        self._fan_in.cancel()
        self._events.close()

    def _place(self, request: Request) -> tuple[str, str, int, int, float]:
        self._index[request.run_id] += 1
        return request.run_id, request.session, next(self._seq), self._index[request.run_id] - 1, self._clock()


class _Context:
    """What a turn can say about itself."""

    def __init__(self, workspace: SeedWorkspace, request: Request) -> None:
        self.run_id, self.session = request.run_id, request.session
        self._report = partial(workspace.report, request)

    async def progress(self, payload: Any) -> None:
        self._report(payload)
        await trio.lowlevel.checkpoint()

    def progress_nowait(self, payload: Any) -> None:
        self._report(payload)

    def take_folded(self) -> list[Request]:
        return []

    def complete(self, text: str | None = None) -> None:
        raise NotImplementedError(f"the seed knows no early ending, such as {text!r}")


async def _of_session(events: trio.MemoryReceiveChannel[Event], session: str) -> AsyncIterator[Event]:
    async for event in events:
        if event.session == session:
            yield event


@asynccontextmanager
async def open_workspace(
    coordinator: Coordinator,
    *,
    journal: Any = None,
    clock: Callable[[], float] = trio.current_time,
    new_id: Callable[[], str],
    logger: Any = None,
    progress_limit: int | None = None,
) -> AsyncIterator[SeedWorkspace]:
    """Open one. When the block is left, the tasks of the runs are waited for, and then everything is shut down."""
    try:
        async with trio.open_nursery() as home:
            async with trio.open_nursery() as runs:
                workspace = SeedWorkspace(coordinator, runs, home, clock, new_id)
                try:
                    yield workspace
                except BaseException:
                    workspace.close()
                    raise
            workspace.close()
    except BaseExceptionGroup as group:
        panic: BaseException = group.subgroup(SystemExit) or group
        while isinstance(panic, BaseExceptionGroup) and len(panic.exceptions) == 1:
            panic = panic.exceptions[0]
        raise panic from None
