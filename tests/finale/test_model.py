"""A workspace does what the contract's model does, whatever it is told, and whenever."""

from typing import Any, TypeAlias

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from finale import Rejected, RunComplete, RunHandle, RunState, Workspace, open_workspace
from tests.finale.model import Model, Run

GRACE_S = 5.0
SESSIONS = ("s0", "s1")

Command: TypeAlias = tuple[str, tuple[Any, ...]]

session = st.sampled_from(SESSIONS)
number = st.integers(0, 4)  # of a run, counted from the last one
when_busy = st.sampled_from(["enqueue", "fold", "enqueue", "fold", "reject", "interrupt"])

SUBMIT = st.tuples(st.just("submit"), st.tuples(session, when_busy, st.booleans()))
TO_A_RUN = ("cancel_run", "terminate_run", "publish", "take_folded", "return", "raise")
COMMANDS = st.one_of(
    SUBMIT,
    SUBMIT,
    st.tuples(st.sampled_from(TO_A_RUN), st.tuples(number)),
    st.tuples(st.sampled_from(["take_folded", "publish"]), st.tuples(number)),
    st.tuples(st.sampled_from([*("cancel", "terminate", "clear_queue") * 2, "close"]), st.tuples(session)),
    st.tuples(st.just("wait"), st.tuples(st.sampled_from([1.0, 4.0, GRACE_S]))),
)


class Puppet:
    """The coordinator: each run does what it is told, one thing at a time. A prompt "deaf" is a run that hears no cancel."""

    def __init__(self) -> None:
        self.ctx: dict[str, Any] = {}
        self.ends: dict[str, tuple[trio.Event, list[BaseException | str]]] = {}

    async def run(self, request: Any, ctx: Any) -> str:
        told, how = self.ends[ctx.run_id] = trio.Event(), []
        self.ctx[ctx.run_id] = ctx
        with trio.CancelScope(shield=request.prompt == "deaf"):
            await told.wait()
        (end,) = how
        if isinstance(end, BaseException):
            raise end
        return end

    def end(self, run_id: str, how: BaseException | str) -> None:
        event, told = self.ends[run_id]
        told.append(how)
        event.set()


