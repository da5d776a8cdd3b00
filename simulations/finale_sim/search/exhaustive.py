"""Exhaustive: one trial for each order that makes a difference, and hardly any others.

Two trials are of one class if one can be made of the other by letting neighbouring steps change places that touch nothing in
common. One trial of each class is enough: all others end alike. This is optimal dynamic partial order reduction (Abdulla, Aronis,
Jonsson, Sagonas, POPL 2014; "Source sets", J. ACM 64(4), 2017), with a list of wishes at each step for their wakeup tree: run a
trial, find the pairs of steps that conflict and could have come in the other order (``races.py``), and see that some trial has
them so (``wishes.py``). Choices that are not about who goes next (data, faults, ties of timers) are simply all tried.

They know what a step will touch before it is taken. Our steps are long, and what the second one of a race touches may depend
on the first; ``known.py`` has what is known of it.

What steps have in common comes from ``kernel/touched/tracking.py``, which counts what it cannot follow as everything. Nothing
rests on that alone: every few trials one is run again with two neighbours exchanged that are said to be independent
(``doubt.py``).
"""

from collections.abc import Sequence

from finale_sim.accesses import Accesses
from finale_sim.choices import Candidate, Decide, Site
from finale_sim.search.doubt import Doubt
from finale_sim.search.known import Known
from finale_sim.search.races import see_causes, wish_for_reversals
from finale_sim.search.strategy import Attempt, Completed, EndSearch
from finale_sim.search.trail import Branch, Node, Passage, Step
from finale_sim.search.wishes import grant, hand_on

__all__ = ["DOUBT_EVERY", "Exhaustive"]

DOUBT_EVERY = 30  #: classes, after which one is run again with two steps exchanged


class _Execution:
    """Answers the choices of one trial along ``trail`` as far as that goes, and continues it."""

    def __init__(self, trail: list[Node]) -> None:
        self.trail = trail
        self.redundant = False  #: nobody is left who could go on without repeating an earlier trial; the rest is not looked at
        self._at = 0  # of the next node that is a repetition
        self._last = len(trail) - 1
        self._sleep: dict[str, Accesses] = {}
        self._then: tuple[str, ...] = ()
        self._step: Step | None = None

    def __call__(self, site: Site, options: int) -> int:
        if self.redundant:
            return 0
        node = self._known() or self._new(Branch(options, site))
        if not isinstance(node, Branch) or (node.options, node.site) != (options, site):
            raise _strayed(site)
        return node.taken

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        """Who was wished for, else the first task that does not sleep."""
        if self.redundant:
            return 0
        enabled = tuple(task.path for task in tasks)
        node = self._known()
        if node is None:
            awake = [path for path in enabled if path not in self._sleep]
            if not awake:
                self.redundant = True
                return 0
            node = self._new(self._following(enabled, awake))
        if not isinstance(node, Step) or set(node.enabled) != set(enabled):
            raise _strayed(site)
        self._step = node
        return enabled.index(node.taken)

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        """A task has taken its step."""
        node, self._step = self._step, None
        if node is None and not self.redundant:  # there was no choice
            node = self._alone(path)
        if self.redundant or node is None:
            return
        self._then = node.then if self._at > self._last else ()
        node.accesses, node.woke = accesses, woke
        node.done[path] = accesses | node.done.get(path, accesses)
        covered = {**node.sleep, **node.done}
        self._sleep = {other: touched for other, touched in covered.items() if other != path and not touched.conflicts(accesses)}

    def passed(self, woke: frozenset[str]) -> None:
        """Time has passed, or a timer has fired."""
        if self.redundant:
            return
        node = self._known() or self._new(Passage())
        if not isinstance(node, Passage):
            raise _strayed("a timer")
        node.woke = woke
        self._sleep = {}

    def _alone(self, path: str) -> Step | None:
        node = self._known()
        if node is None:
            if path in self._sleep:
                self.redundant = True
                return None
            node = self._new(self._following((path,), [path]))
        if not isinstance(node, Step) or node.taken != path:
            raise _strayed(path)
        return node

    def _following(self, enabled: tuple[str, ...], awake: list[str]) -> Step:
        """A step of whoever is wished for, else of the first of these."""
        wished, *then = self._then or ("",)
        if wished not in awake:
            return Step(enabled, self._sleep, awake[0])
        return Step(enabled, self._sleep, wished, tuple(then))

    def _known(self) -> Node | None:
        if self._at > self._last:
            return None
        self._at += 1
        return self.trail[self._at - 1]

    def _new(self, node: Node) -> Node:
        self.trail.append(node)
        return node


def _strayed(where: object) -> EndSearch:
    return EndSearch(f"the program does not do the same when it is run again: it strayed at {where}")


class Exhaustive:
    """Goes through all classes, depth first, in this process."""

    name = "exhaustive"
    ahead = 0

    def __init__(self) -> None:
        self.exhausted = False
        self.classes = 0  #: of which a trial was run
        self.redundant = 0  #: trials that turned out to be of a class that had had one
        self._trail: list[Node] = []
        self._known = Known()
        self._fresh = 0  # from here on the trail is new
        self._warm = False  # the first trial only shows what there is: caches fill, modules are imported
        self._going: _Execution | Doubt | None = None
        self._doubt: Doubt | None = None

    @property
    def completed(self) -> Completed:
        return Completed(everything=self.exhausted, classes=self.classes)

    def next(self) -> Decide | None:
        """The answers for the next trial, of this process; None if every class has had one, or before more is learnt."""
        if self._going is not None or (self.exhausted and self._doubt is None):
            return None
        self._going, self._doubt = self._doubt or _Execution(self._trail), None
        return self._going

    def learn(self, attempt: Attempt) -> None:
        """What came of the trial.

        Raises:
            EndSearch: two steps that were taken for independent are not, or the program is not deterministic.
        """
        going, self._going = self._going, None
        if isinstance(going, Doubt):
            going.settle(attempt)
            return
        assert going is not None, "results come after trials"
        if not self._warm:
            self._warm = True
            self._trail.clear()
            return
        self.redundant += going.redundant
        self.classes += not going.redundant
        if not going.redundant and self.classes % DOUBT_EVERY == 1:
            self._doubt = Doubt.of(self._trail, attempt, self.classes)
        fresh = see_causes(self._trail, self._fresh, self._known)
        hand_on(self._trail, self._fresh, self._known)
        wish_for_reversals(self._trail, fresh, self._known)
        self._backtrack()

    def _backtrack(self) -> None:
        """Cut the trail behind the last node that has something left to try, and turn that to it."""
        trail = self._trail
        while trail:
            node = trail[-1]
            if isinstance(node, Branch) and node.taken + 1 < node.options:
                node.taken += 1
                break
            if isinstance(node, Step):
                node.done.setdefault(node.taken, node.accesses)
                if grant(trail, self._known):
                    break
            trail.pop()
        self.exhausted = not trail
        self._fresh = max(len(trail) - 1, 0)
