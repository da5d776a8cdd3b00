"""The museum: every bug that the simulator is known to find, found anew, with what it takes to understand it.

Nothing here is told from memory: what an exhibit says of its bug is data of its canary or hole, all else comes from the search.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finale_sim.campaign import campaign_programs, prove, workspace_programs
from finale_sim.canaries import CANARIES, Canary
from finale_sim.oracles import oracles
from finale_sim.render import timeline
from finale_sim.report import Report
from finale_sim.seed import HOLES, Hole, open_workspace
from finale_sim.verdict import Violated

__all__ = ["FINALE_ROOM", "SEED_ROOM", "Exhibit", "exhibits", "names_of_exhibits"]

_STAMP = 10  # columns
_MOST_SEEN = 48  # lines
FINALE_ROOM, SEED_ROOM = "finale, broken on purpose", "the seed"
SEED = "finale_sim.seed:open_workspace"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One bug. ``found`` is what the search says of it; ``room`` is ``FINALE_ROOM`` or ``SEED_ROOM``."""

    name: str
    room: str
    case: str  #: the real bug that it re-creates, if any
    commit: str  #: where that was put right
    symptom: str
    wrong: str  #: what is wrong in the program
    immune: str  #: why finale cannot have it
    claim: str  #: the claim that it breaks, by name
    promise: str  #: the claim in a sentence
    scenario: str
    found: Report
    again: str  #: the rest of the command line that repeats it, behind the token

    @property
    def caught(self) -> bool:
        """Whether the search broke the claim that the exhibit is about."""
        verdict = self.found.verdict
        return isinstance(verdict, Violated) and verdict.breach.claim == self.claim

    @property
    def evidence(self) -> str:
        """What the oracle said, without the list of those who still wait if the trial was stuck as well."""
        verdict = self.found.verdict
        message = verdict.breach.message if isinstance(verdict, Violated) else str(verdict)
        return message.partition("; nothing can ever happen again")[0].splitlines()[0].rstrip(":")

    @property
    def deviations(self) -> Sequence[str]:
        """What has to go differently from the happy path, a sentence each."""
        return self.found.counterexample.in_words() if self.found.counterexample is not None else ()

    @property
    def timeline(self) -> str:
        """The shrunk trial, step by step."""
        return timeline(self.found.counterexample.story) if self.found.counterexample is not None else ""

    @property
    def picture(self) -> str:
        """The same as a drawing: an HTML element that needs nothing else."""
        return self.found.counterexample.timeline().html if self.found.counterexample is not None else ""

    @property
    def seen(self) -> str:
        """The same with nothing but what was seen from outside, and what deviates."""
        if self.found.counterexample is None:
            return ""
        lines = list(_outside(timeline(self.found.counterexample.story, most_lines=sys.maxsize).splitlines()))
        if (more := len(lines) - _MOST_SEEN) > 0:
            lines[_MOST_SEEN // 2 : _MOST_SEEN // 2 + more] = [f"{'':>{_STAMP}}  … {more} more …"]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = {key: getattr(self, key) for key in ("name", "room", "case", "commit", "symptom", "wrong", "immune")}
        broken = {"claim": self.claim, "promise": self.promise, "caught": self.caught, "evidence": self.evidence}
        how = {"scenario": self.scenario, "strategy": self.found.search.strategy, "trials": self.found.search.trials}
        return told | broken | how | {"deviations": list(self.deviations), "timeline": self.timeline, "token": self.found.token}


def _outside(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a timeline that tell of observations and deviations, each instant in front of its first one."""
    stamp = ""
    for line in lines:
        at, text = line[:_STAMP], line[_STAMP:].strip()
        stamp = at if at.strip() else stamp
        if text.startswith(("·", "»")) and " asks " not in text:
            yield f"{stamp or ' ' * _STAMP}  {text}"
            stamp = ""


def names_of_exhibits() -> list[str]:
    """The names of all exhibits, those of the seed last."""
    return [*CANARIES, *(hole.name for hole in HOLES)]


def exhibits(names: Sequence[str] = (), *, trials: int, seed: int = 0) -> Iterator[Exhibit]:
    """The exhibits with these names (default: all), each as soon as it has been found, with at most ``trials`` trials."""
    promises = {oracle.name: oracle.claim for oracle in oracles()}
    for name, canary in CANARIES.items():
        if not names or name in names:
            yield _broken(canary, promises[canary.oracle], trials, seed)
    for hole in HOLES:
        if not names or hole.name in names:
            yield _in_the_seed(hole, promises[hole.claim], trials, seed)


def _broken(canary: Canary, promise: str, trials: int, seed: int) -> Exhibit:
    with canary.released() as opens:
        (program,) = campaign_programs([canary.scenario], opens)
        report = prove(program, canary.oracle, trials=trials, seed=seed)
    return Exhibit(
        canary.name,
        FINALE_ROOM,
        canary.case,
        canary.commit,
        canary.symptom,
        f"{canary.about[0].upper()}{canary.about[1:]}.",
        canary.immune,
        canary.oracle,
        promise,
        canary.scenario,
        report,
        f'--canary "{canary.name}"',
    )


def _in_the_seed(hole: Hole, promise: str, trials: int, seed: int) -> Exhibit:
    """In the seed a bug sits where it really was; why finale cannot have it, its canary says."""
    (program,) = workspace_programs(open_workspace.__name__, open_workspace, [hole.scenario])
    report = prove(program, hole.claim, trials=trials, seed=seed)
    twin = next(canary for canary in CANARIES.values() if canary.case == hole.name)
    return Exhibit(
        hole.name,
        SEED_ROOM,
        hole.name,
        "",
        hole.symptom,
        hole.why,
        twin.immune,
        hole.claim,
        promise,
        hole.scenario,
        report,
        SEED,
    )
