"""What a cell shows of an error."""

import threading

import pytest
import trio

import finale
from finale import ErrorInfo, RunComplete, RunFailed, Status
from finale.endings import describe
from finale.notebook.wording import is_ours, plain, spell_out, where_it_is


def failed(error: BaseException) -> RunFailed:
    """As ``result()`` raises it."""
    return RunFailed(RunComplete("r1", "s1", 3, 2, 0.0, Status.FAILED, error=describe(error)))


def lines(error: BaseException) -> list[str]:
    with pytest.raises(type(error)):
        raise spell_out(error)
    return error._render_traceback_()  # type: ignore[attr-defined, no-any-return]


def test_a_failure_shows_both_ends() -> None:
    """Where it was raised, and where it is seen; a few lines, and where to find more."""
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    shown = lines(failed(caught.value))
    assert shown[0] == "RunFailed: run r1 failed: ZeroDivisionError: division by zero"
    assert shown[1].startswith(f"  raised in {__file__}, line ")
    assert shown[2] == "    _ = 1 / 0"
    assert shown[3].startswith(f"  seen in {__file__}, line ")
    assert shown[4] == "    raise spell_out(error)"
    assert len(shown) == 6


async def test_the_line_is_found_in_a_nurserys_failure() -> None:
    """The traceback of a group is indented, and deep."""

    async def child() -> None:
        raise ValueError("deep down")

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
    assert '    raise ValueError("deep down")' in lines(failed(caught.value))


@pytest.mark.parametrize("error", [finale.EmptyPrompt("no\ntext" * 999), KeyboardInterrupt(), failed(OSError("\x1b[2J" * 999))])
def test_it_is_never_long(error: BaseException) -> None:
    """Whatever is in it."""
    assert len(lines(error)) <= 15
    assert max(map(len, lines(error))) < 500
    assert "\x1b" not in "".join(lines(error))


def test_a_failure_without_a_traceback_is_shown() -> None:
    """As a journal of somebody else's may have it."""
    complete = RunComplete("r1", "s1", 3, 2, 0.0, Status.FAILED, error=ErrorInfo("Odd", "no traceback"))
    assert lines(RunFailed(complete))[0] == "RunFailed: run r1 failed: Odd: no traceback"
    cancelled = RunComplete("r1", "s1", 3, 2, 0.0, Status.CANCELLED, cancelled_by="ann")
    assert lines(finale.RunCancelled(cancelled))[0] == "RunCancelled: run r1 cancelled: ann"


def test_types_stay_what_they_are() -> None:
    """``except`` means what it always means."""
    error = spell_out(finale.EmptyPrompt("no text"))
    assert type(error) is finale.EmptyPrompt
    assert str(error) == "no text"


def test_who_raised_it() -> None:
    """Finale's own errors say everything; of those of others the way is worth seeing."""
    with pytest.raises(ValueError, match="encoded") as ours:
        finale.events.decode({})
    with pytest.raises(ValueError, match="int") as others:
        int("x")
    assert is_ours(ours.value)
    assert not is_ours(others.value)
    assert not is_ours(ValueError("never raised"))


def test_a_thread_that_is_held_up_is_found_at_the_users_line() -> None:
    """Not at the line in the library that it stands in."""
    gate = threading.Event()

    def stands_here() -> None:
        gate.wait()

    thread = threading.Thread(target=stands_here)
    thread.start()
    while "stands_here" not in where_it_is(thread.ident):
        pass
    gate.set()
    thread.join()
    assert where_it_is(thread.ident) == ""
    assert where_it_is(None) == ""


def test_plain_text_of_anything() -> None:
    """Short things as they are, long ones with their length, and what cannot be shown by its type."""

    class Broken:
        def __str__(self) -> str:
            raise ValueError

    assert plain("a <b> & c") == "a <b> & c"
    assert plain({"stream": "stdout"}) == "{'stream': 'stdout'}"
    assert plain("x" * 12, 10) == "xxxxxxxxxx… (12 characters)"
    assert plain(Broken()) == "<a Broken that cannot be shown>"
