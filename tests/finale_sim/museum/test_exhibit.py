"""The museum: what an exhibit tells, and the page that is made of all."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from finale_sim.canaries import CANARIES
from finale_sim.canaries.elsewhere import NOT_YET, NotYet
from finale_sim.cli import main
from finale_sim.museum.exhibit import FINALE_ROOM, SEED_ROOM, Exhibit, exhibits, names_of_exhibits
from finale_sim.museum.page import page
from finale_sim.search import NAMED
from finale_sim.search.opposites import Opposites
from finale_sim.seed import HOLES

FEW = ("fold loss", "accept window", "no-fifo")


@pytest.fixture(scope="module")
def shown() -> list[Exhibit]:
    return list(exhibits(FEW, trials=50))


def test_exhibits_are_found_anew(shown: list[Exhibit]) -> None:
    """Each with the claim that it is about, the strategy that found it, and the command that repeats it."""
    assert {one.name: one.room for one in shown} == {"fold loss": FINALE_ROOM, "accept window": FINALE_ROOM, "no-fifo": SEED_ROOM}
    for one in shown:
        assert one.caught
        assert one.as_dict()["token"] == one.found.token is not None
        assert one.as_dict()["strategy"] in {*NAMED, Opposites.name}
        assert len(one.deviations) <= 1
    fold = next(one for one in shown if one.name == "fold loss")
    assert fold.deviations == ["cancel comes: at 1.5 s"]
    assert "coordinator takes along r2" in fold.seen
    assert " asks " not in fold.seen
    assert "trio." not in fold.seen
    assert fold.seen.splitlines()[0].startswith("   0.000 s  · client accepted r1 (s1)")


def test_what_is_not_caught_says_so() -> None:
    """With too few trials for it, an exhibit is there all the same, marked, and costs the exit code."""
    (one,) = exhibits(["fold loss"], trials=1)
    assert not one.caught
    assert one.deviations == ()
    assert one.timeline == one.seen == one.picture == ""
    assert "not caught by the claim it is about" in page([one], ())


def test_holes_of_the_seed_have_canaries() -> None:
    """Each hole is also a canary, whose words the museum uses; names of exhibits are unique."""
    cases = {canary.case for canary in CANARIES.values()}
    assert {hole.name for hole in HOLES} <= cases
    assert len(set(names_of_exhibits())) == len(names_of_exhibits()) == len(CANARIES) + len(HOLES)


def test_no_bug_is_both_shown_and_said_to_be_out_of_reach() -> None:
    """What is not yet applicable has a reason, and no canary."""
    absent = {case for entry in NOT_YET for case in entry.case.split(", ")}
    assert not absent & {canary.case for canary in CANARIES.values()}
    assert all(entry.part and entry.reason for entry in NOT_YET)


class Reader(HTMLParser):
    """Notes where the page points, and sees that every element is closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "!doctype", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(shown: list[Exhibit]) -> None:
    """Well formed, what others wrote is escaped, and it loads nothing: its only links lead to commits."""
    text = page(shown, [NotYet("<b>", "a & b", "no")])
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    drawings = [link for link in reader.links if link.startswith("data:image/svg+xml;base64,")]
    assert len(drawings) == len(shown)
    assert [link for link in reader.links if link not in drawings] == ["https://github.com/charmbracelet/crush/commit/4347015ab"]
    assert "<code>&lt;b&gt;</code></td><td>a &amp; b</td>" in text
    for one in shown:
        assert text.count(f"<b>{one.name}</b>") == 1
    assert re.search(r"<b>3</b>bugs", text)
    assert "I4 cancel" not in re.sub(r"<pre>.*?</pre>|<img.*?>", "", text, flags=re.DOTALL)


def test_the_command_tells_one_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    """All of an exhibit, as text; the token in it works."""
    assert main(["museum", "fold loss"]) == 0
    told = capsys.readouterr().out
    assert "Real bug  fold-loss, there when it was read" in told
    assert "1. cancel comes: at 1.5 s" in told
    (again,) = re.findall(r"finale-sim replay (fin1-\S+) --canary", told)
    assert main(["replay", again, "--canary", "fold loss"]) == 1


def test_the_command_writes_a_page_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both say the same; a bug that is not caught is exit code 1; an unknown name is a wrong usage."""
    file = tmp_path / "museum.html"
    assert main(["museum", "fold loss", "--trials", "1", "--html", str(file), "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert [one["caught"] for one in data["exhibits"]] == [False]
    assert data["missed"] == 1
    assert len(data["not_yet"]) == len(NOT_YET)
    assert "fold loss" in file.read_text(encoding="utf-8")
    assert main(["museum", "mammoth"]) == 2
    assert "there is no exhibit 'mammoth'" in capsys.readouterr().err


def test_the_table_names_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, shown: list[Exhibit]) -> None:
    """A line for each, then what is not yet applicable."""
    only: Callable[..., list[Exhibit]] = lambda names, trials, seed: shown  # noqa: E731  # the name is for its type
    monkeypatch.setattr("finale_sim.cli.museum.exhibits", only)
    assert main(["museum"]) == 0
    out = capsys.readouterr().out
    assert "3 of 3 were caught by the claim that they are about" in out
    assert all(entry.case in out for entry in NOT_YET)
