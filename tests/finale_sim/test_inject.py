"""What programs say to their trial: faults, situations, assumptions. Outside of a trial all of it does nothing."""

import pytest
import trio
import trio.testing

import finale_sim
from finale_sim import Discarded, assume, fault, sometimes
from finale_sim.choices import Kind
from finale_sim.kernel import simulate
from finale_sim.search import Sweep


async def three_calls() -> str:
    """R where a call raised, D where it was dropped, and . where nothing happened."""
    seen = ""
    for _ in range(3):
        try:
            seen += "D" if await fault("disk", raises=OSError, drops=True) else "."
        except OSError as error:
            seen += "R" if str(error) == "injected at 'disk'" else "?"
    return seen


def test_the_sweep_fails_each_call_once_and_for_ever() -> None:
    """The happy path, then each n-th call with each effect, alone and with all that come behind it."""
    sweep, seen = Sweep(max_deviations=1), []
    while (decide := sweep.next()) is not None:
        trial = simulate(three_calls, decide=decide)
        sweep.learn(trial)
        seen.append(trial.value)
    assert seen[0] == seen[1] == "..."  # each level begins anew
    assert sorted(seen[2:]) == sorted(["R..", "RRR", "D..", "DDD", ".R.", ".RR", ".D.", ".DD", "..R", "..R", "..D", "..D"])


def test_a_delay_passes_in_virtual_time() -> None:
    """Which one is a choice of its own; none is index 0."""

    async def slow() -> float:
        await fault("network", delays_s=(5.0, 60.0))
        return trio.current_time()

    times = [simulate(slow, decide=lambda site, options, n=n: n if site.kind is Kind.DELAY else 0).value for n in range(3)]
    assert times == [0.0, 5.0, 60.0]


def test_outside_of_a_trial_nothing_happens() -> None:
    """No error, no checkpoint, no record; the condition of sometimes() comes back."""

    async def real() -> list[object]:
        with trio.testing.assert_no_checkpoints():
            assume(condition=False)
            return [await fault("disk", raises=OSError, drops=True, delays_s=(9.0,)), sometimes(5, "five"), sometimes("", "no")]

    assert trio.run(real) == [False, True, False]


def test_situations_and_faults_are_counted() -> None:
    """By trials, the ones that were never reached with 0; the text names them, and so does the JSON."""

    async def program() -> None:
        lost = await fault("post", drops=True)
        sometimes(lost, "a letter was lost")
        sometimes(not lost, "a letter arrived")
        sometimes(lost is None, "the impossible")

    report = finale_sim.explore(program)
    assert report.search.exhausted
    trials = report.search.trials
    lost = report.search.struck["post"]
    assert 0 < lost < trials
    assert report.as_dict()["probes"] == {"a letter was lost": lost, "a letter arrived": trials - lost, "the impossible": 0}
    assert report.as_dict()["faults"] == {"post": lost}


def test_a_trial_whose_assumption_does_not_hold_does_not_count() -> None:
    """What it breaks afterwards is no violation, in whatever task; how many there were is told."""

    async def program() -> None:
        lost = await fault("post", drops=True)

        async def look() -> None:
            assume(not lost)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(look)
        assert not lost, "not reached"

    report = finale_sim.explore(program)
    assert report.verdict.exit_code == 0
    assert 0 < report.search.discarded < report.search.trials
    assert report.as_dict()["discarded"] == report.search.discarded


def test_if_nearly_nothing_counts_the_verdict_says_so() -> None:
    """A search that discards its trials proves nothing."""

    async def program() -> None:
        assume(condition=False)

    report = finale_sim.explore(program)
    assert report.verdict.exit_code == 3
    assert str(report.verdict) == "undecided: 1 of 1 trial did not count, because an assume() of the program did not hold"


def test_an_assumption_raises_what_a_program_can_name() -> None:
    """So that it is not taken for an error of the program's own."""

    async def program() -> str:
        with pytest.raises(Discarded, match="does not count"):
            assume(condition=False)
        return "seen"

    assert simulate(program).value == "seen"


def test_the_words_tell_which_call_failed_and_for_how_long() -> None:
    """Step, task, name of the fault, effect."""

    async def program() -> None:
        await trio.sleep(1)
        await fault("disk", raises=OSError)

    report = finale_sim.explore(program)
    assert report.counterexample is not None
    assert report.counterexample.in_words() == ["in step 2 of /main: disk fails, this once"]
    assert report.counterexample.story.attempt.breach is not None
    assert report.counterexample.story.attempt.breach.claim == "no OSError"
    assert finale_sim.replay(report.counterexample.token, program).exit_code == 1
