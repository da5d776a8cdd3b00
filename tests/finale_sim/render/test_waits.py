"""Who waits for whom, drawn: boxes with their labels inside, arrows, and a count of what is left out."""

import pytest

from finale_sim.kernel import Ending, Trial
from finale_sim.kernel.stuck.waits import JOIN, Wait
from finale_sim.kernel.trial import BlockedTask
from finale_sim.render import waits_picture
from tests.finale.drawing.geometry import Box, assert_sound, shapes, texts


def stuck(*waits: Wait) -> Trial:
    blocked = tuple(BlockedTask(wait.waiter, "task", wait.target, ()) for wait in waits)
    return Trial(Ending.DEADLOCKED, deadlock=blocked, waits=waits)


def ring(size: int) -> list[Wait]:
    return [Wait(f"/main/p:{n}", f"Lock {n + 1}", (f"/main/p:{(n + 1) % size}",), only=True) for n in range(size)]


CASES = {
    "two": ring(2),
    "with others": [
        Wait("/main", JOIN, ("/main/p:0", "/main/p:1", "/main/q:0"), only=True),
        *ring(3),
        Wait("/main/q:0", "Event 1"),
    ],
    "many": [*ring(6), *(Wait(f"/main/w:{n}", "Event 1", known_to=("/main",)) for n in range(200))],
    "large": ring(60),
    "no circle": [Wait(f"/main/w:{n}", f"Event {n}", known_to=()) for n in range(40)],
    "hostile": [Wait("<script>\x00", "\u202eLock" * 999, ("x" * 10_000,)), Wait("", "")],
}


def holds(box: Box, text: Box) -> bool:
    return box.left < text.left and text.right < box.right and box.top < text.top and text.bottom < box.bottom


@pytest.mark.parametrize("name", CASES)
def test_the_drawing_is_sound(name: str) -> None:
    """All inside, no two labels touch, each label of a box inside a box; the same bytes again; the text says it, too."""
    picture = waits_picture(stuck(*CASES[name]))
    assert picture is not None
    assert_sound(picture.svg)
    boxes = [box for box in shapes(picture.svg) if box.what == "rect"]
    assert sum(any(holds(box, text) for box in boxes) for text in texts(picture.svg)) == len(boxes)
    assert waits_picture(stuck(*CASES[name])) == picture
    assert picture.text


def test_each_waiter_is_drawn_or_counted() -> None:
    """Those who wait for the same thing are told by the first three and a number."""
    picture = waits_picture(stuck(*CASES["many"]))
    assert picture is not None
    said = [text.what for text in texts(picture.svg)]
    assert sum(text.startswith("/main/w:") for text in said) == 3
    assert "… 197 more for Event 1" in said
    assert said.count("Event 1") == 1
    picture = waits_picture(stuck(*CASES["large"]))
    assert picture is not None
    assert "… 36 more tasks wait" in [text.what for text in texts(picture.svg)]


def test_the_circle_is_told_by_more_than_its_colour() -> None:
    """Its arrows are thicker, one there and one back for each of its tasks; others are thin."""
    picture = waits_picture(stuck(*CASES["with others"]))
    assert picture is not None
    assert picture.title == "in a circle: 3 tasks"
    assert picture.svg.count('stroke-width="2"') == 3 + 3 + 1  # and one in the legend


def test_a_trial_that_is_not_stuck_has_no_such_picture() -> None:
    """None, and no empty frame."""
    assert waits_picture(Trial(Ending.RETURNED)) is None
