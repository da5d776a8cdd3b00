"""What `exhaustive` leaves out, and whether it may: every order there is, beside one trial of each class.

    .venv/bin/python benchmarks/bench_exhaustive.py
    .venv/bin/python benchmarks/bench_exhaustive.py --programs account token_ring

"All" are the interleavings of a program, each of them run if there are at most 50,000 (``--most``); what is "about" is
estimated from random ones. "Classes" is found without the search: each of these is brought to the form that trials have in
common in which conflicting steps come in the same order, and forms are counted; if there are more than 2,000 interleavings
(``--forms``), those of the explored trials alone. "Explored" are the trials of the search, "checks" those that it repeats beside
that: the first one, which shows what there is, and its doubts. The exit code is 1 if explored ÷ classes is above 1.05, if
outcomes differ, or if a corrected twin is accused. "More than" so many classes means that ``--trials`` did not suffice.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from random import Random
from statistics import mean
from time import process_time

from side_by_side import heading, print_table, verdict
from suite_races import PROGRAMS

from finale_sim.accesses import EVERYTHING, Accesses
from finale_sim.choices import Candidate, Site
from finale_sim.program import PlainProgram
from finale_sim.search import Attempt, EndSearch
from finale_sim.search.exhaustive import Exhaustive

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from examples import races as examples

TARGET = 1.05
PROBES, CLEARLY = 300, 2  # so many times more than ``--most``, as estimated, and no attempt is made to run all
LARGE = frozenset({"reorder_20", "reorder_50", "twostage_50", "wronglock", "philosophers_5"})
"""Of the race suite; even their classes are too many to go through."""

ANCHORS = {
    "reorder_3": "754 → 80",
    "twostage": "100 → 3",
    "token_ring": "105 → 24",
    "account": "45 → 6",
    "lazy01": "45 → 6",
    "philosophers_3": "1,335 → 7",
}
"""Interleavings and classes of a prototype, whose programs started all tasks at once, and for which waiting was no step."""

QUICK = ("account", "deadlock01", "lost_update")
Function = Callable[[], Awaitable[object]]
Form = frozenset[Hashable]


def programs() -> dict[str, tuple[Function, Function]]:
    """Name → the broken program and its corrected twin."""
    suite = {name: (make(sound=False), make(sound=True)) for name, (make, _) in PROGRAMS.items() if name not in LARGE}
    names = ("lost_update", "deadlock", "check_then_act", "leaked_permit", "lost_wakeup", "use_after_close")
    twins = {f"{name} (example)": (getattr(examples, name), getattr(examples, f"{name}_fixed")) for name in names}
    return twins | suite


class Noting:
    """Passes a trial's questions on to ``decide``, and notes who took which step and what that touched."""

    def __init__(self, decide: object) -> None:
        self._decide: Callable[..., int] = decide  # type: ignore[assignment]  # any answers, of this module or of the search
        self.steps: list[tuple[str, Accesses]] = []

    def __call__(self, site: Site, options: int) -> int:
        return self._decide(site, options)

    def pick(self, site: Site, tasks: Sequence[Candidate]) -> int:
        pick = getattr(self._decide, "pick", None)
        return int(pick(site, tasks)) if pick is not None else self._decide(site, len(tasks))

    def stepped(self, path: str, accesses: Accesses, woke: frozenset[str]) -> None:
        self.steps.append((path, accesses))
        if hasattr(self._decide, "stepped"):
            self._decide.stepped(path, accesses, woke)

    def passed(self, woke: frozenset[str]) -> None:
        self.steps.append(("", EVERYTHING))
        if hasattr(self._decide, "passed"):
            self._decide.passed(woke)

    def form(self) -> Form:
        """Which of two conflicting steps came first; equal for the trials of one class, and for no others."""
        count = Counter[str]()
        named = []
        for path, accesses in self.steps:
            count[path] += 1
            named.append(((path, count[path]), accesses))
        return frozenset(
            (first, second)
            for place, (second, touched) in enumerate(named)
            for first, before in named[:place]
            if first[0] != second[0] and before.conflicts(touched)
        )


