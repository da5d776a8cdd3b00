"""The search: budget, exhaustion, interrupts, what cannot be judged, and what may be said in the end."""

from collections.abc import Callable

import pytest

from finale_sim.choices import Decide
from finale_sim.search import NAMED, Attempt, Completed, RunTrial, Search, search
from finale_sim.verdict import Bounded, Exhausted, Sampled, Truncated, Violated
from tests.finale_sim.synthetic import answers_of, flat, interleaved


def counting(run: RunTrial) -> tuple[RunTrial, list[tuple[int, ...]]]:
    seen: list[tuple[int, ...]] = []

    def wrapped(decide: Decide) -> Attempt:
        attempt = run(decide)
        seen.append(answers_of(attempt))
        return attempt

    return wrapped, seen


def interrupted(run: RunTrial, at: int) -> RunTrial:
    count = 0

    def wrapped(decide: Decide) -> Attempt:
        nonlocal count
        count += 1
        if count == at:
            raise KeyboardInterrupt
        return run(decide)

    return wrapped


def undecided(when: Callable[[tuple[int, ...]], bool], *options: int) -> RunTrial:
    run = flat(*options)

    def wrapped(decide: Decide) -> Attempt:
        attempt = run(decide)
        why = "too long" if when(answers_of(attempt)) else None
        return Attempt(attempt.choices, attempt.digest, undecided=why)

    return wrapped


@pytest.mark.parametrize("trials", [1, 2, 7, 40, 100])
def test_the_budget_is_spent_to_the_last_trial_and_not_beyond(trials: int) -> None:
    """A large program uses the whole budget."""
    run, seen = counting(flat(*[3] * 30))
    state = search(run, trials=trials)
    assert state.trials == len(seen) == trials
    assert state.choices == 30 * trials


def test_a_small_program_is_exhausted() -> None:
    """All streams are tried, and when they were, nothing more."""
    run, seen = counting(flat(2, 2))
    state = search(run, trials=1000)
    assert set(seen) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert state.verdict == Exhausted(state.trials)
    assert state.trials < 100


class _Backwards:
    """Somebody's own strategy: both streams of ``flat(2)``, the surprising one first."""

    name = "backwards"
    ahead = 0

    def __init__(self) -> None:
        self._left = [0, 1]

    @property
    def completed(self) -> Completed:
        return Completed(deviations=1 - len(self._left), everything=not self._left)

    def next(self) -> Decide | None:
        if not self._left:
            return None
        answer = self._left.pop()
        return lambda site, options: answer

    def learn(self, attempt: Attempt) -> None:
        """Nothing."""


def test_what_was_completed_is_what_the_strategy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search knows no strategy by its type: a verdict beyond "so many trials" is open to each of them."""
    monkeypatch.setitem(NAMED, "backwards", (lambda seed, trials: _Backwards(), "for tests"))  # type: ignore[arg-type]
    assert search(flat(2), trials=100, strategy="backwards").verdict == Exhausted(2)
    assert search(flat(2), trials=1, strategy="backwards").verdict == Sampled(1)


@pytest.mark.parametrize("trials", [33, 35, 60, 200])
def test_every_single_deviation_is_tried_if_the_budget_allows_it(trials: int) -> None:
    """Half of the budget is the sweep's, or more if single deviations take more."""
    run, seen = counting(flat(*[2] * 30))
    state = search(run, trials=trials)
    assert {stream for stream in seen if sum(stream) <= 1} == {tuple(int(n == at) for n in range(30)) for at in range(-1, 30)}
    assert state.verdict == Bounded(1, state.sampled)
    assert seen[0] == (0,) * 30


def test_a_budget_below_the_single_deviations_is_a_sample() -> None:
    """Where not even the single deviations fit, nothing but the number of trials is claimed."""
    state = search(flat(*[2] * 50), trials=20)
    assert state.verdict == Sampled(20)
    assert state.swept == 0


def test_a_sweep_that_was_asked_for_is_completed_whatever_the_budget_is() -> None:
    """With ``deviations``, all streams with at most so many come first, and the trials on top: two opposites, and random ones."""
    run, seen = counting(flat(*[2] * 12))
    state = search(run, trials=5, deviations=2)
    assert len({stream for stream in seen if sum(stream) <= 2}) == 1 + 12 + 66
    assert state.verdict == Bounded(2, 3)
    assert state.trials == state.budget == len(seen)


def test_the_search_stops_at_the_first_failure() -> None:
    """The failing trial is kept as it was found, and no trial follows it."""
    run, seen = counting(flat(2, 2, 2, judge=lambda answers: "claim" if answers[1] else None))
    state = search(run, trials=100)
    assert seen[-1] == (0, 1, 0)
    assert state.trials == len(seen)
    assert state.failure is not None
    assert isinstance(state.verdict, Violated)
    assert state.verdict.breach.claim == "claim"
    assert str(state.verdict) == "violated: 'claim'"


