"""Which of the endings E1–E26 a history shows. It tells coverage, not right from wrong: that is what oracles are for."""

from collections.abc import Iterator

from finale import ErrorInfo, Gap, RunComplete, RunStarted, Status
from finale_sim.history import Entry, History, What

__all__ = ["ENDINGS", "endings_seen"]

ENDINGS: dict[str, str] = {
    "E1": "rejected",
    "E2": "normal",
    "E3": "normal, with others waiting",
    "E4": "preparation fails",
    "E5": "preparation raises something like a cancellation",
    "E6": "fails while active",
    "E7": "fails after publishing",
    "E8": "publishes twice",
    "E9": "cancelled before its task ran",
    "E10": "cancelled while waiting",
    "E11": "cancelled in preparation",
    "E12": "cancelled while active",
    "E13": "cancelled, and clean-up raises",
    "E14": "cancelled, but finishes first",
    "E15": "ignores its cancel",
    "E16": "the workspace closes",
    "E17": "cancelled from outside",
    "E18": "a group of errors",
    "E19": "a broken contract",
    "E20": "stops the program",
    "E21": "a subscriber falls behind or leaves",
    "E22": "the journal fails",
    "E23": "the process is killed",
    "E24": "folded into another run",
    "E25": "interrupted by another run",
    "E26": "dozens at once",
}

_CROWD = 20  # runs in one trial that count as many


def endings_seen(history: History) -> tuple[str, ...]:
    """The names of the endings, in order, each once."""
    found = set(_of_workspace(history))
    for ending in history.endings():
        if ending.run_id in history.accepted:
            found.update(_of_run(history, ending))
    return tuple(name for name in ENDINGS if name in found)


def _of_workspace(history: History) -> Iterator[str]:
    if any(history.of(What.REJECTED)):
        yield "E1"
    if any(isinstance(e.detail, Gap) for e in history.of(What.EVENT)):
        yield "E21"
    if any(text.startswith("journal") for text in history.picks.values()):
        yield "E22"
    if history.killed is not None:
        yield "E23"
    if len(history.accepted) >= _CROWD:
        yield "E26"


def _of_run(history: History, ending: RunComplete) -> Iterator[str]:
    if ending.folded_into is not None:
        yield "E24"
        return
    match ending.status:
        case Status.COMPLETED:
            yield from _completed(history, ending)
        case Status.FAILED:
            yield _failed(history, ending.run_id, ending.error)
        case Status.CANCELLED:
            yield _cancelled(history, ending)


def _completed(history: History, ending: RunComplete) -> Iterator[str]:
    run_id = ending.run_id
    said = list(history.of(What.PUBLISHED, What.RETURNED, run_id=run_id))
    stops = history.stops(run_id)
    if history.first(What.RAISED, run_id=run_id):
        yield "E7"
    if len(said) > 1:
        yield "E8"
    if stops and said and stops[0].number < said[0].number:
        yield "E14"
    elif len(said) == 1:
        yield "E3" if _others_wait(history, said[0]) else "E2"


def _others_wait(history: History, said: Entry) -> bool:
    before = [run_id for run_id, e in history.accepted.items() if e.session == said.session and e.number < said.number]
    started = (history.first(What.PREPARING, What.CALLED, run_id=run_id) for run_id in before)
    return any(start is None or start.number > said.number for start in started)


def _failed(history: History, run_id: str, error: ErrorInfo | None) -> str:
    kind = error.type if error else ""
    if "Exit" in kind or "Interrupt" in kind:
        return "E23" if "Interrupted" in kind else "E20"
    if "ContractViolation" in kind:
        return "E19"
    if history.first(What.CALLED, run_id=run_id) is None:
        return "E5" if "Cancelled" in kind else "E4"
    return "E18" if "Group" in kind else "E6"


def _cancelled(history: History, ending: RunComplete) -> str:
    stop = next(iter(history.stops(ending.run_id)), None)
    if ending.superseded_by is not None:
        return "E25"
    if ending.abandoned or ending.error is not None:
        return "E15" if ending.abandoned else "E13"
    if stop is not None and stop.what is not What.CANCEL:
        return {What.CLOSE: "E16", What.RAISED: "E20"}.get(stop.what, "E17")
    return _phase(history, ending.run_id)


def _phase(history: History, run_id: str) -> str:
    """Which phase a cancel found the run in."""
    if history.first(What.CALLED, run_id=run_id):
        return "E12"
    if history.first(What.PREPARING, run_id=run_id):
        return "E11"
    return "E9" if any(isinstance(event, RunStarted) for event in history.events(run_id)) else "E10"
