"""The history of a trial and the questions that oracles ask it."""

from finale import RunAccepted, RunComplete, RunStarted
from finale_sim.history import History, What
from tests.finale_sim.histories import Past, sound


def test_entries_are_numbered_and_stamped_in_order() -> None:
    """Each entry has its place, the step, the time, and whether its observer was cancelled at that moment."""
    past = Past()
    past.accept("r1")
    past.at, past.cancelled = 2.5, True
    past.did(What.RETURNED, "r1", detail="x")
    entries = past.history.entries
    assert [entry.number for entry in entries] == list(range(len(entries)))
    assert (entries[0].at_s, entries[0].cancelled) == (0.0, False)
    assert (entries[-1].at_s, entries[-1].cancelled, entries[-1].detail) == (2.5, True, "x")


def test_a_new_history_is_empty_and_at_zero() -> None:
    """Without a trial, time stands at zero and nobody is cancelled."""
    history = History()
    history.note("client", What.CLOSE)
    (entry,) = history.entries
    assert (entry.step, entry.at_s, entry.cancelled, entry.run_id) == (0, 0.0, False, "")


def test_only_the_witness_counts_for_events() -> None:
    """What slow or leaving subscribers saw is in the entries, not among the events."""
    past = sound()
    past.see(past.ending("r1"), who="leaver")
    assert [type(event) for event in past.history.events("r1")] == [RunAccepted, RunStarted, RunComplete]
    assert len(past.history.endings()) == 1
    assert past.history.endings("r2") == []


def test_entries_are_found_by_kind_and_run() -> None:
    """``of`` filters by kind and run, ``first`` takes the first of them or None."""
    history = sound("r2", past=sound("r1")).history
    assert [entry.run_id for entry in history.of(What.CALLED, What.RETURNED)] == ["r1", "r1", "r2", "r2"]
    assert [entry.run_id for entry in history.of(What.CALLED, run_id="r2")] == ["r2"]
    assert history.first(What.RAISED, run_id="r1") is None
    assert list(history.accepted) == ["r1", "r2"]


def test_a_run_is_covered_by_what_came_after_its_acceptance() -> None:
    """Cancels of its session or of itself, closings, and cancellations from outside; not those of others, nor earlier ones."""
    past = Past().stop().accept("r1").stop(session="s2").stop(run_id="r2").stop().stop(run_id="r1")
    past.stop(What.CLOSE).stop(What.OUTSIDE)
    assert [entry.what for entry in past.history.stops("r1")] == [What.CANCEL, What.CANCEL, What.CLOSE, What.OUTSIDE]
    assert past.history.stops("unknown") == []
