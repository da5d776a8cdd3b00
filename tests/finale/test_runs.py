"""The table of a run's life."""

import itertools

import pytest

from finale.runs import TRANSITIONS, Command, IllegalTransition, RunState, advance


def test_nothing_follows_settled() -> None:
    """SETTLED has no way out, so a second terminal event cannot be recorded."""
    assert not [pair for pair in TRANSITIONS if pair[0] is RunState.SETTLED]


def test_nothing_leads_back_to_new() -> None:
    """A run is accepted once."""
    assert RunState.NEW not in TRANSITIONS.values()


@pytest.mark.parametrize(("state", "command"), list(itertools.product(RunState, Command)))
def test_a_step_is_in_the_table_or_illegal(state: RunState, command: Command) -> None:
    """Each pair of state and command either leads where the table says or raises with both named."""
    if (state, command) in TRANSITIONS:
        assert advance(state, command) is TRANSITIONS[state, command]
    else:
        with pytest.raises(IllegalTransition, match=f"{state.value} cannot {command.value}"):
            advance(state, command)


def test_every_accepted_run_can_still_settle() -> None:
    """From each state after acceptance, but the last, one SETTLE ends the run."""
    for state in {RunState.WAITING, RunState.ACTIVE, RunState.CANCELLING}:
        assert advance(state, Command.SETTLE) is RunState.SETTLED
