"""Events as dicts and back."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finale.events import (
    Attachment,
    ErrorInfo,
    Event,
    Notification,
    Progress,
    Request,
    RunAccepted,
    RunComplete,
    RunStarted,
    Status,
    decode,
    encode,
)

HEAD = ("r", "s", 3, 1, 12.5)
text = st.text(max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
)
attachments = st.builds(Attachment, text, text | st.binary(max_size=5), text)
requests = st.builds(
    Request, text, text, text, st.lists(attachments, max_size=2).map(tuple), st.dictionaries(text, json_values, max_size=2)
)
errors = st.none() | st.builds(ErrorInfo, text, text, text)


def some(kind: type[Event], *more: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    count = st.integers(min_value=0)
    return st.builds(kind, text, text, count, count, st.floats(allow_nan=False), *more)


events = st.one_of(
    some(RunAccepted, requests),
    some(RunStarted),
    some(Progress, json_values),
    some(Notification, text, text),
    some(RunComplete, st.sampled_from(Status), st.none() | text, errors, st.none() | text, st.booleans(), st.booleans()),
)


@given(events)
def test_an_event_survives_json(event: Event) -> None:
    """Encoded, printed, parsed and decoded, an event of JSON-able content is equal to the original."""
    assert decode(json.loads(json.dumps(encode(event)))) == event


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "Unheard"},
        {"type": ["RunStarted"]},
        {"type": "RunStarted"},
        {"type": "RunStarted", "run_id": "r", "request": {}},
        {"type": "RunAccepted", "request": "text"},
        {"type": "RunComplete", "status": "mislaid", "error": None},
        {"type": "RunComplete"},
        {**encode(RunAccepted(*HEAD, Request("p", "s", "r"))), "surplus": 1},
        {**encode(RunAccepted(*HEAD, Request("p", "s", "r"))), "request": {"prompt": "p", "attachments": [{"name": "n"}]}},
    ],
)
def test_what_is_no_event_is_refused(data: dict[str, Any]) -> None:
    """Whatever is wrong with the data, ``decode`` raises ValueError and names the type."""
    with pytest.raises(ValueError, match="not an encoded event"):
        decode(data)


def test_the_message_names_the_type_that_was_found() -> None:
    """An unknown type is shown, with those that exist."""
    with pytest.raises(ValueError, match=r"'Unheard', where one of RunAccepted, .*RunComplete"):
        decode({"type": "Unheard"})


def test_decoding_leaves_its_argument_alone() -> None:
    """The dict that was decoded can be decoded again."""
    data = encode(RunAccepted(*HEAD, Request("p", "s", "r", (Attachment("a", b"\0"),))))
    assert decode(data) == decode(data)


def test_events_are_frozen() -> None:
    """What has happened cannot be changed."""
    with pytest.raises(FrozenInstanceError):
        RunStarted(*HEAD).seq = 4  # type: ignore[misc]


def test_an_errors_traceback_is_not_in_its_repr() -> None:
    """A terminal event is shown on one line, in a log or in a cell; whoever wants the traceback asks for it."""
    assert repr(ErrorInfo("ValueError", "no", "Traceback …")) == "ErrorInfo(type='ValueError', message='no')"
