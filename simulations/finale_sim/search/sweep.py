"""Sweep: every stream with 0 deviations, then every one with 1, with 2, and so on.

The first failure that it meets has as few deviations as any. Within one level it goes depth first, from the start each time,
so its memory does not grow with the number of trials: a stream's children are those with one more deviation behind its last.
"""

from collections.abc import Sequence

from finale_sim.choices import Choice, Decide
from finale_sim.search.replay import following

__all__ = ["Sweep"]

_Stream = tuple[tuple[int, int], ...]  # (site key, index) of each deviation, in order


class Sweep:
    """Tries every stream with ``start`` deviations, then with more, up to ``max_deviations``.

    ``complete`` is the number of deviations up to which all was tried; what is below ``start`` counts as tried before.
    """

    name = "sweep"

    def __init__(self, *, start: int = 0, max_deviations: int | None = None) -> None:
        self.complete = start - 1
        self.exhausted = False
        self._max = max_deviations
        self._level = start
        self._stack: list[_Stream] = [()]
        self._current: _Stream = ()
        self._more = False  # some stream of this level has children

    def next(self) -> Decide | None:
        if not self._stack and not self._next_level():
            return None
        self._current = self._stack.pop()
        return following(dict(self._current))

    def learn(self, choices: Sequence[Choice]) -> None:
        open_choices = choices[self._behind_last_deviation(choices) :]
        if len(self._current) == self._level:
            self._more = self._more or bool(open_choices)
            return
        children = [(*self._current, (choice.site.key, index)) for choice in open_choices for index in range(1, choice.options)]
        self._stack.extend(reversed(children))

    def _next_level(self) -> bool:
        self.complete = self._level
        if not self._more:
            self.exhausted = True
            return False
        if self._max is not None and self._level >= self._max:
            return False
        self._level += 1
        self._more = False
        self._stack = [()]
        return True

    def _behind_last_deviation(self, choices: Sequence[Choice]) -> int:
        if not self._current:
            return 0
        last = self._current[-1][0]
        return next((at + 1 for at, choice in enumerate(choices) if choice.answer and choice.site.key == last), len(choices))
