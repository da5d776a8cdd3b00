"""The agent: which call of a session runs, which one waits, and what a cancel reaches."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from finale import Request, Status

__all__ = ["Agent", "Call", "Outcome", "Tell"]


@dataclass(slots=True)
class Outcome:
    """How a turn ended: what its terminal event is made of."""

    status: Status
    text: str | None = None
    error: BaseException | None = None


Tell = Callable[["Call", Outcome], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Call:
    """A prompt on its way through the agent. ``accepted`` is its place in the order of acceptance."""

    request: Request
    accepted: int
    work: Callable[[], Awaitable[str | None]]
    on_complete: Callable[[Outcome], None] | None = None  #: takes the outcome instead of having it published
    cancelled_by: str | None = None


@dataclass(slots=True)
class Agent:
    """``publish`` makes a terminal event; ``begin`` says that a turn starts; ``detached`` runs a task that nothing cancels."""

    publish: Tell
    begin: Callable[[Call], None]
    detached: Callable[..., None]
    active: dict[str, tuple[Call, trio.CancelScope]] = field(default_factory=dict)
    queue: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    _reserved: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _marks: dict[str, int] = field(default_factory=dict)
    _accepted: int = 0

    def reserve(self, session: str) -> int:
        """A prompt was accepted and will be dispatched: a cancel until then must reach it."""
        self._accepted += 1
        self._reserved[session].add(self._accepted)
        return self._accepted

    def cancel(self, session: str, by: str) -> int:
        """Mark what is accepted, cancel what is active, clear what waits. How many that were."""
        covered = len(self._reserved[session])
        if covered:  # a mark on an idle session would hit the next prompt
            self._marks[session] = self._accepted
        if session in self.active:
            call, scope = self.active[session]
            covered += call.cancelled_by is None
            call.cancelled_by = call.cancelled_by or by
            scope.cancel()
        removed = self.queue.pop(session, [])
        for call in removed:
            call.cancelled_by = by
            self.detached(self.publish, call, Outcome(Status.CANCELLED))
        return covered + len(removed)

    def cancel_all(self, by: str) -> None:
        """Cancel the sessions that are busy."""
        for session in list(self.active):
            self.cancel(session, by)

    async def run(self, call: Call) -> None:
        """Run the call, or put it into the queue of its session; then run what waits behind it.

        Raises:
            Exception: what the turn raised, or a turn behind it.
        """
        session = call.request.session
        covered = call.accepted in self._reserved[session] and call.accepted <= self._marks.get(session, 0)
        self._reserved[session].discard(call.accepted)
        if covered:
            call.cancelled_by = call.cancelled_by or "a cancel before it was dispatched"
            await self._tell(call, Outcome(Status.CANCELLED))
            return
        if session in self.active:
            call.on_complete = None  # whoever submitted it will have returned
            self.queue[session].append(call)
            return
        scope = trio.CancelScope()
        self.active[session] = (call, scope)
        try:
            await trio.lowlevel.checkpoint()  # loads the session from storage
        except BaseException:
            del self.active[session]
            raise
        if await self._turn(call, scope) and self.queue[session]:
            await self.run(self.queue[session].pop(0))

    async def _turn(self, call: Call, scope: trio.CancelScope) -> bool:
        """One turn of the model. Its ending is told on every way out of here. Whether it completed."""
        outcome = Outcome(Status.COMPLETED)
        self.begin(call)
        try:
            with scope:
                await trio.lowlevel.checkpoint_if_cancelled()  # nothing is asked with a context that is cancelled
                outcome.text = await call.work()
            if scope.cancelled_caught:
                outcome.status = Status.CANCELLED
        except trio.Cancelled:
            outcome.status = Status.CANCELLED
            raise
        except Exception as error:
            outcome.status, outcome.error = Status.FAILED, error
            raise
        finally:
            del self.active[call.request.session]
            await self._tell(call, outcome)
        return outcome.status is Status.COMPLETED

    async def _tell(self, call: Call, outcome: Outcome) -> None:
        if call.on_complete is not None:
            call.on_complete(outcome)
        else:
            await self.publish(call, outcome)
