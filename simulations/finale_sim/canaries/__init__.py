"""Canaries: broken variants of the SDK. Each is a file in this folder with a ``Canary``, listed here.

A campaign that runs with a canary must fail, at the oracle that the canary names; otherwise that oracle proves nothing.
"""

from finale_sim.canaries import (
    counts_nothing,
    early_release,
    foreign_turn,
    forgetful_journal,
    full_buffer,
    late_progress,
    lost_wakeup,
    no_finally,
    one_victim,
    open_door,
    polled_queue,
    second_terminal,
    settles_again,
    shared_result,
    sleeping_closer,
    stale_view,
    sticky_cancel,
    sticky_failure,
    stranded_queue,
    title_making,
    trusts_exceptions,
    unshielded_pump,
)
from finale_sim.canaries.canary import Canary

__all__ = ["CANARIES", "Canary"]

CANARIES: dict[str, Canary] = {
    module.CANARY.name: module.CANARY
    for module in (
        no_finally,
        second_terminal,
        stranded_queue,
        unshielded_pump,
        shared_result,
        trusts_exceptions,
        one_victim,
        sticky_cancel,
        counts_nothing,
        early_release,
        polled_queue,
        lost_wakeup,
        foreign_turn,
        sleeping_closer,
        settles_again,
        late_progress,
        title_making,
        open_door,
        full_buffer,
        stale_view,
        forgetful_journal,
        sticky_failure,
    )
}
