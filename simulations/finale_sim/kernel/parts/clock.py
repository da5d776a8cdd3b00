"""Virtual time: stands still while anything can run, and jumps when nothing can."""

from math import inf

from trio.abc import Clock

__all__ = ["VirtualClock"]


class VirtualClock(Clock):
    """Seconds since the trial began, as a public trio clock. Only the driver (and a simulated ``time.sleep``) moves it."""

    __slots__ = ("now",)

    autojump_threshold = inf  #: trio may one day ask every clock for it; the driver jumps, so never by itself

    def __init__(self) -> None:
        self.now = 0.0

    def start_clock(self) -> None:
        """Nothing to do: the clock starts at 0.0."""

    def current_time(self) -> float:
        return self.now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return deadline - self.now

    def autojump(self) -> None:
        """Nothing to do, as ``autojump_threshold`` says."""
