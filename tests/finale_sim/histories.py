"""Histories written by hand: what a sound run looks like, and the pieces to spoil it with."""

from typing import Any

from finale import ErrorInfo, Gap, Progress, Request, RunAccepted, RunComplete, RunStarted, RunState, Status
from finale_sim.calls import Stopped, Submitted, Subscribed
from finale_sim.history import History, What


class Past:
    """Writes a history; ``at`` is the instant of what comes next, ``cancelled`` whether its observer's scopes are."""

    def __init__(self) -> None:
        self.history = History()
        self.at, self.cancelled = 0.0, False
        self._seq = 0
        self.history.now = lambda: (len(self.history.entries), self.at, self.cancelled)

    def accept(self, run_id: str, session: str = "s1") -> "Past":
        self.history.note("client", What.ACCEPTED, run_id, session, "prompt")
        self.history.note(f"waiter {run_id}", What.WAITING, run_id, session)
        return self.see(RunAccepted(run_id, session, *self._place(), Request("prompt", session, run_id)))

    def start(self, run_id: str, session: str = "s1", *, prepares: bool = False) -> "Past":
        self.see(RunStarted(run_id, session, *self._place()))
        if prepares:
            self.did(What.PREPARING, run_id, session)
        return self.did(What.CALLED, run_id, session)

    def did(self, what: What, run_id: str, session: str = "s1", detail: Any = None) -> "Past":
        self.history.note("coordinator", what, run_id, session, detail)
        return self

    def stop(self, what: What = What.CANCEL, run_id: str = "", session: str = "s1", covered: int = 1) -> "Past":
        self.history.note("client", what, run_id, session if what is What.CANCEL else "", covered)
        return self

    def reject(self, run_id: str = "", session: str = "s1") -> "Past":
        self.history.note("client", What.REJECTED, run_id, session, ValueError("no"))
        return self

    def ask(self, prompt: Any = "prompt", session: str = "s1", run_id: str = "", **more: Any) -> "Past":
        """A request, and its answer: it became the run ``became``, or was refused with ``error``."""
        became = more.pop("became", "")
        asked = Submitted(
            len(self.history.entries),
            Request(prompt, session, run_id),
            more.pop("when_busy", "enqueue"),
            **{"busy": False, "waiting": 0, "known": False} | more,
            run_id=became,
        )
        self.history.submitted.append(asked)
        return self

    def stopped(self, word: str, before: dict[str, RunState], after: dict[str, RunState], **more: Any) -> "Past":
        """A stop, what runs were before and after it, and what it returned."""
        by = more.pop("by", "ann")
        self.history.stopped.append(Stopped(len(self.history.entries), self.at, word, by, before, after, **more))
        return self

    def read(self, who: str, *events: Any, to_the_end: bool = True, **where: Any) -> "Past":
        """A subscriber came, and was told these."""
        self.history.subscribed.append(Subscribed(len(self.history.entries), self.at, who, **where))
        for event in events:
            self.see(event, who)
        if to_the_end:
            self.history.note(who, What.END_OF_EVENTS)
        return self

    def see(self, event: Any, who: str = "witness") -> "Past":
        run_id, session = (event.run_id, event.session) if not isinstance(event, Gap) else ("", "")
        self.history.note(who, What.EVENT, run_id, session, event)
        return self

    def progress(self, run_id: str, payload: Any, session: str = "s1") -> "Past":
        return self.see(Progress(run_id, session, *self._place(), payload))

    def ending(self, run_id: str, status: Status = Status.COMPLETED, text: str | None = None, session: str = "s1",
               **more: Any) -> RunComplete:  # fmt: skip
        return RunComplete(run_id, session, *self._place(), status, text, **more)

    def end(self, run_id: str, status: Status = Status.COMPLETED, text: str | None = None, session: str = "s1",
            error: str | None = None, **more: Any) -> "Past":  # fmt: skip
        """The terminal event, seen by the witness and told to the waiter."""
        info = ErrorInfo("ValueError", error) if error is not None else None
        complete = self.ending(run_id, status, text, session, error=info, **more)
        self.see(complete)
        self.history.note(f"waiter {run_id}", What.WAITED, run_id, session, complete)
        return self

    def _place(self) -> tuple[int, int, float]:
        self._seq += 1
        return self._seq, 0, self.at


def sound(run_id: str = "r1", session: str = "s1", past: Past | None = None) -> Past:
    """One run that is accepted, started, called, returns, and ends."""
    past = past or Past()
    past.accept(run_id, session).start(run_id, session)
    past.at += 2
    return past.did(What.RETURNED, run_id, session, f"answer {run_id}").end(run_id, text=f"answer {run_id}", session=session)
