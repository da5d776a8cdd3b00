"""The functions for Python: explore, check, replay."""

import functools
from typing import Any

import pytest
import trio

import finale_sim
from finale_sim import BadTarget, BadToken, Bounded, Exhausted, NotReproducible, Truncated, Violated


async def sound() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.lowlevel.checkpoint)
        nursery.start_soon(trio.lowlevel.checkpoint)


async def lost_update() -> None:
    balance = 0

    async def add() -> None:
        nonlocal balance
        before = balance
        await trio.lowlevel.checkpoint()
        balance = before + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        nursery.start_soon(add)
    assert balance == 2


async def with_default(message: str = "by default") -> None:
    raise ValueError(message)


class Callable_:  # noqa: N801
    async def __call__(self) -> None:
        raise ValueError("called")


class Coordinator:
    """Forgets to stop waiting: a run never ends by itself."""

    async def run(self, request: Any, ctx: Any) -> None:
        await trio.sleep_forever()


def test_a_sound_program_is_exhausted() -> None:
    """Every schedule of a small program is tried, and the report has no counterexample."""
    report = finale_sim.explore(sound)
    assert isinstance(report.verdict, Exhausted)
    assert report.counterexample is None
    assert report.token is None


def test_a_race_is_found_shrunk_and_replayed() -> None:
    """A lost update takes one deviation; its token replays it, and the corrected program drifts or holds."""
    report = finale_sim.explore(lost_update)
    assert isinstance(report.verdict, Violated)
    assert report.verdict.breach.claim == "assertions hold"
    assert report.counterexample is not None
    assert report.counterexample.minimal
    assert report.counterexample.deviations <= 1
    assert report.token is not None
    replayed = finale_sim.replay(report.token, lost_update)
    assert replayed.drift is None
    assert replayed.story.attempt.breach == report.verdict.breach
    assert replayed.story.attempt.digest == report.counterexample.story.attempt.digest


def test_the_seed_decides_the_random_half() -> None:
    """One seed, one report, whatever ran before it."""
    one, two = (finale_sim.explore(lost_update, trials=50, seed=3) for _ in range(2))
    assert one.as_dict() | {"seconds": 0} == two.as_dict() | {"seconds": 0}


@pytest.mark.parametrize("target", [with_default, Callable_(), functools.partial(with_default, message="x")])
def test_whatever_explore_accepts_replay_accepts(target: Any) -> None:
    """Defaults, callable objects, partials: the token of an exploration is replayed with the same object."""
    report = finale_sim.explore(target)
    assert report.token is not None
    assert finale_sim.replay(report.token, target).exit_code == 1


def test_a_coordinator_that_never_ends_is_told_with_its_place() -> None:
    """The claim is the contract's, and the message shows who waits where."""
    campaign = finale_sim.check(Coordinator, trials=20)
    assert campaign.exit_code == 1
    failing = next(report for report in campaign.reports if report.program.endswith("/one prompt"))
    assert isinstance(failing.verdict, Violated)
    assert failing.verdict.breach.claim == "I1 one terminal"
    assert "nothing can ever happen again" in failing.verdict.breach.message
    assert "await trio.sleep_forever()" in failing.verdict.breach.message
    assert failing.token is not None
    assert finale_sim.replay(failing.token, Coordinator).exit_code == 1


