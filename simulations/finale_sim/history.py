"""The history of a trial: what its observers saw, in order. Oracles, endings, timeline and report are functions of it."""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from operator import attrgetter
from typing import Any

from finale import Event, Gap, RunAccepted, RunComplete
from finale_sim.calls import Kept, Stopped, Submitted, Subscribed

__all__ = ["RETURNED", "Entry", "History", "Strike", "What"]

RETURNED = "returning witness"  #: after a crash, the witness of before: it reads on behind the last event that it had seen


class What(enum.StrEnum):
    """What was seen. The first group is done to the workspace, the second by its coordinator, the third comes out of it."""

    ACCEPTED = "accepted"  #: submit returned a handle; ``detail`` is the request
    REJECTED = "rejected"  #: submit raised; ``detail`` is the error, ``run_id`` the id that was asked for, if any
    CANCEL = "cancels"  #: a session or a run is cancelled; ``detail`` is how many runs that covered
    CLOSE = "closes"  #: the workspace is closed
    KILLED = "is killed"  #: the process goes away; what it does after that is seen by nobody
    OPENED = "opens again"  #: a new process opens the same journal
    OUTSIDE = "cancels from outside"  #: the scope around the workspace is cancelled
    LEFT = "left"  #: the workspace's block has been left; ``detail`` is the error that came out of it, if any

    PREPARING = "prepares"
    CALLED = "is called"
    FOLDED = "takes along"  #: ``detail`` is the id of the run that took it
    REPORTED = "reports"  #: ``detail`` is the payload
    PUBLISHED = "publishes"  #: the coordinator called ``complete``; ``detail`` is the text
    RETURNED = "returns"  #: ``detail`` is the value
    RAISED = "raises"  #: ``detail`` is the error
    STOPPED = "is stopped"  #: a cancellation came out of the coordinator; ``detail`` is a clean-up error, if any

    EVENT = "sees"  #: a subscriber got ``detail``
    ASKED = "asks"  #: on seeing an ending: ``detail`` is (state of the run, view of its session)
    STORED = "has stored"  #: ``detail`` are the events that the journal has at the end
    END_OF_EVENTS = "sees the end"  #: a subscriber's stream ended
    ASSURING = "asks if it is kept"  #: whether the acceptance of the run is durable
    ASSURED = "hears that it is kept"  #: ``detail`` is the error that said that it is not, if any
    WAITING = "waits"
    WAITED = "has waited"  #: ``detail`` is the terminal event that the waiter got


@dataclass(frozen=True, slots=True)
class Entry:
    """One observation. ``step`` is the number of the trial's step in which it was made, ``at_s`` its virtual time."""

    number: int
    step: int
    at_s: float
    who: str
    what: What
    run_id: str = ""
    session: str = ""
    detail: Any = None
    cancelled: bool = False  #: whether the scopes around the observer were cancelled at that moment


@dataclass(frozen=True, slots=True)
class Strike:
    """A misfortune: what it was, and how many entries the history had. Of a session or a run, if it names one, else of all."""

    at: int
    fault: str
    session: str = ""
    run_id: str = ""

    def meets(self, accepted: Entry) -> bool:
        """Whether it struck the run that was accepted then."""
        if accepted.number >= self.at:
            return False
        return accepted.run_id == self.run_id if self.run_id else self.session in ("", accepted.session)


