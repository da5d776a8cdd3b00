"""What is kept from one trial for the next, and the proof that no program can tell."""

from collections import deque
from functools import cache
from gc import get_referents
from sys import getrefcount
from types import CoroutineType, FunctionType
from weakref import getweakrefcount

__all__ = ["Kept"]

_OWN = ("trio", "finale_sim.kernel")
_BUILT_IN = (list, dict, set, deque, CoroutineType)


class Kept:
    """Some objects and all that they are made of, as they were before any program ran.

    They are as good as new if nobody else refers to any of that, strongly or weakly, and if each of it refers to what it
    referred to then. No attribute is named: one that the next trio adds is looked at like the others.
    """

    __slots__ = ("_state", "_things", "_weakly_known")

    def __init__(self, *things: object) -> None:
        self._things = _made_of(things)
        self._weakly_known = [thing for thing in self._things if type(thing).__weakrefoffset__]  # the others can't be
        self._state: list[object] = []

    def take_down(self) -> None:
        """Nobody but us knows them now. To be called from where ``as_new`` will be: whoever calls refers to them, too."""
        for _ in range(2):  # what is taken down refers to them as well
            self._state = self._look()

    def as_new(self) -> bool:
        """Whether all is as it was."""
        return self._look() == self._state

    def _look(self) -> list[object]:
        things = self._things
        return [*map(getrefcount, things), *map(getweakrefcount, self._weakly_known), *get_referents(*things)]


def _made_of(things: tuple[object, ...]) -> list[object]:
    """These, the containers and the objects of trio's and ours that they refer to, and so on. Functions refer to everybody's."""
    found = {id(thing): thing for thing in things}
    border = [thing for thing in things if not isinstance(thing, FunctionType)]
    while border:
        parts = {id(part): part for part in get_referents(*border) if _is_part(type(part))}  # type: ignore[arg-type]  # all types can be hashed
        border = [part for key, part in parts.items() if key not in found]
        found |= parts
    return [*found.values()]


@cache
def _is_part(kind: type) -> bool:
    return issubclass(kind, _BUILT_IN) or (str(kind.__module__).startswith(_OWN) and not issubclass(kind, type))
