"""Races: pairs of steps that conflict and could have come in the other order. Each makes a wish for a trial that has them so.

The wish is for all steps of the trial that do not need the first of the race before them, then for the task of the second.
"""

from collections.abc import Iterable, Iterator, Sequence

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.search.known import Answers, Known
from finale_sim.search.trail import Branch, Move, Node, Passage, Step, Wish, moves_of
from finale_sim.search.wishes import is_covered

__all__ = ["see_causes", "wish_for_reversals"]


def see_causes(trail: Sequence[Node], changed: int, known: Known) -> int:
    """See what comes before each step of a trail that is new from ``changed`` on, and with which it races.

    Returns where it really is new: before ``changed`` if that is an answer, for the step that asked is another one with it.
    """
    while changed > 0 and isinstance(trail[changed], Branch):
        changed -= 1
    causes = _Causes(trail, known)
    for at, node in enumerate(trail):
        if not isinstance(node, Branch):
            causes.add(at, node, new=at >= changed)
    return changed


def wish_for_reversals(trail: Sequence[Node], fresh: int, known: Known) -> None:
    """For each race of such a trail: see that some trial has it the other way round.

    Races before ``fresh`` count as well, if something new could come before their second step: it is part of the wish.
    """
    for at, second in enumerate(trail):
        if isinstance(second, Step) and second.move is not None:
            for first in second.races:
                free = [place for place, node in enumerate(trail) if place > first and _is_free(node, first)]
                if at >= fresh or (free and free[-1] >= fresh):
                    wish = Wish(tuple(moves_of([trail[place] for place in free])), second.taken, second.move.own)
                    _wish(trail, first, wish, known)


def _is_free(node: Node, first: int) -> bool:
    return isinstance(node, Step) and not node.before >> first & 1


def _wish(trail: Sequence[Node], first: int, wish: Wish, known: Known) -> None:
    node = trail[first]
    assert isinstance(node, Step), "only steps race"
    covered = {path: touched for path, touched in {**node.sleep, **node.done}.items() if path != node.taken}
    if not is_covered(wish, moves_of(trail[:first]), covered, known):
        node.wishes.setdefault(wish.key, wish)


class _Causes:
    """What comes before each node of a trail."""

    def __init__(self, trail: Sequence[Node], known: Known) -> None:
        self._trail = trail
        self._known = known
        self._last: dict[str, int] = {}  # task → its last step
        self._woken: dict[str, int] = {}  # task → what made it runnable
        self._passage = -1  # when time passed last

    def add(self, at: int, node: Step | Passage, *, new: bool) -> None:
        """Go on to the next node; see what comes before it if it is new."""
        if isinstance(node, Passage):
            if new:
                node.before = (1 << at) - 1
                node.move = self._move(at, "", EVERYTHING, range(max(self._passage, 0), at))
            self._passage = self._last[""] = at
        else:
            if new:
                self._step(at, node)
            self._last[node.taken] = at
        self._woken.update(dict.fromkeys(node.woke, at))

    def _step(self, at: int, node: Step) -> None:
        own = self._last.get(node.taken, -1)
        waits = (own, self._woken.get(node.taken, -1), *self._counted(own, at))
        causes = [cause for cause in (self._passage, *waits) if cause >= 0]
        before, races = 0, [*self._held_up(max(waits))]
        for cause in causes:
            before |= self._before(cause)
        for earlier in range(at - 1, self._passage, -1):
            other = self._trail[earlier]
            if not before >> earlier & 1 and isinstance(other, Step) and other.accesses.conflicts(node.accesses):
                before |= self._before(earlier)
                races.append(earlier)
        node.before, node.races = before, tuple(races)
        node.move = self._move(at, node.taken, node.accesses, (*causes, *races))

    def _held_up(self, ready: int) -> Iterator[int]:
        """The step behind which a timer fired before a task could go on that was ready at ``ready``: it could have come first."""
        step = next((at for at in range(self._passage, -1, -1) if isinstance(self._trail[at], Step)), -1)
        if ready < step:
            yield step

    def _before(self, cause: int) -> int:
        """A node and all before it, as bits."""
        node = self._trail[cause]
        assert not isinstance(node, Branch), "a branch causes nothing"
        return node.before | 1 << cause

    def _counted(self, own: int, at: int) -> Iterator[int]:
        """Who was counted before a task could go on at ``at``, if its step before waits for them: children that have ended."""
        last = self._trail[own] if own >= 0 else None
        if isinstance(last, Step) and last.accesses.awaits:
            for earlier, step in enumerate(self._trail[:at]):
                if isinstance(step, Step) and not step.accesses.adds.isdisjoint(last.accesses.awaits):
                    yield earlier

    def _move(self, at: int, path: str, accesses: Accesses, causes: Iterable[int]) -> Move:
        last = self._last.get(path, -1)
        own = moves_of(self._trail[last : last + 1])[0].number if last >= 0 else -1
        numbers = frozenset(move.number for move in moves_of([self._trail[cause] for cause in causes]))
        return self._known.move(path, own, numbers, self._answers(at), accesses)

    def _answers(self, at: int) -> Answers:
        """What was chosen in a step. That stands behind it in the trail, but before it if nobody else could have gone on."""
        branches = (*_branches(reversed(self._trail[:at])), *_branches(self._trail[at + 1 :]))
        return tuple((node.site.key, node.taken) for node in branches)


def _branches(nodes: Iterable[Node]) -> Iterator[Branch]:
    """Those at the beginning."""
    for node in nodes:
        if not isinstance(node, Branch):
            return
        yield node
