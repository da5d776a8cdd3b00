"""Doubt: a trial is run again with two neighbouring steps exchanged that are said to be independent. It must end alike."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from finale_sim.accesses import Accesses
from finale_sim.choices import Candidate, Kind, Site
from finale_sim.search.strategy import Attempt, EndSearch
from finale_sim.search.trail import Branch, Node, Step

__all__ = ["Doubt"]


class Doubt:
    """Answers the choices of a trial so that it goes as the one before, with two steps exchanged."""

    def __init__(self, steps: Sequence[Step], place: int, answers: dict[int, int], expected: Attempt) -> None:
        first, second = steps[place], steps[place + 1]
        self._steps = [(step.taken, step.woke) for step in (*steps[:place], second, first, *steps[place + 2 :])]
        self._place = place
        self._answers = answers
        self._pair = (_named(steps, place), _named(steps, place + 1))
        self._expected = expected
        self._taken = 0
        self._woken = set[str]()  # by the two
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
        self._strayed = self._strayed or site.key not in self._answers
        return min(self._answers.get(site.key, 0), options - 1)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        """Whoever is next in the order."""
        wanted = self._steps[self._taken][0] if self._taken < len(self._steps) else ""
        found = next((index for index, task in enumerate(tasks) if task.path == wanted), None)
        self._strayed = self._strayed or found is None
        return found or 0

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        """A task has taken its step."""
        at, self._taken = self._taken, self._taken + 1
        self._strayed = self._strayed or at >= len(self._steps) or self._steps[at][0] != path
        if not self._strayed:
            self._strayed = not self._woke_alike(at, woke)

    def _woke_alike(self, at: int, woke: frozenset[str]) -> bool:
        """Each step wakes whom it woke before; of the two, where both count down to zero, whoever comes last wakes for both."""
        if at not in (self._place, self._place + 1):
            return woke == self._steps[at][1]
        self._woken |= woke
        (one, woken), (other, also_woken) = self._steps[self._place : self._place + 2]
        return at == self._place or self._woken - {one, other} == (woken | also_woken) - {one, other}

    def passed(self, woke: frozenset[str]) -> None:
        """Time has passed; that is not doubted."""

    def settle(self, attempt: Attempt) -> None:
        """Compare.

        Raises:
            EndSearch: the exchange made a difference.
        """
        if self._strayed or self._taken != len(self._steps) or _outcome(attempt) != _outcome(self._expected):
            first, second = self._pair
            raise EndSearch(
                f"{first} and {second} were taken for independent, but the trial comes out differently when they change places; "
                "something that tasks share is out of sight. Search without the strategy 'exhaustive'"
            )


def _outcome(attempt: Attempt) -> tuple[Any, ...]:
    """All that is known of how a trial came out, and does not depend on the order of its steps. Messages may hold addresses."""
    injected = attempt.injected
    return (
        attempt.breach and attempt.breach.claim,
        attempt.undecided is None,
        attempt.late,
        attempt.steps,
        attempt.result,
        attempt.observed,
        sorted(attempt.seen),
        injected.probes,
        injected.struck,
        injected.lasting,
        injected.discarded,
    )


def _named(steps: Sequence[Step], place: int) -> str:
    path = steps[place].taken
    return f"step {Counter(step.taken for step in steps[: place + 1])[path]} of {path}"
