"""Who waits for whom: the picture of a trial that is stuck, as data. What it is read off is in ``owners``."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["JOIN", "Wait", "circle", "closed_off", "render_waits"]

JOIN = "the end of its children"
"""What the owner of a nursery waits for at the end of its block."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One task that waits for one thing: the edges of the picture go from ``waiter`` to each of ``held_by``."""

    waiter: str  #: path of the task
    target: str  #: ``Lock 1``, numbered in order of the waiters' age, or ``JOIN``
    held_by: tuple[str, ...] = ()  #: paths of those who have it: owner of a lock, borrowers of a limiter, children of a nursery
    only: bool = False  #: nobody else can end the wait (a limiter's tokens can be given back by anybody; a lock can't)
    known_to: tuple[str, ...] | None = None  #: other tasks within whose reach it is, not those that wait for it; None: not known

    def __str__(self) -> str:
        return f"{self.waiter} waits for {self.target}" + (f", held by {', '.join(self.held_by)}" if self.held_by else "")


def circle(waits: Iterable[Wait]) -> tuple[Wait, ...]:
    """A shortest closed circle: each waits for something that the next one holds, the last for the first. Empty: none."""
    by_waiter = {wait.waiter: wait for wait in waits}
    found = [way for start in by_waiter if (way := _way_back(start, by_waiter))]
    return tuple(by_waiter[waiter] for waiter in min(found, key=len, default=()))


def _way_back(start: str, by_waiter: dict[str, Wait]) -> list[str]:
    before: dict[str, str] = {}
    border = [start]
    for waiter in border:  # grows while it is read: breadth first
        for holder in by_waiter[waiter].held_by:
            if holder == start:
                way = [waiter]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if holder in by_waiter and holder not in before:
                before[holder] = waiter
                border.append(holder)
    return []


def closed_off(waits: Iterable[Wait]) -> set[str]:
    """The waiters that can never go on, whatever the others do: each needs one that is in this set itself.

    Cancels and errors are not looked at here.
    """
    needs = {wait.waiter: set(wait.held_by) for wait in waits if wait.only}
    while free := [waiter for waiter, holders in needs.items() if not holders & needs.keys()]:
        for waiter in free:
            del needs[waiter]
    return set(needs)


def render_waits(waits: tuple[Wait, ...]) -> str:
    """The picture in words: the circle if there is one, else what nobody or only somebody who waits could bring about."""
    if ring := circle(waits):
        return "in a circle: " + "; ".join(_link(ring[i - 1], wait) for i, wait in enumerate(ring))
    return "\n".join(_orphan(wait) for wait in waits if wait.known_to is not None)


def _link(before: Wait, wait: Wait) -> str:
    holds = "" if before.target == JOIN else f"holds {before.target} and "
    return f"{wait.waiter} {holds}waits for {wait.target}"


def _orphan(wait: Wait) -> str:
    if not wait.known_to:
        return f"{wait.waiter} waits for {wait.target}, and no living task but those that wait for it can reach it"
    return f"{wait.waiter} waits for {wait.target}; within reach of {', '.join(wait.known_to)} only, waiting as well"
