"""Doubt: a trial is run again with two neighbouring steps exchanged that are said to be independent. It must end alike."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from finale_sim.accesses import Accesses
from finale_sim.choices import Candidate, Kind, Site
from finale_sim.search.strategy import Attempt, EndSearch
from finale_sim.search.trail import Branch, Node, Step

__all__ = ["Doubt"]


class Doubt:
    """Answers the choices of a trial so that it goes as the one before, with two steps exchanged."""

    def __init__(self, steps: Sequence[Step], place: int, answers: dict[int, int], expected: Attempt) -> None:
        first, second = steps[place], steps[place + 1]
        self._order = [step.taken for step in (*steps[:place], second, first, *steps[place + 2 :])]
        self._answers = answers
        self._pair = (_named(steps, place), _named(steps, place + 1))
        self._expected = expected
        self._taken = 0
        self._strayed = False

    @classmethod
    def of(cls, trail: Sequence[Node], expected: Attempt, which: int) -> "Doubt | None":
        """A doubt about one of the pairs of a trial, which one depends on ``which``; None if it has none."""
        branches = [node for node in trail if isinstance(node, Branch)]
        if any(node.site.kind is Kind.TIE for node in branches):
            return None  # the options of a tie are in the order in which the timers were set: another order, other options
        steps = [node for node in trail if isinstance(node, Step)]
        pairs = [
            place
            for place, (first, second) in enumerate(pairwise(steps))
            if second.taken in first.enabled and second.taken != first.taken and not first.accesses.conflicts(second.accesses)
        ]
        answers = {node.site.key: node.taken for node in branches}
        return cls(steps, pairs[which * 31 % len(pairs)], answers, expected) if pairs else None

    def __call__(self, site: Site, options: int) -> int:
        return min(self._answers.get(site.key, 0), options - 1)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        """Whoever is next in the order."""
        wanted = self._order[self._taken] if self._taken < len(self._order) else ""
        found = next((index for index, task in enumerate(tasks) if task.path == wanted), None)
        self._strayed = self._strayed or found is None
        return found or 0

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        """A task has taken its step."""
        self._strayed = self._strayed or self._taken >= len(self._order) or self._order[self._taken] != path
        self._taken += 1

    def passed(self, woke: frozenset[str]) -> None:
        """Time has passed; that is not doubted."""

    def settle(self, attempt: Attempt) -> None:
        """Compare.

        Raises:
            EndSearch: the exchange made a difference.
        """
        before = self._expected
        if self._strayed or self._taken != len(self._order) or (attempt.breach, attempt.steps) != (before.breach, before.steps):
            first, second = self._pair
            raise EndSearch(
                f"{first} and {second} were taken for independent, but the trial comes out differently when they change places; "
                "something that tasks share is out of sight. Search without the strategy 'exhaustive'"
            )


def _named(steps: Sequence[Step], place: int) -> str:
    path = steps[place].taken
    return f"step {Counter(step.taken for step in steps[: place + 1])[path]} of {path}"
