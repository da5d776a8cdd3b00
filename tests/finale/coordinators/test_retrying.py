"""Several attempts that look like one run."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import finale
from finale import Notification, Progress, Request, RunComplete, RunContext, RunStarted, Status
from finale.coordinators import RetriesExhausted, Retrying


class Flaky:
    """Fails as often as it is told, in preparation or in its work, and notes when it was called."""

    def __init__(self, *errors: BaseException | None, in_preparation: bool = False) -> None:
        self.errors = list(errors)
        self.in_preparation = in_preparation
        self.prepared_at: list[float] = []
        self.called_at: list[float] = []

    async def prepare(self) -> None:
        self.prepared_at.append(trio.current_time())
        if self.in_preparation:
            self.fail()

    async def run(self, request: Request, ctx: RunContext) -> str:
        self.called_at.append(trio.current_time())
        await ctx.progress("working")
        if not self.in_preparation:
            self.fail()
        return request.prompt

    def fail(self) -> None:
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error


async def outcome(
    coordinator: Any, act: Callable[[finale.RunHandle], object] | None = None, at_s: float = 0
) -> tuple[RunComplete, list[Any]]:
    """The ending of one run and the payloads that it reported."""
    async with finale.open_workspace(coordinator) as workspace:
        reader = workspace.subscribe()
        run = workspace.submit("p", "s")
        if act is not None:
            await trio.sleep(at_s)
            act(run)
    events = [event async for event in reader]
    assert sum(isinstance(event, RunStarted) for event in events) == 1
    (ending,) = [event for event in events if isinstance(event, RunComplete)]
    return ending, [event.payload for event in events if isinstance(event, Progress)]


@pytest.mark.parametrize("in_preparation", [False, True])
async def test_attempts_look_like_one_run(in_preparation: bool, autojump_clock: MockClock) -> None:
    """One start, one ending; each failure is reported between two attempts, which prepare again and wait longer each time."""
    flaky = Flaky(ValueError("one"), KeyError("two"), in_preparation=in_preparation)
    ending, reported = await outcome(Retrying(flaky, backoff_s=1))
    assert (ending.status, ending.text) == (Status.COMPLETED, "p")
    assert [payload for payload in reported if payload != "working"] == [
        {"attempt": 1, "of": 3, "error": "ValueError: one"},
        {"attempt": 2, "of": 3, "error": "KeyError: 'two'"},
    ]
    assert flaky.prepared_at == [0, 1, 3]
    assert flaky.called_at == ([3] if in_preparation else [0, 1, 3])


async def test_the_pause_has_an_upper_limit(autojump_clock: MockClock) -> None:
    """However many attempts there are."""
    flaky = Flaky(*[ValueError()] * 2000)
    ending, _ = await outcome(Retrying(flaky, attempts=1500, backoff_s=1, factor=10, max_backoff_s=20))
    assert ending.status is Status.FAILED
    assert flaky.called_at[:5] == [0, 1, 11, 31, 51]


async def test_the_last_failure_tells_of_all(autojump_clock: MockClock) -> None:
    """RetriesExhausted, from the last error, with each attempt's error in its message."""
    ending, reported = await outcome(Retrying(Flaky(ValueError("one"), ValueError("two"), OSError("three"))))
    assert ending.error is not None
    assert ending.error.type == "finale.coordinators.retrying.RetriesExhausted"
    assert ending.error.message == "3 attempts failed: 1: ValueError: one; 2: ValueError: two; 3: OSError: three"
    assert "OSError: three" in ending.error.traceback
    assert len([payload for payload in reported if payload != "working"]) == 2


def test_the_summary_survives_pickling() -> None:
    """Its errors are text."""
    error = pickle.loads(pickle.dumps(RetriesExhausted("one", "two")))  # noqa: S301  # our own bytes
    assert (error.errors, str(error)) == (("one", "two"), "2 attempts failed: 1: one; 2: two")


@pytest.mark.parametrize(
    ("error", "options"),
    [
        (ValueError("final"), {"retry_on": (OSError, KeyError)}),
        (finale.ContractViolation("broken"), {}),
        (BaseExceptionGroup("g", [ValueError(), GeneratorExit()]), {"retry_on": OSError}),
    ],
)
async def test_what_is_not_to_be_retried_is_the_runs_failure(
    error: BaseException, options: Any, autojump_clock: MockClock
) -> None:
    """As itself, after one call, also behind a failure that was retried."""
    flaky = Flaky(OSError("passing"), error, None) if options else Flaky(error, None)
    coordinator = Retrying(flaky, **options)
    if isinstance(error, Exception):
        ending, _ = await outcome(coordinator)
        assert ending.error is not None
        assert ending.error.message == str(error)
    else:
        with pytest.raises(BaseExceptionGroup):
            await outcome(coordinator)
    assert len(flaky.called_at) == (2 if options else 1)


