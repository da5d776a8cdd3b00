"""Wishes: what has to be tried at a node, whether earlier trials cover it, and what becomes of it when somebody else goes first.

What the last step of a wish will touch need not be guessed. If earlier trials cover the wish, one of them has taken this very
step, and it is known. If it is not known, they do not cover it.
"""

from collections.abc import Mapping, Sequence

from finale_sim.accesses import Accesses
from finale_sim.search.known import Known
from finale_sim.search.trail import Move, Node, Passage, Step, Wish, Wishes, moves_of

__all__ = ["grant", "hand_on", "is_covered"]


def is_covered(wish: Wish, past: Sequence[Move], covered: Mapping[str, Accesses], known: Known) -> bool:
    """Whether the trials that began with ``past`` and one of these steps, each of another task, have shown what is wished for."""
    initial = _initials(wish.moves)
    aside = {path: touched for path, touched in covered.items() if _apart(path, touched, wish.moves)}
    if wish.path in aside or any(path in initial for path in covered):
        return True
    last = known.foreseen(wish, past) if aside else None
    return last is not None and any(not touched.conflicts(last.accesses) for touched in aside.values())


def grant(trail: Sequence[Node], known: Known) -> bool:
    """Turn the last step of a trail to the first of its wishes that no trial has covered meanwhile; False if there is none."""
    node, past = trail[-1], moves_of(trail[:-1])
    while isinstance(node, Step) and node.wishes:
        wish = node.wishes.pop(next(iter(node.wishes)))
        if not is_covered(wish, past, {**node.sleep, **node.done}, known):
            node.turn_to(wish)
            return True
    return False


def hand_on(trail: Sequence[Node], changed: int, known: Known) -> None:
    """See to the wishes of each step of a trail that is new, or at ``changed``: some are fulfilled as well behind that step."""
    inherited: Wishes = {}
    for at, node in enumerate(trail):
        if isinstance(node, Step):
            if at > changed:
                node.wishes.update(inherited)
            if at >= changed:
                _take_along(node, moves_of(trail[:at]), known)
            inherited = node.taken_along
        elif isinstance(node, Passage):
            inherited = {}  # a wish ends where time passes


def _take_along(node: Step, past: Sequence[Move], known: Known) -> None:
    taken = node.move
    assert taken is not None, "the trial is over"
    for key, wish in list(node.wishes.items()):
        rest: Wish | None = wish
        if any(move.path == taken.path for move in wish.moves):
            if taken.path not in _initials(wish.moves):
                continue
            rest = wish.without(taken.path)
        elif not _apart(taken.path, taken.accesses, wish.moves):
            continue
        elif wish.path == taken.path:
            rest = wish.begun
        elif (last := known.foreseen(wish, past)) is None:
            node.taken_along[key] = wish  # it may be fulfilled there; if not, it still is to be fulfilled here
            continue
        elif last.accesses.conflicts(taken.accesses):
            continue
        del node.wishes[key]
        if rest is not None:
            node.taken_along[rest.key] = rest


def _initials(moves: Sequence[Move]) -> set[str]:
    """The tasks whose first move of these could be the very first."""
    numbers = {move.number for move in moves}
    return {move.path for move in moves if move.causes.isdisjoint(numbers)}


def _apart(path: str, touched: Accesses, moves: Sequence[Move]) -> bool:
    """Whether a task makes none of these moves, and its own has nothing to do with them."""
    return all(move.path != path and not touched.conflicts(move.accesses) for move in moves)
