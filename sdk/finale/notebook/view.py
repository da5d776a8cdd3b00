"""How a run shows itself in a cell: a box that goes on changing in its place, with a text twin.

Rules:

1. A run never prints. A front end finds the place of an update by its ``display_id``, whichever cell is being executed.
2. At most ``_PER_SECOND`` updates a second, and the last one always; once more from a cell that has waited for the run, because
   programs that execute notebooks, nbclient for one, miss what is sent between two cells.
3. Prompts, reports and errors are somebody else's text: cut, without control characters, escaped, isolated in their direction.
"""

import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from typing import Any

import trio

from finale.errors import FinaleError
from finale.events import Event, Gap, Progress, RunComplete, RunStarted, Status
from finale.handle import RunHandle
from finale.notebook.events import fetch
from finale.notebook.host import Host
from finale.notebook.wording import plain
from finale.subscription import BATCH

__all__ = ["View"]

_PER_SECOND = 5
_PATIENCE_S = 0.3  # how long a cell waits for what the run has reported so far
_DONE = {Status.COMPLETED: "#1a7f37", Status.FAILED: "#b3261e", Status.CANCELLED: "#6b4f00"}
_GOING = "#0b5cad"  # each of these has a contrast of at least 4.5 to the white text on it; other text has the theme's colour


class View:
    """The box of one run."""

    def __init__(self, host: Host, handle: RunHandle) -> None:
        self._host = host
        self._handle = handle
        self._reports = 0
        self._last_report: object = None
        self._started_at: float | None = None
        self._shell: Any = None  # where it is shown, if it is
        self._level = threading.Event()  # with what had happened when it was shown first
        self._publishing = threading.Lock()  # so that an older picture never follows a newer one

    def show(self) -> None:
        """Show the box in the current cell, and keep every box of this run up to date.

        Raises:
            NotImplementedError: nothing can be changed here once it is shown; IPython shows ``bundle()`` then.
        """
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if getattr(shell, "kernel", None) is None:
            raise NotImplementedError
        if self._shell is None:
            with suppress(FinaleError):
                self._host.start(self._follow)
                self._level.wait(_PATIENCE_S)
        self._shell = shell
        self._publish(update=False)

    def seen(self) -> None:
        """Somebody in a cell has waited for the run: show its ending there, too."""
        if self._handle.complete is not None:
            self._update()

    def bundle(self) -> dict[str, str]:
        """As HTML and as text."""
        complete = self._handle.complete
        color = _DONE[complete.status] if complete else _GOING
        state, prompt, rest = self._state(), plain(self._handle.request.prompt), list(self._rest(complete))
        where = f"session {plain(self._handle.session, 60)}, run {plain(self._handle.run_id, 60)}"
        lines = "".join(f"<div><bdi>{escape(line)}</bdi></div>" for line in rest)
        box = (
            f'<div style="border-left: 4px solid {color}; padding: 2px 12px; line-height: 1.6; overflow-wrap: anywhere">'
            f'<div><span style="background-color: {color}; color: #ffffff; padding: 1px 8px; border-radius: 3px">{state}</span>'
            f" <bdi>{escape(prompt)}</bdi> <small>{escape(where)}</small></div>{lines}</div>"
        )
        return {"text/html": box, "text/plain": "\n".join([f"{state}: {prompt} ({where})", *(f"    {line}" for line in rest)])}

    def _state(self) -> str:
        return self._handle.status or self._handle.state.value

    def _rest(self, complete: RunComplete | None) -> Iterator[str]:
        if self._reports:
            yield f"report {self._reports:,}: {plain(self._last_report)}"
        if complete is None:
            return
        if complete.error is not None:
            yield plain(f"{complete.error.type}: {complete.error.message}")
        if complete.cancelled_by is not None:
            yield f"cancelled by {plain(complete.cancelled_by)}"
        if complete.text is not None:
            yield plain(complete.text)
        if self._started_at is not None:
            yield f"after {complete.at - self._started_at:.1f} s"

    async def _follow(self) -> None:
        """In the host's thread, from the first time that the run is shown to its end."""
        subscription, fetched, over = self._handle.events(), deque[Event | Gap](), False
        while not over:
            await fetch(subscription, fetched)
            over = not fetched or type(fetched[-1]) is RunComplete
            more = len(fetched) == BATCH and not over
            while fetched:
                self._note(fetched.popleft())
            if not more:
                self._update()
                self._level.set()
                with trio.move_on_after(1 / _PER_SECOND):
                    await self._handle.wait()

    def _note(self, event: Event | Gap) -> None:
        if type(event) is Progress:
            self._reports += 1
            self._last_report = event.payload
        elif type(event) is Gap:
            self._reports += event.dropped
        elif type(event) is RunStarted:
            self._started_at = event.at

    def _update(self) -> None:
        if self._shell is not None:
            with suppress(Exception):  # a kernel that is ending, a front end that is gone: nothing that concerns the run
                self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        place = {"display_id": f"finale-{self._handle.run_id}"}
        with self._publishing:
            self._shell.display_pub.publish(self.bundle(), metadata={}, transient=place, update=update)
