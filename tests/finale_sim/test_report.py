"""Reports, counterexamples, campaigns and replayed trials, as a prompt and a notebook show them."""

import html
import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
import trio

import finale_sim
from finale_sim.campaign import Campaign, campaign_programs, run_campaign
from finale_sim.canaries import CANARIES


async def lost() -> None:
    counter = 0

    async def increment() -> None:
        nonlocal counter
        seen = counter
        await trio.lowlevel.checkpoint()
        counter = seen + 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(increment)
        nursery.start_soon(increment)
    assert counter == 2, "<script>alert(1)</script> & \x1b[31m\x00"


async def sound() -> None:
    await trio.sleep(1)


@pytest.fixture(scope="module")
def report() -> finale_sim.Report:
    return finale_sim.explore(lost, trials=50)


@pytest.fixture(scope="module")
def broken() -> Campaign:
    with CANARIES["no finally"].released():
        return run_campaign(campaign_programs(["one prompt", "fails while active"]), trials=60)


class Tags(HTMLParser):
    """Sees that elements are closed in order, and which there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def bundle_of(shown: Any) -> dict[str, str]:
    bundle: dict[str, str] = shown._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    tags = Tags(bundle["text/html"])
    assert "script" not in tags.seen
    assert not re.search("[\x00-\x08\x0b-\x1f]", bundle["text/html"])
    return bundle


def test_a_report_shows_its_verdict_its_numbers_and_its_failure(report: finale_sim.Report) -> None:
    """Text and page say the same; the page has the picture, and nothing of it runs."""
    bundle = bundle_of(report)
    assert str(report) == bundle["text/plain"]
    for said in ("violated: 'assertions hold'", "What happened (on the happy path", report.token or "no token"):
        assert said in bundle["text/plain"]
        assert said in html.unescape(bundle["text/html"])
    assert bundle["text/html"].count("<img") == 1
    assert "✗ violated" in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]


def test_a_sound_program_has_a_table_and_no_picture() -> None:
    """The verdict is green and says how far one looked."""
    html = bundle_of(finale_sim.explore(sound, trials=5))["text/html"]
    assert "<img" not in html
    assert "✓ exhausted" in html


def test_the_line_that_replays_stands_below_a_failure(report: finale_sim.Report) -> None:
    """What is printed can be pasted, and gives the same trial."""
    assert report.counterexample is not None
    line = str(report.counterexample).splitlines()[-1].partition(" ")[2].strip()
    assert line == f'finale_sim.replay("{report.token}", lost)'
    replayed = finale_sim.replay(report.token or "", lost)
    assert replayed.recorded
    assert replayed.timeline() == report.counterexample.timeline()
    assert bundle_of(replayed)["text/html"].count("<img") == 1


def test_one_line_stands_for_a_report_at_a_prompt(report: finale_sim.Report, broken: Campaign) -> None:
    """The repr is short, whatever is inside."""
    for shown in (report, report.counterexample, broken, finale_sim.replay(report.token or "", lost)):
        assert len(repr(shown).splitlines()) == 1
        assert len(repr(shown)) < 300


def test_what_is_run_again_is_shown_again_byte_by_byte(report: finale_sim.Report) -> None:
    """No times, no ids, no addresses."""
    again = finale_sim.explore(lost, trials=50)
    assert again.seconds != report.seconds
    assert bundle_of(again) == bundle_of(report)


def test_a_campaign_is_a_table_of_scenarios_endings_and_verdicts(broken: Campaign) -> None:
    """A row for each, the smallest failure of each claim below with its picture, the sum in the caption."""
    html = bundle_of(broken)["text/html"]
    assert html.count("<tr>") == 1 + len(broken.reports)
    assert html.count("<img") == len(broken.failures()) >= 1
    assert broken.summary() in html
    assert " s;" not in broken.summary()


def test_records_are_rows_for_whoever_wants_a_table(broken: Campaign) -> None:
    """Plain values by name; those of a failure have its claim and its token."""
    rows = broken.records()
    assert [row["scenario"] for row in rows] == ["one prompt", "fails while active"]
    assert {type(value) for row in rows for value in row.values()} <= {str, int, type(None)}
    failed = [row for row in rows if row["claim"]]
    assert failed
    assert all(row["token"].startswith("fin1-") for row in failed)


def test_without_pandas_the_remedy_is_said(broken: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported when it is wanted and not before; who does not have it is told what else there is."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"records\(\) gives the same rows"):
        broken.to_pandas()


def test_a_deadlock_is_shown_with_who_waits_for_whom() -> None:
    """Two pictures: how it came, and why nobody can go on."""

    async def dine() -> None:
        forks = trio.Lock(), trio.Lock()

        async def eat(first: trio.Lock, second: trio.Lock) -> None:
            async with first, second:
                pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(eat, *forks)
            nursery.start_soon(eat, *reversed(forks))

    report = finale_sim.explore(dine, trials=50)
    assert report.counterexample is not None
    stuck = report.counterexample.waits()
    assert stuck is not None
    assert stuck.title == "in a circle: 2 tasks"
    assert bundle_of(report)["text/html"].count("<img") == 2


def test_what_a_search_found_is_a_curve(report: finale_sim.Report, broken: Campaign) -> None:
    """Of one program and of a campaign; scenarios are compared by what outsiders saw, not by each step."""
    assert report.coverage().title.endswith(f"in {report.search.trials} trials")
    assert "one prompt" in broken.coverage().text
    (program,) = campaign_programs(["one prompt"])
    (held,) = run_campaign([program], trials=60).reports
    assert 1 < held.search.novelty.distinct < held.search.trials