class Script:
    """Given answers, then 0; and how many options there were."""

    def __init__(self, answers: Sequence[int]) -> None:
        self._answers = answers
        self.asked: list[tuple[int, int]] = []

    def __call__(self, site: Site, options: int) -> int:
        answer = self._answers[len(self.asked)] if len(self.asked) < len(self._answers) else 0
        self.asked.append((answer, options))
        return answer

    def next(self) -> list[int] | None:
        """The answers of the next interleaving, depth first; None behind the last."""
        asked = self.asked
        while asked and asked[-1][0] + 1 >= asked[-1][1]:
            asked.pop()
        return [*(answer for answer, _ in asked[:-1]), asked[-1][0] + 1] if asked else None


def estimate(program: PlainProgram) -> float:
    """About how many interleavings there are: the mean, over random ones, of the product of their options (Knuth, 1975)."""
    chance = Random(0)
    products = []
    for _ in range(PROBES):
        options_of: list[int] = []

        def decide(site: Site, options: int, options_of: list[int] = options_of) -> int:
            options_of.append(options)
            return chance.randrange(options)

        program.attempt(decide)
        products.append(prod(options_of))
    return mean(products)


@dataclass(slots=True)
class Tally:
    """What some trials of a program have shown."""

    trials: int = 0
    about: float = 0.0  #: how many there are in all, if these are not all
    checks: int = 0
    complete: bool = False
    outcomes: set[str] = field(default_factory=set)
    forms: set[Form] = field(default_factory=set)
    seconds: float = 0.0
    trouble: str = ""  #: what the search ended with, if not with its last trial

    def add(self, attempt: Attempt) -> None:
        """Note how a trial ended. Addresses are not the same twice."""
        breach = attempt.breach
        self.outcomes.add(re.sub("0x[0-9a-f]+", "0x…", f"{breach.claim}: {breach.message}") if breach else str(attempt.undecided))


def every_order(program: PlainProgram, most: int, *, forms: bool) -> Tally:
    """All interleavings, unless there are more than ``most``."""
    tally, answers, began = Tally(about=estimate(program)), [], process_time()
    if tally.about > CLEARLY * most:
        return tally
    if forms:
        program.attempt(Noting(Script([])))
    while answers is not None and tally.trials < most:
        script = Script(answers)
        noting = Noting(script) if forms else None
        tally.add(program.attempt(noting or script))
        tally.trials += 1
        if noting is not None:
            tally.forms.add(noting.form())
        answers = script.next()
    tally.complete, tally.seconds = answers is None, process_time() - began
    return tally


def one_of_each(program: PlainProgram, most: int) -> Tally:
    """What the search explores, in at most so many trials."""
    tally, search, began = Tally(), Exhaustive(), process_time()
    try:
        while tally.trials < most and (decide := search.next()) is not None:
            noting = Noting(decide)
            attempt = program.attempt(noting)
            tally.add(attempt)
            before = search.classes
            search.learn(attempt)
            if search.classes > before:
                tally.forms.add(noting.form())
            explored = search.classes + search.redundant
            tally.checks += explored == tally.trials
            tally.trials = explored
    except EndSearch as reason:
        tally.trouble = str(reason)
    tally.complete, tally.seconds = search.exhausted, process_time() - began
    return tally


