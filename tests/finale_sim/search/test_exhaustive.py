"""Exhaustive: every order that matters, once; checked against all orders there are, on programs that share in many ways."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio

import finale_sim
from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.choices import Candidate, Site, happy_path
from finale_sim.investigate import investigate
from finale_sim.kernel import Conditions, Fidelity
from finale_sim.program import PlainProgram
from finale_sim.search.doubt import Doubt
from finale_sim.search.exhaustive import Exhaustive
from finale_sim.search.strategy import Attempt, EndSearch
from finale_sim.verdict import Violated
from tests.finale_sim.search.random_programs import random_program
from tests.finale_sim.search.sharing import PROGRAMS

Steps = list[tuple[str, Accesses]]

# These have choices of other kinds, all of which are tried.
DATA = {"timers", "a_time_out", "a_time_out_beside_a_message", "a_time_out_of_a_task_that_could_go_on", "faults"}
DATA |= {"a_deadline_that_is_over_when_it_is_set", "a_timer_that_is_taken_away"}


class _Recording:
    """Follows a script of answers, and writes down who took which step."""

    def __init__(self, script: Sequence[int]) -> None:
        self.script = script
        self.asked: list[tuple[int, int]] = []
        self.steps: Steps = []

    def __call__(self, site: Site, options: int) -> int:
        answer = self.script[len(self.asked)] if len(self.asked) < len(self.script) else 0
        self.asked.append((answer, options))
        return answer

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        return self(site, len(tasks))

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        self.steps.append((path, accesses))

    def passed(self, woke: frozenset[str]) -> None:
        self.steps.append(("~time", EVERYTHING))


def class_of(steps: Steps) -> frozenset[Any]:
    """Which of the conflicting steps came first: what all trials of one class have in common."""
    count = Counter[str]()
    names = []
    for path, _ in steps:
        count[path] += 1
        names.append((path, count[path]))
    return frozenset(
        (names[i], names[j])
        for j, (later, touched) in enumerate(steps)
        for i, (earlier, before) in enumerate(steps[:j])
        if earlier != later and before.conflicts(touched)
    )


def _outcome(attempt: Attempt) -> str:
    breach = attempt.breach
    return f"{breach.claim}: {breach.message.splitlines()[0]}" if breach is not None else attempt.result


def every_order(program: PlainProgram, most: int = 100_000) -> tuple[set[Any], set[str], int] | None:
    """The classes and the outcomes of all trials there are, and how many these are; None if these are more than ``most``.

    One trial goes ahead, as in the search.
    """
    program.attempt(_Recording([]))
    classes, outcomes, trials = set[Any](), set[str](), 0
    script: list[int] | None = []
    while script is not None:
        recording = _Recording(script)
        outcomes.add(_outcome(program.attempt(recording)))
        classes.add(class_of(recording.steps))
        trials += 1
        if trials > most:
            return None
        asked = recording.asked
        while asked and asked[-1][0] + 1 >= asked[-1][1]:
            asked.pop()
        script = [*(answer for answer, _ in asked[:-1]), asked[-1][0] + 1] if asked else None
    return classes, outcomes, trials


def reduced(program: PlainProgram) -> tuple[list[Any], set[str], Exhaustive]:
    """The class of each trial of the search that is not a doubt, the outcomes, and the search."""
    search, classes, outcomes = Exhaustive(), list[Any](), set[str]()
    while (decide := search.next()) is not None:
        steps: Steps = []
        watched = _watching(decide, steps)
        attempt = program.attempt(watched)
        outcomes.add(_outcome(attempt))
        before = search.classes
        search.learn(attempt)
        if search.classes > before:
            classes.append(class_of(steps))
    return classes, outcomes, search


def _watching(decide: Any, steps: Steps) -> Any:
    class Watching:
        pick = staticmethod(decide.pick)

        def __call__(self, site: Site, options: int) -> int:
            return int(decide(site, options))

        def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
            steps.append((path, accesses))
            decide.stepped(path, accesses, woke)

        def passed(self, woke: frozenset[str]) -> None:
            steps.append(("~time", EVERYTHING))
            decide.passed(woke)

    return Watching()


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda function: function.__name__)
def test_each_class_has_one_trial(function: Callable[[], Any]) -> None:
    """The same classes and outcomes as all orders together; one trial for each class, and no other."""
    program = PlainProgram(function.__name__, function)
    reduced(program)  # what is called for the first time, say by an error, counts as everything in Python 3.13
    classes, outcomes, search = reduced(program)
    everything = every_order(program)
    assert everything is not None, "there are few"
    all_classes, all_outcomes, trials = everything
    assert set(classes) == all_classes
    assert outcomes == all_outcomes
    assert search.exhausted
    if function.__name__ not in DATA:
        assert len(classes) == len(set(classes))
        assert search.redundant == 0
        assert len(classes) <= trials


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed: int) -> None:
    """The same for programs that nobody has thought of; those with many orders are left out."""
    program = PlainProgram("random", random_program(seed))
    reduced(program)  # what is called for the first time counts as everything in Python 3.13
    everything = every_order(program, most=150)
    if everything is None:
        return
    classes, outcomes, search = reduced(program)
    assert (set(classes), outcomes) == everything[:2]
    assert (len(classes), search.redundant) == (len(everything[0]), 0)


def test_what_ran_unwatched_meanwhile_is_not_missed() -> None:
    """Python 3.13 tells of no instruction of the next call then, so that counts as everything."""
    program = PlainProgram("shares", _shares)
    expected, _, _ = reduced(program)
    steps: Steps = []
    for _ in range(2):
        program.attempt(happy_path)
        steps.clear()
        program.attempt(_watching(Exhaustive().next(), steps))
        first, second = (accesses for path, accesses in steps if path.startswith("/main/"))
        assert first.conflicts(second)
    assert len(expected) == 2


async def _shares() -> None:
    last = 0

    async def sets(number: int) -> None:
        nonlocal last
        last = number

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sets, 1)
        nursery.start_soon(sets, 2)


async def _apart() -> None:
    async def work() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(work)


def test_tasks_that_share_nothing_need_one_trial() -> None:
    """Of billions of orders, one."""
    classes, _, search = reduced(PlainProgram("apart", _apart))
    assert (len(classes), search.redundant) == (1, 0)


async def _lost_update() -> None:
    assert await _lost_update_told() == 2


def test_what_the_tracker_does_not_see_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With variables out of sight the search would say that the update cannot get lost; a doubt says otherwise."""
    conflicts = Accesses.conflicts

    def blind(self: Accesses, other: Accesses) -> bool:
        return conflicts(_without_variables(self), _without_variables(other))

    monkeypatch.setattr(Accesses, "conflicts", blind)
    program = PlainProgram("lost_update", _lost_update)
    with pytest.raises(EndSearch, match=r"step \d of /main/increment:\d and step \d of .* were taken for independent"):
        _go_through(program, 200)


