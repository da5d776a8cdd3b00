"""What happened, in words."""

from finale_sim.choices import Choice, Kind, Site
from finale_sim.kernel import Step, Trial
from finale_sim.render import in_words
from finale_sim.search import Attempt
from finale_sim.story import Story


def words(
    site: Site, answer: int, options: tuple[str, ...] = (), picks: dict[int, str] | None = None, asked: bool = True
) -> list[str]:
    choice = Choice(site, max(len(options), answer + 1, 2), answer)
    trace = (Step(1, options[answer] if options else "/main", 1, 2.5, choice, options, ""),) if asked else ()
    return in_words(Story(Attempt((choice,), 0), Trial(ending=None, trace=trace), picks=picks or {}))  # type: ignore[arg-type]


SCHEDULE = Site(Kind.SCHEDULE, "/main/a:0", 3)


def test_what_did_not_deviate_is_not_told() -> None:
    """The happy path has no sentences."""
    assert words(SCHEDULE, 0, ("/main/a:0", "/main/b:0")) == []


def test_a_tie_says_when_and_which() -> None:
    """Equal deadlines: the instant, and which timer came before the one that was set first."""
    (sentence,) = words(Site(Kind.TIE, "", 0, "at 2.5 s"), 1, ("/main", "/main/a:0"))
    assert sentence == "at 2.5 s, with several timers due: /main/a:0 comes before /main"


def test_a_timer_that_is_held_back_is_told() -> None:
    """The option behind the timers lets a task go first."""
    site = Site(Kind.TIE, "", 0, "at 2.5 s")
    trace = (Step(1, "~timer", 0, 2.5, Choice(site, 2, 1), ("/main/a:0",), "held back"),)
    (sentence,) = in_words(Story(Attempt((Choice(site, 2, 1),), 0), Trial(ending=None, trace=trace)))  # type: ignore[arg-type]
    assert sentence == "at 2.5 s: a task takes a step before the timer of /main/a:0, which is due, fires"


def test_what_a_scenario_picked_is_told_in_its_own_words() -> None:
    """The label and the option, as the scenario names them."""
    site = Site(Kind.DELAY, "/main", 0, "cancel comes")
    assert words(site, 2, picks={site.key: "cancel comes: at 3 s"}, asked=False) == ["cancel comes: at 3 s"]


def test_a_choice_of_a_program_itself_is_told_by_its_label() -> None:
    """A site without a step or without named options still says what was asked, by whom, and what came of it."""
    assert words(Site(Kind.FAULT, "/main", 0, "disk"), 1, asked=False) == ["disk: option 1 of 1, asked by /main"]
    assert words(SCHEDULE, 1, asked=False) == ["schedule /main/a:0#3: option 1 of 1, asked by /main/a:0"]


def test_hostile_labels_stay_on_their_line() -> None:
    """A label may hold anything."""
    (sentence,) = words(Site(Kind.DATA, "/main", 0, "a\nb"), 1, asked=False)
    assert "option 1" in sentence
