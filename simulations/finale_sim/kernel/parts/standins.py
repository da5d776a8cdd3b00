"""Parts that stand in for trio's own in a trial. Each keeps the small interface that trio uses and adds order or control."""

import inspect
from collections.abc import Callable, Generator, Iterable
from math import inf
from typing import Any, NoReturn, TypeVar

import trio

from finale_sim.kernel.errors import RealIO
from finale_sim.kernel.places import user_line

__all__ = [
    "Bracket",
    "IdleWaiters",
    "LazyInstruments",
    "NoIO",
    "NoSignals",
    "OrderedSet",
    "OwnTasksOnly",
    "how_ended",
    "without_overhead",
]

T = TypeVar("T")


class IdleWaiters(dict[Any, Any]):
    """Who is in ``wait_all_tasks_blocked``: (cushion, id) → task. Empty in trio's eyes, because the driver wakes them."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[Any, Any] = {}

    def __setitem__(self, key: Any, task: Any) -> None:
        self._waiting[key] = task

    def __delitem__(self, key: Any) -> None:
        del self._waiting[key]

    def cushion(self) -> float:
        """The shortest idle period that somebody waits for; infinite if nobody does."""
        return min(cushion for cushion, _ in self._waiting) if self._waiting else inf

    def waiting(self) -> list[tuple[float, Any]]:
        """The idle period that each waits for, and the task."""
        return [(cushion, task) for (cushion, _), task in self._waiting.items()]

    def wake(self, cushion: float) -> None:
        """Wake those who wait for just that."""
        for key in [key for key in self._waiting if key[0] == cushion]:
            trio.lowlevel.reschedule(self._waiting.pop(key))


class OrderedSet(dict[T, Any]):
    """A set that iterates in the order of insertion."""

    __slots__ = ()

    add = dict.setdefault
    remove = dict.__delitem__

    def discard(self, item: T) -> None:
        self.pop(item, None)

    def update(self, items: Iterable[T]) -> None:  # type: ignore[override]
        for item in items:
            self.setdefault(item)


class LazyInstruments(dict[str, Any]):
    """trio's instruments; a plain dict, because the loop looks into it six times a step. Made when the first one is added."""

    __slots__ = ("_make", "_real")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._real: Any = None

    @property
    def used(self) -> bool:
        """Whether there ever was one."""
        return self._real is not None

    def add_instrument(self, instrument: object) -> None:
        if self._real is None:
            self._real = self._make()
        self._change(self._real.add_instrument, instrument)

    def remove_instrument(self, instrument: object) -> None:
        if self._real is None:
            raise KeyError(instrument)
        self._change(self._real.remove_instrument, instrument)

    def call(self, hookname: str, *args: object) -> None:
        self._change(self._real.call, hookname, *args)  # an instrument that fails is removed

    def _change(self, method: Callable[..., object], *args: object) -> None:
        method(*args)
        self.clear()
        self.update(self._real)


class Bracket:
    """What ``contextlib.contextmanager`` makes of a generator that passes every exception on, without its overhead."""

    __slots__ = ("_body",)

    def __init__(self, body: Generator[None, None, None]) -> None:
        self._body = body

    def __enter__(self) -> None:
        next(self._body)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            next(self._body, None)
            return
        try:
            self._body.throw(error)
        except BaseException as raised:
            if raised is not error:
                raise


def without_overhead(owner: Any, name: str) -> None:
    """Make a ``Bracket`` of a context manager of a class, if it is one of contextlib's. That saves a twentieth of a trial."""
    body = getattr(getattr(owner, name, None), "__wrapped__", None)
    if inspect.isgeneratorfunction(body):
        setattr(owner, name, lambda self: Bracket(body(self)))


class OwnTasksOnly:
    """To be mixed into trio's runner: tasks of a loop before it are dead; an object that outlived them may wake them in vain."""

    __slots__ = ()
    tasks: Any

    def reschedule(self, task: Any, *next_send: Any) -> None:
        if task in self.tasks:
            super().reschedule(task, *next_send)  # type: ignore[misc]


class NoSignals:
    """trio's handling of Ctrl-C, switched off: the driver does that for the whole trial."""

    __slots__ = ()

    def install(self, *_: object) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class NoIO:
    """trio's I/O manager in a world without I/O: waiting for a socket is refused, closing one is fine."""

    __slots__ = ()
    backend = "simulated"

    def statistics(self) -> "NoIO":
        return self

    def process_events(self, events: object) -> None:
        """Nothing to do."""

    def force_wakeup(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def notify_closing(self, fd: object) -> None:
        """Nobody waits for it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> NoReturn:
            raise refusal(f"trio.lowlevel.{name}")

        return refuse


def how_ended(outcome: Any) -> str:
    """How a task ended, in a word. What raises and is cancelled has failed. The error itself is not kept: it holds frames."""
    error = getattr(outcome, "error", None)
    if error is None:
        return "returned"
    rest = error.split(trio.Cancelled)[1] if isinstance(error, BaseExceptionGroup) else error
    return "cancelled" if rest is None or isinstance(rest, trio.Cancelled) else "failed"


def refusal(call: str) -> RealIO:
    """The error for a call that reaches out of the trial."""
    if call.startswith(("subprocess.", "os.")):
        instead = "Hand the program a stand-in for whatever starts the process: a function that gives what the process would say"
    else:
        instead = (
            "Put the network in memory (with finale_sim.network(): …), or hand the program a stand-in: a fake stream "
            "(trio.testing.memory_stream_pair), or a stub of the function that calls it"
        )
    return RealIO(f"{call} reaches for the real world, from {user_line()}; a trial can't repeat that. {instead}")
