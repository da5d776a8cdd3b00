"""Labels: the lowest rung that has a failure, what it needs, and the delays that bring it about on stock trio."""

from typing import Any

import pytest
import trio

import finale_sim
from finale_sim import Counterexample, Delay, Feasibility, Hold
from finale_sim.choices import Decide, Kind
from finale_sim.investigate import investigate
from finale_sim.kernel import Conditions, Fidelity, current_trial
from finale_sim.program import PlainProgram
from finale_sim.search import Attempt


def failure_of(function: Any, trials: int = 1000, fidelity: str = "ties") -> tuple[Counterexample, Feasibility]:
    """What exploring the function finds."""
    found = finale_sim.explore(function, trials=trials, fidelity=fidelity).counterexample
    assert found is not None
    assert found.feasibility is not None
    return found, found.feasibility


async def checkpoints(count: int) -> None:
    """So many of them."""
    for _ in range(count):
        await trio.lowlevel.checkpoint()


def race(steps: int, others: int, bystanders: int = 0) -> Any:
    """A program that fails if one task takes all its steps within so many steps of the other."""

    async def program() -> None:
        order: list[str] = []

        async def slow() -> None:
            for _ in range(steps):
                order.append("slow")
                await trio.lowlevel.checkpoint()

        async def fast() -> None:
            await checkpoints(others)
            order.append("fast")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow)
            nursery.start_soon(fast)
            for _ in range(bystanders):
                nursery.start_soon(checkpoints, 3)
        assert order[0] == "slow", "fast was first"

    return program


def test_what_fails_in_lock_step_is_feasible_on_stock_trio() -> None:
    """No delay is needed, and none is printed."""
    found, label = failure_of(race(1, 0))
    assert found.conditions.fidelity is Fidelity.ROUNDS
    assert label.lines == ["Rung    rounds: feasible on stock trio"]
    assert label.holds is None


def test_what_needs_a_delay_says_where_and_until_when() -> None:
    """The line is that of the held task; here it has yet to start."""
    _, label = failure_of(race(2, 2))
    assert label.grade == "needs a delay at the start of /main/slow:0"
    assert label.lines == [
        "Rung    step: needs a delay at the start of /main/slow:0",
        "        cannot happen on rung rounds: every schedule of it was tried",
        "Delay   hold /main/slow:0 as it starts\n        for 0.001 s, until /main/fast:0 has ended",
    ]


def test_a_lower_rung_that_is_too_large_is_not_called_impossible() -> None:
    """The number of trials is said instead."""
    _, label = failure_of(race(2, 2, bystanders=4))
    (rounds,) = label.below
    assert not rounds.exhausted
    assert str(rounds) == f"not found on rung rounds in {rounds.trials} trials"


def test_the_label_is_data_for_scripts() -> None:
    """JSON has the rung, the words, what was tried below, and delays that can be read back."""
    report = finale_sim.explore(race(2, 2))
    assert report.as_dict()["feasibility"] == {
        "rung": "step",
        "grade": "needs a delay at the start of /main/slow:0",
        "below": [{"rung": "rounds", "trials": 20, "exhausted": True}],
        "delays": ["/main/slow:0#1+0.001"],
    }

    async def holds() -> None: ...

    assert finale_sim.explore(holds).as_dict()["feasibility"] is None


def test_a_fault_is_named_and_no_delay_is_looked_for() -> None:
    """What the outside world has to do can't be brought about by a delay."""

    async def program() -> None:
        trial = current_trial()
        assert trial is not None
        if trial.choose(Kind.FAULT, "db.write fails", 2):
            raise OSError("disk full")

    _, label = failure_of(program)
    assert label.grade == "feasible on stock trio; needs fault db.write fails"

    async def both() -> None:
        trial = current_trial()
        assert trial is not None
        if trial.choose(Kind.FAULT, "db.write fails", 2):
            await race(2, 2)()

    _, label = failure_of(both)
    assert label.grade == "needs a delay; needs fault db.write fails"
    assert label.holds is None


@pytest.mark.parametrize("order", [[0, 0, 1, 1, 1, 0, 0, 1], [0, 1, 1, 1, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 1, 1]])
def test_every_schedule_can_be_forced(order: list[int]) -> None:
    """Tasks that overtake each other again and again are each held again and again, and stock trio takes the very same order."""

    async def program() -> None:
        taken: list[int] = []

        async def worker(number: int) -> None:
            for _ in range(4):
                taken.append(number)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, 0)
            nursery.start_soon(worker, 1)
            nursery.start_soon(checkpoints, 2)
        assert taken != order

    _, label = failure_of(program, trials=3000)
    assert label.rung is Fidelity.STEP
    assert label.holds
    assert label.reliable
    assert {hold.delay.path for hold in label.holds} <= {"/main/worker:0", "/main/worker:1"}  # others need not be held
    for _ in range(10):
        with pytest.raises(AssertionError):
            finale_sim.force(program, *(hold.delay for hold in label.holds))


