"""Which delay brings a failure about on stock trio: tried out in trials that move in lock step, as trio does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from finale_sim.choices import Decide, Kind, happy_path
from finale_sim.failure.forcing import Delay, delayed, holding
from finale_sim.kernel import Fidelity, Step
from finale_sim.program import PlainProgram
from finale_sim.search import RandomWalk
from finale_sim.shrink import same_claim
from finale_sim.story import Story

__all__ = ["Hold", "find_holds"]

_TRIALS = 300
_STEPS = 60_000  # the same for programs with long trials; a second or two
_ORDERS = 12  # random orders of the rounds in which a delay has to work, besides the plain one
_PAUSE_S = 0.001  # longer than anything that takes no time, shorter than what programs wait for
_MOST_INSTANTS = 3
_MOST_SWITCHES = 30  # beyond that nobody would want to read them


@dataclass(frozen=True, slots=True)
class Hold:
    """A delay, where the task is meanwhile (``file:line in function: source text``; empty: not started), and until when."""

    delay: Delay
    source: str
    until: str

    @property
    def place(self) -> str:
        """``file:line``, or that the task has yet to start."""
        return self.source.partition(" in ")[0] or f"the start of {self.delay.path}"

    def __str__(self) -> str:
        where = f"at {self.source}" if self.source else "as it starts"
        return f"hold {self.delay.path} {where}\n        for {self.delay.seconds:g} s, until {self.until}"


def find_holds(program: PlainProgram, story: Story) -> tuple[tuple[Hold, ...], bool]:
    """Delays that make ``program`` break the claim of ``story`` in lock step; and whether they do in every order of the rounds.

    The first that do so in every order that was tried; else those that do so most often; else none.
    """
    steps = [step for step in story.trial.trace if not step.path.startswith("~")]
    with holding():
        bench = _Bench(program, story)
        for delays in _candidates(steps):
            if bench.reliable or bench.spent:
                break
            bench.weigh(delays)
        if not bench.reliable and len(steps) * _MOST_SWITCHES <= _STEPS:
            bench.weigh(_fewest(bench, _every_switch(steps)))
        return tuple(_told(bench, story)), bench.reliable or not bench.best


class _Bench:
    """Tries out delays, and keeps those that work most often."""

    def __init__(self, program: PlainProgram, story: Story) -> None:
        self._in_rounds = program.under(replace(program.conditions, fidelity=Fidelity.ROUNDS))
        self._story = story
        self._trials = self._steps = self._works = 0
        self.best: tuple[Delay, ...] = ()

    @property
    def spent(self) -> bool:
        return self._trials >= _TRIALS or self._steps >= _STEPS

    @property
    def reliable(self) -> bool:
        """Whether the best delays work in every order of the rounds that was tried."""
        return self._works > _ORDERS

    def held(self, delays: Sequence[Delay]) -> PlainProgram:
        return replace(self._in_rounds, function=delayed(self._in_rounds.function, delays))

    def fails(self, delays: Sequence[Delay], decide: Decide = happy_path) -> bool:
        attempt = self.held(delays).attempt(decide)
        self._trials += 1
        self._steps += attempt.steps
        return same_claim(attempt, self._story.attempt)

    def weigh(self, delays: tuple[Delay, ...]) -> None:
        """Try the delays in several orders of the rounds, if they work in the plain one."""
        if self.fails(delays):
            walk = RandomWalk()
            works = 1 + sum(self.fails(delays, _schedule_only(walk.next())) for _ in range(_ORDERS))
            if works > self._works:
                self.best, self._works = delays, works


def _schedule_only(decide: Decide) -> Decide:
    """The same order of tasks, and nothing else out of the ordinary."""
    return lambda site, options: decide(site, options) if site.kind is Kind.SCHEDULE else 0


def _candidates(steps: Sequence[Step]) -> Iterator[tuple[Delay, ...]]:
    """A short delay where another task went first, or elsewhere; then one until a later instant; then two short ones."""
    switched = [at for at in range(1, len(steps)) if steps[at - 1].path != steps[at].path]
    went_on = sorted(set(range(len(steps))) - set(switched))
    ordered = [steps[at] for at in switched + went_on]
    short = [Delay(step.path, step.n, _PAUSE_S) for step in ordered]
    yield from ((delay,) for delay in short)
    since = {(step.path, step.n + 1): step.now_s for step in steps}
    instants = sorted({step.now_s for step in steps})
    for step, delay in zip(ordered, short, strict=True):
        start = since.get((step.path, step.n), step.now_s)
        for instant in [instant for instant in instants if instant > start][:_MOST_INSTANTS]:
            yield (replace(delay, seconds=round(instant - start + _PAUSE_S, 9)),)
    for one, other in combinations(short[: len(switched)], 2):
        twice = 2 * _PAUSE_S
        yield from ((one, other), (replace(one, seconds=twice), other), (one, replace(other, seconds=twice)))


def _every_switch(steps: Sequence[Step]) -> tuple[Delay, ...]:
    """Delays that force the whole schedule: the n-th switch from one task to another takes place after n pauses."""
    delays, stretch = [], 0
    runnable_since: dict[str, int] = {}
    for before, step in pairwise(steps):
        for path in step.options:
            runnable_since.setdefault(path, stretch)
        stretch += before.path != step.path
        pauses = stretch - runnable_since.pop(step.path)
        if pauses:
            delays.append(Delay(step.path, step.n, round(pauses * _PAUSE_S, 9)))
    return tuple(delays) if len(delays) <= _MOST_SWITCHES else ()


def _fewest(bench: _Bench, delays: tuple[Delay, ...]) -> tuple[Delay, ...]:
    """Without those that are not needed."""
    if bench.fails(delays):
        for delay in delays:
            fewer = tuple(other for other in delays if other is not delay)
            if bench.fails(fewer):
                delays = fewer
    return delays


def _told(bench: _Bench, story: Story) -> Iterator[Hold]:
    delays = bench.best
    sources = {(step.path, step.n): step.place for step in story.trial.trace}
    forced = [step for step in bench.held(delays).tell(happy_path).trial.trace if not step.path.startswith("~")]
    for delay in delays:
        back = (delay.path, delay.step + sum(other.path == delay.path and other.step <= delay.step for other in delays))
        at = next(at for at, step in enumerate(forced) if (step.path, step.n) == back)
        yield Hold(delay, sources.get((delay.path, delay.step - 1), ""), _until(forced[at - 1], delays, delay, sources))


def _until(last: Step, delays: Sequence[Delay], delay: Delay, sources: Mapping[tuple[str, int], str]) -> str:
    """What the task that went last before the held one goes on has come to."""
    if last.waiting_on == "ended":
        return f"{last.path} has ended"
    held = sorted(other.step for other in delays if other.path == last.path)
    own = last.n - sum(step + before <= last.n for before, step in enumerate(held))  # without its pauses
    source = sources.get((last.path, own), "").partition(" in ")[0]
    return f"{last.path} has come to {source}" if source and last.path != delay.path else "all others wait"
