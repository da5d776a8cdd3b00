"""Verdicts: each says what was looked at, and has an exit code."""

import pytest

from finale_sim.verdict import Bounded, Breach, Exhausted, Sampled, Truncated, Verdict, Violated


@pytest.mark.parametrize(
    ("verdict", "word", "exit_code", "text"),
    [
        (Violated(Breach("I1 one terminal", "run r1 …")), "violated", 1, "violated: 'I1 one terminal'"),
        (Exhausted(12, within="rung ties"), "exhausted", 0, "exhausted: no stream of choices is left untried; rung ties"),
        (Exhausted(12), "exhausted", 0, "exhausted: no stream of choices is left untried"),
        (Bounded(1, 40), "bounded", 0, "bounded: all streams with at most 1 deviation, 40 random ones beyond"),
        (Bounded(2, 0), "bounded", 0, "bounded: all streams with at most 2 deviations, 0 random ones beyond"),
        (Sampled(9), "sampled", 0, "sampled: 9 streams"),
        (Truncated("interrupted"), "truncated", 3, "undecided: interrupted"),
    ],
)
def test_a_verdict_says_what_it_is(verdict: Verdict, word: str, exit_code: int, text: str) -> None:
    """Word, exit code and sentence; never a bare "passed"."""
    assert (verdict.word, verdict.exit_code, str(verdict)) == (word, exit_code, text)
