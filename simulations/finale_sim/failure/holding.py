"""What a generated regression test calls: does the recorded trial hold by now?"""

from finale_sim.api import program_of
from finale_sim.investigate import as_recorded, investigate, replay_token
from finale_sim.targets import load_with
from finale_sim.token import decode
from finale_sim.verdict import Violated

__all__ = ["assert_holds"]


def assert_holds(token: str, target: str | None, *, crash: str | None = None, trials: int = 300) -> None:
    """Run the recorded trial. If the program has changed so that it is gone, search anew, with at most ``trials`` trials.

    ``target`` and ``crash`` are as on the command line.

    Raises:
        AssertionError: a claim is broken, in the recorded trial or a new one, or nothing could be decided.
        BadTarget, BadToken: there is no such target, or the token belongs to another one.
    """
    __tracebackhide__ = True  # pytest then shows the line of the test
    label, found, afterwards = load_with(target, crash)
    recorded = decode(token)
    program = as_recorded(program_of(token, label, found, afterwards), recorded)
    replayed = replay_token(program, recorded)
    breach = replayed.story.attempt.breach
    if breach is not None and replayed.drift is None:
        raise AssertionError(f"{breach}\nStep by step: finale-sim replay {_again(token, target, crash)}")
    if replayed.exit_code == 0:
        return
    report = investigate(program, trials=trials)
    if isinstance(report.verdict, Violated) and report.token is not None:
        raise AssertionError(
            f"{report.verdict.breach}\n"
            f"The recorded trial is gone ({replayed.drift}), but of {report.search.trials} new ones this one fails; "
            f"put its token into the test.\nStep by step: finale-sim replay {_again(report.token, target, crash)}"
        )
    if report.verdict.exit_code:
        raise AssertionError(f"the recorded trial is gone ({replayed.drift}), and a new search ended {report.verdict}")


def _again(token: str, target: str | None, crash: str | None) -> str:
    return " ".join([token, *([target] if target else []), *(["--crash", crash] if crash else [])])
