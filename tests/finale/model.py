"""The contract as a model: what a workspace must say of its runs after each command, when nothing moves any more.

It knows nothing of finale: no tasks, no events, no time but the grace. A coordinator is polite (a cancel ends its task at
once) or deaf (it goes on until it is told to stop).
"""

from dataclasses import dataclass, field


@dataclass
class Run:
    """One accepted run. ``busy``: its task, which holds the session, has not ended."""

    number: int
    session: str
    deaf: bool
    foldable: bool
    state: str = "waiting"
    status: str | None = None
    text: str | None = None
    busy: bool = False
    abandoned: bool = False
    cancelled: bool = False
    superseded_by: int | None = None
    host: "Run | None" = None
    stopped_s: float | None = None  # when its task was asked to stop


@dataclass
class Model:
    """See the module's docstring. Runs are named by their number in the order of acceptance."""

    max_active: int | None
    queue_limit: int | None
    grace_s: float
    now_s: float = 0.0
    closing: bool = False
    runs: list[Run] = field(default_factory=list)

    # what can be asked

    def queue(self, session: str) -> list[Run]:
        return [run for run in self.runs if run.session == session and run.state == "waiting"]

    def holder(self, session: str) -> Run | None:
        return next((run for run in self.runs if run.session == session and run.busy), None)

    def live(self, session: str) -> list[Run]:
        return [run for run in self.runs if run.session == session and run.state != "settled"]

    def taken(self, session: str) -> bool:
        return self.holder(session) is not None or bool(self.queue(session))

    # what callers do

    def submit(self, session: str, when_busy: str, deaf: bool) -> str | None:
        """The name of the rejection, or None if it was accepted."""
        busy, full = self.taken(session), self.queue_limit is not None and len(self.queue(session)) >= self.queue_limit
        if self.closing:
            return "WorkspaceClosing"
        if when_busy == "reject" and busy:
            return "SessionBusy"
        if when_busy != "interrupt" and busy and full:
            return "QueueFull"
        if when_busy == "interrupt":
            for run in self.live(session):
                run.superseded_by = run.superseded_by if run.cancelled else len(self.runs)
            self.cancel(self.live(session), self.holder(session))
        self.runs.append(Run(len(self.runs), session, deaf, when_busy == "fold"))
        self.settle_down()
        return None

    def cancel(self, runs: list[Run], task: Run | None = None) -> int:
        """Cover these runs, and ask ``task`` to stop. How many were newly covered."""
        for run in [*runs, *([task] if task is not None else [])]:
            if run.busy and run.stopped_s is None:
                run.stopped_s = self.now_s
        covered = [run for run in runs if not run.cancelled]
        covered += [guest for run in covered if run.state == "active" for guest in self.guests(run) if guest not in covered]
        for run in covered:
            run.cancelled = True
        for run in covered:
            if run.state == "active":
                run.state = "cancelling"
            elif run.state == "waiting" or (run.host not in covered and run.state == "folded"):
                self.settle(run, "cancelled")
        return len(covered)

    def terminate(self, runs: list[Run], task: Run | None = None) -> int:
        open_before = [run for run in runs if run.state != "settled"]
        self.cancel(runs, task)
        for run in open_before:
            if run.state != "settled":
                run.abandoned = run.state == "cancelling"
                self.settle(run, "cancelled")
        return len(open_before)

    def close(self) -> None:
        self.closing = True
        for session in dict.fromkeys(run.session for run in self.runs):
            self.cancel(self.live(session), self.holder(session))

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        for run in self.runs:
            if run.state == "cancelling" and run.stopped_s is not None and self.now_s - run.stopped_s >= self.grace_s:
                run.abandoned = True
                self.settle(run, "cancelled")

    # what coordinators do

    def publish(self, run: Run, text: str) -> None:
        if run.state != "settled":
            self.settle(run, "completed", text)

    def fold(self, run: Run) -> int:
        taken: list[Run] = []
        for waiting in self.queue(run.session) if run.state == "active" else []:
            if not waiting.foldable:
                break
            waiting.state, waiting.host = "folded", run
            taken.append(waiting)
        return len(taken)

    def end(self, run: Run, status: str, text: str | None = None) -> None:
        """The task of the run ends."""
        if run.state != "settled":
            self.settle(run, status, text)
        run.busy = False

    # what follows

    def guests(self, run: Run) -> list[Run]:
        return [guest for guest in self.runs if guest.host is run and guest.state == "folded"]

    def settle(self, run: Run, status: str, text: str | None = None) -> None:
        guests = self.guests(run)
        run.state, run.status, run.text = "settled", status, text
        for guest in guests:
            guest.abandoned = run.abandoned
            self.settle(guest, status, text)

    def settle_down(self) -> None:
        """Polite tasks that were asked to stop end; then whoever may start does, those accepted first before others."""
        again = True
        while again:
            again = False
            for run in self.runs:
                if run.busy and not run.deaf and run.stopped_s is not None:
                    self.end(run, "cancelled")
            heads = [run for run in self.runs if run.state == "waiting" and self.holder(run.session) is None]
            heads = [run for run in heads if run is self.queue(run.session)[0]]
            room = self.max_active is None or sum(run.busy for run in self.runs) < self.max_active
            if heads and room and not self.closing:
                heads[0].state, heads[0].busy, again = "active", True, True
