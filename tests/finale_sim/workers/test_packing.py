"""Results in bytes."""

import pytest

from finale_sim.choices import Choice, Kind, Site
from finale_sim.failure.determinism import Difference, Unstable
from finale_sim.injected import Injected
from finale_sim.search import Attempt, EndSearch, RandomWalk
from finale_sim.verdict import Breach
from finale_sim.workers.packing import Packer, Row, unpack
from tests.finale_sim.synthetic import flat


def pack(attempts: list[Attempt], ended: BaseException | None = None) -> bytes:
    packer = Packer()
    for attempt in attempts:
        packer.add(attempt)
    return packer.pack(ended)


def test_attempts_come_back_equal() -> None:
    """Whatever a trial was: its choices with their sites, what it broke, reached, and said of itself."""
    walk, run = RandomWalk(2), flat(*[3] * 20)
    attempts = [run(walk.next()) for _ in range(5)]
    sites = [Choice(Site(Kind.FAULT, "/main", 1, "db"), 5, 4), Choice(Site(Kind.SCHEDULE, "/main/a:0", 70_000), 2**20, 2**19)]
    injected = Injected(probes={"full": True}, lasting={"db": 1}, told={7: "db fails"}, discarded=True)
    injected.struck["db"] += 2
    attempts.append(Attempt(tuple(sites), 2**64 - 1, Breach("claim", "case \ud800"), None, 12, ("E1", "E2"), injected))
    attempts.append(Attempt((), 0, undecided="too long"))
    came = unpack(pack(attempts))
    assert [row.attempt() for row in came.attempts if isinstance(row, Row)] == attempts
    assert came.ended is None


def test_each_site_is_sent_once() -> None:
    """A hundred trials at the same sites take a few bytes for each choice."""
    attempt = flat(*[2] * 50)(RandomWalk(1).next())
    assert len(pack([attempt] * 100)) / 100 / 50 < 20


@pytest.mark.parametrize("ended", [EndSearch("why"), KeyboardInterrupt(), Unstable(Difference("where", ("one", "two")))])
def test_what_ended_a_chunk_comes_along(ended: BaseException) -> None:
    """With its type and its words."""
    came = unpack(pack([], ended)).ended
    assert type(came) is type(ended)
    assert str(came) == str(ended)


def test_an_error_that_cannot_be_pickled_is_told() -> None:
    """Its name and its words, as another error."""

    class Local(Exception):
        pass

    came = unpack(pack([], Local("of its own"))).ended
    assert isinstance(came, RuntimeError)
    assert "Local" in str(came)
    assert "of its own" in str(came)