def test_a_report_says_what_is_not_known_of_delays() -> None:
    """That none was found, or that it works in some orders of stock trio only."""
    none = Feasibility(Fidelity.STEP, (), (), ())
    assert none.lines == ["Rung    step: needs a delay", "Delay   none found: none that was tried does it"]
    hold = Hold(Delay("/main/a:0", 3, 0.25), "a.py:7 in a: await b()", "all others wait")
    some = Feasibility(Fidelity.STEP, (), (), (hold,), reliable=False)
    assert some.lines == [
        "Rung    step: needs a delay at a.py:7",
        "Delay   hold /main/a:0 at a.py:7 in a: await b()\n        for 0.25 s, until all others wait",
        "        not in every order in which trio may move its tasks",
    ]


def test_a_lower_rung_with_another_failure_is_not_the_label() -> None:
    """In rounds only the OSError can happen, which is another claim than the one that was found."""

    async def program() -> None:
        taken = ""

        async def worker(name: str) -> None:
            nonlocal taken
            for _ in range(3):
                taken += name
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, "a")
            nursery.start_soon(worker, "b")
        if taken == "abbbaa":
            raise LookupError("needs a step")
        if taken == "abbaab":
            raise OSError("feasible in rounds")

    found, label = failure_of(program)
    assert found.story.attempt.breach is not None
    assert found.story.attempt.breach.claim == "no LookupError"
    assert label.rung is Fidelity.STEP
    assert label.below[0].exhausted


def test_ctrl_c_while_a_failure_is_labelled_keeps_the_failure() -> None:
    """It is reported without a label, and the search counts as interrupted."""
    program = Impatient("explore/race", race(2, 2))
    report = investigate(program, trials=1000)
    assert report.search.interrupted
    assert report.counterexample is not None
    assert report.counterexample.feasibility is None
    assert report.counterexample.conditions.fidelity is Fidelity.TIES


class Impatient(PlainProgram):
    """Somebody presses Ctrl-C as soon as a lower rung is tried."""

    def attempt(self, decide: Decide) -> Attempt:
        if self.conditions != Conditions():
            raise KeyboardInterrupt
        return super().attempt(decide)


def test_an_unknown_fidelity_is_refused() -> None:
    """With the known ones."""
    with pytest.raises(ValueError, match="no fidelity 'slow'; there are: rounds, step, ties, free"):
        finale_sim.explore(race(1, 1), fidelity="slow")


def test_a_lower_rung_that_needs_a_fault_is_not_the_label() -> None:
    """What fails without a fault is not told as a failure that needs one."""

    async def program() -> None:
        trial = current_trial()
        assert trial is not None
        if trial.choose(Kind.FAULT, "db.write fails", 2):
            raise LookupError("nothing was written")
        taken = ""

        async def worker(name: str) -> None:
            nonlocal taken
            for _ in range(2):
                taken += name
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker, "a")
            nursery.start_soon(worker, "b")
        if taken.startswith("aa"):
            raise LookupError("a was alone")

    found, label = failure_of(program)
    assert found.deviations == 0
    assert label.rung is Fidelity.STEP
    assert not label.misfortunes


def test_a_delay_is_weighed_without_faults() -> None:
    """Faults that strike at random would spoil what the delay does; stock trio has none."""

    async def program() -> None:
        trial = current_trial()
        for _ in range(20):
            if trial is not None and trial.choose(Kind.FAULT, "cable", 2):
                return
        await race(2, 2)()

    _, label = failure_of(program)
    assert label.rung is Fidelity.STEP
    assert label.holds
    assert label.reliable


async def is_there() -> None:
    assert "half" not in finale_sim.disk()


async def two_halves() -> None:
    finale_sim.disk()["half"] = True
    await trio.lowlevel.checkpoint()
    del finale_sim.disk()["half"]


def test_a_failure_that_needs_a_kill_says_so() -> None:
    """It can happen on stock trio, by no delay."""
    report = finale_sim.explore(two_halves, crash=is_there)
    assert report.counterexample is not None
    assert report.counterexample.feasibility is not None
    assert report.counterexample.feasibility.lines == [
        "Rung    rounds: feasible on stock trio; needs a kill after step 1 of /main"
    ]
    assert report.counterexample.feasibility.as_dict()["delays"] == []


def test_no_delay_is_looked_for_where_it_would_not_do() -> None:
    """A schedule that stock trio does not take, in what is started afterwards."""

    async def never_first() -> None:
        await race(2, 2)()

    report = finale_sim.explore(two_halves, crash=never_first)
    assert report.counterexample is not None
    assert report.counterexample.story.trial.restarted
    label = report.counterexample.feasibility
    assert label is not None
    assert label.rung is Fidelity.STEP
    assert label.lines[-1] == "Delay   not looked for: stock trio starts nothing after the program"
