"""What is passed on of a program's output, and what is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finale.coordinators.output import Lines, Tail

CHUNKS = st.lists(st.text("ab\n", max_size=30).map(str.encode), max_size=10)


@given(CHUNKS, st.integers(1, 40))
def test_texts_are_whole_lines_within_the_limit_and_nothing_is_lost_but_what_was_cut(chunks: list[bytes], limit: int) -> None:
    """However the output comes in, the texts joined are the output, with the excess of too long lines replaced by a note."""
    lines = Lines(limit)
    texts = [text for chunk in chunks for text in lines.feed(chunk)]
    assert all(text.endswith("\n") for text in texts)
    texts += lines.rest()
    expected = "".join(
        line if len(line) <= limit or len(body := line.rstrip("\n")) <= limit
        else f"{body[:limit]}… [{len(body) - limit} bytes cut]{line[len(body):]}"
        for line in b"".join(chunks).decode().splitlines(keepends=True)
    )  # fmt: skip
    assert "".join(texts) == expected
    assert all(len(text) <= limit + 1 for text in texts if "cut]" not in text)


@given(CHUNKS, st.integers(1, 40))
def test_the_tail_is_the_end_of_the_stream(chunks: list[bytes], limit: int) -> None:
    """The last bytes are kept, and what was forgotten is counted."""
    tail, whole = Tail(limit), b"".join(chunks)
    for chunk in chunks:
        tail.add(chunk)
    kept = whole[-limit:].decode().strip()
    assert tail.text() == (kept if len(whole) <= limit else f"[{len(whole) - limit} bytes cut] …{kept}")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"one\ntwo", "two"),
        (b"one\n  two \n\n", "two"),
        (b"\xff\n", "\ufffd"),
        (b"x" * 99, "[cut] …" + "x" * 50),
    ],
)
def test_the_last_line_is_the_last_that_is_not_blank(data: bytes, line: str) -> None:
    """Stripped, decoded, and marked if its start was forgotten."""
    tail = Tail(50)
    tail.add(data)
    assert tail.last_line() == line
