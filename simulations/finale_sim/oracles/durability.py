"""I14, of promises: what is called durable is in a journal that outlives the process, and what is not is not called so.

It holds at the moment at which it is said: of an ending when it is seen, of an acceptance when ``accepted()`` returns or raises.
"""

from collections.abc import Iterator

from finale import RunAccepted, RunComplete
from finale_sim.history import Entry, History, What
from finale_sim.oracles.oracle import Oracle

__all__ = ["ORACLE"]


def _check(history: History) -> Iterator[str]:
    for entry in history.of(What.EVENT):
        if entry.who == history.witness and isinstance(entry.detail, RunComplete):
            kept = history.durable is True and _kept(history, entry.detail.seq, entry.number)
            if entry.detail.durable is not kept:
                has = (
                    "has confirmed it" if kept else "had not confirmed it" if history.durable else "does not outlive the process"
                )
                yield f"the ending of run {entry.run_id} says durable={entry.detail.durable}; the journal {has}"
    yield from _assured(history)


def _assured(history: History) -> Iterator[str]:
    answers = {(e.who, e.run_id): e for e in history.of(What.ASSURED)}
    acceptances = {event.run_id: event.seq for event in history.events() if isinstance(event, RunAccepted)}
    for asked in history.of(What.ASSURING):
        answer = answers.get((asked.who, asked.run_id))
        if answer is None:
            if history.killed is None:
                yield f"{asked.who} asks for ever whether the acceptance of run {asked.run_id} is kept"
            continue
        seq = acceptances.get(asked.run_id)
        if seq is not None and history.durable is not None:
            yield from _right(history, asked, answer, seq)


def _right(history: History, asked: Entry, answer: Entry, seq: int) -> Iterator[str]:
    kept = _kept(history, seq, answer.number)
    if kept and answer.detail is not None:
        yield f"the journal had the acceptance of run {asked.run_id}, and {asked.who} was told: {answer.detail}"
    elif not kept and answer.detail is None:
        yield f"{asked.who} was told that the acceptance of run {asked.run_id} is kept, which it is not"
    elif kept and answer.at_s > (due := max(asked.at_s, history.kept[seq].at_s)):
        yield f"{asked.who} was told at {answer.at_s:g} s what was so from {due:g} s on"


def _kept(history: History, seq: int, number: int) -> bool:
    """Whether the journal had confirmed the event when the history had so many entries."""
    return seq in history.kept and history.kept[seq].at <= number


_CASES = {
    "a durable ending": lambda history: any(ending.durable for ending in history.endings()),
    "one that is not": lambda history: bool(history.durable) and any(not ending.durable for ending in history.endings()),
    "a kept acceptance": lambda history: any(e.detail is None for e in history.of(What.ASSURED)),
    "one that is lost": lambda history: any(e.detail is not None for e in history.of(What.ASSURED)),
}

ORACLE = Oracle("I14 durability", "what is called durable is in the journal, and what is not is not called so", _check, _CASES)
