"""Who runs the trials, and when, changes nothing; and a search goes on where another process had stopped."""

import pickle
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from finale_sim.choices import Decide
from finale_sim.search import Attempt, Planned, RandomWalk, RunTrial, Search, Sweep, following, search
from tests.finale_sim.synthetic import answers_of, flat, growing


class Hasty:
    """Runs trials as soon as there are ``most`` of them, the last one first."""

    def __init__(self, run: RunTrial, most: int) -> None:
        self._run = run
        self._most = most
        self._orders: deque[tuple[int, Decide]] = deque()
        self._results: dict[int, Attempt] = {}
        self._ordered = self._taken = 0

    def order(self, decide: Decide) -> None:
        self._ordered += 1
        self._orders.append((self._ordered, sent(decide)))
        if len(self._orders) == self._most:
            self._work()

    def take(self) -> Attempt:
        self._taken += 1
        if self._taken not in self._results:
            self._work()
        return self._results.pop(self._taken)

    def drop(self) -> None:
        self._orders.clear()

    def _work(self) -> None:
        while self._orders:
            number, decide = self._orders.pop()
            self._results[number] = self._run(decide)


def sent(thing: Any) -> Any:
    """As another process gets it."""
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  # made in the same line


def stopping_after(trials: int) -> Callable[[Search], None]:
    left = iter(range(trials))

    def stop(state: Search) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return stop


def deep(answers: tuple[int, ...]) -> str | None:
    return "deep" if sum(answers[:6]) >= 8 else None


PROGRAMS: dict[str, Callable[[], RunTrial]] = {
    "exhausted": lambda: flat(2, 3, 2),
    "bounded": lambda: flat(*[2] * 14),
    "larger": lambda: flat(*[3] * 20),
    "fails": lambda: flat(2, 3, 2, judge=lambda answers: "pair" if answers == (1, 2, 0) else None),
    "fails late": lambda: flat(*[3] * 12, judge=deep),
    "grows": lambda: growing(lambda answers: sum(answers) % 3 + 2 if len(answers) < 5 else 0),
}


def told(state: Search) -> str:
    assert not state.torn
    return repr(state)


@pytest.mark.parametrize("most", [7, 5000])
@pytest.mark.parametrize("deviations", [None, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_search_sees_the_same_whoever_runs_its_trials(name: str, deviations: int | None, most: int) -> None:
    """One after another, or many at a time and in disorder: the same trials in the same order, and the same conclusion."""
    logs: list[list[tuple[int, ...]]] = []
    states = []
    for wrap in (lambda run: run, lambda run: Hasty(run, most)):
        log: list[tuple[int, ...]] = []
        seen = lambda state, log=log: log.append((state.trials, state.choices, state.swept))  # noqa: E731  # a listener
        states.append(search(wrap(PROGRAMS[name]()), trials=150, seed=3, deviations=deviations, on_trial=seen))
        logs.append(log)
    assert told(states[0]) == told(states[1])
    assert logs[0] == logs[1]


@pytest.mark.parametrize("every", [9, 50])
@pytest.mark.parametrize("deviations", [None, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_search_goes_on_where_it_was_interrupted(name: str, deviations: int | None, every: int) -> None:
    """As often as one likes: through a pickle, with another crew, it ends as the one that nobody interrupted."""
    whole = search(PROGRAMS[name](), trials=90, seed=3, deviations=deviations)
    state: Search | None = None
    for turn in range(2000):
        crew = Hasty(PROGRAMS[name](), 7) if turn % 2 else PROGRAMS[name]()
        state = search(crew, trials=90, seed=3, deviations=deviations, on_trial=stopping_after(every), resumed=state)
        if not state.interrupted:
            break
        assert state.cut == f"interrupted after {state.trials} of {state.budget} trials"
        state = sent(state)
        state.interrupted, state.cut = False, None
    assert state is not None
    assert told(state) == told(whole)


def test_a_finished_search_has_nothing_to_go_on_with() -> None:
    """Resumed, it runs no trial and says the same."""
    for name, make in PROGRAMS.items():
        done = search(make(), trials=100)
        before = told(done)

        def refuse(decide: Decide) -> Attempt:
            raise AssertionError

        assert told(search(refuse, trials=100, resumed=done)) == before, name


@pytest.mark.parametrize("ahead", [1, 5, 40, 1000])
def test_a_sweep_may_be_asked_ahead_of_what_it_learns(ahead: int) -> None:
    """Every stream is tried that is tried in turns, level by level."""

    def streams(most: int) -> list[tuple[int, ...]]:
        strategy, run = Sweep(max_deviations=3), growing(lambda answers: 3 if len(answers) < 5 else 0)
        waiting, tried = deque[Attempt](), []
        while True:
            while len(waiting) < most and (decide := strategy.next()) is not None:
                waiting.append(run(decide))
                tried.append(answers_of(waiting[-1]))
            if not waiting:
                return tried
            strategy.learn(waiting.popleft())

    in_turns, together = streams(1), streams(ahead)
    assert sorted(in_turns) == sorted(together)
    sizes = [sum(answer > 0 for answer in stream) for stream in dict.fromkeys(together)]
    assert sizes == sorted(sizes)


def test_parents_do_not_hold_up_what_a_level_has_to_find() -> None:
    """At most one in sixteen trials is a parent that runs before children that are known."""
    strategy, run = Sweep(start=2), flat(*[2] * 40)
    waiting = deque[Attempt]()
    for learnt in range(800):
        while len(waiting) < 1000 and (decide := strategy.next()) is not None:
            waiting.append(run(decide))
        assert sum(len(attempt.deviations) < 2 for attempt in waiting) <= 1 + learnt / 16
        strategy.learn(waiting.popleft())


def test_answers_that_are_planned_are_made_at_the_first_question() -> None:
    """So they can be sent to another process; there they are the same."""
    walks = [RandomWalk(5).next(), sent(RandomWalk(5).next())]
    assert isinstance(walks[0], Planned)
    run = flat(*[4] * 50)
    assert answers_of(run(walks[0])) == answers_of(run(walks[1]))
    again = sent(following({7: 1}))
    assert again == following({7: 1})
