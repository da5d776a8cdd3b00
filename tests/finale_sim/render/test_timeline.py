"""The timeline: who did what when, as text that stays readable whatever it is about."""

from dataclasses import replace
from typing import Any

import pytest
import trio

from finale import Gap, Progress, RunComplete, Status
from finale_sim.choices import Choice, Kind, Site
from finale_sim.history import Entry, What
from finale_sim.kernel import Step, Trial
from finale_sim.kernel.states.livelock import Livelock
from finale_sim.program import PlainProgram
from finale_sim.render import timeline
from finale_sim.search import Attempt, following
from finale_sim.story import Story
from tests.finale_sim.synthetic import following_answers


def step(number: int, path: str = "/main", *, n: int = 0, at: float = 0.0, answer: int | None = None, waiting: str = "") -> Step:
    choice = None if answer is None else Choice(Site(Kind.SCHEDULE, path, n or number), 3, answer)
    return Step(number, path, n or number, at, choice, ("/main", "/main/a:0", "/main/b:0") if choice else (), waiting)


def story(*steps: Step, entries: tuple[Entry, ...] = ()) -> Story:
    return Story(Attempt(tuple(s.choice for s in steps if s.choice), 0), Trial(ending=None, trace=steps), entries)  # type: ignore[arg-type]


def entry(number: int, what: What, detail: Any = None, *, who: str = "client", run_id: str = "r1", session: str = "s1") -> Entry:
    return Entry(number, number, 0.0, who, what, run_id, session, detail)


def test_an_empty_trial_has_an_empty_timeline() -> None:
    """Nothing happened, nothing is shown."""
    assert timeline(story()) == ""


def test_steps_of_one_task_are_one_line() -> None:
    """A stretch of steps of one task at one instant is told once, with its numbers and what it waits for in the end."""
    text = timeline(story(step(1), step(2), step(3, waiting="trio.sleep"), step(4, "/main/a:0", n=1, waiting="ended")))
    assert text.splitlines() == [
        "   0.000 s    /main steps 1–3 → trio.sleep",
        "              /main/a:0 step 1 → ended",
    ]


def test_the_rounds_of_a_livelock_are_shown_once() -> None:
    """And counted, up to a turn that is not like the others. Without a livelock nothing is folded."""
    turns = [("/main", "trio.sleep"), ("~timer", "fires for /main"), ("/main/a:0", "trio.Lock.acquire")]
    steps = [
        step(3 * n + at, path, at=float(n), waiting=waiting) for n in range(30) for at, (path, waiting) in enumerate(turns, 1)
    ]
    steps.insert(30, step(0, "~calm", at=10.0, waiting="from here on"))
    told = story(*steps)
    assert len(timeline(told, most_lines=500).splitlines()) == 91
    round_ = Livelock(31, 34, 1.0, ())
    told = replace(told, trial=replace(told.trial, livelock=round_))
    lines = [line[11:].strip() for line in timeline(told).splitlines()]
    assert lines == [
        "/main step 1 → trio.sleep",
        "time → fires for /main",
        "/main/a:0 step 3 → trio.Lock.acquire",
        "… the same 9 times more …",
        "calm → from here on",
        "/main step 31 → trio.sleep",
        "time → fires for /main",
        "/main/a:0 step 33 → trio.Lock.acquire",
        "… the same 19 times more …",
    ]


def test_time_stands_where_it_changes() -> None:
    """The instant is written once for all that happens at it."""
    lines = timeline(story(step(1), step(2, at=1.5), step(3, "/main/a:0", at=1.5), step(4, "~timer", at=2))).splitlines()
    assert [line[:10].strip() for line in lines] == ["0.000 s", "1.500 s", "", "2.000 s"]
    assert lines[-1].endswith("time")


def test_deviations_are_marked() -> None:
    """A step that was not the plainest one begins a line of its own, with a mark; others have none."""
    lines = timeline(story(step(1, answer=0), step(2, answer=2), step(3, answer=0))).splitlines()
    assert ["»" in line for line in lines] == [False, True]


@pytest.mark.parametrize("steps", [10, 100, 3000])
@pytest.mark.parametrize("most", [8, 48])
def test_long_trials_are_cut_around_what_matters(steps: int, most: int) -> None:
    """No more lines than wanted, deviations and the end among them; what is left out is counted."""
    trace = [step(n, f"/main/t:{n % 2}", answer=2 if n == steps // 2 else 0) for n in range(1, steps + 1)]
    full = timeline(story(*trace), most_lines=10**9).splitlines()
    cut = timeline(story(*trace), most_lines=most).splitlines()
    told = [line for line in cut if "…" not in line]
    assert len(told) <= max(most, 7)
    assert sum("»" in line for line in cut) == 1
    assert cut[-1] == full[-1]
    left_out = sum(int(line.split()[1]) for line in cut if "…" in line)
    assert len(told) + left_out == len(full)


def test_every_deviation_stays_even_if_they_are_many() -> None:
    """Deviations are never left out; the cap is for what surrounds them."""
    trace = [step(n, f"/main/t:{n % 2}", answer=1) for n in range(1, 101)]
    assert timeline(story(*trace), most_lines=10).count("»") == 100


def test_what_was_seen_stands_under_the_step_in_which_it_was_seen() -> None:
    """Observations have a mark, a subject and a detail; only the witness's endings and gaps are told of what was seen."""
    complete = RunComplete("r1", "s1", 5, 1, 0.0, Status.COMPLETED, "the answer")
    entries = (
        entry(1, What.ACCEPTED, "hello"),
        entry(1, What.EVENT, Progress("r1", "s1", 2, 1, 0.0, "x"), who="witness"),
        entry(2, What.EVENT, complete, who="witness"),
        entry(2, What.EVENT, complete, who="leaver"),
        entry(2, What.EVENT, Gap(3), who="slow", run_id="", session=""),
        entry(2, What.CANCEL, 2, run_id=""),
    )
    assert timeline(story(step(1), step(2, "/main/a:0", n=1), entries=entries)).splitlines() == [
        "   0.000 s    /main step 1",
        "                · client accepted r1 (s1): 'hello'",
        "              /main/a:0 step 1",
        "                · witness sees r1 (s1): completed, 'the answer'",
        "                · slow sees: a gap of 3",
        "                · client cancels (s1): 2",
    ]


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Loud:
    def __repr__(self) -> str:
        return "\x1b[31mred\x1b[0m\nsecond line\r\x00" + "x" * 1000


@pytest.mark.parametrize("detail", [Silent(), Loud(), "a\nb\x1b[2J" * 100, ValueError("\ud800\n"), [Silent()]], ids=range(5))
def test_hostile_details_stay_on_their_line(detail: object) -> None:
    """Whatever a coordinator returns: one short line, nothing that a terminal would obey."""
    text = timeline(story(step(1), entries=(entry(1, What.RETURNED, detail), entry(1, What.REPORTED, detail))))
    assert len(text.splitlines()) == 3
    assert all(line.isprintable() for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 140


def test_a_real_trial_reads_well() -> None:
    """Two tasks that take turns: each step stands there, the deviation marked, the wait named."""

    async def child(event: trio.Event) -> None:
        await event.wait()

    async def program() -> None:
        event = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, event)
            nursery.start_soon(child, event)
            await trio.sleep(1)
            event.set()

    plain = PlainProgram("explore/program", program)
    text = timeline(plain.tell(following_answers(1)))
    assert "» /main/child:0 step 1 → trio.Event.wait" in text or "» /main/child:1 step 1 → trio.Event.wait" in text
    assert "   1.000 s    time" in text
    assert "»" not in timeline(plain.tell(following({})))
