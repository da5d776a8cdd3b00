"""What is told of mutants: a survivor needs a verdict, and a verdict its survivor."""

from typing import Any

import pytest

from tests.mutants.page import Result, problems, table, untried

KILLED = Result("ledger", 7, "a < b", "a <= b", 0, "its own tests")
SURVIVOR = Result("ledger", 9, "x = 1 | 2", "x = 2 | 2", 0, None)
TWIN = SURVIVOR._replace(line=12, repeat=1)


def verdict(result: Result, word: str = "equivalent") -> dict[str, Any]:
    return {"module": "ledger", "was": result.was, "now": result.now, "repeat": result.repeat, "verdict": word, "reason": "why"}


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        ([verdict(SURVIVOR), verdict(TWIN)], []),
        ([verdict(SURVIVOR)], ["ledger.py:12: survived (number 1 of its kind): x = 1 | 2  →  x = 2 | 2"]),
        (
            [verdict(SURVIVOR), verdict(TWIN), verdict(KILLED)],
            ["ledger.py: a verdict without a survivor, take it out: a < b  →  a <= b"],
        ),
    ],
)
def test_survivors_and_verdicts_belong_together(verdicts: list[dict[str, Any]], says: list[str]) -> None:
    """The list of verdicts cannot grow old, and nothing new slips in."""
    assert [problem.text for problem in problems([KILLED, SURVIVOR, TWIN], verdicts)] == says


def test_what_was_not_tried_is_known() -> None:
    """A result of lines that are no more in the module does not count for the others."""
    moved = SURVIVOR._replace(now="x = 3 | 2")
    assert untried([KILLED.key, SURVIVOR.key, TWIN.key], [KILLED, moved]) == [SURVIVOR.key, TWIN.key]
    assert not untried([KILLED.key], [KILLED])


def test_the_score_is_of_what_could_be_noticed() -> None:
    """What has a verdict counts neither way; what has none counts as a hole."""
    page = table([KILLED, SURVIVOR, TWIN], [verdict(TWIN, "immaterial")])
    assert "| `ledger.py` | 3 | 1 | 0 | 0 | 0 | 0 | 1 | 50.0 % |" in page
    assert r"| 9 | `x = 1 \| 2` | `x = 2 \| 2` | none yet: a hole |" in page
    assert "immaterial: why" in page
