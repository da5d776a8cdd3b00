"""The samplers: what each promises, on programs whose schedules can be counted; and what all of them have in common."""

import itertools
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import comb, prod

import pytest

from finale_sim.choices import Decide, Kind, Site, deviations
from finale_sim.search import NAMED, PCT, POS, SURW, URW, Attempt, Mutation, RandomWalk, RunTrial, Strategy, following
from tests.finale_sim.synthetic import flat, interleaved

SAMPLERS = [name for name in NAMED if name not in ("sweep", "portfolio", "exhaustive")]
NOTHING: tuple[int, ...] = ()


def tasks(**lengths: int) -> dict[str, list[tuple[int, ...]]]:
    """Tasks of so many steps that touch nothing."""
    return {f"/{name.replace('_', '/')}": [NOTHING] * steps for name, steps in lengths.items()}


def orders(strategy: Strategy, run: RunTrial, trials: int) -> list[Attempt]:
    """What comes of so many trials."""
    made = []
    for _ in range(trials):
        decide = strategy.next()
        assert decide is not None
        made.append(run(decide))
        strategy.learn(made[-1])
    return made


def chi_square(counts: Sequence[int], cells: int) -> float:
    """How far counts in so many cells are from being alike, in standard deviations of that statistic."""
    expected = sum(counts) / cells
    statistic = sum((count - expected) ** 2 / expected for count in [*counts, *[0] * (cells - len(counts))])
    freedom = cells - 1
    return (statistic - freedom) / (2 * freedom) ** 0.5


def interleavings(lengths: Mapping[str, int]) -> int:
    left = sum(lengths.values())
    return prod(comb(left - sum(list(lengths.values())[:at]), length) for at, length in enumerate(lengths.values()))


# ──────────── URW: every interleaving with the same chance


@pytest.mark.parametrize("lengths", [{"a": 4, "b": 4}, {"a": 1, "b": 6}, {"a": 2, "b": 2, "c": 2}])
def test_urw_takes_each_interleaving_equally_often(lengths: dict[str, int]) -> None:
    """Also where one task is much longer than the other, which a plain random walk gets wrong by orders of magnitude."""
    run, cells = interleaved(tasks(**lengths)), interleavings(lengths)
    strategy = URW(1)
    orders(strategy, run, 4)  # it has to see how long they are
    counts = Counter(attempt.digest for attempt in orders(strategy, run, 40 * cells))
    assert len(counts) == cells
    assert abs(chi_square([*counts.values()], cells)) < 3


def test_a_plain_walk_is_not_uniform() -> None:
    """The test above can tell."""
    run = interleaved(tasks(a=1, b=6))
    counts = Counter(attempt.digest for attempt in orders(RandomWalk(1), run, 280))
    assert chi_square([*counts.values()], 7) > 10


def test_urw_counts_the_children_that_are_still_to_come() -> None:
    """A task that starts another weighs as much as both: of a(1) with its child (3 steps) and b(2), all 15 orders alike."""
    run = interleaved(tasks(a=1, a_child=3, b=2))
    strategy = URW(2)
    orders(strategy, run, 4)
    counts = Counter(attempt.digest for attempt in orders(strategy, run, 600))
    assert len(counts) == 15
    assert abs(chi_square([*counts.values()], 15)) < 3


# ──────────── SURW: each order of the steps that touch one thing with the same chance


def test_surw_mixes_what_touches_one_thing_evenly() -> None:
    """Two tasks of 11 steps touch a thing in two of them: its six orders come equally often, in the trials that select it."""
    thing = 7
    steps = [NOTHING] * 5 + [(thing,)] + [NOTHING] * 4 + [(thing,)]

    run = interleaved({"/a": steps, "/b": steps})
    strategy, counts = SURW(3), Counter[str]()
    for _ in range(1500):
        decide = strategy.next()
        selected = decide._make.__name__ == "_selective"
        seen: list[str] = []

        def watched(site: Site, options: object, *, decide: object = decide, seen: list[str] = seen) -> int:
            index: int = decide.pick(site, options)  # type: ignore[attr-defined]
            if options[index].touches:  # type: ignore[index]
                seen.append(options[index].path[1])  # type: ignore[index]
            return index

        watching = Watching(watched)
        strategy.learn(run(watching))
        if selected:
            counts["".join(seen).ljust(4, "a" if seen.count("a") < 2 else "b")] += 1
    assert len(counts) == 6
    assert abs(chi_square([*counts.values()], 6)) < 3


