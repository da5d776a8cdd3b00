"""A Ctrl-C that arrives where Python drops whatever is raised."""

import sys
from typing import Any, Self

from finale_sim.choices import Decide
from finale_sim.search import Attempt, RunTrial

__all__ = ["Attentive"]


class Attentive:
    """Runs trials, and hears a Ctrl-C that arrives in a destructor, where Python drops whatever is raised.

    The next trial raises it instead. ``pressed`` tells it to those who run none any more.
    """

    __slots__ = ("_before", "_run", "pressed")

    def __init__(self, run: RunTrial) -> None:
        self._run = run
        self.pressed = False

    def __enter__(self) -> Self:
        self._before, sys.unraisablehook = sys.unraisablehook, self._notice
        return self

    def __exit__(self, *_: object) -> None:
        sys.unraisablehook = self._before

    def __call__(self, decide: Decide) -> Attempt:
        if self.pressed:
            raise KeyboardInterrupt
        return self._run(decide)

    def _notice(self, unraisable: Any) -> None:
        error = unraisable.exc_value
        while error is not None and not isinstance(error, KeyboardInterrupt):
            error = error.__context__  # the destructor itself may have come to grief over it
        self.pressed = self.pressed or error is not None
        if unraisable.exc_type is not KeyboardInterrupt:
            self._before(unraisable)
