"""Trials as lanes: each step drawn or counted, what deviates marked, and a drawing that holds together whatever the trial."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import trio

from finale import RunComplete, Status
from finale.drawing.lanes import Look, Sign
from finale.drawing.lanes_svg import draw
from finale_sim.campaign import campaign_programs
from finale_sim.choices import Choice, Decide, Kind, Site
from finale_sim.history import Entry, What
from finale_sim.kernel import Conditions, Ending, Fidelity, Trial
from finale_sim.program import PlainProgram
from finale_sim.render import trial_picture
from finale_sim.render.lanes import lanes_of
from finale_sim.search import Attempt, following
from finale_sim.story import Story
from tests.finale.drawing.geometry import assert_sound
from tests.finale_sim.synthetic import following_answers

TURNS = (Look.ACTIVE, Look.CANCELLED, Look.FAILED)


def walk(seed: int) -> Decide:
    rng = random.Random(seed)
    return lambda site, options: rng.randrange(options) if rng.random() < 0.1 else 0


def tell(program: Callable[[], Awaitable[Any]], decide: Decide, conditions: Conditions | None = None) -> Story:
    return PlainProgram("explore/p", program, conditions or Conditions(Fidelity.named("ties"))).tell(decide)


def spinning(tasks: int, checkpoints: int) -> Callable[[], Awaitable[None]]:
    async def spin() -> None:
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(spin)
            await trio.sleep(1)

    return program


HOSTILE = ("<script>alert(1)</script>", "a\x00\x1b\nb", "x" * 10_000, "\u202eשלם😀")
SIZES = {
    "small": (spinning(2, 1), following_answers(1)),
    "typical": (spinning(10, 4), walk(1)),
    "huge": (spinning(200, 23), following_answers(*[0] * 50, 1, *[0] * 1500, 2)),
    "wild": (spinning(6, 60), lambda site, options: options - 1),
    "hostile": (spinning(4, 2), walk(2)),
}


@pytest.fixture(params=SIZES, scope="module")
def story(request: pytest.FixtureRequest) -> Story:
    program, decide = SIZES[request.param]
    told = tell(program, decide)
    return renamed(told) if request.param == "hostile" else told


def renamed(told: Story) -> Story:
    """The same with paths that no kernel makes."""
    names = dict(zip([f"/main/spin:{n}" for n in range(4)], HOSTILE, strict=True))
    trace = [
        replace(step, path=names.get(step.path, step.path), options=tuple(names.get(path, path) for path in step.options))
        for step in told.trial.trace
    ]
    return replace(told, trial=replace(told.trial, trace=tuple(trace)))


def turns_drawn(story: Story, steps: tuple[int, int] | None = None) -> int:
    chart = lanes_of(story, steps)
    starts = {(span.start, span.end) for lane in chart.lanes for span in lane.spans if span.look in TURNS}
    assert all(end == start + 1 for start, end in starts)
    return len(starts)


def turns_counted(story: Story, steps: tuple[int, int] | None = None) -> int:
    return sum(int(fold.label.removeprefix("… ").replace(",", "")) for fold in lanes_of(story, steps).folds)


@pytest.mark.parametrize("steps", [None, (3, 5), (100, 400), (10**6, 10**7)])
def test_each_turn_is_drawn_or_counted(story: Story, steps: tuple[int, int] | None) -> None:
    """What is not drawn is in one of the folds; no column has two turns."""
    assert turns_drawn(story, steps) + turns_counted(story, steps) == len(story.trial.trace)


def test_the_drawing_is_sound_and_the_same_again(story: Story) -> None:
    """All inside, no label on another one, the same bytes when it is drawn again."""
    picture = trial_picture(story)
    assert_sound(picture.svg)
    assert trial_picture(story) == picture
    assert len(picture.svg) < 150_000


def test_the_same_trial_makes_the_same_picture() -> None:
    """Two trials with equal choices are told alike, byte by byte."""
    first, second = (trial_picture(tell(*SIZES["typical"][:1], walk(1))) for _ in range(2))
    assert first.svg == second.svg
    assert first.text == second.text


@pytest.mark.parametrize("name", ["cancel race", "journal fails", "crowd", "killed", "deaf coordinator", "close race"])
def test_scenarios_are_drawn(name: str) -> None:
    """With observations, cancels, faults and terminal events."""
    (program,) = campaign_programs([name])
    story = program.tell(walk(3))
    assert_sound(draw(lanes_of(story)))
    assert turns_drawn(story) + turns_counted(story) == len(story.trial.trace)


def test_each_terminal_event_has_its_sign_and_a_note() -> None:
    """What the witness sees of endings stands on its lane, and below in words."""
    (program,) = campaign_programs(["one prompt"])
    chart = lanes_of(program.tell(following({})))
    assert any(mark.sign is Sign.COMPLETED for lane in chart.lanes for mark in lane.marks)
    assert any("r1 (s1): completed" in note.text for note in chart.notes)


def test_deviations_are_numbered_as_in_the_words() -> None:
    """The label above the lanes is the number in the notes."""
    chart = lanes_of(tell(spinning(3, 2), following_answers(1, 0, 1)))
    labels = [mark.label for lane in chart.lanes for mark in lane.marks if mark.sign is Sign.DEVIATION]
    assert sorted(labels) == ["1", "2"]
    assert chart.notes[0].text.startswith("1. hold ")


def test_two_endings_in_one_step_are_counted_above_their_ring() -> None:
    """What hides behind another one is a number; deviations of one step are named together."""
    step = tell(spinning(1, 0), following({})).trial.trace[0]
    site = Site(Kind.SCHEDULE, "/main", 1)
    delay, data = (Choice(Site(kind, "/main", 1), 2, 1) for kind in (Kind.DELAY, Kind.DATA))
    twice = replace(step, choice=Choice(site, 2, 0), asked=(delay, data))
    complete = RunComplete("r1", "s1", 1, 0, 0.0, Status.COMPLETED)
    entries = tuple(Entry(n, step.number, 0.0, "witness", What.EVENT, "r1", "s1", complete) for n in range(2))
    chart = lanes_of(Story(Attempt((delay, data), 0), Trial(Ending.RETURNED, trace=(twice,)), entries))
    assert [(mark.sign, mark.label) for mark in chart.lanes[0].marks] == [(Sign.DEVIATION, "1,2"), (Sign.COMPLETED, "×2")]


def test_what_was_broken_stands_first() -> None:
    """The first line of the message, before the deviations."""
    chart = lanes_of(tell(failing, following({})))
    assert chart.notes[0].text.endswith("ValueError: first line")


async def failing() -> None:
    raise ValueError("first line\nsecond line")


def test_a_held_task_looks_held_and_a_waiting_one_waiting() -> None:
    """Who could go on and was not picked is told from who waits for something."""
    chart = lanes_of(tell(spinning(2, 1), following_answers(0)))
    by_label = {lane.label: [span.look for span in lane.spans] for lane in chart.lanes}
    assert by_label["/main"][:2] == [Look.ACTIVE, Look.WAITING]
    assert by_label["/main/spin:1"][0] is Look.READY


def test_who_is_cancelled_and_who_failed_looks_so() -> None:
    """Steps under a cancelled scope, and the step that an error ends; a sleep that is over is no cancellation."""

    async def fails() -> None:
        await trio.sleep(1)
        raise ValueError

    async def sleeps() -> None:
        await trio.sleep(0.5)
        await trio.sleep(5)

    async def program() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fails)
            nursery.start_soon(sleeps)

    chart = lanes_of(tell(program, following({})))
    by_label = {lane.label: [span.look for span in lane.spans if span.look in TURNS] for lane in chart.lanes}
    assert by_label["/main/fails:0"] == [Look.ACTIVE, Look.FAILED]
    assert by_label["/main/sleeps:0"][-1] is Look.CANCELLED
    assert Look.CANCELLED not in by_label["/main/sleeps:0"][:2]
    assert [mark.sign for mark in chart.lanes[0].marks] == [Sign.FAILED]


def test_cancels_and_faults_by_choice_have_their_signs() -> None:
    """A scope that the trial cancels is a cross, a fault that strikes a bolt, on the lane of who asked."""
    (program,) = campaign_programs(["journal fails"])

    def strike(site: Site, options: int) -> int:
        return int(site.kind.name == "FAULT")

    chart = lanes_of(program.tell(strike))
    assert any(mark.sign is Sign.FAULT for lane in chart.lanes for mark in lane.marks)

    def cancel(site: Site, options: int) -> int:
        return int(site.kind.name == "CANCEL" and site.n == 2)

    chart = lanes_of(tell(spinning(2, 3), cancel, Conditions(Fidelity.named("step"), cancels=True)))
    assert [mark.sign for mark in chart.lanes[-1].marks] == [Sign.CANCEL]
    assert chart.lanes[-1].label == "cancels"


def test_the_lanes_of_a_killed_process_end_with_it() -> None:
    """What is started afterwards has a lane of its own, and the kill a bolt."""
    program = PlainProgram("explore/p", spinning(2, 2), Conditions(crashes=True), spinning(1, 1))
    chart = lanes_of(program.tell(lambda site, options: int((site.kind, site.path, site.n) == (Kind.CRASH, "/main/spin:1", 2))))
    lanes = {lane.label: lane for lane in chart.lanes}
    assert [mark.sign for mark in lanes["process"].marks] == [Sign.FAULT]
    killed_at, started_at = lanes["process"].spans[0].start, lanes["/after"].spans[0].start
    assert all(span.end <= started_at for path, lane in lanes.items() if path.startswith("/main") for span in lane.spans)
    assert killed_at < started_at
    assert [mark.sign for mark in lanes["/after"].marks] == [Sign.COMPLETED]


def test_tasks_beyond_the_cap_share_a_lane() -> None:
    """Their turns are drawn there, and it says how many they are."""
    chart = lanes_of(tell(spinning(60, 0), following({})), most_lanes=10)
    assert len(chart.lanes) == 10
    assert chart.lanes[-1].label == "… 53 more tasks"


def test_a_window_zooms_in_on_text_and_drawing() -> None:
    """Only the steps that were asked for, in both."""
    story = tell(*SIZES["huge"])
    picture = trial_picture(story, steps=(2001, 2020))
    assert turns_drawn(story, (2001, 2020)) == 20
    assert len(picture.text.splitlines()) <= 20
    assert_sound(picture.svg)


def test_what_repeats_itself_in_a_path_is_counted() -> None:
    """A task that starts a task that starts a task of the same name."""

    async def nest(depth: int = 5) -> None:
        async with trio.open_nursery() as nursery:
            if depth:
                nursery.start_soon(nest, depth - 1)

    labels = [lane.label for lane in lanes_of(tell(nest, following({}))).lanes]
    assert labels == ["/main", "/main/nest:0", *(f"/main/nest:0 ×{n}" for n in range(2, 6))]
