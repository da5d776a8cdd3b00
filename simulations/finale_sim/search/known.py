"""What steps have touched, by what came before them: known before a step is taken again where the same has come before it."""

from collections.abc import Hashable, Mapping, Sequence

from finale_sim.accesses import Accesses
from finale_sim.search.trail import Move, Wish

__all__ = ["Answers", "Known"]

Answers = tuple[tuple[int, int], ...]
"""What was chosen in a step or for it, beside who takes it: pairs of a site and an answer."""


class Known:
    """The moves of all trials. A task whose step has the same causes takes the same step, in any trial."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._next: dict[tuple[str, int], list[Move]] = {}
        self._equal: dict[Accesses, Accesses] = {}  # there are few that differ, and they are large

    def move(self, path: str, own: int, causes: frozenset[int], answers: Answers, accesses: Accesses) -> Move:
        """The move that a step is."""
        new = len(self._numbers)
        number = self._numbers.setdefault((path, own, causes, answers), new)
        move = Move(path, self._equal.setdefault(accesses, accesses), number, own, causes)
        if number == new and not answers:  # one that asks might be answered otherwise
            self._next.setdefault((path, own), []).append(move)
        return move

    def foreseen(self, wish: Wish, past: Sequence[Move]) -> Move | None:
        """The last move of a wish that is made behind ``past``. None: no trial has made it there, or it depends on answers."""
        there = {move.number: move for move in (*past, *wish.moves)}
        for move in self._next.get((wish.path, wish.own), ()):
            if move.causes <= there.keys():
                before = _all_before(move, there)
                if all(number in before or not move.accesses.conflicts(other.accesses) for number, other in there.items()):
                    return move
        return None


def _all_before(move: Move, there: Mapping[int, Move]) -> set[int]:
    """The causes of a move, and theirs."""
    found, left = set[int](), [*move.causes]
    while left:
        number = left.pop()
        if number not in found:
            found.add(number)
            left += there[number].causes
    return found
