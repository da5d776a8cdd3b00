"""Cancels as choices: every scope before every step, none that nobody could cancel, and trio's own meaning of each."""

import pytest
import trio

import finale_sim
from finale_sim.choices import Kind
from finale_sim.kernel import Conditions, Ending, Trial, simulate
from finale_sim.search import following

CANCELS = Conditions(cancels=True)


def with_cancel(program: object, before_step: int, scope: int) -> Trial:
    """The trial in which one scope is cancelled before one step of main."""

    def decide(site: object, options: int) -> int:
        kind, path, n, _ = site  # type: ignore[misc]
        return scope if (kind, path, n) == (Kind.CANCEL, "/main", before_step) else 0

    return simulate(program, decide=decide, conditions=CANCELS, trace=True)  # type: ignore[arg-type]


async def nested() -> list[str]:
    """Steps 1 to 5 of /main; two scopes are open before steps 2 and 3, one before step 4, none before step 5."""
    seen = []
    with trio.CancelScope() as outer:
        with trio.CancelScope() as inner:
            await trio.lowlevel.checkpoint()
            await trio.sleep(1)
            seen.append("inner")
        await trio.sleep(1)
        seen.append("outer")
    await trio.lowlevel.checkpoint()
    return [*seen, *(name for name, scope in (("outer cut", outer), ("inner cut", inner)) if scope.cancelled_caught)]


def test_the_points_are_all_open_scopes_before_all_steps() -> None:
    """Counted on the happy path, and all of them tried by the sweep."""
    report = finale_sim.explore(nested, cancel=True, trials=100)
    assert report.search.cancel_points == 2 + 2 + 1
    assert len(report.search.cancelled) == 5
    assert report.as_dict()["cancels"] == {"points": 5, "tried": 5}
    assert finale_sim.explore(nested).as_dict()["cancels"] == {"points": 0, "tried": 0}


@pytest.mark.parametrize(
    ("before_step", "scope", "value"),
    [
        (2, 1, ["outer cut"]),
        (2, 2, ["outer", "inner cut"]),
        (3, 1, ["outer cut"]),  # trio ends a sleep by a cancel, which one from further out overrules as long as it is on its way
        (3, 2, ["outer", "inner cut"]),
        (4, 1, ["inner", "outer cut"]),
        (5, 1, ["inner", "outer"]),  # nothing is open any more
    ],
)
def test_a_cancel_means_what_it_means_in_trio(before_step: int, scope: int, value: list[str]) -> None:
    """What is awaited in the scope is cut; what is behind it stays."""
    assert with_cancel(nested, before_step, scope).value == value


async def protected() -> str:
    with trio.CancelScope(shield=True):
        await trio.sleep(1)
    with trio.move_on_after(5, shield=True) as patience:
        await trio.sleep(1)
    return "cut" if patience.cancelled_caught else "whole"


def test_a_scope_that_only_protects_is_not_cancelled() -> None:
    """One with a shield and no deadline is there for that. One with a deadline can pass, with a shield or without."""
    assert finale_sim.explore(protected, cancel=True).search.cancel_points == 1


async def busy() -> int:
    """Tasks, a shared nursery, a time-out, and start()."""
    done = 0

    async def child(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        nonlocal done
        await trio.lowlevel.checkpoint()
        task_status.started()
        with trio.move_on_after(3):
            await trio.sleep(1)
        done += 1

    with trio.CancelScope():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            await nursery.start(child)
    return done


def test_every_cancelled_trial_ends_and_repeats() -> None:
    """No cancel brings the kernel down, and equal choices make equal digests, also with two cancels at random."""
    happy = simulate(busy, conditions=CANCELS)
    points = [(c.site.key, n) for c in happy.choices if c.site.kind is Kind.CANCEL for n in range(1, c.options)]
    assert len(points) > 20
    for first in points:
        for second in (first, points[-1]):
            trials = [simulate(busy, decide=following(dict([first, second])), conditions=CANCELS) for _ in range(2)]
            assert trials[0].digest == trials[1].digest
            assert {trial.ending for trial in trials} <= {Ending.RETURNED, Ending.RAISED}
            assert trials[0].error is None or isinstance(trials[0].error, RuntimeError)  # start(): it never called started()


def test_without_cancels_nothing_is_asked() -> None:
    """The standard conditions know nothing of this: same choices, same digest."""
    assert not [c for c in simulate(busy).choices if c.site.kind is Kind.CANCEL]


def test_a_cancel_is_told_with_its_scope_and_place() -> None:
    """The words say before which step which scope was cancelled, and where it was opened; the timeline has it in its place."""

    async def cut_short() -> None:
        with trio.CancelScope():
            await trio.sleep(1)
            return
        raise ValueError("cut")

    report = finale_sim.explore(cut_short, cancel=True)
    assert report.counterexample is not None
    (words,) = report.counterexample.in_words()
    assert words.startswith("before step 2 of /main: scope 1 of /main, opened at ")
    assert "test_cancels.py:" in words
    assert words.endswith(" in cut_short is cancelled")
    assert "» cancel → scope 1 of /main, opened at" in report.counterexample.timeline().text
    assert finale_sim.replay(report.counterexample.token, cut_short).exit_code == 1
