"""Which squares of a run's life are reached: none that was not, each that was, and in the standard campaign all that can be."""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import finale.runs
from finale import Status
from finale.runs import TRANSITIONS, Command, RunState
from finale_sim.campaign import campaign_programs
from finale_sim.choices import Decide
from finale_sim.history import What
from finale_sim.injected import CASES, Cell
from finale_sim.lives import EVENTS, FAULTS, IMPOSSIBLE, LIVES, PHASES, STATES, STRUCK, lives_seen, possible
from finale_sim.oracles import all_cases, oracles
from finale_sim.program import ScenarioProgram
from finale_sim.search import Attempt, search
from tests.finale_sim.histories import Past

_TRIALS = 100
_COMMANDS = {"accepted": "accept", "started": "start", "folded": "fold", "cancel": "cancel"}
_DYING = ("killed", "killed late")  # what a process did when it died was seen by nobody


class Taken(dict[tuple[RunState, Command], RunState]):
    """The table of transitions, which remembers those that were looked up."""

    def __init__(self) -> None:
        super().__init__(TRANSITIONS)
        self.taken = set[tuple[str, str]]()

    def __getitem__(self, key: tuple[RunState, Command]) -> RunState:
        self.taken.add((key[0].value, key[1].value))
        return super().__getitem__(key)


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Counter[Cell], list[str]]]:
    """What a small campaign covers, and where that is not what the ledger did."""
    table, covered, wrong = Taken(), Counter[Cell](), list[str]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finale.runs, "TRANSITIONS", table)
        for program in campaign_programs():
            covered.update(_played(program, table, wrong))
        yield covered, wrong


def _played(program: ScenarioProgram, table: Taken, wrong: list[str]) -> Counter[Cell]:
    name = program.scenario.name

    def run(decide: Decide) -> Attempt:
        table.taken.clear()
        attempt = program.attempt(decide)
        told = {(row, _COMMANDS.get(column, "settle")) for kind, row, column in attempt.injected.cells if kind == LIVES}
        if told - table.taken or (table.taken - told and name not in _DYING):
            wrong.append(f"{name}: claimed {told - table.taken}, not told {table.taken - told}")
        return attempt

    return search(run, trials=_TRIALS).covered


def test_the_transitions_that_are_told_are_those_that_the_ledger_made(played: tuple[Counter[Cell], list[str]]) -> None:
    """In each trial, not one more, and, unless the process dies, not one less."""
    assert not played[1], "\n".join(played[1][:3])


def test_the_standard_campaign_reaches_all_that_can_be_reached(played: tuple[Counter[Cell], list[str]]) -> None:
    """What is unreached gets a scenario, or explained in ``IMPOSSIBLE``; what is said to be impossible does not happen."""
    covered = played[0]
    assert [cell for cell in possible() if not covered[cell]] == []
    assert [cell for cell in covered if cell[0] in (LIVES, STRUCK) and cell not in possible()] == []


def test_every_oracle_has_had_each_of_its_cases_to_judge(played: tuple[Counter[Cell], list[str]]) -> None:
    """An oracle that is never asked is silent, too. No other case than those that oracles name is told."""
    assert {cell for cell in played[0] if cell[0] == CASES} == set(all_cases())
    assert {oracle.name for oracle in oracles() if not oracle.cases} == {"not stuck"}


def test_each_square_is_either_possible_or_explained() -> None:
    """Both tables have all that there is: the states and commands of the SDK's table, and every fault in each phase."""
    transitions = {(row, _COMMANDS.get(column, "settle")) for kind, row, column in (*possible(), *IMPOSSIBLE) if kind == LIVES}
    assert transitions == {(state.value, command.value) for state, command in TRANSITIONS}
    assert set(STATES) == {state.value for state in RunState} - {"settled"}
    assert {*_COMMANDS, *(status.value for status in Status)} == set(EVENTS)
    struck = {(row, column) for kind, row, column in (*possible(), *IMPOSSIBLE) if kind == STRUCK}
    assert struck == set(product(FAULTS, PHASES))
    assert all(IMPOSSIBLE.values())


def waiting() -> Past:
    return Past().accept("r1")


def preparing() -> Past:
    return waiting().did(What.PREPARING, "r1")


def active() -> Past:
    return waiting().start("r1")


def unwinding() -> Past:
    return active().stop()


def published() -> Past:
    return active().did(What.PUBLISHED, "r1", detail="a")


def settled() -> Past:
    return active().did(What.RETURNED, "r1", detail="a")


@pytest.mark.parametrize(
    ("past", "phase"),
    [
        (waiting, "waiting"),
        (preparing, "preparing"),
        (active, "active"),
        (unwinding, "unwinding"),
        (published, "unwinding"),
        (settled, "settled"),
    ],
)
def test_a_misfortune_meets_a_run_in_its_phase(past: object, phase: str) -> None:
    """In that one alone, and it leaves those in peace that it does not name, and those that come later."""
    assert callable(past)
    history = past().history
    history.strike("cancel", "s1")
    history.strike("terminate", "elsewhere")
    after = Past()
    after.history = history
    after.accept("r2")
    struck = {(row, column) for kind, row, column in lives_seen(history) if kind == STRUCK}
    assert struck == {("cancel", phase)}


def test_the_guide_lists_what_cannot_be() -> None:
    """Each square, with its reason."""
    page = (Path(__file__).parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8")
    rows = [
        f"| {table} | {row} {'→' if table == LIVES else 'while'} {column} | {why} |"
        for (table, row, column), why in IMPOSSIBLE.items()
    ]
    assert page.endswith("\n".join(["|---|---|---|", *rows]) + "\n")
