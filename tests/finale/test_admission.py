"""What keeps a request from being accepted, apart from what the ledger's tests see."""

from collections import Counter
from typing import Any

import pytest

from finale.admission import check_types, owned
from finale.events import Attachment, Request


def circle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def deep() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(100_000):
        value = {"inside": value}
    return value


@pytest.mark.parametrize("metadata", [{"key": object()}, {"key": b"bytes"}, {("a", "b"): 1}, {"key": {1, 2}}, circle(), deep()])
def test_metadata_for_a_journal_must_be_json_able(metadata: dict[Any, Any]) -> None:
    """The message shows it; without a journal it may be anything."""
    request = Request("p", "s", "r", metadata=metadata)
    with pytest.raises(TypeError, match="make it JSON-able"):
        check_types(request, stored=True)
    check_types(request, stored=False)


def test_metadata_may_be_any_json() -> None:
    """As deep as it likes, and read-only mappings of it, too."""
    check_types(Request("p", "s", "r", metadata={"a": [1, None, {"b": "c"}], "d": 0.5}), stored=True)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request(None, "s", "r"), "prompt is None, a NoneType"),  # type: ignore[arg-type]
        (Request("p", 5, "r"), "session is 5, a int"),  # type: ignore[arg-type]
        (Request("p", "s", b"r"), "run_id is b'r', a bytes"),  # type: ignore[arg-type]
        (Request("p", "s", "r", ("text",)), "attachment is 'text', a str; it must be of type Attachment"),  # type: ignore[arg-type]
    ],
)
def test_another_type_is_refused(request_: Request, says: str) -> None:
    """The message shows what came and what was wanted."""
    with pytest.raises(TypeError, match=says):
        check_types(request_, stored=False)
    check_types(Request("p", "s", "r", (Attachment("a", b"x"),)), stored=False)


class Text(str):
    """A string that is more than one."""

    __slots__ = ()


@pytest.mark.parametrize("odd", ["prompt", "session", "run_id", "prompt session", "session run_id", "prompt session run_id"])
def test_what_is_owned_has_plain_strings(odd: str) -> None:
    """Whichever of them were more than that."""
    given = {name: Text(name) if name in odd.split() else name for name in ("prompt", "session", "run_id")}
    mine = owned(Request(**given))
    assert {type(mine.prompt), type(mine.session), type(mine.run_id)} == {str}
    assert mine == Request("prompt", "session", "run_id")


def test_a_coordinator_gets_what_derives_from_a_dict_as_it_was() -> None:
    """Only what is to be kept in a journal becomes plain, as it does in JSON."""
    request = Request("p", "s", "r", metadata={"counts": Counter("aab")})
    assert type(owned(request).metadata["counts"]) is Counter
    assert type(owned(request, plain=True).metadata["counts"]) is dict