class Watching:
    """Answers that are looked at."""

    def __init__(self, pick: object) -> None:
        self.pick = pick

    def __call__(self, site: Site, options: int) -> int:
        return 0


def test_surw_finds_a_rare_order_of_few_among_many_steps() -> None:
    """The last of ten tasks comes first to the thing, each has ten steps: a plain walk needs a hundred times as many trials."""
    steps = [NOTHING] * 9 + [(7,)]

    def first_there(order: tuple[str, ...]) -> str | None:
        counts = Counter[str]()
        for path in order:
            counts[path] += 1
            if counts[path] == 10:
                return "last first" if path == "/j" else None
        return None

    run = interleaved({f"/{name}": steps for name in "abcdefghij"}, first_there)
    assert sum(attempt.breach is not None for attempt in orders(SURW(1), run, 300)) > 20


# ──────────── PCT: a bug of depth d with a chance of at least 1 / (n k^(d-1))


def deep(depth: int) -> tuple[RunTrial, int, int]:
    """A program of two tasks with a bug that needs ``depth`` things in order; how many tasks, and how many choices, there are."""
    a, b = "/a", "/b"
    needed = (a, b, a, b)[:depth] if depth % 2 == 0 else (b, a, b)[:depth]

    def judge(order: tuple[str, ...]) -> str | None:
        """The third step of each in the order of ``needed``, the fourth behind it, and so on."""
        steps = Counter[str]()
        marks = []
        for path in order:
            steps[path] += 1
            if steps[path] >= 4:
                marks.append(path)
        return "deep" if tuple(path for path, _ in itertools.groupby(marks))[:depth] == needed else None

    return interleaved(tasks(a=8, b=8), judge), 2, 15


@pytest.mark.parametrize("depth", [2, 3])
def test_pct_keeps_its_bound(depth: int) -> None:
    """It finds a bug of depth d at least as often as is proved of it."""
    run, count, choices = deep(depth)
    trials = 3000
    hits = sum(attempt.breach is not None for attempt in orders(PCT(1, depth), run, trials))
    assert hits >= trials / (count * choices ** (depth - 1))


def test_pct_of_depth_one_only_orders_tasks() -> None:
    """Without changes each task runs to its end before the next begins, in every order equally often."""
    run = interleaved(tasks(a=3, b=3, c=3))
    counts = Counter(attempt.digest for attempt in orders(PCT(5, depth=1), run, 600))
    assert len(counts) == 6
    assert abs(chi_square([*counts.values()], 6)) < 3


def test_pct_does_not_starve_who_is_waited_for() -> None:
    """A task that goes round in a loop until another has run is put last after a while."""

    def judge(order: tuple[str, ...]) -> str | None:
        return None if "/other" in order[:300] else "starved"

    run = interleaved(tasks(loop=1000, other=1), judge)
    assert not any(attempt.breach for attempt in orders(PCT(1, depth=1), run, 10))


# ──────────── POS: each order of two steps that conflict as likely as the other


def test_pos_draws_anew_what_conflicts() -> None:
    """Ten steps of one task and one of another that touch the same: the one comes last with a chance far above 1 in 2^10."""
    run = interleaved({"/a": [(7,)] * 10, "/b": [(7,)]}, lambda order: "last" if order[-1] == "/b" else None)
    plain = interleaved({"/a": [NOTHING] * 10, "/b": [NOTHING]}, lambda order: "last" if order[-1] == "/b" else None)
    conflicting = sum(attempt.breach is not None for attempt in orders(POS(1), run, 1000))
    independent = sum(attempt.breach is not None for attempt in orders(POS(1), plain, 1000))
    assert conflicting < 20  # drawn anew each time, it hardly ever loses ten times
    assert independent > 50  # drawn once, it is the lowest of eleven with a chance of 1 in 11