def test_a_coordinator_that_breaks_its_contract_is_told() -> None:
    """Finale keeps its promise around it; the accused is the coordinator, and one bug is one group of failures."""

    async def returns_a_number(request: Any, ctx: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return len(request.prompt)

    campaign = finale_sim.check(returns_a_number, trials=20)
    assert campaign.exit_code == 1
    (failures,) = campaign.failures().values()
    assert {report.program.rpartition("/")[2] for report in campaign.reports if report.token} == {name for name, _ in failures}
    assert failures[0][1].deviations == min(failure.deviations for _, failure in failures) == 0
    breach = failures[0][1].story.attempt.breach
    assert breach is not None
    assert breach.claim == "the coordinator keeps its contract"
    assert "this one returned int" in breach.message


def test_a_sound_coordinator_passes() -> None:
    """A function, with few trials: nothing is wrong, and all suitable scenarios were played."""

    async def answer(request: Any, ctx: Any) -> str:
        await ctx.progress("thinking")
        return f"answer to {request.prompt}"

    campaign = finale_sim.check(answer, trials=15)
    assert campaign.exit_code == 0
    assert len(campaign.reports) == sum(s.any_coordinator for s in finale_sim.SCENARIOS.values())


def test_a_token_belongs_to_one_program() -> None:
    """Another target, or none, is refused in a line; so is what is no token."""
    token = finale_sim.explore(lost_update).token
    assert token is not None
    with pytest.raises(BadToken, match=r"^the token belongs to no standard scenario; name the target that it was found with$"):
        finale_sim.replay(token)
    with pytest.raises(BadToken, match=r"^the token belongs to another program than sound$"):
        finale_sim.replay(token, sound)
    with pytest.raises(BadToken, match="no token"):
        finale_sim.replay("hello", lost_update)
    with pytest.raises(BadTarget):
        finale_sim.replay(token, 5)


def test_wrong_targets_are_refused() -> None:
    """Before any trial."""
    with pytest.raises(BadTarget, match="no async function"):
        finale_sim.explore(lambda: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(BadTarget, match="no coordinator"):
        finale_sim.check(5)


def test_a_program_that_changed_is_reported_as_drift() -> None:
    """A site that no longer exists is named, never skipped silently."""
    long, name = True, "program"

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(3 if long else 1):
                nursery.start_soon(trio.lowlevel.checkpoint)
        assert not long or trio.current_time() < 0 or order() == 0

    def order() -> int:
        trial = finale_sim.kernel.current_trial()
        assert trial is not None
        return sum(choice.answer for choice in trial.choices.made)

    program.__qualname__ = name
    report = finale_sim.explore(program)
    assert report.token is not None
    long = False
    replayed = finale_sim.replay(report.token, program)
    assert replayed.drift is not None
    assert "never came up" in replayed.drift
    assert replayed.exit_code == 3


def test_a_program_that_remembers_trials_is_undecided() -> None:
    """A failure that does not come out twice is not believed, and not shown as one."""
    count = 0

    async def forgetful() -> None:
        nonlocal count
        count += 1
        raise ValueError(f"number {count}")

    report = finale_sim.explore(forgetful)
    assert isinstance(report.verdict, NotReproducible)
    assert report.verdict.exit_code == 3
    assert "no ValueError" in report.verdict.why
    assert "number 1" in report.verdict.why
    assert report.counterexample is None
    assert report.as_dict()["token"] is None


def test_the_real_world_is_refused_and_leaves_it_undecided() -> None:
    """A program that opens a socket is told which line did it."""

    async def online() -> None:
        await trio.open_tcp_stream("example.com", 80)

    report = finale_sim.explore(online)
    assert isinstance(report.verdict, Truncated)
    assert "open_tcp_stream" in report.verdict.why


def test_bounds_are_told() -> None:
    """A budget that covers all single deviations says so."""

    async def larger() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(trio.sleep, 1)

    report = finale_sim.explore(larger, trials=200)
    assert isinstance(report.verdict, Bounded)
    assert report.verdict.deviations == 1
    assert report.as_dict()["swept"] == 1


async def half() -> None:
    finale_sim.disk()["half"] = True
    await trio.sleep(1)
    finale_sim.disk()["half"] = False


async def opens() -> None:
    assert not finale_sim.disk().get("half"), "only half"


def test_a_kill_is_found_confirmed_and_replayed() -> None:
    """In another process as well; a replay needs both functions, and one without a kill is what it was."""
    report = finale_sim.explore(half, crash=opens)
    assert isinstance(report.verdict, Violated)
    assert report.verdict.breach.claim == "assertions hold after a restart"
    found = report.counterexample
    assert found is not None
    assert [rerun.partition(" with")[0] for rerun in found.reruns][1:] == ["in a fresh process"]
    assert "» process → is killed" in str(found.timeline())
    assert found.passing is not None
    assert found.passing.endswith("here process is killed, there /main takes its step 2")
    assert finale_sim.replay(found.token, half, crash=opens).exit_code == 1
    with pytest.raises(BadToken, match="say what is run afterwards, too: --crash"):
        finale_sim.replay(found.token, half)
    plain = finale_sim.explore(with_default)
    assert plain.token is not None
    assert finale_sim.replay(plain.token, with_default, crash=opens).exit_code == 1


def test_only_an_async_function_looks_at_what_is_left() -> None:
    """Without parameters, as what is explored; a coordinator is not killed."""
    for wrong in (len, lambda: None, Coordinator):
        with pytest.raises(BadTarget):
            finale_sim.explore(half, crash=wrong)  # type: ignore[arg-type]
    token = finale_sim.explore(half, crash=opens).token
    assert token is not None
    with pytest.raises(BadTarget):
        finale_sim.replay(token, Coordinator, crash=opens)