@dataclass(slots=True)
class History:
    """Append only while the trial goes on. ``stuck`` and ``crash`` are set at its end, if it ended so."""

    witness: str = "witness"  #: the subscriber that is there from the start, reads all, and is never slow
    entries: list[Entry] = field(default_factory=list)
    accepted: dict[str, Entry] = field(default_factory=dict)  #: run id → its acceptance, in order of acceptance
    picks: dict[int, str] = field(default_factory=dict)  #: site key of a choice of the scenario → what was picked
    struck: list[Strike] = field(default_factory=list)  #: misfortunes, in order; coverage tells which run they met where
    submitted: list[Submitted] = field(default_factory=list)  #: what clients asked for, each kind in order
    stopped: list[Stopped] = field(default_factory=list)
    subscribed: list[Subscribed] = field(default_factory=list)
    kept: dict[int, Kept] = field(default_factory=dict)  #: seq → when the journal confirmed that event, if there is a journal
    durable: bool | None = None  #: whether the journal outlives its process; None: there is none
    unsettled: tuple[str, ...] = ()  #: the runs whose endings were not published when the workspace's block was left
    dead: bool = False  #: the process is gone, and observes nothing
    stuck: str = ""
    crash: str = ""
    now: Callable[[], tuple[int, float, bool]] = lambda: (0, 0.0, False)  #: current step, virtual time, cancelled or not
    _index: dict[tuple[What, str | None], list[Entry]] = field(default_factory=dict, repr=False)
    _indexed: int = field(default=0, repr=False)  # oracles ask often, and of long histories
    _seen: dict[tuple[str, str | None], list[Event]] = field(default_factory=dict, repr=False)
    _ended: dict[tuple[str, str | None], list[RunComplete]] = field(default_factory=dict, repr=False)

    def note(self, who: str, what: What, run_id: str = "", session: str = "", detail: Any = None) -> None:
        """Add an observation made now."""
        if self.dead:
            return
        step, at_s, cancelled = self.now()
        entry = Entry(len(self.entries), step, at_s, who, what, run_id, session, detail, cancelled)
        self.entries.append(entry)
        if what is What.ACCEPTED:
            self.accepted[run_id] = entry

    def strike(self, fault: str, session: str = "", run_id: str = "") -> None:
        """Add a misfortune that comes now, before what it does is noted."""
        if not self.dead:
            self.struck.append(Strike(len(self.entries), fault, session, run_id))

    def of(self, *what: What, run_id: str | None = None) -> Iterator[Entry]:
        """The entries of these kinds, of one run if it is given, in order."""
        self._catch_up()
        if len(what) == 1:
            return iter(self._index.get((what[0], run_id), ()))
        found = [self._index[kind, run_id] for kind in what if (kind, run_id) in self._index]
        return iter(found[0] if len(found) == 1 else sorted(chain(*found), key=attrgetter("number")))

    def _catch_up(self) -> None:
        if self._indexed == len(self.entries):
            return
        self._seen.clear()
        self._ended.clear()
        for entry in self.entries[self._indexed :]:
            self._index.setdefault((entry.what, None), []).append(entry)
            self._index.setdefault((entry.what, entry.run_id), []).append(entry)
        self._indexed = len(self.entries)

    def first(self, *what: What, run_id: str) -> Entry | None:
        """The first of these entries."""
        return next(self.of(*what, run_id=run_id), None)

    def fingerprint(self) -> int:
        """64 bits over who saw what of which run, in order; the same in every process. Instants and texts are left out."""
        told = "\n".join(f"{e.who}\t{e.what}\t{e.run_id}\t{type(e.detail).__name__}" for e in self.entries)
        return int.from_bytes(blake2b(told.encode("utf-8", "backslashreplace"), digest_size=8).digest())

    @property
    def in_order(self) -> list[str]:
        """The accepted runs in the order of their ``RunAccepted`` events, then those whose event the witness has not seen."""
        told = [event.run_id for event in self.events() if isinstance(event, RunAccepted)]
        return list(dict.fromkeys([run_id for run_id in [*told, *self.accepted] if run_id in self.accepted]))

    def events(self, run_id: str | None = None) -> list[Event]:
        """What the witness saw, of one run if it is given."""
        self._catch_up()
        known = self._seen.get((self.witness, run_id))
        if known is None:
            told = (e.detail for e in self.of(What.EVENT, run_id=run_id) if e.who == self.witness)
            known = self._seen[self.witness, run_id] = [event for event in told if isinstance(event, Event)]
        return known.copy()

    @property
    def gaps(self) -> int:
        """How many events the witness was told that it missed."""
        return sum(e.detail.dropped for e in self.of(What.EVENT) if e.who == self.witness and isinstance(e.detail, Gap))

    def place(self, who: str) -> int:
        """The seq of the last event that this subscriber has seen; 0 if it has seen none."""
        seen = [entry.detail.seq for entry in self.of(What.EVENT) if entry.who == who and isinstance(entry.detail, Event)]
        return max(seen, default=0)

    def endings(self, run_id: str | None = None) -> list[RunComplete]:
        """The terminal events that the witness saw."""
        self._catch_up()
        known = self._ended.get((self.witness, run_id))
        if known is None:
            known = [event for event in self.events(run_id) if isinstance(event, RunComplete)]
            self._ended[self.witness, run_id] = known
        return known.copy()

    @property
    def killed(self) -> Entry | None:
        """The death of the first process, if there was one."""
        return next(self.of(What.KILLED), None)

    def decided(self, run_id: str) -> Entry | None:
        """What its coordinator did first that decides how the run, or the one that it was folded into, ends."""
        folded = self.first(What.FOLDED, run_id=run_id)
        by = folded.detail if folded is not None else run_id
        return self.first(What.PUBLISHED, What.RETURNED, What.RAISED, What.STOPPED, run_id=by)

    def host(self, run_id: str, at: int) -> str | None:
        """The run that had taken this one along when the history had so many entries."""
        folded = self.first(What.FOLDED, run_id=run_id)
        return folded.detail if folded is not None and folded.number < at else None

    def stops(self, run_id: str) -> list[Entry]:
        """What covers the run, all after its acceptance: cancels of it or its session, closings, whatever stops everything."""
        accepted = self.accepted.get(run_id)
        if accepted is None:
            return []
        stops = self.of(What.CANCEL, What.CLOSE, What.OUTSIDE, What.RAISED)
        return [stop for stop in stops if stop.number > accepted.number and self._covers(stop, accepted)]

    def _covers(self, stop: Entry, accepted: Entry) -> bool:
        if _covers(stop, accepted):
            return True
        of_host = bool(stop.run_id) and self.host(accepted.run_id, stop.number) == stop.run_id
        return stop.what is What.CANCEL and of_host and stop.detail == 1


def _covers(stop: Entry, accepted: Entry) -> bool:
    if stop.what is What.RAISED:  # another run's coordinator stops the program
        return isinstance(stop.detail, SystemExit | KeyboardInterrupt) and stop.run_id != accepted.run_id
    if stop.what is not What.CANCEL:
        return True
    return stop.run_id == accepted.run_id if stop.run_id else stop.session == accepted.session
