"""Which endings a history shows."""

from collections.abc import Callable

import pytest

from finale import Gap, Status
from finale_sim.campaign import campaign_programs
from finale_sim.coverage.endings import ENDINGS, endings_seen
from finale_sim.history import What
from finale_sim.scenarios import SCENARIOS
from finale_sim.search import search
from tests.finale_sim.histories import Past, sound

CANCELLED, FAILED = Status.CANCELLED, Status.FAILED


def failing(kind: str, *, called: bool = True) -> Past:
    past = Past().accept("r1")
    past = past.start("r1") if called else past.did(What.PREPARING, "r1")
    past.did(What.RAISED, "r1", detail=ValueError("x"))
    past.end("r1", FAILED, error="x")
    complete = past.history.endings()[0]
    object.__setattr__(complete.error, "type", kind)
    return past


def published(*more: What) -> Past:
    past = Past().accept("r1").start("r1").did(What.PUBLISHED, "r1", detail="a")
    for what in more:
        past.did(what, "r1", detail="b")
    return past.end("r1", text="a")


def journal() -> Past:
    past = sound()
    past.history.picks[1] = "journal append: fault 1"
    return past


def stopped(what: What = What.CANCEL, *done: What, started: bool = True, **ending: object) -> Past:
    past = Past().accept("r1")
    if started:
        past.start("r1") if What.CALLED in done else None
    past.stop(what)
    return past.end("r1", CANCELLED, **ending)  # type: ignore[arg-type]


def behind() -> Past:
    past = Past().accept("r1").accept("r2").start("r1").did(What.RETURNED, "r1", detail="a")
    return past.end("r1", text="a")


def before_its_task() -> Past:
    from finale import RunStarted  # noqa: PLC0415

    past = Past().accept("r1").see(RunStarted("r1", "s1", 9, 1, 0.0))
    return past.stop().end("r1", CANCELLED)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("E1", lambda: Past().reject()),
        ("E2", sound),
        ("E3", behind),
        ("E4", lambda: failing("ConnectionError", called=False)),
        ("E5", lambda: failing("mylib.FakeCancelled", called=False)),
        ("E6", lambda: failing("ValueError")),
        ("E18", lambda: failing("ExceptionGroup")),
        ("E7", lambda: published(What.RAISED)),
        ("E8", lambda: published(What.PUBLISHED)),
        ("E9", before_its_task),
        ("E10", stopped),
        ("E11", lambda: Past().accept("r1").did(What.PREPARING, "r1").stop().end("r1", CANCELLED)),
        ("E12", lambda: stopped(What.CANCEL, What.CALLED)),
        ("E13", lambda: stopped(What.CANCEL, What.CALLED, error="x")),
        ("E14", lambda: Past().accept("r1").start("r1").stop().did(What.RETURNED, "r1", detail="a").end("r1", text="a")),
        ("E15", lambda: stopped(What.CANCEL, What.CALLED, abandoned=True)),
        ("E16", lambda: stopped(What.CLOSE, What.CALLED)),
        ("E17", lambda: stopped(What.OUTSIDE, What.CALLED)),
        ("E21", lambda: Past().see(Gap(3), who="slow")),
        ("E22", journal),
    ],
)
def test_an_ending_is_recognised(name: str, make: Callable[[], Past]) -> None:
    """A minimal history of each ending shows that ending (E22 shows the run's own ending beside it)."""
    seen = endings_seen(make().history)
    assert name in seen
    assert set(seen) <= {name, "E2"}


def test_nothing_is_seen_where_nothing_happened() -> None:
    """An empty history shows no ending."""
    assert endings_seen(Past().history) == ()


def test_endings_come_in_order_and_once() -> None:
    """Two runs that end alike are one ending; the order is that of the list."""
    past = sound("r2", past=sound("r1")).reject()
    assert endings_seen(past.history) == ("E1", "E2")


def test_an_ending_of_nobodys_run_shows_nothing() -> None:
    """That is for the oracles to say."""
    assert endings_seen(Past().end("r9").history) == ()


def test_a_completion_that_nobody_claimed_does_not_crash() -> None:
    """A broken SDK may complete a run whose coordinator said nothing; coverage must survive that."""
    endings_seen(Past().accept("r1").end("r1").history)
    endings_seen(Past().accept("r1").stop().end("r1").history)


def test_every_ending_is_promised_by_a_scenario() -> None:
    """Each ending is what some scenario is there to show, and scenarios promise known ones."""
    assert {name for scenario in SCENARIOS.values() for name in scenario.endings} == set(ENDINGS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_shows_what_it_promises(name: str) -> None:
    """Within a small budget, each scenario reaches all endings that it names, and nothing is wrong with any of them."""
    (program,) = campaign_programs([name])
    state = search(program.attempt, trials=40)
    assert state.verdict.exit_code == 0, state.verdict
    assert set(SCENARIOS[name].endings) <= set(state.seen)
