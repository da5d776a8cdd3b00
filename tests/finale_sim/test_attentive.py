"""A Ctrl-C in a destructor is not lost, neither before the next trial nor behind the last one."""

import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from finale_sim.attentive import Attentive
from finale_sim.choices import happy_path
from finale_sim.investigate import investigate
from finale_sim.program import PlainProgram


@pytest.fixture(autouse=True)
def _python_handles_it() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class LastWord:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


class LastStumble:
    def __del__(self) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise ValueError("the clean-up came to grief over it")


@pytest.mark.parametrize("dropped", [LastWord, LastStumble])
def test_the_next_trial_raises_it(dropped: type) -> None:
    """And whoever runs no further one can ask. What else a destructor raises is told as ever."""
    before = sys.unraisablehook
    told: list[Any] = []
    sys.unraisablehook = told.append
    with Attentive(PlainProgram("explore/sleep", trio.lowlevel.checkpoint).attempt) as attempt:
        attempt(happy_path)
        assert not attempt.pressed
        dropped()
        assert attempt.pressed
        with pytest.raises(KeyboardInterrupt):
            attempt(happy_path)
    assert sys.unraisablehook == told.append
    sys.unraisablehook = before
    assert [type(one.exc_value) for one in told] == [ValueError] * (dropped is LastStumble)


def test_behind_the_last_trial_it_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure is told, and whoever goes on with other programs knows that somebody wants out."""

    def label(found: object) -> object:
        LastWord()
        return found

    monkeypatch.setattr("finale_sim.investigate.label", label)
    monkeypatch.setattr("finale_sim.investigate.nearest_passing", lambda *_: None)
    report = investigate(PlainProgram("explore/fails", fails), trials=10)
    assert report.counterexample is not None
    assert report.search.interrupted


async def fails() -> None:
    raise ValueError("it fails")
