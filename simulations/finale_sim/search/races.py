"""Races: pairs of steps that conflict and could have come in the other order. Each makes a wish for a trial that has them so."""

from collections.abc import Iterator, Sequence

from finale_sim.search.trail import Node, Passage, Step, Wish, apart, conflicting

__all__ = ["wish_for_reversals"]


def wish_for_reversals(trail: Sequence[Node], fresh: int) -> None:
    """For each race whose second step is at ``fresh`` or behind: see that some trial has it the other way round."""
    _Causes(trail, fresh).look()


class _Causes:
    """Who must come before whom, as far as the trail tells: ``before`` has for each node a set of places, as bits."""

    def __init__(self, trail: Sequence[Node], fresh: int) -> None:
        self._trail = trail
        self._fresh = fresh
        self._before: list[int] = []
        self._last: dict[str, int] = {}  # task → its last step
        self._woken: dict[str, int] = {}  # task → what made it runnable
        self._passage = -1  # when time passed last

    def look(self) -> None:
        """Go through the trail once."""
        for at, node in enumerate(self._trail):
            if isinstance(node, Passage):
                self._before.append((1 << at) - 1)
                self._passage = at
            elif isinstance(node, Step):
                self._before.append(self._step(at, node))
                self._last[node.taken] = at
            else:
                self._before.append(0)
                continue
            self._woken.update(dict.fromkeys(node.woke, at))

    def _step(self, at: int, node: Step) -> int:
        before = self._before
        waker, own = self._woken.get(node.taken, -1), self._last.get(node.taken, -1)
        mask = self._counted(own, at)
        for cause in (self._passage, own, waker):
            if cause >= 0:
                mask |= before[cause] | 1 << cause
        for earlier in range(at - 1, self._passage, -1):
            if not mask >> earlier & 1 and conflicting(self._trail[earlier], node):
                if at >= self._fresh:
                    self._reverse(earlier, at, mask)
                mask |= before[earlier] | 1 << earlier
        return mask

    def _counted(self, own: int, at: int) -> int:
        """Who was counted before a task could go on at ``at``, if its step before waits for them: children that have ended."""
        last = self._trail[own] if own >= 0 else None
        mask = 0
        if isinstance(last, Step) and last.accesses.awaits:
            for earlier, step in enumerate(self._trail[:at]):
                if isinstance(step, Step) and not step.accesses.adds.isdisjoint(last.accesses.awaits):
                    mask |= self._before[earlier] | 1 << earlier
        return mask

    def _reverse(self, first: int, second: int, mask: int) -> None:
        """Wish for what needs no ``first`` to come before it, ``second`` included, in the place of ``first``."""
        free = [at for at in range(first + 1, second) if isinstance(self._trail[at], Step) and not self._before[at] >> first & 1]
        sequence = [*free, second]
        causes = {at: self._before[at] for at in free} | {second: mask}
        node, steps, initial = self._at(first), [self._at(at) for at in sequence], set(self._initials(sequence, causes))
        if not any(path in initial or apart(path, touched, steps) for path, touched in node.covered().items()):
            self._wish(node.wishes, sequence, causes)

    def _wish(self, wishes: list[Wish], sequence: list[int], causes: dict[int, int]) -> None:
        """Add the steps to a tree of wishes, unless one of them brings them about anyway."""
        while sequence:
            steps, initial = [self._at(at) for at in sequence], set(self._initials(sequence, causes))
            wish = next((w for w in wishes if w.path in initial or apart(w.path, w.accesses, steps)), None)
            if wish is None:
                for step in steps:
                    wishes.append(Wish(step.taken, step.accesses))
                    wishes = wishes[-1].then
                return
            if not wish.then:
                return
            if wish.path in initial:
                own = next(at for at in sequence if self._at(at).taken == wish.path)
                sequence = [at for at in sequence if at != own]
            wishes = wish.then

    def _initials(self, sequence: list[int], causes: dict[int, int]) -> Iterator[str]:
        """The tasks whose first step of these could come first."""
        seen = set[str]()
        for place, at in enumerate(sequence):
            path = self._at(at).taken
            if path not in seen:
                seen.add(path)
                if not any(causes[at] >> earlier & 1 for earlier in sequence[:place]):
                    yield path

    def _at(self, at: int) -> Step:
        step = self._trail[at]
        assert isinstance(step, Step), "only steps race"
        return step
