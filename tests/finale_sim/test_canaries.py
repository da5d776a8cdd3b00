"""Every canary is caught by the oracle that it names, within a smoke budget, and shrunk to a handful of deviations."""

import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

import finale
from finale_sim.campaign import campaign_programs, run_campaign
from finale_sim.canaries import CANARIES, Canary
from finale_sim.canaries.canary import rewritten
from finale_sim.investigate import investigate
from finale_sim.scenarios import SCENARIOS
from finale_sim.verdict import Violated

SMOKE = 500  # trials
LARGEST = 5  # deviations after shrinking


def attributes(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Every function, method and constant of a module, by its full name."""
    for name, value in vars(module).items():
        yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            yield from ((f"{module.__name__}.{name}.{key}", inner) for key, inner in vars(value).items())


def whole_sdk() -> dict[str, int]:
    """What each name of the SDK is bound to."""
    modules = [module for name, module in sorted(vars(finale).items()) if isinstance(module, ModuleType)]
    return {name: id(value) for module in [finale, *modules] for name, value in attributes(module) if not name.endswith("__")}


@pytest.mark.parametrize("canary", CANARIES.values(), ids=list(CANARIES))
def test_a_canary_is_caught(canary: Canary) -> None:
    """The broken SDK violates the claim of the oracle that the canary names, after no more than five deviations."""
    with canary.released() as opens:
        (program,) = campaign_programs([canary.scenario], opens)
        report = investigate(replace(program, claims=(canary.oracle,)), trials=SMOKE)
    assert report.counterexample is not None, f"{canary.name} survives {SMOKE} trials"
    sizes = f"{report.counterexample.found_with} → {report.counterexample.deviations} deviations"
    print(f"{canary.name}: {program.scenario.name}, {report.search.trials} trials, {sizes}")
    assert isinstance(report.verdict, Violated)
    assert report.verdict.breach.claim == canary.oracle
    assert report.counterexample.deviations <= LARGEST


@pytest.mark.parametrize("canary", CANARIES.values(), ids=list(CANARIES))
def test_the_sdk_is_whole_again_afterwards(canary: Canary) -> None:
    """While it is out, exactly the named attributes are others; afterwards all are what they were, also after an error."""
    sound = whole_sdk()
    with canary.released() as opens:
        assert (whole_sdk() != sound) is bool(canary.changes)
        assert (opens is not finale.open_workspace) is not bool(canary.changes)
        for owner, attribute, replacement in canary.changes:
            assert inspect.getattr_static(owner, attribute) is replacement
    assert whole_sdk() == sound
    with suppress(ZeroDivisionError), canary.released():
        raise ZeroDivisionError
    assert whole_sdk() == sound


def test_a_smoke_campaign_with_a_canary_has_the_exit_code_of_a_violation() -> None:
    """The whole campaign, all scenarios, says that something is wrong, and its JSON names the claim."""
    with CANARIES["second terminal"].released() as opens:
        campaign = run_campaign(campaign_programs(opens=opens), trials=5)
    assert campaign.exit_code == 1
    assert campaign.as_dict()["claim"] == "I1 one terminal"
    assert [report.program for report in campaign.reports if report.verdict.exit_code] == [
        "campaign/fails after publishing",
        "campaign/publishes twice",
    ]


def test_canaries_say_what_they_break() -> None:
    """The key is the name; what is broken, what one sees of it, and why finale cannot have it is told in a sentence each."""
    for name, canary in CANARIES.items():
        assert canary.name == name
        assert canary.about
        assert "\n" not in canary.about
        for sentence in (canary.symptom, canary.immune):
            assert sentence.endswith(".")
            assert sentence[0].isupper()
        assert canary.scenario in SCENARIOS


def test_a_real_bug_is_re_created_once() -> None:
    """Each names its case, no two the same; at least forty canaries, and at least thirty of them happened somewhere."""
    cases = [canary.case for canary in CANARIES.values() if canary.case]
    assert len(CANARIES) >= 40
    assert len(cases) >= 30
    assert len(set(cases)) == len(cases)
    assert all(canary.case for canary in CANARIES.values() if canary.commit)


def test_a_canary_that_no_longer_fits_the_product_says_so() -> None:
    """A piece of source that is gone, or there twice, is an error and not a canary that breaks nothing."""

    def product() -> int:
        return 1 + 1

    assert rewritten(product, "return 1", "return 2")() == 3
    with pytest.raises(ValueError, match="has 0 times 'finally:'; this canary wants it once"):
        rewritten(product, "finally:", "else:")
    with pytest.raises(ValueError, match="has 2 times"):
        rewritten(product, "1", "2")