async def _lost_update_told() -> int:
    counter = 0

    async def increment() -> None:
        nonlocal counter
        seen = counter
        await trio.lowlevel.checkpoint()
        counter = seen + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(increment)
        nursery.start_soon(increment)
    return counter


async def _rung_before() -> None:
    bell = trio.Event()

    async def ring() -> None:
        await trio.lowlevel.checkpoint()
        bell.set()

    async def listen() -> None:
        finale_sim.sometimes(bell.is_set(), "rung before")
        await bell.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ring)
        nursery.start_soon(listen)


@pytest.mark.parametrize("function", [_lost_update_told, _rung_before])
def test_a_doubt_looks_at_all_that_can_come_out(function: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is returned, and what was reached, even if every trial holds and takes as many steps."""
    monkeypatch.setattr(Accesses, "conflicts", lambda self, other: bool(self.untracked or other.untracked))
    with pytest.raises(EndSearch, match="were taken for independent"):
        _go_through(PlainProgram("told", function), 200)


def _without_variables(accesses: Accesses) -> Accesses:
    def seen(things: frozenset[Any]) -> frozenset[Any]:
        return frozenset(thing for thing in things if thing[0] != "variable")

    return Accesses(seen(accesses.reads), seen(accesses.writes), accesses.adds, accesses.untracked)


def _go_through(program: PlainProgram, times: int = 1) -> None:
    for number in range(times):
        search = Exhaustive()
        search.classes = number  # which pair is doubted depends on it
        while (decide := search.next()) is not None:
            search.learn(program.attempt(decide))


def test_a_program_that_is_not_deterministic_is_told() -> None:
    """A trial that cannot be continued from where an earlier one was is the end of the search."""
    calls = 0

    async def different_each_time() -> None:
        nonlocal calls
        calls += 1
        async with trio.open_nursery() as nursery:
            for _ in range(2 + (calls > 3)):
                nursery.start_soon(_lost_update)

    program = PlainProgram("different", different_each_time)
    with pytest.raises(EndSearch, match="does not do the same when it is run again"):
        _go_through(program)


def test_a_doubt_needs_two_independent_neighbours() -> None:
    """Where every step depends on the one before it, there is nothing to doubt."""
    assert Doubt.of([], PlainProgram("lost_update", _lost_update).attempt(_Recording([])), 1) is None


def test_the_verdict_counts_the_classes() -> None:
    """Exhausted, with so many classes; a failure is a failure."""
    report = investigate(PlainProgram("apart", _apart), trials=100, strategy="exhaustive")
    assert str(report.verdict).startswith("exhausted: all orders end alike, so one was tried; rung ties")
    assert isinstance(investigate(PlainProgram("lost", _lost_update), trials=100, strategy="exhaustive").verdict, Violated)


@pytest.mark.parametrize(
    "conditions", [Conditions(Fidelity.FREE), Conditions(Fidelity.ROUNDS), Conditions(cancels=True), Conditions(crashes=True)]
)
def test_what_looks_at_all_tasks_together_cannot_be_reduced(conditions: Conditions) -> None:
    """A cancel, a kill or a jump of time may come between any two steps."""
    with pytest.raises(ValueError, match="the strategy 'exhaustive' is for fidelity 'step' and 'ties', without cancel and crash"):
        investigate(PlainProgram("apart", _apart, conditions), trials=100, strategy="exhaustive")
