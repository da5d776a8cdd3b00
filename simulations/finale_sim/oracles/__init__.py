"""Oracles: pure judges of a history. Each is a file in this folder with an ``Oracle``, listed here in order of weight.

An oracle counts only once a canary trips it: a broken variant of the SDK (``canaries/``) that this oracle must catch.
"""

from finale_sim.history import History
from finale_sim.oracles import (
    agreement,
    attribution,
    cancel_scope,
    data_first,
    delivery,
    durable_history,
    idle_cancel,
    no_crash,
    no_poison,
    no_stranding,
    not_stuck,
    one_terminal,
    ownership,
    promptness,
    single_flight,
    truth,
    waiter_ends,
)
from finale_sim.oracles.oracle import Oracle
from finale_sim.verdict import Breach

__all__ = ["Oracle", "Unjudged", "judge", "oracles"]


class Unjudged(Exception):
    """An oracle crashed: the trial is neither passed nor failed."""


def oracles(max_active: int | None = None) -> tuple[Oracle, ...]:
    """All oracles, for a workspace with this limit."""
    return (
        no_crash.ORACLE,
        one_terminal.ORACLE,
        attribution.ORACLE,
        truth.ORACLE,
        cancel_scope.ORACLE,
        idle_cancel.ORACLE,
        single_flight.ORACLE,
        data_first.ORACLE,
        promptness.ORACLE,
        ownership.ORACLE,
        delivery.ORACLE,
        waiter_ends.ORACLE,
        agreement.ORACLE,
        durable_history.ORACLE,
        no_poison.ORACLE,
        no_stranding.oracle(max_active),
        not_stuck.ORACLE,
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
