"""A livelock, as data and in words: tasks that go on for ever, round and round, and never get anywhere."""

from dataclasses import dataclass

from finale_sim.wording import counted

__all__ = ["Livelock", "Mover", "render_livelock"]

_MOST_PLACES = 6
_MOST_WAITING = 12


@dataclass(frozen=True, slots=True)
class Mover:
    """A task that takes steps in each round."""

    path: str
    steps: int  #: in one round
    places: tuple[str, ...]  #: where it stood before each of them, each place once: ``file:line in function: source text``

    def __str__(self) -> str:
        head = f"{self.path} takes {counted(self.steps, 'step')}"
        return "\n".join([head, *(f"    {line}" for line in _some(self.places, _MOST_PLACES))])


@dataclass(frozen=True, slots=True)
class Livelock:
    """A state that came back under fair scheduling: whatever could decide is as it was, so it comes back for ever."""

    first: int  #: number of the step before which the state was seen
    again: int  #: and of the one before which it was seen again
    round_s: float  #: virtual seconds of one round
    movers: tuple[Mover, ...]  #: who takes steps in a round, in order of the first one
    waiting: tuple[str, ...] = ()  #: who takes none, and what each waits for

    @property
    def steps(self) -> int:
        """Steps in one round."""
        return self.again - self.first


def render_livelock(livelock: Livelock) -> str:
    """What goes round, where, and who waits for it to end."""
    came_back = f"the state of step {livelock.first:,} came back at step {livelock.again:,}"
    took = f"{livelock.round_s:g} s of virtual time" if livelock.round_s else "no time"
    lines = [
        f"a livelock: {came_back}, although every task got its turn and nothing went wrong; so it comes back for ever.",
        f"One round is {counted(livelock.steps, 'step')} and takes {took}:",
        *map(str, livelock.movers),
    ]
    if livelock.waiting:
        lines += ["meanwhile:", *(f"    {waiter}" for waiter in _some(livelock.waiting, _MOST_WAITING))]
    return "\n".join(lines)


def _some(lines: tuple[str, ...], most: int) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], *([f"and {more} more"] if more > 0 else [])]
