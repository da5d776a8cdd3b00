"""The life of a run, as a table. This is the only place that says what can follow what.

    NEW → WAITING → ACTIVE → (CANCELLING) → SETTLED
             ↘ FOLDED ↗ with its host

A pair that is missing from the table is the error. SETTLED leads nowhere, so a second terminal event cannot be recorded.
"""

import enum

__all__ = ["TRANSITIONS", "Command", "IllegalTransition", "RunState", "advance"]


class RunState(enum.StrEnum):
    """Where a run is in its life."""

    NEW = "new"
    WAITING = "waiting"
    ACTIVE = "active"
    CANCELLING = "cancelling"
    FOLDED = "folded"
    SETTLED = "settled"


class Command(enum.StrEnum):
    """What moves a run on."""

    ACCEPT = "accept"
    START = "start"
    CANCEL = "cancel"
    FOLD = "fold"
    SETTLE = "settle"


TRANSITIONS: dict[tuple[RunState, Command], RunState] = {
    (RunState.NEW, Command.ACCEPT): RunState.WAITING,
    (RunState.WAITING, Command.START): RunState.ACTIVE,
    (RunState.WAITING, Command.SETTLE): RunState.SETTLED,
    (RunState.WAITING, Command.FOLD): RunState.FOLDED,
    (RunState.FOLDED, Command.SETTLE): RunState.SETTLED,
    (RunState.ACTIVE, Command.CANCEL): RunState.CANCELLING,
    (RunState.ACTIVE, Command.SETTLE): RunState.SETTLED,
    (RunState.CANCELLING, Command.SETTLE): RunState.SETTLED,
}


class IllegalTransition(AssertionError):
    """The ledger asked for a step that a run's life does not have. A bug in finale, never a user's mistake."""


def advance(state: RunState, command: Command) -> RunState:
    """The state that follows.

    Raises:
        IllegalTransition: the table has no such step.
    """
    try:
        return TRANSITIONS[state, command]
    except KeyError:
        raise IllegalTransition(f"a run that is {state.value} cannot {command.value}") from None
