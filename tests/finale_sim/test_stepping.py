"""A person as the strategy: look, choose, go back, fork."""

import pytest
import trio

import finale_sim
from finale_sim.campaign import campaign_programs, run_campaign
from finale_sim.canaries import CANARIES
from finale_sim.choices import Kind
from finale_sim.inject import fault
from tests.finale.drawing.geometry import assert_sound


async def lost() -> None:
    counter = 0

    async def increment() -> None:
        nonlocal counter
        seen = counter
        await trio.lowlevel.checkpoint()
        counter = seen + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(increment)
        nursery.start_soon(increment)
    assert counter == 2


async def troubled() -> None:
    """Faults, ties, scopes."""
    with trio.CancelScope():
        if await fault("disk", drops=True):
            await trio.sleep(2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1)
        nursery.start_soon(trio.sleep, 1)


def test_a_walk_starts_at_the_first_choice() -> None:
    """It shows what can be chosen, and what comes of it with 0 from there on."""
    walk = finale_sim.step_through(lost)
    assert walk.answers == ()
    assert [option.text for option in walk.options] == [
        "/main/increment:0 takes its step 1",
        "/main/increment:1 takes its step 1",
    ]
    assert str(walk).splitlines()[0] == "Choice 1, behind step 1: who takes the next step?"
    assert str(walk).splitlines()[-1] == "With 0 from here on: it holds"


def test_choosing_leads_to_the_failure() -> None:
    """One deviation, then the plain way to the end; the token replays just that."""
    walk = finale_sim.step_through(lost).choose(0, 1)
    assert str(walk).splitlines()[-1] == "With 0 from here on: violated: 'assertions hold'"
    while walk.choice is not None:
        walk.choose()
    assert walk.options == ()
    assert str(walk).startswith("The trial is over after 3 choices, 6 steps: violated")
    assert finale_sim.replay(walk.token, lost).recorded


def test_an_option_says_where_its_task_goes_on() -> None:
    """The line at which it stands."""
    walk = finale_sim.step_through(lost).choose(0)
    assert walk.options[0].text.startswith("/main/increment:0 takes its step 2, from test_stepping.py:")
    assert walk.options[0].text.endswith("await trio.lowlevel.checkpoint()")


def test_going_back_is_never_having_gone() -> None:
    """The same choice, the same options, the same picture; further back than the start is the start."""
    walk = finale_sim.step_through(lost).choose(0)
    before = str(walk), walk.timeline(), walk.options
    assert (str(walk.choose(1, 0).back(2)), walk.timeline(), walk.options) == before
    assert walk.back(99).answers == ()


def test_a_fork_leaves_the_walk_where_it_is() -> None:
    """Two walks part at any choice."""
    walk = finale_sim.step_through(lost).choose(0, 1)
    other = walk.fork().choose(0)
    early = walk.fork(at=1)
    assert (walk.answers, other.answers, early.answers) == ((0, 1), (0, 1, 0), (0,))
    assert early.options == finale_sim.step_through(lost).choose(0).options


def test_wrong_indexes_are_refused() -> None:
    """With what there is, and the way back."""
    walk = finale_sim.step_through(lost)
    with pytest.raises(ValueError, match="7 is no option here; there are 0 to 1"):
        walk.choose(7)
    with pytest.raises(ValueError, match="-1 is no option"):
        walk.choose(-1)
    while walk.choice is not None:
        walk.choose()
    with pytest.raises(ValueError, match=r"over after \d choices; back\(\) takes"):
        walk.choose()
    assert walk.back().choice is not None


def test_a_walk_can_begin_at_the_end_of_a_failure() -> None:
    """With a token: see how it ended, and take back what led there."""
    token = finale_sim.explore(lost, trials=50).token
    assert token is not None
    walk = finale_sim.step_through(lost, token=token)
    assert walk.choice is None
    assert "violated" in str(walk)
    assert walk.token == token
    with pytest.raises(finale_sim.BadToken, match="another program"):
        finale_sim.step_through(troubled, token=token)


def test_scenarios_can_be_walked_through_by_token() -> None:
    """One of the standard campaign, and one with a coordinator of the user's."""
    with CANARIES["no finally"].released():
        (report,) = run_campaign(campaign_programs(["fails while active"]), trials=60).reports
        assert report.token is not None
        walk = finale_sim.step_through(token=report.token)
        assert "violated: 'I1 one terminal'" in str(walk)
    assert "it holds" in str(walk.fork())
    with pytest.raises(finale_sim.BadTarget, match="explore takes an async function"):
        finale_sim.step_through()


def test_every_kind_of_choice_is_told() -> None:
    """Faults, cancels, ties: each has a question, and options in words, each step of the way."""
    walk = finale_sim.step_through(troubled, cancel=True)
    kinds = set()
    last = 0
    while walk.choice is not None:
        kinds.add(walk.choice.site.kind)
        lines = str(walk).splitlines()
        assert lines[0].startswith(f"Choice {len(walk.answers) + 1}, behind step ")
        here = int(lines[0].partition("behind step ")[2].partition(":")[0])
        assert here >= last
        last = here
        assert len(walk.options) == walk.choice.options
        assert all(option.text for option in walk.options)
        if walk.choice.site.kind is Kind.FAULT:
            assert "disk" in walk.options[1].text
        if walk.choice.site.kind is Kind.CANCEL:
            assert walk.options[1].text.endswith("is cancelled")
            coming = next(step for step in walk.story.trial.trace if step.number == here + 1)
            assert (coming.path, coming.n) == (walk.choice.site.path, walk.choice.site.n)
        walk.choose()
    assert {Kind.FAULT, Kind.CANCEL, Kind.TIE, Kind.SCHEDULE} <= kinds


def test_it_shows_itself_wherever_it_is() -> None:
    """At each choice: text at a prompt, a picture of what was until then in a notebook."""
    walk = finale_sim.step_through(troubled, cancel=True)
    assert repr(walk) == str(walk)
    sizes = []
    while walk.choice is not None:
        picture = walk.choose().timeline()
        assert_sound(picture.svg)
        sizes.append(len(picture.text.splitlines()))
        assert list(walk._repr_mimebundle_()) == ["text/plain", "text/html"]
    assert sizes == sorted(sizes)


def test_a_process_is_killed_by_hand() -> None:
    """Behind the step that is named, or before all; the walk goes on in what is started then."""

    async def work() -> None:
        finale_sim.disk()["half"] = True
        await trio.lowlevel.checkpoint()
        del finale_sim.disk()["half"]

    async def opens() -> None:
        assert not finale_sim.disk(), "half"

    walk = finale_sim.step_through(work, crash=opens)
    assert str(walk).startswith("Choice 1, behind step 0: is the process killed here?\n")
    walk.choose(0)
    assert str(walk).startswith("Choice 2, behind step 1: is the process killed here?\n")
    assert str(walk.options[1]).strip().startswith("1  kill the process after step 1 of /main (test_stepping.py:")
    walk.choose(1)
    assert "violated: 'assertions hold after a restart'" in str(walk)
    assert str(finale_sim.step_through(work, token=walk.token, crash=opens)) == str(walk)