def test_pos_leaves_readers_alone() -> None:
    """Two that only read the same thing do not conflict."""
    run = interleaved({"/a": [(-7,)] * 10, "/b": [(-7,)]}, lambda order: "last" if order[-1] == "/b" else None)
    assert sum(attempt.breach is not None for attempt in orders(POS(1), run, 1000)) > 50


# ──────────── mutation: what was new is the beginning of others


def climb(strategy: Strategy, trials: int) -> int:
    """How far it gets in a program where every choice but one leads back to the start; each height is a behaviour."""

    def run(decide: Decide) -> Attempt:
        attempt = interleaved(tasks(a=30, b=30))(decide)
        height = next((at for at, choice in enumerate(attempt.choices) if not choice.answer), len(attempt.choices))
        assert attempt.profile is not None
        return replace(attempt, profile=replace(attempt.profile, behaviour=height))

    return max(attempt.profile.behaviour for attempt in orders(strategy, run, trials) if attempt.profile is not None)


def test_mutation_climbs_where_a_walk_has_no_chance() -> None:
    """Each step in the right direction is kept, so 14 of them are not 2^14 trials away."""
    assert climb(Mutation(1), 1500) >= 14
    assert climb(RandomWalk(1), 1500) < 13


# ──────────── all of them


MIXED = interleaved({"/a": [(1,), (2,), (1,)], "/b": [(1,)] * 4, "/b/c": [(2,)] * 2, "/d": [NOTHING] * 3})


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_seed_repeats_its_trials(name: str) -> None:
    """What is told being equal, one seed gives one sequence of trials, and another seed another one."""
    first, again, other = ([a.choices for a in orders(NAMED[name][0](seed, 50), MIXED, 50)] for seed in (4, 4, 5))
    assert first == again != other


@pytest.mark.parametrize("name", SAMPLERS)
def test_what_a_sampler_chose_can_be_replayed(name: str) -> None:
    """Its choices are all recorded: a recording without the sampler makes the same trial."""
    for attempt in orders(NAMED[name][0](1, 50), MIXED, 30):
        assert MIXED(following(deviations(attempt.choices))).choices == attempt.choices


@pytest.mark.parametrize("name", SAMPLERS)
def test_another_process_may_run_the_trial(name: str) -> None:
    """A proposal that went through a pickle answers in the same way; so does a strategy, between two calls."""
    strategy = NAMED[name][0](1, 50)
    orders(strategy, MIXED, 20)
    restored = pickle.loads(pickle.dumps(strategy))  # noqa: S301  # made in the same line
    for _ in range(10):
        decide = strategy.next()
        assert decide is not None
        sent = pickle.loads(pickle.dumps(decide))  # noqa: S301  # the same
        attempt = MIXED(decide)
        assert MIXED(sent).choices == attempt.choices == MIXED(restored.next()).choices
        strategy.learn(attempt)
        restored.learn(attempt)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_budget_of_trials_ahead_is_usable(name: str) -> None:
    """So many trials can be asked for before any result is told."""
    strategy = NAMED[name][0](1, 1000)
    assert all(strategy.next() is not None for _ in range(min(strategy.ahead, 300)))


@pytest.mark.parametrize("name", SAMPLERS)
def test_where_no_task_is_picked_all_samplers_mix_in_misfortunes(name: str) -> None:
    """Faults strike in some trials and in no trial always; other choices take any option."""
    run = flat(*[3] * 20, kinds=dict.fromkeys(range(10), Kind.FAULT) | dict.fromkeys(range(10, 20), Kind.DATA))
    trials = [attempt.choices for attempt in orders(NAMED[name][0](1, 100), run, 100)]
    strikes = [sum(choice.answer > 0 for choice in choices[:10]) for choices in trials]
    assert 0 in strikes
    assert 0 < max(strikes) < 10
    assert {choice.answer for choices in trials for choice in choices[10:]} == {0, 1, 2}


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_answer_is_an_index_on_offer(name: str) -> None:
    """Also for tasks that nobody has seen before, and when nothing was learnt."""
    for attempt in orders(NAMED[name][0](9, 30), MIXED, 30):
        assert all(0 <= choice.answer < choice.options for choice in attempt.choices)