@dataclass(frozen=True, slots=True)
class Row:
    """One program: all its interleavings beside those that were explored."""

    name: str
    sound: bool
    every: Tally
    classes: int
    explored: Tally

    @property
    def ratio(self) -> float:
        """Explored ÷ classes."""
        return self.explored.trials / max(self.classes, 1)

    @property
    def wrong(self) -> str:
        """What must not be; empty if all is well."""
        explored, every = self.explored, self.every
        if explored.trouble:
            return explored.trouble
        if self.sound and explored.outcomes != {"None"}:
            return f"accused: {', '.join(explored.outcomes - {'None'})}"
        if every.complete and explored.complete and every.outcomes != explored.outcomes:
            return f"other outcomes: {', '.join(every.outcomes ^ explored.outcomes)}"
        return "" if self.ratio <= TARGET else f"{self.ratio:.2f} explored for each class"

    def cells(self) -> list[str]:
        """For the table."""
        every, explored = self.every, self.explored
        same = "=" if every.outcomes == explored.outcomes else "DIFFER"
        return [
            self.name,
            f"{every.trials:,}" if every.complete else f"about {every.about:.1g}",
            f"{self.classes:,}" if explored.complete else f"more than {self.classes:,}",
            f"{explored.trials:,}",
            f"{explored.checks:,}",
            f"{self.ratio:.2f}",
            f"{len(explored.outcomes)}" + (f" {same}" if every.complete and explored.complete else ""),
            f"{every.seconds:.1f}" if every.complete else " ",
            f"{explored.seconds:.1f}",
            ANCHORS.get(self.name, " "),
        ]


def row(name: str, function: Function, options: argparse.Namespace, *, sound: bool) -> Row:
    """Run one program in both ways."""
    program = PlainProgram("ordered", function)
    explored = one_of_each(program, options.trials)
    every = every_order(program, options.most, forms=False)
    classes = len(explored.forms)
    if every.complete and every.trials <= options.forms:
        classes = len(every_order(program, options.forms + 1, forms=True).forms)
    return Row(name, sound, every, classes, explored)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works; the numbers mean nothing")
    parser.add_argument("--most", type=int, default=50_000, metavar="N", help="interleavings that are run (default: 50000)")
    parser.add_argument("--forms", type=int, default=2_000, metavar="N", help="of which forms are counted (default: 2000)")
    parser.add_argument("--trials", type=int, default=5_000, metavar="N", help="of the search, at most (default: 5000)")
    parser.add_argument("--programs", nargs="+", metavar="NAME", help="only these")
    options = parser.parse_args()
    if options.quick:
        options.most, options.forms = 400, 400
        options.programs = options.programs or QUICK
    return options


def main() -> int:
    """Print the tables. 1 if something is not as it should be."""
    options = arguments()
    heading("Exhaustive: every order that makes a difference, beside every order", quick=options.quick)
    chosen = {
        name: pair for name, pair in programs().items() if options.programs is None or name.split(" ")[0] in options.programs
    }
    head = [
        "program",
        "all",
        "classes",
        "explored",
        "checks",
        "explored / classes",
        "outcomes",
        "all, CPU s",
        "explored, CPU s",
        "prototype",
    ]
    rows = []
    for title, sound in (("Corrected twins", True), ("Broken programs", False)):
        some = [row(name, pair[sound], options, sound=sound) for name, pair in chosen.items()]
        print_table(title, head, [each.cells() for each in some])
        rows += some
    explored, classes = sum(each.explored.trials for each in rows), sum(each.classes for each in rows)
    compared = sum(each.every.complete and each.explored.complete for each in rows)
    said = [
        ["explored / classes, the worst", verdict(max((each.ratio for each in rows), default=1.0), most=TARGET)],
        ["explored / classes, together", f"{explored / classes:.3f}"],
        ["checks / explored", f"{sum(each.explored.checks for each in rows) / explored:.3f}"],
        ["programs whose outcomes were compared", f"{compared} of {len(rows)}"],
        ["corrected twins exhausted", f"{sum(each.sound and each.explored.complete for each in rows)} of {len(chosen)}"],
        *[["wrong", f"{each.name}{' (corrected)' * each.sound}: {each.wrong}"] for each in rows if each.wrong],
    ]
    print_table("All together", ["", "value"], said)
    return int(any(each.wrong for each in rows))


if __name__ == "__main__":
    raise SystemExit(main())
