"""How the call of a coordinator is judged."""

import asyncio
from typing import Any

import pytest
import trio

from finale.endings import describe, ending_of_error, ending_of_value, must_propagate
from finale.events import Status
from finale.ledger import Ending
from tests.finale.helpers import stray_cancellation


def in_context_of(context: BaseException, error: BaseException) -> BaseException:
    error.__context__ = context
    return error


STRAY = trio.run(stray_cancellation)


@pytest.mark.parametrize("value", [None, "", "text"])
def test_text_or_none_completes(value: str | None) -> None:
    """E2: the returned text is the run's text."""
    assert ending_of_value(value) == Ending(Status.COMPLETED, value)


@pytest.mark.parametrize("value", [0, b"bytes", ["text"], object()])
def test_another_type_breaks_the_contract(value: Any) -> None:
    """E19: the run fails, and the error shows type and value."""
    ending = ending_of_value(value)
    assert ending.status is Status.FAILED
    assert ending.text is None
    assert ending.error is not None
    assert ending.error.type == "finale.errors.ContractViolation"
    assert type(value).__name__ in ending.error.message


@pytest.mark.parametrize(
    ("error", "covered", "status", "told"),
    [
        (ValueError("x"), False, Status.FAILED, "ValueError"),
        (ValueError("x"), True, Status.FAILED, "ValueError"),
        (STRAY, False, Status.FAILED, "trio.Cancelled"),
        (STRAY, True, Status.CANCELLED, None),
        (BaseExceptionGroup("g", [STRAY]), False, Status.FAILED, "BaseExceptionGroup"),
        (BaseExceptionGroup("g", [STRAY]), True, Status.CANCELLED, None),
        (BaseExceptionGroup("g", [STRAY, ValueError("x")]), False, Status.FAILED, "BaseExceptionGroup"),
        (BaseExceptionGroup("g", [STRAY, ValueError("x")]), True, Status.CANCELLED, "ExceptionGroup"),
        (in_context_of(STRAY, ValueError("x")), False, Status.FAILED, "ValueError"),
        (in_context_of(STRAY, ValueError("x")), True, Status.CANCELLED, "ValueError"),
        (in_context_of(in_context_of(STRAY, KeyError()), ValueError("x")), True, Status.CANCELLED, "ValueError"),
        (in_context_of(BaseExceptionGroup("g", [STRAY]), ValueError("x")), True, Status.CANCELLED, "ValueError"),
        (in_context_of(STRAY, ExceptionGroup("g", [ValueError()])), True, Status.CANCELLED, "ExceptionGroup"),
        (ExceptionGroup("g", [in_context_of(STRAY, ValueError())]), True, Status.CANCELLED, "ExceptionGroup"),
        (ExceptionGroup("g", [in_context_of(STRAY, ValueError()), KeyError()]), True, Status.FAILED, "ExceptionGroup"),
        (ExceptionGroup("g", [KeyError(), in_context_of(STRAY, ValueError())]), True, Status.FAILED, "ExceptionGroup"),
        (ExceptionGroup("g", [ValueError(), KeyError()]), True, Status.FAILED, "ExceptionGroup"),
        (KeyboardInterrupt(), False, Status.FAILED, "KeyboardInterrupt"),
        (SystemExit(3), True, Status.FAILED, "SystemExit"),
    ],
)  # fmt: skip
def test_an_error_is_judged_by_what_covers_the_run(error: BaseException, covered: bool, status: Status, told: str | None) -> None:
    """E5, E6, E12, E13, E18: without a cover all is failure; with one, what the cancellation caused is a cancelled run."""
    ending = ending_of_error(error, covered=covered)
    assert ending.status is status
    assert (ending.error and ending.error.type) == told


@pytest.mark.parametrize("call", [lambda: asyncio.sleep(1), lambda: asyncio.sleep(0), lambda: asyncio.to_thread(print)])
@pytest.mark.parametrize("in_a_group", [False, True])
def test_who_comes_from_asyncio_is_told_what_to_do(call: Any, in_a_group: bool) -> None:
    """That there is no running event loop helps nobody: the ending says what runs on trio."""

    async def agent() -> None:
        if not in_a_group:
            await call()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)

    with pytest.raises((RuntimeError, TypeError, ExceptionGroup)) as caught:
        trio.run(agent)
    told = ending_of_error(caught.value, covered=False).error
    assert told is not None
    assert "a coordinator runs on trio" in told.message
    assert "trio-asyncio" in told.message
    assert "asyncio" in describe(RuntimeError("There is no current event loop in thread 'MainThread'.")).message
    assert "asyncio" not in describe(RuntimeError("no running engine")).message
    assert "asyncio" not in describe(TypeError("unsupported operand")).message


class Indivisible(ExceptionGroup[Exception]):
    def derive(self, _exceptions: Any) -> Any:
        raise TypeError("in one piece")


def test_a_group_that_refuses_to_be_split_is_a_failure() -> None:
    """It cannot keep its run from ending, and is not taken for a cancellation."""
    error = Indivisible("g", [ValueError()])
    assert ending_of_error(error, covered=True).status is Status.FAILED
    assert must_propagate(error, cancelled_from_outside=True) is None


def test_a_circle_of_contexts_is_no_trap() -> None:
    """Errors that name each other as context are judged, too."""
    first, second = ValueError(), KeyError()
    first.__context__, second.__context__ = second, first
    assert ending_of_error(first, covered=True).status is Status.FAILED


@pytest.mark.parametrize(
    ("error", "outside", "leaves"),
    [
        (ValueError(), False, False),
        (ValueError(), True, False),
        (STRAY, False, False),
        (STRAY, True, True),
        (KeyboardInterrupt(), False, True),
        (SystemExit(), True, True),
        (BaseExceptionGroup("g", [KeyboardInterrupt(), ValueError()]), False, True),
        (ExceptionGroup("g", [ValueError()]), True, False),
    ],
)
def test_what_leaves_the_task_of_a_settled_run(error: BaseException, outside: bool, leaves: bool) -> None:
    """E20, E17: a stop of the program always goes on, trio's cancellation only where it came from outside, an error never."""
    assert (must_propagate(error, cancelled_from_outside=outside) is error) is leaves


def test_of_a_mixed_group_only_the_cancellation_leaves() -> None:
    """E18 under an outer cancellation: the error has been told in the ending."""
    leaving = must_propagate(BaseExceptionGroup("g", [STRAY, ValueError()]), cancelled_from_outside=True)
    assert isinstance(leaving, BaseExceptionGroup)
    assert leaving.exceptions == (STRAY,)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_becomes_text() -> None:
    """Type, message and traceback are strings; builtins lose their module, others keep it."""
    with pytest.raises(ValueError, match="told") as caught:
        int("told")
    info = describe(caught.value)
    assert (info.type, info.message) == ("ValueError", "invalid literal for int() with base 10: 'told'")
    assert "test_endings.py" in info.traceback
    assert describe(trio.TooSlowError()).type == "trio.TooSlowError"
    mine = type("Mine", (Exception,), {"__module__": "__main__"})
    assert describe(mine()).type == "Mine"


def test_an_error_without_words_is_described_by_its_type() -> None:
    """An exception whose ``str`` raises cannot keep its run from ending."""
    info = describe(Unspeakable())
    assert info.type.endswith("Unspeakable")
    assert info.message == "<its message could not be read>"
