"""The picture of a trial that is stuck: circles are circles, closed sets are closed, words say no more than is known."""

import pytest

from finale_sim.kernel.stuck.waits import JOIN, Wait, circle, closed_off, render_waits


def lock(waiter: str, number: int, *held_by: str) -> Wait:
    return Wait(waiter, f"Lock {number}", held_by, only=True)


def test_a_circle_is_told_from_who_waits_outside_of_it() -> None:
    """Who waits for somebody in a circle is not part of it, but can't go on either."""
    waits = (lock("/c", 1, "/a"), lock("/a", 2, "/b"), lock("/b", 1, "/a"))
    assert [wait.waiter for wait in circle(waits)] == ["/a", "/b"]
    assert closed_off(waits) == {"/a", "/b", "/c"}
    assert render_waits(waits) == "in a circle: /a holds Lock 1 and waits for Lock 2; /b holds Lock 2 and waits for Lock 1"


def test_the_shortest_circle_is_shown() -> None:
    """Three in a ring, two of which are in a ring of their own."""
    waits = (Wait("/main", JOIN, ("/main/a", "/main/b"), only=True), lock("/main/a", 1, "/main/b"), lock("/main/b", 2, "/main"))
    assert [wait.waiter for wait in circle(waits)] == ["/main", "/main/b"]
    assert render_waits(waits) == f"in a circle: /main holds Lock 2 and waits for {JOIN}; /main/b waits for Lock 2"


def test_an_owner_may_wait_for_its_own_lock() -> None:
    """A circle of one."""
    assert [wait.waiter for wait in circle([Wait("/a", "CapacityLimiter 1", ("/a",))])] == ["/a"]


@pytest.mark.parametrize(
    "waits",
    [
        (lock("/a", 1, "/b"),),  # b goes on
        (lock("/a", 1),),  # nobody holds it
        (Wait("/a", "CapacityLimiter 1", ("/b",)), Wait("/b", "CapacityLimiter 2", ("/a",))),  # anybody may give a token back
        (Wait("/a", "Event 1", known_to=()),),
    ],
)
def test_nobody_is_closed_off_as_long_as_somebody_could_help(waits: tuple[Wait, ...]) -> None:
    """A wait that others could end proves nothing."""
    assert closed_off(waits) == set()


def test_what_is_not_known_is_not_said() -> None:
    """Within nobody's reach, within somebody's, and unknown."""
    assert render_waits((Wait("/a", "Event 1", known_to=()),)) == (
        "/a waits for Event 1, and no living task but those that wait for it can reach it"
    )
    assert render_waits((Wait("/a", "Event 1", known_to=("/b",)),)) == (
        "/a waits for Event 1; within reach of /b only, waiting as well"
    )
    assert render_waits((Wait("/a", "Event 1"),)) == render_waits(()) == ""
