"""Oracles: pure judges of a history. Each is a file in this folder with an ``Oracle``, listed here in order of weight.

An oracle counts only once a canary trips it: a broken variant of the SDK (``canaries/``) that this oracle must catch.
"""

from finale_sim.history import History
from finale_sim.injected import CASES, Cell
from finale_sim.oracles import (
    agreement,
    attribution,
    by_whom,
    cancel_scope,
    data_first,
    delivery,
    durability,
    durable_history,
    idle_cancel,
    isolation,
    keeps_contract,
    limits,
    no_crash,
    no_poison,
    no_stranding,
    not_stuck,
    one_terminal,
    ownership,
    promptness,
    right_refusal,
    single_flight,
    stops,
    streams,
    truth,
    waiter_ends,
)
from finale_sim.oracles.oracle import Oracle
from finale_sim.verdict import Breach

__all__ = ["CASES", "JUDGED_BY", "Oracle", "Unjudged", "all_cases", "cases_met", "judge", "oracles"]

_GRACE_S = 5.0  # of a workspace that was opened without a word about it

JUDGED_BY: dict[str, tuple[str, ...]] = {
    one_terminal.ORACLE.name: ("E1", "E2", "E3", "E7", "E8", "E17", "E18", "E20", "E23", "E26"),
    attribution.ORACLE.name: ("E2", "E3", "E6", "E24"),
    right_refusal.oracle().name: ("E1", "E22"),
    isolation.ORACLE.name: ("E2",),
    truth.ORACLE.name: ("E4", "E5", "E6", "E7", "E8", "E13", "E14", "E15", "E18", "E19", "E20", "E24"),
    by_whom.ORACLE.name: ("E9", "E10", "E11", "E12", "E16", "E17", "E20", "E25"),
    limits.oracle().name: ("E6",),
    cancel_scope.ORACLE.name: ("E9", "E10", "E11", "E12", "E14", "E25"),
    stops.oracle().name: ("E9", "E10", "E11", "E12", "E15", "E16"),
    single_flight.ORACLE.name: ("E3", "E7", "E25", "E26"),
    data_first.ORACLE.name: ("E6", "E7", "E8"),
    promptness.ORACLE.name: ("E3", "E4", "E6", "E12"),
    ownership.ORACLE.name: ("E1", "E16", "E17"),
    delivery.ORACLE.name: ("E21", "E22"),
    streams.ORACLE.name: ("E21",),
    durable_history.ORACLE.name: ("E22", "E23"),
    durability.ORACLE.name: ("E22",),
    no_poison.ORACLE.name: ("E4", "E5"),
}
"""The endings that an oracle is there to judge first of all; all oracles look at all trials."""


class Unjudged(Exception):
    """An oracle crashed: the trial is neither passed nor failed."""


def oracles(
    max_active: int | None = None,
    *,
    idle_s: float | None = None,
    deadline_s: float | None = None,
    grace_s: float | None = None,
    queue_limit: int | None = None,
    judge_coordinator: bool = False,
) -> tuple[Oracle, ...]:
    """All oracles, for a workspace with these limits. ``judge_coordinator``: also the one that accuses finale's guest."""
    patience = None if judge_coordinator else _GRACE_S if grace_s is None else grace_s  # guests may block their thread
    guests = (keeps_contract.ORACLE,) if judge_coordinator else ()
    return (
        no_crash.ORACLE,
        one_terminal.ORACLE,
        right_refusal.oracle(queue_limit),
        no_poison.ORACLE,
        attribution.ORACLE,
        isolation.ORACLE,
        truth.ORACLE,
        by_whom.ORACLE,
        limits.oracle(idle_s, deadline_s),
        cancel_scope.ORACLE,
        stops.oracle(patience),
        idle_cancel.ORACLE,
        single_flight.ORACLE,
        data_first.ORACLE,
        promptness.ORACLE,
        ownership.ORACLE,
        delivery.ORACLE,
        streams.ORACLE,
        waiter_ends.ORACLE,
        agreement.ORACLE,
        durable_history.ORACLE,
        durability.ORACLE,
        no_stranding.oracle(max_active),
        not_stuck.ORACLE,
        *guests,
    )


def judge(history: History, judges: tuple[Oracle, ...]) -> Breach | None:
    """The first breach that any of the ``judges`` finds.

    Raises:
        Unjudged: one of them crashed.
    """
    for oracle in judges:
        try:
            message = next(oracle.check(history), None)
        except Exception as error:
            raise Unjudged(f"oracle {oracle.name!r} crashed: {error!r}") from error
        if message is not None:
            return Breach(oracle.name, message)
    return None


def all_cases() -> list[Cell]:
    """What all oracles are there to judge."""
    return [(CASES, oracle.name, case) for oracle in oracles() for case in oracle.cases]


def cases_met(history: History, judges: tuple[Oracle, ...]) -> dict[Cell, bool]:
    """What each of the ``judges`` found in the history to judge. Each square is True."""
    return {(CASES, oracle.name, case): True for oracle in judges for case, met in oracle.cases.items() if met(history)}