def test_a_failure_on_the_happy_path_takes_one_trial() -> None:
    """The first trial has no deviation."""
    state = search(flat(2, judge=lambda answers: "always"), trials=100)
    assert state.trials == 1
    assert state.failure is not None
    assert state.failure.deviations == ()


def test_the_random_half_finds_what_needs_many_deviations() -> None:
    """A failure behind five deviations is out of the sweep's reach."""
    state = search(flat(*[2] * 12, judge=lambda answers: "deep" if sum(answers[:5]) == 5 else None), trials=400)
    assert isinstance(state.verdict, Violated)
    assert state.strategy != "sweep"


def test_the_same_seed_searches_the_same_way() -> None:
    """Two searches with one seed try the same streams; another seed tries others."""
    logs = []
    for seed in (4, 4, 5):
        run, seen = counting(flat(*[3] * 20))
        search(run, trials=120, seed=seed)
        logs.append(seen)
    assert logs[0] == logs[1] != logs[2]


@pytest.mark.parametrize("at", [1, 2, 30, 90])
def test_an_interrupt_ends_the_search_with_what_is_known(at: int) -> None:
    """Ctrl-C leaves a state that says how far it came, and that it is undecided."""
    state = search(interrupted(flat(*[2] * 30), at), trials=100)
    assert state.interrupted
    assert state.trials == at - 1
    assert state.verdict == Truncated(f"interrupted after {at - 1} of 100 trials")
    assert state.verdict.exit_code == 3


def test_what_cannot_be_judged_leaves_the_search_undecided() -> None:
    """One such trial among sound ones, and the search says why it can't decide, although it went on."""
    state = search(undecided(lambda answers: answers == (1, 0, 0), 2, 2, 2), trials=100, strategy="sweep")
    assert state.undecided >= 1
    assert state.exhausted
    assert state.verdict == Truncated("too long")


def test_too_much_that_cannot_be_judged_stops_the_search() -> None:
    """A program that reaches for the real world in every trial is given up soon."""
    state = search(undecided(lambda answers: True, *[2] * 30), trials=1000)
    assert state.trials == state.undecided == 5
    assert isinstance(state.verdict, Truncated)


def test_a_failure_outweighs_what_cannot_be_judged() -> None:
    """A violation is one, whatever else was undecided before."""
    sound = undecided(lambda answers: answers == (1, 0), 2, 2)
    broken = flat(2, 2, judge=lambda answers: "claim" if answers == (0, 1) else None)
    run: RunTrial = lambda decide: max(sound(decide), broken(decide), key=lambda a: a.breach is not None)  # noqa: E731
    state = search(run, trials=50, strategy="sweep")
    assert isinstance(state.verdict, Violated)


def test_somebody_may_watch() -> None:
    """``on_trial`` sees the state after each trial, with the strategy's name."""
    seen: list[tuple[str, int]] = []

    def watch(state: Search) -> None:
        seen.append((state.strategy, state.trials))

    search(flat(*[2] * 10), trials=60, on_trial=watch)
    assert [n for _, n in dict.fromkeys(seen)] == list(range(1, 61)) or {n for _, n in seen} == set(range(1, 61))
    assert seen[0] == ("sweep", 1)
    assert {name for name, _ in seen} == {"sweep", "opposites", "surw", "pct-3", "pos", "urw", "random walk", "mutation"}


def test_what_was_reached_is_counted() -> None:
    """Names of situations add up over the trials."""
    run = flat(2)
    state = search(lambda decide: Attempt(run(decide).choices, 0, seen=("E1",)), trials=10)
    assert state.seen["E1"] == state.trials


@pytest.mark.parametrize("name", NAMED)
def test_a_strategy_may_be_asked_for_by_name(name: str) -> None:
    """It alone makes the trials."""
    state = search(flat(*[2] * 20), trials=40, strategy=name)
    assert state.trials == 40
    if name != "portfolio":
        assert {*state.tried} == {NAMED[name][0](0, 40).name}
    assert state.sampled == 40 - state.tried["sweep"] - state.tried["opposites"]
    assert state.tried["opposites"] == (2 if name == "portfolio" else 0)


def test_a_strategy_that_nobody_knows_is_refused() -> None:
    """With the names of those that there are."""
    with pytest.raises(ValueError, match="no strategy 'luck'; there are: portfolio, sweep, exhaustive, surw"):
        search(flat(2), trials=1, strategy="luck")


def test_a_sample_says_what_it_has_probably_not_seen() -> None:
    """With behaviours to count, the verdict has a bound: small when all was seen again and again, none when all was new."""
    few = search(interleaved({"/a": [()], "/b": [()]}), trials=500, strategy="urw").verdict
    assert isinstance(few, Sampled)
    assert few.unseen is not None
    assert few.unseen < 0.02
    assert str(few).startswith("sampled: 500 streams, a further one would be new with a chance of at most ")
    many = search(interleaved({"/a": [()] * 30, "/b": [()] * 30}), trials=100, strategy="urw").verdict
    assert isinstance(many, Sampled)
    assert many.unseen == 1.0
    assert str(many) == "sampled: 100 streams, too few to tell how much is unseen"
