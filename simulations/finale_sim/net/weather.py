"""What the network does to a connection of its own accord: every answer is a choice, and 0 is a fine day."""

from collections.abc import Collection, Sequence

from finale_sim.choices import Kind
from finale_sim.kernel import current_trial

__all__ = ["FAULTS", "Weather"]

FAULTS: dict[str, str] = {
    "refuse": "nobody answers although somebody listens: ConnectionRefusedError",
    "silent": "a connection attempt never comes to an end",
    "reset": "both ends find the connection broken: ConnectionResetError",
    "half-open": "nothing that is sent in one direction arrives any more, and nobody is told",
    "split": "a receive gets one byte, although there is more",
}


class Weather:
    """``latency_s``: how late something may arrive, in virtual seconds. ``faults``: which of ``FAULTS`` may happen."""

    def __init__(self, latency_s: Sequence[float], faults: Collection[str]) -> None:
        for name in faults:
            if name not in FAULTS:
                raise ValueError(f"there is no network fault {name!r}; there are: {', '.join(FAULTS)}")
        for seconds in latency_s:
            if not seconds > 0:
                raise ValueError(f"a latency is {seconds!r}; it is a number of seconds above 0 (none at all is always possible)")
        self._latency_s = tuple(latency_s)
        self._faults = frozenset(faults)

    def late_s(self, what: str) -> float:
        """How late it arrives."""
        options = ["", *(f"{what} takes {seconds:g} s" for seconds in self._latency_s)]
        late = _choose(Kind.DELAY, f"latency of {what}", options)
        return self._latency_s[late - 1] if late else 0.0

    def strikes(self, fault: str, what: str) -> bool:
        """Whether the fault strikes now."""
        return fault in self._faults and _choose(Kind.FAULT, f"{fault}: {what}", ["", f"{what}: {fault}"]) > 0


def _choose(kind: Kind, label: str, options: Sequence[str]) -> int:
    trial = current_trial()
    if trial is None or len(options) < 2:
        return 0
    answer = trial.choose(kind, label, len(options))
    if answer:
        trial.tell(options[answer])
    return answer
