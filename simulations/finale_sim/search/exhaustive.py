"""Exhaustive: one trial for each order that makes a difference, and no more than a few others.

Two trials are of one class if one can be made of the other by letting neighbouring steps change places that touch nothing in
common. One trial of each class is enough: all others end alike. This is optimal DPOR (Abdulla, Aronis, Jonsson,
Sagonas, "Optimal dynamic partial order reduction", POPL 2014): run a trial, find pairs of steps that conflict and could have
come in the other order, and see that some trial has them so. Which steps lead there is kept as a tree of wishes (the wakeup trees
of that paper), so that hardly any trial turns out to be of a class that has had one. Choices of other kinds (data, faults, cancels, ties of timers) are
simply all tried.

What two steps have in common comes from ``kernel/tracking.py``; what it cannot see counts as everything. ``doubted`` compares
samples of steps that are said to be independent in both orders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.choices import Candidate, Site
from finale_sim.search.strategy import EndSearch

__all__ = ["Exhaustive", "Redundant"]


class Redundant(Exception):
    """Ends a trial of a class that has had one."""


@dataclass(slots=True)
class _Wish:
    """A task that shall take the next step, and who shall go on from there: the first of ``then``, in later trials the others."""

    path: str
    accesses: Accesses  # what it touched there when it was wished for
    then: list["_Wish"] = field(default_factory=list)


@dataclass(slots=True)
class _Step:
    """A step, and the tasks that could have taken it. ``sleep``: tasks whose next step here is covered by earlier trials."""

    enabled: tuple[str, ...]
    sleep: dict[str, Accesses]
    taken: str
    asked: bool
    wishes: list[_Wish] = field(default_factory=list)  # who has to go first here in later trials
    then: list[_Wish] = field(default_factory=list)  # who shall go on behind the step that is taken
    done: dict[str, Accesses] = field(default_factory=dict)  # those that had, with what their step touched
    accesses: Accesses = EVERYTHING
    woke: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Branch:
    """A choice that is not about who goes next."""

    options: int
    taken: int = 0


@dataclass(slots=True)
class _Passage:
    """Time passed, or a timer fired: nothing changes places with that."""

    woke: frozenset[str] = frozenset()


_Node = _Step | _Branch | _Passage


class _Execution:
    """Answers the choices of one trial along ``trail`` as far as that goes, and continues it."""

    def __init__(self, trail: list[_Node]) -> None:
        self.trail = trail
        self._at = 0  # of the next node that is a repetition
        self._last = len(trail) - 1
        self._sleep: dict[str, Accesses] = {}
        self._wishes: list[_Wish] = []
        self._step: _Step | None = None

    # What the kernel asks and tells -------------------------------------------------------------------------------------

    def __call__(self, site: Site, options: int) -> int:
        if (node := self._known()) is None:
            node = _Branch(options)
            self.trail.append(node)
        if not isinstance(node, _Branch) or node.options != options:
            raise _strayed(site)
        return node.taken

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        """The first task that does not sleep."""
        enabled = tuple(task.path for task in tasks)
        node = self._known()
        if node is None:
            wishes = [wish for wish in self._wishes if wish.path in enabled and wish.path not in self._sleep]
            first = next((_Wish(path, EVERYTHING) for path in enabled if path not in self._sleep), None)
            if first is None:
                raise Redundant
            first, *others = wishes or [first]
            node = _Step(enabled, self._sleep, first.path, asked=True, wishes=others, then=first.then)
            self.trail.append(node)
        if not isinstance(node, _Step) or set(node.enabled) != set(enabled):
            raise _strayed(site)
        self._step = node
        return enabled.index(node.taken)

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        """A task has taken its step."""
        node, self._step = self._step, None
        if node is None:  # nobody else could
            found = self._known()
            if found is None:
                if path in self._sleep:
                    raise Redundant
                wished = next((wish.then for wish in self._wishes if wish.path == path), [])
                found = _Step((path,), self._sleep, path, asked=False, then=wished)
                self.trail.append(found)
            if not isinstance(found, _Step) or found.taken != path:
                raise _strayed(path)
            node = found
        self._wishes = node.then if self._at > self._last else []
        node.accesses, node.woke = accesses, woke
        node.done[path] = accesses | node.done.get(path, accesses)
        asleep = {**node.sleep, **node.done}
        self._sleep = {
            other: touched for other, touched in asleep.items() if other != path and not touched.conflicts(accesses)
        }

    def passed(self, woke: frozenset[str]) -> None:
        """Time has passed, or a timer has fired."""
        node = self._known()
        if node is None:
            node = _Passage()
            self.trail.append(node)
        if not isinstance(node, _Passage):
            raise _strayed("a timer")
        node.woke = woke
        self._sleep = {}

    def _known(self) -> _Node | None:
        if self._at > self._last:
            return None
        self._at += 1
        return self.trail[self._at - 1]


def _strayed(where: object) -> EndSearch:
    return EndSearch(f"the program does not do the same when it is run again: it strayed at {where}")


class Exhaustive:
    """Goes through all classes, depth first. ``classes`` counts those that it has seen, ``redundant`` the trials that it broke off."""

    name = "exhaustive"

    def __init__(self) -> None:
        self.classes = 0
        self.redundant = 0
        self.exhausted = False
        self.untracked: str | None = None  #: why some step counts as touching everything
        self._warm = False  # the first trial only shows what there is: caches fill, modules are imported
        self._trail: list[_Node] = []
        self._execution: _Execution | None = None
        self._fresh = 0  # from here on the trail is new

    def next(self) -> _Execution | None:
        """The answers for the next trial; None if every class has had one."""
        if self.exhausted:
            return None
        self._execution = _Execution(self._trail)
        return self._execution

    def ended(self, *, redundant: bool) -> None:
        """The trial is over, or was broken off."""
        if not self._warm:
            self._warm = True
            self._trail.clear()
            return
        self.redundant += redundant
        self.classes += not redundant
        self._see_to_races()
        self._backtrack()

    # Races ----------------------------------------------------------------------------------------------------------------

    def _see_to_races(self) -> None:
        """For each conflict that could have come out the other way: see that it does in some trial."""
        trail = self._trail
        before: list[int] = []  # for each node a set of those that must come before it, as bits
        last: dict[str, int] = {}  # task → its last step
        woken: dict[str, int] = {}  # task → what made it runnable
        barrier = -1
        for at, node in enumerate(trail):
            if isinstance(node, _Branch):
                before.append(0)
                continue
            if isinstance(node, _Passage):
                before.append((1 << at) - 1)
                barrier = at
                woken.update(dict.fromkeys(node.woke, at))
                continue
            mask = 0
            for cause in (barrier, last.get(node.taken, -1), woken.get(node.taken, -1)):
                if cause >= 0:
                    mask |= before[cause] | 1 << cause
            mask |= self._counted(woken.get(node.taken, -1), before)
            if node.accesses.untracked and self.untracked is None:
                self.untracked = node.accesses.untracked
            for earlier in range(at - 1, barrier, -1):
                other = trail[earlier]
                if isinstance(other, _Step) and not mask >> earlier & 1 and other.accesses.conflicts(node.accesses):
                    if at >= self._fresh:
                        self._reverse(earlier, at, mask, before)
                    mask |= before[earlier] | 1 << earlier
            before.append(mask)
            last[node.taken] = at
            woken.update(dict.fromkeys(node.woke, at))

    def _counted(self, waker: int, before: list[int]) -> int:
        """Who counted along with the step that woke a task, the last child of a nursery: that waits for all of them."""
        last = self._trail[waker] if waker >= 0 else None
        mask = 0
        if isinstance(last, _Step) and last.accesses.adds:
            for at, step in enumerate(self._trail[:waker]):
                if isinstance(step, _Step) and not step.accesses.adds.isdisjoint(last.accesses.adds):
                    mask |= before[at] | 1 << at
        return mask

    def _reverse(self, first: int, second: int, mask: int, before: list[int]) -> None:
        """Let what needs no ``first`` before ``second`` come instead of it, in some trial."""
        node = self._trail[first]
        assert isinstance(node, _Step)
        between = [
            at for at in range(first + 1, second) if isinstance(self._trail[at], _Step) and not before[at] >> first & 1
        ]
        sequence = [*between, second]
        causes = {**{at: before[at] for at in between}, second: mask}
        initial = set(self._initials(sequence, causes))
        steps = [self._step(at) for at in sequence]
        asleep = {**node.sleep, **{path: touched for path, touched in node.done.items() if path != node.taken}}
        if not any(path in initial or _apart(path, touched, steps) for path, touched in asleep.items()):
            self._wish(node.wishes, sequence, causes)

    def _wish(self, wishes: list[_Wish], sequence: list[int], causes: dict[int, int]) -> None:
        """Add the steps to a tree of wishes, unless one of them brings them about anyway."""
        while sequence:
            steps = [self._step(at) for at in sequence]
            initial = set(self._initials(sequence, causes))
            wish = next((w for w in wishes if w.path in initial or _apart(w.path, w.accesses, steps)), None)
            if wish is None:
                for step in steps:
                    wishes.append(_Wish(step.taken, step.accesses))
                    wishes = wishes[-1].then
                return
            if not wish.then:
                return
            if wish.path in initial:
                sequence = list(sequence)
                sequence.remove(next(at for at in sequence if self._step(at).taken == wish.path))
            wishes = wish.then

    def _initials(self, sequence: list[int], causes: dict[int, int]) -> Iterator[str]:
        """The tasks whose first step of these could come first."""
        seen = set[str]()
        for place, at in enumerate(sequence):
            path = self._step(at).taken
            if path not in seen:
                seen.add(path)
                if not any(causes[at] >> earlier & 1 for earlier in sequence[:place]):
                    yield path

    def _step(self, at: int) -> _Step:
        step = self._trail[at]
        assert isinstance(step, _Step)
        return step

    # Depth first ------------------------------------------------------------------------------------------------------------

    def _backtrack(self) -> None:
        """Cut the trail behind the last node that has something left to try, and turn that to it."""
        trail = self._trail
        while trail:
            node = trail[-1]
            if isinstance(node, _Branch) and node.taken + 1 < node.options:
                node.taken += 1
                break
            if isinstance(node, _Step) and node.asked:
                node.done.setdefault(node.taken, node.accesses)
                if node.wishes:
                    wish = node.wishes.pop(0)
                    node.taken, node.then, node.accesses = wish.path, wish.then, EVERYTHING
                    break
            trail.pop()
        self.exhausted = not trail
        self._fresh = max(len(trail) - 1, 0)


def _apart(path: str, touched: Accesses, steps: Sequence[_Step]) -> bool:
    """Whether a task takes none of these steps, and its own has nothing to do with them."""
    return all(step.taken != path and not touched.conflicts(step.accesses) for step in steps)
