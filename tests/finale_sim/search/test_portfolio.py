"""The portfolio: the sweep gets what it needs, the samplers get what they earn, and it is always the same."""

import pickle
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from math import fsum
from operator import add

import pytest

from finale_sim.choices import Decide, Kind
from finale_sim.profile import Profile
from finale_sim.search import Attempt, Portfolio, Sweep, search
from tests.finale_sim.synthetic import answers_of, flat, interleaved

TASKS = interleaved({"/a": [(1,), (2,), (1,), (2,)], "/b": [(1,)] * 5, "/c": [(2,)] * 4, "/d": [()] * 5})


def played(portfolio: Portfolio, trials: int, lead: int = 0) -> tuple[list[str], list[Attempt]]:
    """So many trials, of which ``lead`` are always asked for ahead: whose each was, and what came of it."""
    out: deque[Decide] = deque()
    names, attempts = [], []
    while len(attempts) < trials:
        while len(out) <= min(lead, len(attempts) // 4) and (decide := portfolio.next()) is not None:
            out.append(decide)
        if not out:
            break
        attempts.append(TASKS(out.popleft()))
        portfolio.learn(attempts[-1])
        names.append(portfolio.name)
    return names, attempts


def test_the_happy_path_comes_first_and_samplers_learn_from_it() -> None:
    """The first trial answers 0 everywhere, and tells what its tasks were."""
    names, attempts = played(Portfolio(0, 100, Sweep()), 2)
    assert names[0] == "sweep"
    assert not any(answers_of(attempts[0]))
    assert attempts[0].profile is not None
    assert names[1] != "sweep"


@pytest.mark.parametrize("lead", [0, 7, 200])
def test_one_seed_is_one_sequence_of_trials(lead: int) -> None:
    """Whatever is asked for ahead, if it is always the same; another seed samples other trials."""
    first, again = (played(Portfolio(3, 200, Sweep()), 150, lead) for _ in range(2))
    assert first == again
    assert first[1] != played(Portfolio(4, 200, Sweep()), 150, lead)[1]


def test_one_seed_is_one_sequence_on_every_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Since 3.12 Python adds floats more exactly, and whose turn it is can hang on the last digit of a sum."""
    first = played(Portfolio(3, 400, Sweep()), 260)
    monkeypatch.setattr("finale_sim.search.portfolio.sum", _as_up_to_3_11, raising=False)
    assert first == played(Portfolio(3, 400, Sweep()), 260)
    monkeypatch.setattr("finale_sim.search.portfolio.sum", fsum)
    assert first == played(Portfolio(3, 400, Sweep()), 260)


def _as_up_to_3_11(numbers: Iterable[float]) -> float:
    return reduce(add, numbers, 0)


def test_it_can_be_kept_and_continued() -> None:
    """Between two trials it goes through a pickle and does as before."""
    portfolio = Portfolio(1, 300, Sweep())
    played(portfolio, 60)
    restored = pickle.loads(pickle.dumps(portfolio))  # noqa: S301  # made in the same line
    assert played(portfolio, 60) == played(restored, 60)


def test_samplers_and_sweep_all_get_their_turns() -> None:
    """The sweep a little while samplers show what is new; none of the samplers is forgotten."""
    names, _ = played(Portfolio(0, 100_000, Sweep()), 700)
    assert 5 <= names[:100].count("sweep") <= 10
    assert {"sweep", "opposites", "surw", "pct-3", "pos", "urw", "random walk", "mutation"} == set(names)


@pytest.mark.parametrize(
    ("tasks", "opening"),
    [
        (3, ["sweep", "pct-3", "surw", "pct-3", "pct-3", "surw", "surw", "pct-3", "pct-3", "pct-3", "pct-3"]),
        (4, ["sweep", "opposites", "urw", "surw", "surw", "opposites"]),
    ],
)
def test_the_first_trials_are_laid_down(tasks: int, opening: list[str]) -> None:
    """Opposites of the happy path, once each, and samplers; where tasks are few PCT and SURW in turn."""
    run, portfolio, names = interleaved({f"/{name}": [()] * 3 for name in "abcd"[:tasks]}), Portfolio(0, 1000, Sweep()), []
    for _ in range(100):
        decide = portfolio.next()
        assert decide is not None
        portfolio.learn(run(decide))
        names.append(portfolio.name)
    assert names[: len(opening)] == opening
    assert names.count("opposites") == opening.count("opposites")


def test_the_sweep_gets_half_where_samplers_repeat_themselves() -> None:
    """What they do not show any more, it may."""
    few = interleaved({"/a": [()] * 3, "/b": [()] * 3})  # 20 schedules, and 20 trials of the samplers show nearly all
    portfolio = Portfolio(0, 100_000)
    portfolio.sweep = Sweep()
    names = []
    for _ in range(45):
        decide = portfolio.next()
        assert decide is not None
        portfolio.learn(few(decide))
        names.append(portfolio.name)
    assert names[:10].count("sweep") == 1
    assert names[30:].count("sweep") >= 5


@pytest.mark.parametrize(("kind", "share"), [(Kind.CANCEL, 0.5), (Kind.SCHEDULE, 0.05)])
def test_the_sweep_gets_half_where_faults_and_cancels_are_to_be_tried(kind: Kind, share: float) -> None:
    """Behind the first hundred trials, though samplers show new things all the time; not where only orders are asked for."""
    run, portfolio, names = flat(*[2] * 50, kinds=dict.fromkeys(range(50), kind)), Portfolio(0, 100_000, Sweep()), []
    for trial in range(500):
        decide = portfolio.next()
        assert decide is not None
        portfolio.learn(replace(run(decide), profile=Profile(trial, {}, {})))
        names.append(portfolio.name)
    assert names[:100].count("sweep") <= 8
    assert names[100:].count("sweep") / 400 == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(("tasks", "most"), [(3, 300), (4, 90)])
def test_pct_gets_much_where_tasks_are_few(tasks: int, most: int) -> None:
    """It is good at holding up one of two, and promises little where there are many."""
    run, portfolio, names = interleaved({f"/{name}": [()] * 3 for name in "abcd"[:tasks]}), Portfolio(0, 100_000), Counter[str]()
    for trial in range(700):
        decide = portfolio.next()
        assert decide is not None
        attempt = run(decide)
        assert attempt.profile is not None
        portfolio.learn(replace(attempt, profile=replace(attempt.profile, behaviour=trial)))
        names[portfolio.name] += 1
    assert most / 3 < names["pct-3"] + names["pos"] <= most
    assert (names["pct-3"] > names["pos"]) == (tasks == 3)


def test_who_shows_nothing_new_gets_less() -> None:
    """The more a sampler repeats itself beside the others, the fewer trials it gets; it keeps a little."""
    portfolio = Portfolio(0, 100_000)
    shares = []
    for _ in range(2):
        counts = Counter[str]()
        for trial in range(1000):
            decide = portfolio.next()
            assert decide is not None
            attempt = TASKS(decide)
            assert attempt.profile is not None
            stale = portfolio._out[0].strategy.name == "surw" if portfolio._out[0] is not None else False
            behaviour = 1 if stale else len(shares) * 10_000 + trial
            portfolio.learn(Attempt(attempt.choices, 0, profile=type(attempt.profile)(behaviour, {}, {})))
            counts[portfolio.name] += 1
        shares.append(counts["surw"] / 1000)
    assert shares[1] < 0.6 * 18 / 25
    assert shares[1] > 0.02


@pytest.mark.parametrize(("choices", "trials"), [(20, 22), (20, 30), (20, 100), (200, 210), (200, 900)])
def test_every_single_deviation_is_tried_where_the_budget_allows_it(choices: int, trials: int) -> None:
    """To the last one, whatever the samplers do beside it."""
    state = search(flat(*[2] * choices), trials=trials)
    assert state.trials == trials
    assert state.swept >= 1


def test_where_it_does_not_samplers_are_not_crowded_out() -> None:
    """A sweep that can't be completed has its share and no more."""
    state = search(flat(*[2] * 500), trials=200)
    assert state.swept == 0
    assert state.tried["sweep"] < 100


def test_nothing_is_left_when_the_sweep_was_through() -> None:
    """A program that is small enough is exhausted, and that is the end."""
    portfolio, run = Portfolio(0, 10_000, Sweep()), flat(2, 3)
    trials = 0
    while (decide := portfolio.next()) is not None:
        portfolio.learn(run(decide))
        trials += 1
    assert portfolio.sweep is not None
    assert portfolio.sweep.exhausted
    assert trials < 200