class Pair:
    """A workspace and its model, which are told the same."""

    def __init__(self, workspace: Workspace, model: Model, puppet: Puppet, clock: trio.testing.MockClock) -> None:
        self.ws, self.model, self.puppet, self.clock = workspace, model, puppet, clock
        self.runs: list[RunHandle] = []

    def do(self, name: str, args: tuple[Any, ...]) -> None:
        """One command, to both."""
        if name in TO_A_RUN:
            if self.runs:
                at = -1 - args[0] % len(self.runs)
                getattr(self, f"_{name}")(self.runs[at], self.model.runs[at])
        else:
            getattr(self, f"_{name}")(*args)

    def _submit(self, session: str, when_busy: Any, deaf: bool) -> None:
        rejected = None
        try:
            self.runs += [self.ws.submit("deaf" if deaf else "polite", session, when_busy=when_busy, run_id=f"r{len(self.runs)}")]
        except Rejected as rejection:
            rejected = type(rejection).__name__
        assert rejected == self.model.submit(session, when_busy, deaf)

    def _cancel(self, session: str) -> None:
        assert self.ws.cancel(session) == self.model.cancel(self.model.live(session), self.model.holder(session))

    def _terminate(self, session: str) -> None:
        assert self.ws.terminate(session) == self.model.terminate(self.model.live(session), self.model.holder(session))

    def _clear_queue(self, session: str) -> None:
        assert self.ws.clear_queue(session) == self.model.cancel(self.model.queue(session))

    def _cancel_run(self, run: RunHandle, known: Run) -> None:
        assert run.cancel() == (self.model.cancel([known] if known.state != "settled" else [], known) > 0)

    def _terminate_run(self, run: RunHandle, known: Run) -> None:
        assert run.terminate() == (self.model.terminate([known] if known.state != "settled" else [], known) > 0)

    def _close(self, _: str) -> None:
        self.ws.close()
        self.model.close()

    def _wait(self, seconds: float) -> None:
        self.clock.jump(seconds)
        self.model.wait(seconds)

    def _publish(self, run: RunHandle, known: Run) -> None:
        if known.busy:
            self.puppet.ctx[run.run_id].complete(f"early {run.run_id}")
            self.model.publish(known, f"early {run.run_id}")

    def _take_folded(self, run: RunHandle, known: Run) -> None:
        if known.busy:
            assert len(self.puppet.ctx[run.run_id].take_folded()) == self.model.fold(known)

    def _return(self, run: RunHandle, known: Run) -> None:
        self._end(run, known, f"answer {run.run_id}")

    def _raise(self, run: RunHandle, known: Run) -> None:
        self._end(run, known, ValueError(run.run_id))

    def _end(self, run: RunHandle, known: Run, how: ValueError | str) -> None:
        if known.busy:
            self.puppet.end(run.run_id, how)
            self.model.end(known, "completed", how) if isinstance(how, str) else self.model.end(known, "failed")

    def compare(self) -> None:
        """Whatever can be asked has one answer, that of the model."""
        model, ws = self.model, self.ws
        for run, known in zip(self.runs, model.runs, strict=True):
            assert (run.run_id, run.state, run.status) == (f"r{known.number}", known.state, known.status)
            assert run.position == (model.queue(known.session).index(known) if known.state == "waiting" else None)
            assert (run.complete is not None) == (known.state == "settled")
            if run.complete is not None:
                _compare_ending(run.complete, known)
        for name in SESSIONS:
            view, holder = ws.session(name), model.holder(name)
            active = holder.number if holder is not None and holder.state != "settled" else None
            assert (view.active.run_id if view.active else None) == (f"r{active}" if active is not None else None)
            assert [run.run_id for run in view.queue] == [f"r{run.number}" for run in model.queue(name)]
            assert view.busy == model.taken(name)
        assert [run.run_id for run in ws.runs()] == [f"r{run.number}" for run in model.runs if run.state != "settled"]
        counts = ws.statistics()
        assert counts.accepted == len(model.runs)
        assert counts.in_flight == sum(run.state != "settled" for run in model.runs)
        assert counts.active == sum(run.busy for run in model.runs)


def _compare_ending(complete: RunComplete, known: Run) -> None:
    assert (complete.text, complete.abandoned) == (known.text, known.abandoned)
    assert complete.folded_into == (f"r{known.host.number}" if known.host else None)
    cancelled = complete.status == "cancelled"
    assert (complete.cancelled_by is not None) == cancelled
    superseded = f"r{known.superseded_by}" if known.superseded_by is not None and cancelled else None
    assert complete.superseded_by == superseded


async def _live(commands: list[Command], max_active: int | None, queue_limit: int | None, clock: trio.testing.MockClock) -> None:
    puppet = Puppet()
    async with open_workspace(puppet, max_active=max_active, queue_limit=queue_limit, grace_s=GRACE_S) as ws:
        witness = ws.subscribe()
        pair = Pair(ws, Model(max_active, queue_limit, GRACE_S), puppet, clock)
        for name, args in commands:
            pair.do(name, args)
            pair.model.settle_down()
            await trio.testing.wait_all_tasks_blocked()
            pair.compare()
        ws.close()
        pair.model.close()
        for run, known in zip(pair.runs, pair.model.runs, strict=True):
            if known.busy and known.deaf:
                puppet.end(run.run_id, "at last")
    endings = [event.run_id async for event in witness if isinstance(event, RunComplete)]
    assert sorted(endings) == sorted(run.run_id for run in pair.runs), "exactly one terminal event for each accepted run"
    assert all(run.state is RunState.SETTLED for run in pair.runs)


@settings(max_examples=400, deadline=None)
@given(st.lists(COMMANDS, min_size=25, max_size=50), st.sampled_from([None, 1, 2]), st.sampled_from([None, 1, 2]))
def test_a_workspace_agrees_with_the_model(commands: list[Command], max_active: int | None, queue_limit: int | None) -> None:
    """After each command, when nothing moves any more, all that can be asked agrees; and each run ends exactly once."""
    clock = trio.testing.MockClock()
    trio.run(_live, commands, max_active, queue_limit, clock, clock=clock)
