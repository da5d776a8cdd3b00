"""The seed: what it can do, and that the simulator finds each hole that is known in it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import trio

import finale_sim
from finale import Progress, RunComplete, Status
from finale_sim.campaign import workspace_programs
from finale_sim.investigate import investigate
from finale_sim.search import following
from finale_sim.seed import HOLES, Hole, open_workspace
from finale_sim.seed.brokers import Broker
from finale_sim.verdict import Violated
from finale_sim.workspaces import opener


def test_the_seed_has_the_face_of_a_workspace() -> None:
    """As far as the scenarios use it that show its holes."""
    assert opener("seed", open_workspace, [hole.scenario for hole in HOLES]) is open_workspace


@pytest.mark.parametrize("scenario", ["one prompt", "idle cancel"])
def test_the_seed_answers(scenario: str) -> None:
    """It is no straw man: on the happy path of the plainest scenarios, one at a time, nothing is wrong."""
    (program,) = workspace_programs("seed", open_workspace, [scenario])
    assert program.attempt(following({})).breach is None


@pytest.mark.parametrize(
    ("scenario", "claim"),
    [
        ("cancel race", "I4 cancel scope"),  # reservations and marks
        ("idle cancel", "I5 idle cancel"),
        ("close race", "I10 ownership"),
        ("client leaves", "I15 isolation"),
    ],
)
def test_what_the_seed_had_put_right_holds(scenario: str, claim: str) -> None:
    """The bugs that were mended in it before are mended in the model, too."""
    (program,) = workspace_programs("seed", open_workspace, [scenario])
    assert investigate(replace(program, claims=(claim,)), trials=150).verdict.exit_code == 0


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_hole_is_found(hole: Hole) -> None:
    """Within a few trials, at the claim that it breaks, with at most one deviation."""
    (program,) = workspace_programs("seed", open_workspace, [hole.scenario])
    report = investigate(replace(program, claims=(hole.claim,)), trials=50)
    assert isinstance(report.verdict, Violated)
    assert report.verdict.breach.claim == hole.claim
    assert report.counterexample is not None
    assert report.counterexample.deviations <= 1


def test_only_the_chosen_claims_are_judged() -> None:
    """A program that is known to break one claim can be searched for another."""
    (program,) = workspace_programs("seed", open_workspace, ["queue behind"])
    assert investigate(replace(program, claims=("I5 idle cancel",)), trials=20).verdict.exit_code == 0


async def test_what_must_be_delivered_is_waited_for_and_then_dropped(autojump_clock: trio.testing.MockClock) -> None:
    """A full subscriber costs 50 ms and misses it without a sign; lossy events are dropped at once."""
    broker = Broker(1)
    events = broker.subscribe()
    place = ("r1", "s1", 1, 0, 0.0)
    for n in range(3):
        broker.publish(Progress(*place, n))
    start = trio.current_time()
    await broker.must_deliver(RunComplete(*place, Status.COMPLETED))
    assert trio.current_time() - start == pytest.approx(0.05)
    broker.close()
    assert [event async for event in events] == [Progress(*place, 0)]


def test_the_tokens_of_the_page_replay() -> None:
    """Each hole has its section in docs/seed.md, and the trial that it tells of comes out again, step by step."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "seed.md").read_text(encoding="utf-8")
    tokens = re.findall(r"^finale-sim replay (\S+) finale_sim\.seed:open_workspace$", page, flags=re.MULTILINE)
    assert re.findall(r"^## (\S+)$", page, flags=re.MULTILINE) == [hole.name for hole in HOLES]
    assert len(tokens) == len(HOLES)
    for token in tokens:
        assert finale_sim.replay(token, open_workspace).recorded, f"{token} is gone: make docs writes docs/seed.md anew"
