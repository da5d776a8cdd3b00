"""A test as a program that can be explored: an async function without parameters, called anew in each trial."""

import signal
import warnings
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from finale_pytest.fixtures import Fresh, made
from finale_sim import assume
from finale_sim.search import Search

__all__ = ["Overdue", "Trials", "innermost", "label_of"]

_STARTS_EMPTY = {  # fixtures that record what a test does → what makes them forget it
    "caplog": "clear",
    "capfd": "readouterr",
    "capfdbinary": "readouterr",
    "capsys": "readouterr",
    "capsysbinary": "readouterr",
    "recwarn": "clear",
}


class Overdue(Exception):
    """The time of the test is up. The argument is the number of trials that there were."""


class Trials:
    """Calls ``function`` with the fixtures that it ``names``: ``fresh`` ones, made in the trial, and ``shared`` ones, by name.

    Its name, which tokens carry, is ``label``.

    ``left`` is what ended the whole test and not only a trial: a skip on the happy path, or ``pytest.exit``. It ends the search;
    where a failure is being told already, the trials that remain do not count, and end at once.
    """

    def __init__(
        self,
        label: str,
        function: Callable[..., Awaitable[Any]],
        names: Collection[str],
        fresh: Sequence[Fresh],
        shared: Mapping[str, Any],
    ) -> None:
        self.__qualname__ = label
        self.left: BaseException | None = None
        self.overdue = False  #: whether its time is up
        self.happy = True  #: whether the next trial is on the happy path
        self._function = function
        self._names = names
        self._fresh = fresh
        self._shared = shared

    async def __call__(self) -> None:
        __tracebackhide__ = True  # for pytest, and for the simulator: places and stacks are the user's
        assume(self.left is None)
        happy, self.happy = self.happy, False
        for name, forget in _STARTS_EMPTY.items():
            if name in self._shared:
                getattr(self._shared[name], forget)()
        try:
            # What warnings were shown already, in another trial, is forgotten.
            with warnings.catch_warnings(), made(self._fresh, self._shared) as values:
                await self._function(**{name: values[name] for name in self._names})
        except BaseException as error:
            first = innermost(error)
            if not all(map(_is_outcome, _leaves(error))):
                if isinstance(first, pytest.fail.Exception):  # said by pytest.fail, or pytest.raises
                    raise AssertionError(str(first)).with_traceback(first.__traceback__) from None
                raise
            if happy or isinstance(first, pytest.exit.Exception):
                self.left = first
        else:
            return
        assume(False)  # a skip somewhere else than on the happy path: this trial says nothing

    def on_trial(self, search: Search) -> None:
        """End the search if the test has been left, or has no time left.

        Raises:
            Overdue, BaseException: why.
        """
        if self.left is not None:
            raise self.left
        if self.overdue:
            raise Overdue(search.trials)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Hear pytest-timeout between two trials: what its signal raises in the midst of one would be taken for a failure."""
        before = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None
        if getattr(before, "__module__", None) != "pytest_timeout":
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            self.overdue = True

        signal.signal(signal.SIGALRM, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGALRM, before)


def label_of(nodeid: str) -> str:
    """What a test is called in its tokens: its node id without folders, which are others when pytest is started elsewhere."""
    file, colons, rest = nodeid.partition("::")
    return file.rpartition("/")[2] + colons + rest


def innermost(error: BaseException) -> BaseException:
    """Of a group the first error, which is the one that a report is about."""
    return next(_leaves(error))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _is_outcome(error: BaseException) -> bool:
    """Whether it says something of the test, and nothing against it."""
    return isinstance(error, pytest.skip.Exception | pytest.xfail.Exception | pytest.exit.Exception)
