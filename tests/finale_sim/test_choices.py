"""The stream of choices: what is asked, what is recorded, what names a place."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finale_sim.choices import Choice, Choices, Kind, Site, deviations, happy_path

SITES = st.builds(Site, st.sampled_from(Kind), st.text(max_size=8), st.integers(0, 99), st.text(max_size=8))


def site(n: int, kind: Kind = Kind.SCHEDULE, label: str = "") -> Site:
    return Site(kind, "/main", n, label)


def test_the_happy_path_is_all_zeros() -> None:
    """Without a strategy every choice is 0, and nothing deviates."""
    choices = Choices()
    assert [choices.draw(site(n), options) for n, options in enumerate((2, 3, 9))] == [0, 0, 0]
    assert deviations(choices.made) == {}
    assert happy_path(site(0), 5) == 0


@pytest.mark.parametrize("options", [1, 0, -1])
def test_nothing_is_asked_where_there_is_nothing_to_choose(options: int) -> None:
    """With fewer than two options the strategy is not asked and nothing is recorded."""
    choices = Choices(lambda site, options: pytest.fail("asked"))
    assert choices.draw(site(1), options) == 0
    assert choices.made == []


@pytest.mark.parametrize("answer", [-1, 2, 99])
def test_an_answer_out_of_range_is_refused(answer: int) -> None:
    """The message names the answer, the place, and what is wanted; nothing is recorded."""
    choices = Choices(lambda site, options: answer)
    with pytest.raises(ValueError, match=rf"answered {answer} at schedule /main#7, where an index below 2 is wanted"):
        choices.draw(site(7), 2)
    assert choices.made == []


@given(st.lists(st.tuples(st.integers(2, 9), st.integers(0, 8))))
def test_the_recording_is_what_was_asked_and_answered(questions: list[tuple[int, int]]) -> None:
    """Every question with two options or more is recorded in order; the sparse form keeps what was not 0, in order."""
    script = iter(min(answer, options - 1) for options, answer in questions)
    choices = Choices(lambda site, options: next(script))
    answers = [choices.draw(site(n), options) for n, (options, _) in enumerate(questions)]
    assert choices.made == [Choice(site(n), options, answers[n]) for n, (options, _) in enumerate(questions)]
    assert list(deviations(choices.made).items()) == [(site(n).key, answer) for n, answer in enumerate(answers) if answer]


@given(st.lists(SITES, min_size=2, max_size=2, unique=True))
def test_the_key_tells_sites_apart(sites: list[Site]) -> None:
    """Two different sites have different keys (as far as 32 bits go), and a site always has the same one."""
    one, other = sites
    assert one.key == Site(*one).key
    assert 0 <= one.key < 2**32
    assert one.key != other.key


def test_the_key_is_the_same_in_every_process() -> None:
    """Keys survive the process and its hash seed; tokens are made of them."""
    code = "from finale_sim.choices import *; print(Site(Kind.FAULT, '/main/a:1', 3, 'journal é').key)"
    for seed in ("0", "77"):
        found = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                               capture_output=True, text=True, check=True)  # fmt: skip
        assert int(found.stdout) == Site(Kind.FAULT, "/main/a:1", 3, "journal é").key


def test_a_site_reads_well() -> None:
    """A site is shown by kind and label, or by kind and path where it has no label."""
    assert str(site(3)) == "schedule /main#3"
    assert str(site(0, Kind.DELAY, "cancel comes")) == "delay cancel comes#0"


def test_kinds_have_letters_of_their_own() -> None:
    """Each kind has one letter, so that keys of different kinds never meet."""
    assert len({kind.value for kind in Kind}) == len(Kind)
    assert all(len(kind.value) == 1 for kind in Kind)
