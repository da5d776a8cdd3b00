"""Real runs as a picture, from their events: whatever part of them somebody has."""

from collections.abc import Iterator

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

import finale
from finale import ErrorInfo, Event, Gap, Notification, Progress, Request, RunAccepted, RunComplete, RunStarted, Status
from finale.drawing import picture_of
from finale.drawing.timescale import UNITS, TimeScale, duration
from tests.finale.drawing.geometry import assert_sound, texts


def life(
    run_id: str = "r1", session: str = "s1", *, at: float = 0.0, status: Status | None = Status.COMPLETED
) -> Iterator[Event]:
    """Waits a second, works for two, reports once."""
    yield RunAccepted(run_id, session, 1, 0, at, Request("p", session, run_id))
    yield RunStarted(run_id, session, 2, 1, at + 1)
    yield Progress(run_id, session, 3, 2, at + 2, "x")
    if status is not None:
        error = ErrorInfo("ValueError", "no") if status is Status.FAILED else None
        yield RunComplete(
            run_id, session, 4, 3, at + 3, status, error=error, cancelled_by="run" if status is Status.CANCELLED else None
        )


def test_a_run_waits_works_and_ends() -> None:
    """The bar is in proportion, the end in words."""
    assert str(picture_of(life())).splitlines() == [
        "1 run: 1 completed",
        f"s1  r1  {'·' * 13}{'█' * 27}  completed, waited 1 s, took 3 s",
    ]


@pytest.mark.parametrize(("status", "look"), [(Status.FAILED, "x"), (Status.CANCELLED, "/")])
def test_how_it_ended_shows_in_the_bar_and_has_a_line(status: Status, look: str) -> None:
    """By pattern, and why in a note."""
    picture = picture_of(life(status=status))
    assert look * 27 in picture.text
    assert f"url(#{status})" in picture.svg
    why = {"failed": "r1: failed: ValueError: no", "cancelled": "r1: cancelled by run"}[status]
    assert why in [text.what for text in texts(picture.svg)]


def test_what_is_not_over_reaches_to_the_last_event() -> None:
    """It has no ring, and says so."""
    picture = picture_of([*life("r1", status=None), *life("r2", "s2", at=5)])
    assert picture.title == "2 runs: 1 completed, 1 not over"
    assert "not over, waited 1 s, took 8 s" in picture.text


def test_wall_clock_times_do_not_show() -> None:
    """The same runs at another hour make the same picture, byte by byte."""
    assert picture_of(life(at=1.7e9)) == picture_of(life(at=0.0))


def test_idle_stretches_are_folded() -> None:
    """Two runs a day apart stand side by side; the fold says how long nothing was in flight."""
    picture = picture_of([*life("r1"), *life("r2", at=86_400.0)])
    said = [text.what for text in texts(picture.svg)]
    assert "… 24 h" in said
    assert said.count("24 h") == 1  # on the axis, behind the fold
    bars = [line.count("█") for line in picture.text.splitlines()[1:]]
    assert min(bars) > 10


def test_sessions_stay_together_and_old_runs_are_counted() -> None:
    """The last ones are shown, by session."""
    events = [event for n in range(60) for event in life(f"r{n}", f"s{n % 2}", at=float(n))]
    picture = picture_of(events, most_runs=10)
    said = [text.what for text in texts(picture.svg)]
    assert "… 50 more runs, not shown" in said
    assert [line.split()[0] for line in picture.text.splitlines()[1:11]] == ["s0"] * 5 + ["s1"] * 5


def test_a_window_zooms_in() -> None:
    """Runs that were there between two instants, and no more of the axis than that."""
    events = [event for n in range(10) for event in life(f"r{n}", at=10.0 * n)]
    picture = picture_of(events, between=(20, 32.5))
    assert [line.split()[1] for line in picture.text.splitlines()[1:-1]] == ["r2", "r3"]
    assert picture.text.splitlines()[-1] == "… 8 more runs, not shown"
    assert_sound(picture.svg)


def test_parts_of_a_story_are_told_as_far_as_they_go() -> None:
    """Only an end, only a beginning, gaps, a clock that was set back, nothing at all."""
    first, second, third, last = life()
    for events in ([], [last], [first], [third], [Gap(3, 1), last], [last, first], [first, second, first]):
        assert_sound(picture_of(events).svg)
    assert "3 events were dropped" in picture_of([Gap(3, 1), last]).text
    assert picture_of([]).text == "0 runs"


def test_notifications_are_told() -> None:
    """What a workspace found worth knowing stands below."""
    told = Notification("r1", "s1", 5, 4, 3.5, "late error", "<b>\x00\x1b[2J\n" * 99)
    picture = picture_of([*life(), told])
    assert any(text.what.startswith("r1, 3.5 s: late error: <b>") for text in texts(picture.svg))
    assert "r1, 3.5 s: late error: <b>" in picture.text
    assert all(line.isprintable() and len(line) <= 160 for line in picture.text.splitlines())
    assert picture_of([*life(), *[told] * 30]).text.endswith("\n… 18 more")


NAMES = st.sampled_from(["r1", "<script>", "x" * 10_000, "\u202eא", "\x00", "😀" * 40])
ANY_RUN = st.tuples(NAMES, NAMES, st.floats(-1e9, 2e9), st.sampled_from([None, *Status]))


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_RUN, max_size=12), st.integers(1, 8))
def test_any_runs_make_a_sound_picture(runs: list[tuple[str, str, float, Status | None]], most: int) -> None:
    """At whatever times, with whatever names: no label on another one, the same bytes again."""
    events = [event for name, session, at, status in runs for event in life(name, session, at=at, status=status)]
    picture = picture_of(events, most_runs=most)
    assert_sound(picture.svg)
    assert picture_of(events, most_runs=most) == picture


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e3)), min_size=1, max_size=20))
def test_the_axis_never_runs_backwards(stretches: list[tuple[float, float]]) -> None:
    """From 0 to its width, later instants further right."""
    scale = TimeScale.over((start, start + length) for start, length in stretches)
    places = [scale.at(at) for at in sorted({at for start, length in stretches for at in (start, start + length)})]
    assert places == sorted(places)
    assert all(-1e-6 <= place <= UNITS + 1e-6 for place in places)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (0.0123, "12.3 ms"), (1.5, "1.5 s"), (90, "90 s"), (600, "10 min"), (86_400, "24 h"), (1e6, "11.6 d")],
)
def test_durations_read_well(seconds: float, said: str) -> None:
    """With the unit that a person would take."""
    assert duration(seconds) == said


def test_a_live_workspace_can_be_drawn() -> None:
    """What a subscriber got is all it takes."""

    async def main() -> list[Event | Gap]:
        async def agent(request: finale.Request, ctx: finale.RunContext) -> str:
            await trio.sleep(2)
            return "done"

        got: list[Event | Gap] = []
        async with finale.open_workspace(agent, clock=trio.current_time, new_id=iter(["r1", "r2"]).__next__) as ws:
            events = ws.subscribe(since=0)
            ws.submit("a", session="s")
            ws.submit("b", session="s")
            await trio.sleep(5)
            async for event in events:
                got.append(event)
                if len(got) == 6:
                    break
        return got

    events = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert str(picture_of(events)).splitlines() == [
        "2 runs: 2 completed",
        f"s  r1  {'█' * 20}{' ' * 20}  completed, waited 0 s, took 2 s",
        f"s  r2  {'·' * 20}{'█' * 20}  completed, waited 2 s, took 4 s",
    ]