async def test_a_function_that_is_not_async_is_called_once() -> None:
    """A broken contract does not pass."""
    calls = []
    ending, _ = await outcome(Retrying(lambda request, _ctx: calls.append(request)))  # type: ignore[arg-type, func-returns-value]
    assert ending.error is not None
    assert "must be async" in ending.error.message
    assert len(calls) == 1


@pytest.mark.parametrize("at_s", [0.25, 0.5, 1.0])
async def test_a_cancel_ends_it_at_once(at_s: float, autojump_clock: MockClock) -> None:
    """In the pause, at its last instant, and within an attempt."""

    async def work(_request: Request, _ctx: RunContext) -> None:
        if trio.current_time() < 0.5:
            raise ValueError("first")
        await trio.sleep(10)

    ending, _ = await outcome(Retrying(work), lambda run: run.cancel("test"), at_s)
    assert (ending.status, ending.cancelled_by, trio.current_time()) == (Status.CANCELLED, "test", at_s)


async def test_a_clean_up_error_of_a_cancelled_attempt_is_attached(autojump_clock: MockClock) -> None:
    """E13 holds through it: no further attempt, and the error is not lost."""
    calls = []

    async def work(request: Request, _ctx: RunContext) -> None:
        calls.append(request)
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("clean-up")

    ending, _ = await outcome(Retrying(work), lambda run: run.cancel(), 1)
    assert (ending.status, ending.error and ending.error.type) == (Status.CANCELLED, "ValueError")
    assert len(calls) == 1


async def test_no_attempt_follows_an_early_ending(autojump_clock: MockClock) -> None:
    """E7 holds through it: the completed event stands, the error is noted."""
    calls = []

    async def work(request: Request, ctx: RunContext) -> None:
        calls.append(request)
        ctx.complete("early")
        raise ValueError("late")

    async with finale.open_workspace(Retrying(work)) as workspace:
        reader = workspace.subscribe()
        assert await workspace.submit("p", "s").result() == "early"
    notes = [event.message async for event in reader if isinstance(event, Notification)]
    assert (notes, len(calls)) == (["ValueError: late"], 1)


async def test_folded_prompts_are_handed_to_each_attempt(autojump_clock: MockClock) -> None:
    """They settle with this run, so a later attempt must know them, and each attempt gets each once."""
    seen: list[list[str]] = []

    async def work(_request: Request, ctx: RunContext) -> str:
        await trio.sleep(1)
        taken = [request.prompt for request in ctx.take_folded()]
        seen.append(taken)
        assert ctx.take_folded() == []
        assert (ctx.run_id, ctx.session) == ("host", "s")
        ctx.progress_nowait(taken)
        if len(seen) < 3:
            raise ValueError
        return " ".join(taken)

    async with finale.open_workspace(Retrying(work)) as workspace:
        host = workspace.submit("p", "s", run_id="host")
        first = workspace.submit("one", "s", when_busy="fold")
        await trio.sleep(1.25)
        second = workspace.submit("two", "s", when_busy="fold")
        assert await host.result() == await first.result() == await second.result() == "one two"
    assert seen == [["one"], ["one", "two"], ["one", "two"]]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


async def test_an_error_without_words_is_no_obstacle(autojump_clock: MockClock) -> None:
    """It is told by its type."""
    ending, reported = await outcome(Retrying(Flaky(Unspeakable())))
    assert ending.status is Status.COMPLETED
    assert reported[1]["error"] == "Unspeakable"


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0}, {"backoff_s": -1}, {"backoff_s": float("nan")}, {"factor": -1},
        {"factor": float("inf")}, {"max_backoff_s": -1}, {"max_backoff_s": float("nan")},
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(options: dict[str, Any]) -> None:
    """The message shows name and value."""
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is"):
        Retrying(Flaky(), **options)


def test_only_a_coordinator_can_be_retried() -> None:
    """What is none is refused where it is written."""
    with pytest.raises(TypeError):
        Retrying(Flaky)  # type: ignore[arg-type]
