"""Sweep: every stream with 0 deviations, then every one with 1, with 2, and so on.

The first failure that it meets has as few deviations as any. Within one level it goes depth first, from the start each time,
so its memory does not grow with the number of trials: a stream's children are those with one more deviation behind its last.

Children are known when their parent was run. So that others need not wait for that, some parents run before the children of
those before them: one in sixteen trials at most, which postpones what a level has to find by no more than that.
"""

from array import array
from collections import deque
from collections.abc import Sequence

from finale_sim.choices import Choice, Decide
from finale_sim.search.replay import following
from finale_sim.search.strategy import Attempt, Completed

__all__ = ["Sweep"]

_Stream = tuple[tuple[int, int], ...]  # (site key, index) of each deviation, in order

_TRIALS_PER_PARENT = 16
_MOST_PARENTS = 64  # under way together


class _Children:
    """Streams with one more deviation than their parent, from the first choice to the last; eight bytes for each choice."""

    __slots__ = ("_at", "_index", "_keys", "_options", "parent")

    def __init__(self, parent: _Stream, choices: Sequence[Choice]) -> None:
        self.parent = parent
        self._keys = array("I", [choice.site.key for choice in choices])
        self._options = array("I", [choice.options for choice in choices])
        self._at, self._index = 0, 0

    @property
    def over(self) -> bool:
        """Whether ``next`` has no further one."""
        last = len(self._keys) - 1
        return self._at > last or (self._at == last and self._index + 1 >= self._options[last])

    def next(self) -> _Stream | None:
        self._index += 1
        while self._at < len(self._keys):
            if self._index < self._options[self._at]:
                return (*self.parent, (self._keys[self._at], self._index))
            self._at, self._index = self._at + 1, 1
        return None


class Sweep:
    """Tries every stream with ``start`` deviations, then with more, up to ``max_deviations``.

    ``complete`` is the number of deviations up to which all was tried; what is below ``start`` counts as tried before.
    """

    name = "sweep"
    ahead = 1024

    def __init__(self, *, start: int = 0, max_deviations: int | None = None) -> None:
        self.complete = start - 1
        self.exhausted = False
        self._max = max_deviations
        self._level = start
        self._begun = False  # this level
        self._stack: list[_Children] = []
        self._running: deque[_Stream] = deque()
        self._parents = 0  # of those that are running
        self._learnt = 0
        self._more = False  # some stream of this level has children

    @property
    def completed(self) -> Completed:
        return Completed(self.complete, self.exhausted)

    def next(self) -> Decide | None:
        stream = self._next_stream()
        if stream is None:
            return None
        self._running.append(stream)
        self._parents += len(stream) < self._level
        return following(dict(stream))

    def learn(self, attempt: Attempt) -> None:
        stream, choices = self._running.popleft(), attempt.choices
        self._learnt += 1
        behind = _behind_last_deviation(stream, choices)
        if len(stream) == self._level:
            self._more = self._more or behind < len(choices)
        else:
            self._parents -= 1
            if behind < len(choices):
                self._stack.append(_Children(stream, choices[behind:]))
        if not self._running and all(children.over for children in self._stack):
            self.complete, self.exhausted = self._level, not self._more

    def _next_stream(self) -> _Stream | None:
        if self._begun:
            while self._stack:
                if len(self._stack[-1].parent) + 1 < self._level and self._parents >= self._parents_allowed:
                    return None
                stream = self._stack[-1].next()
                if stream is not None:
                    return stream
                self._stack.pop()
            if self._running or not self._next_level():
                return None
        self._begun = True
        return ()

    @property
    def _parents_allowed(self) -> int:
        return min(1 + self._learnt // _TRIALS_PER_PARENT, _MOST_PARENTS)

    def _next_level(self) -> bool:
        if self.exhausted:
            return False
        if self._max is not None and self._level >= self._max:
            return False
        self._level += 1
        self._more = False
        return True


def _behind_last_deviation(stream: _Stream, choices: Sequence[Choice]) -> int:
    if not stream:
        return 0
    last = stream[-1][0]
    return next((at + 1 for at, choice in enumerate(choices) if choice.answer and choice.site.key == last), len(choices))
