"""The box that a run shows in a cell, and foreign text in it."""

import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

import finale
from finale import notebook
from finale.notebook import view
from tests.finale.notebook.helpers import agent

HOSTILE = [
    "<script>alert(1)</script>",
    "</bdi></div></div><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "\x1b[31mred\x1b[0m \x1b]8;;http://example.org\x07link\x1b]8;;\x07",
    "one\ntwo\r\nthree\ttab\x00nul\x7f\x9b",
    "\u202eright to left\u2066 and \u200fmarks",
    "שלום עולם",
    "👩‍👩‍👧‍👦 emoji 🏳️‍🌈",
    "lone \ud800 surrogate",
    "x" * 10_000,
    "\n" * 10_000 + "!",
]


class Publisher:
    """A front end: what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def publish(self, data: dict[str, str], *, metadata: object, transient: dict[str, str], update: bool) -> None:
        self.sent.append({"data": data, "id": transient["display_id"], "update": update})


class Tags(HTMLParser):
    """The tags of a piece of HTML, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A kernel's shell around this test."""
    publisher = Publisher()
    shell = SimpleNamespace(kernel=object(), display_pub=publisher)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]
    return publisher


@pytest.fixture
def ws() -> Iterator[notebook.Workspace]:
    workspace = notebook.open_workspace(agent)
    yield workspace
    workspace.close().wait()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_foreign_text_stays_text(ws: notebook.Workspace, text: str) -> None:
    """Wherever it comes in, as prompt, session, id, report or error: no tag, no control, no flood, and it can be sent."""

    async def echoes(request: finale.Request, ctx: finale.RunContext) -> str:
        await ctx.progress(text)
        if request.session == "failing":
            raise ValueError(text)
        return text

    with notebook.open_workspace(echoes) as hostile:
        for session in (text, "failing"):
            run = hostile.submit(text + "!", session=session, run_id=text + session)
            run.wait()
            bundle = run._repr_mimebundle_()
            html = Tags(bundle["text/html"])
            assert html.open == []
            assert set(html.tags) == {"div", "span", "bdi", "small"}
            assert html.attributes == {"style"}
            assert not [c for c in html.text + bundle["text/plain"].replace("\n", "") if ord(c) < 32 or 0x7F <= ord(c) < 0xA0]
            assert not set("\u202e\u2066\u200f") & set(html.text + bundle["text/plain"])
            assert len(bundle["text/html"]) < 8_000
            assert len(bundle["text/plain"].splitlines()) <= 5
            "".join(bundle.values()).encode()


def test_what_can_be_read_stays_readable(ws: notebook.Workspace) -> None:
    """Cutting and cleaning leave the rest as it was."""
    run = ws.submit("שלום <b>&</b> 👍 " + "x" * 10_000, session="s1")
    run.wait()
    html = Tags(run._repr_mimebundle_()["text/html"])
    assert "completed שלום <b>&</b> 👍 xxx" in html.text
    assert "x… (10,016 characters) session s1, run " in html.text


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("hello", ["completed: hello (session s1, run r1)", "    HELLO", "    after 0.0 s"]),
        ("fails", ["failed: fails (session s1, run r1)", "    ValueError: this is a failure", "    after 0.0 s"]),
        ("3", ["completed: 3 (session s1, run r1)", "    report 3: 2", "    3", "    after 0.0 s"]),
    ],
)
def test_it_tells_how_the_run_ended(publisher: Publisher, prompt: str, told: list[str]) -> None:
    """State, prompt, the last report, text or error, and how long it took: in HTML, and in its twin."""
    with notebook.open_workspace(agent, clock=lambda: 1.0) as ws:
        run = ws.submit(prompt, session="s1", run_id="r1")
        run.wait()
        run._ipython_display_()
        bundle = publisher.sent[-1]["data"]
        assert bundle["text/plain"].splitlines() == told
        assert all(line.strip() in Tags(bundle["text/html"]).text for line in told[1:])


def test_updates_are_few_and_the_last_one_is_the_ending(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that reports without end is not a flood of messages."""
    monkeypatch.setattr(view, "_PER_SECOND", 1e-6)  # from now on a whole day lies between two updates
    with notebook.open_workspace(agent) as ws:
        run = ws.submit("5000", session="s1")
        run._ipython_display_()
        run.wait()
        ws.wait_idle().wait()
        ended = ws.submit("hello", session="s1")
        ended.wait()
    while not publisher.sent[-1]["data"]["text/plain"].startswith("completed"):
        ws._host.call(int).result()
    assert len(publisher.sent) <= 5
    assert {sent["id"] for sent in publisher.sent} == {f"finale-{run.run_id}"}
    assert [sent["update"] for sent in publisher.sent] == [False] + [True] * (len(publisher.sent) - 1)


def test_whoever_waits_shows_the_ending(publisher: Publisher) -> None:
    """Programs that execute notebooks see only what is sent while a cell is being executed."""
    with notebook.open_workspace(agent) as ws:
        run = ws.submit("never", session="s1")
        run._ipython_display_()
        run.cancel()
        run.wait()
        assert publisher.sent[-1]["data"]["text/plain"].startswith("cancelled")
        with pytest.raises(finale.RunCancelled):
            run.result().wait()
    texts = [sent["data"]["text/plain"] for sent in publisher.sent]
    assert texts[-1] == texts[-2]  # one for each who has waited, whatever was sent before


def test_a_front_end_that_is_gone_concerns_nobody(
    ws: notebook.Workspace, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run and its waiters go on."""
    run = ws.submit("never", session="s1")
    run._ipython_display_()

    def fails(*_: object, **__: object) -> None:
        raise OSError("the socket is closed")

    monkeypatch.setattr(publisher, "publish", fails)
    assert run.cancel()
    assert run.wait().status == "cancelled"
    assert ws.submit("hello", session="s1").wait().text == "HELLO"


def test_where_nothing_can_change_it_is_shown_as_it_is(ws: notebook.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal an update would be a print."""
    run = ws.submit("hello", session="s1")
    shell = SimpleNamespace(display_pub=Publisher())
    for module in (SimpleNamespace(get_ipython=lambda: None), SimpleNamespace(get_ipython=lambda: shell)):
        monkeypatch.setitem(sys.modules, "IPython", module)  # type: ignore[arg-type]
        with pytest.raises(NotImplementedError):
            run._ipython_display_()
    run.wait()
    assert run._repr_mimebundle_()["text/plain"].startswith("completed: hello")


def test_a_host_that_is_held_up_does_not_hold_up_the_cell(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is shown."""
    monkeypatch.setattr(view, "_PATIENCE_S", 0.001)
    with notebook.open_workspace(agent, on_exit="cancel") as ws:
        run = ws.submit("never", session="s1")
        gate, reached = threading.Event(), threading.Event()
        ws._host.soon(lambda: (reached.set(), gate.wait()))
        reached.wait()
        run._ipython_display_()
        gate.set()
    assert publisher.sent[0]["data"]["text/plain"].startswith("active: never")


def contrast(color: str) -> float:
    """To white, as WCAG has it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_every_state_can_be_read() -> None:
    """White on its colour, in any theme."""
    assert all(contrast(color) >= 4.5 for color in [*view._DONE.values(), view._GOING])
