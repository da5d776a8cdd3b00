"""Async generators that a program leaves behind."""

import sys
import warnings
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from finale_sim.kernel.context import here
from finale_sim.kernel.parts.standins import OrderedSet

__all__ = ["InOrderOfUse"]


class _WeakOrderedSet(WeakKeyDictionary[Any, None]):
    """A weak set that iterates in the order of insertion."""

    def add(self, item: Any) -> None:
        self.setdefault(item)


class _Hooks(NamedTuple):
    """As ``sys.get_asyncgen_hooks`` gives them."""

    firstiter: Any
    finalizer: Any


class InOrderOfUse:
    """To be mixed into trio's record of async generators: what is left at the end is finalised in the order of first use."""

    hooks: Any  #: ours
    prev_hooks: Any  #: those of the loop before, if that was killed

    @property
    def alive(self) -> Any:
        return self._alive

    @alive.setter
    def alive(self, agens: Any) -> None:
        if isinstance(agens, set):
            order = {id(agen): i for i, agen in enumerate(getattr(self, "_alive", ()))}
            agens = OrderedSet.fromkeys(sorted(agens, key=lambda agen: order.get(id(agen), len(order))))
        else:
            agens = _WeakOrderedSet()
        self._alive = agens

    def make_hooks(self, runner: Any) -> None:
        """Make what ``install_hooks`` installs. Once, for all programs."""
        super().install_hooks(runner)  # type: ignore[misc]
        firstiter, finalizer = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(*self.prev_hooks)

        def quiet_at_the_end(agen: Any) -> None:
            if runner.entry_queue.over or finalizer is None:
                return
            if here.trial is None or not here.trial.ended:
                finalizer(agen)
                return
            with warnings.catch_warnings():  # it is our doing that the generator is left unfinished
                warnings.simplefilter("ignore", ResourceWarning)
                finalizer(agen)

        self.hooks = _Hooks(firstiter, quiet_at_the_end)

    def install_hooks(self, runner: Any) -> None:
        self.prev_hooks = _Hooks(*sys.get_asyncgen_hooks())  # into Python's own the garbage collector does not look
        sys.set_asyncgen_hooks(*self.hooks)
