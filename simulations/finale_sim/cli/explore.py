"""``explore`` and ``replay``: any async function, or the trial that a token stands for."""

import argparse
import time
from typing import Any

from finale_sim.api import program_of
from finale_sim.cli.covering import covering, squares, tell_coverage
from finale_sim.cli.emitting import draw, emit, emitting, refuse_overwriting
from finale_sim.cli.means import means, saved, workers_for
from finale_sim.cli.parsing import STRATEGIES_HELP, TARGET, Commands, again, canary, positive, print_json, searching
from finale_sim.display import Progress, failure_text, replay_text, verdict_text
from finale_sim.failure.curve import curve, curve_text
from finale_sim.failure.determinism import told
from finale_sim.failure.fresh import confirmed
from finale_sim.investigate import as_recorded, investigate, replay_token
from finale_sim.kernel import Conditions, Fidelity
from finale_sim.program import PlainProgram
from finale_sim.render import in_words, timeline
from finale_sim.search import EXHAUSTIVE
from finale_sim.targets import BadTarget, as_program_function, beside, load_with
from finale_sim.token import decode

__all__ = ["add"]

_EXPLORE_HELP = f"""\
Any trio program will do; it need not know finale. A failing assertion, an unexpected exception, a deadlock, or a loop that
never ends is a violation. Say with assert what must hold at the end.

  async def transfer():
      async with trio.open_nursery() as nursery:
          nursery.start_soon(withdraw)
          nursery.start_soon(withdraw)
      assert balance >= 0

  finale-sim explore bank.py:transfer

Each fidelity has the schedules of those before it, and more:
  rounds  all tasks that can go on take a step each, in any order: what stock trio may do today, by itself
  step    any task that can go on takes the next step: tasks are slower than they look
  ties    and timers of the same instant fire one by one: clocks are never exactly equal; good for most programs
  free    and deadlines pass while tasks could go on: a slow machine; for leases, heartbeats and time-outs

A failure is labelled with the first of them that has it.

With --crash, the process of the function may be killed before any of its steps, and nothing of it runs any more, no finally
either. Then, and when it has returned, another function looks in a fresh loop at what is left in finale_sim.disk():

  async def save():                                           async def reopen():
      disk = finale_sim.disk()                                    disk = finale_sim.disk()
      disk["balance"] = 70                                        assert ("balance" in disk) == ("receipt" in disk)
      await trio.sleep(1)
      disk["receipt"] = 30

  finale-sim explore bank.py:save --crash reopen

{STRATEGIES_HELP}"""

_REPLAY_HELP = """\
A token names the program, and the few choices that were not the plainest ones. If the program has changed since, so that
the recorded choices do not come up any more, that is reported as DRIFT, with the place."""


def add(commands: Commands) -> None:
    """Put the two commands on the command line."""
    sub = commands.add("explore", _explore, "Find a schedule in which an async function fails.", _EXPLORE_HELP)
    sub.add_argument("target", metavar="TARGET", help=f"{TARGET}: an async function without parameters")
    sub.add_argument("--cancel", action="store_true", help="also cancel each of its cancel scopes before each of its steps")
    _crash_argument(sub, "also kill it before each of its steps, and run this afterwards")
    sub.add_argument(
        "--fidelity", choices=[rung.word for rung in Fidelity], default="ties", help="which schedules there are (default: ties)"
    )
    searching(sub, 2000, "at most")
    means(sub)
    covering(sub)
    emitting(sub)

    sub = commands.add("replay", _replay, "Run the trial that a token stands for, and show it step by step.", _REPLAY_HELP)
    sub.add_argument("token", metavar="TOKEN", help="what a failure printed, like fin1-…")
    sub.add_argument(
        "target", metavar="TARGET", nargs="?", help="what was checked or explored; leave it out for a campaign's token"
    )
    _crash_argument(sub, "what was run when it was killed, as it was when the token was found")
    sub.add_argument("--canary", metavar="NAME", help="break finale in this way, as it was when the token was found")
    sub.add_argument("--steps", action="store_true", help="with --json: every step, with its choice and its stack")
    sub.add_argument(
        "--curve",
        type=positive,
        nargs="?",
        const=20,
        metavar="N",
        help="for each choice: how often N random futures behind it fail in the same way (default: 20)",
    )
    emitting(sub)


def _crash_argument(sub: argparse.ArgumentParser, about: str) -> None:
    sub.add_argument("--crash", metavar="RECOVER", help=f"{about}: {TARGET}, or a name beside TARGET")


def _loaded(arguments: argparse.Namespace) -> tuple[str, Any, Any]:
    """The label and the object of the target, and what is run afterwards. From here on ``arguments`` has its full name."""
    if arguments.target and arguments.crash:
        arguments.crash = beside(arguments.target, arguments.crash)
    return load_with(arguments.target, arguments.crash)


def _explore(arguments: argparse.Namespace) -> int:
    refuse_overwriting(arguments)
    label, target, crash = _loaded(arguments)
    conditions = Conditions(Fidelity.named(arguments.fidelity), cancels=arguments.cancel, crashes=crash is not None)
    if arguments.strategy == EXHAUSTIVE:
        try:
            conditions.see_that_orders_can_be_left_out()
        except ValueError as error:
            raise BadTarget(str(error)) from error
    recover = as_program_function(arguments.crash.rpartition(":")[2], crash) if arguments.crash else None
    program = PlainProgram(f"explore/{label}", as_program_function(label, target), conditions, recover)
    progress = Progress(1)
    with workers_for(arguments, label, progress) as others:
        report = investigate(
            program,
            trials=arguments.trials,
            seed=arguments.seed,
            strategy=arguments.strategy,
            on_trial=lambda search: progress.on_trial(program, search),
            hire=others.hire,
            saved=saved(arguments, progress, conditions=conditions.code),
        )
    report = confirmed(report, again(arguments, arguments.target))
    progress.clear()
    draw(arguments, report.counterexample.timeline() if report.counterexample else None)
    emit(arguments, [report.counterexample.case()] if report.counterexample else [], arguments.target)
    if arguments.json:
        print_json(report.as_dict() | squares(arguments, report.coverage()), arguments.stdout)
    else:
        print(verdict_text(report))
        tell_coverage(arguments, report.coverage())
        if report.counterexample is not None:
            print("\n" + failure_text(report.counterexample, again(arguments, arguments.target)))
    return report.verdict.exit_code


def _replay(arguments: argparse.Namespace) -> int:
    started = time.perf_counter()
    refuse_overwriting(arguments)
    label, target, crash = _loaded(arguments)
    with canary(arguments.canary) as opens:
        token = decode(arguments.token)
        program = as_recorded(program_of(arguments.token, label, target, crash, opens=opens), token)
        replayed = replay_token(program, token)
        attempt = replayed.story.attempt
        points = curve(program.attempt, attempt, samples=arguments.curve) if arguments.curve and attempt.breach else ()
    draw(arguments, replayed.timeline())
    emit(arguments, [replayed.case(program.name, arguments.token)] if replayed.recorded else [], arguments.target)
    if arguments.json:
        more = {"token": arguments.token, "seconds": round(time.perf_counter() - started, 3)}
        if points:
            more["curve"] = [point.share for point in points]
        if arguments.steps:
            more["steps"] = [told(step) for step in replayed.story.trial.trace]
        print_json(replayed.as_dict() | more, arguments.stdout)
        return replayed.exit_code
    print(replay_text(replayed))
    deviates = [f"  {n}. {s}" for n, s in enumerate(in_words(replayed.story), 1)]
    print("\n".join(["", "What deviates" if deviates else "Nothing deviates from the happy path", *deviates]))
    print("\nTimeline (» a deviation, · an observation)\n" + timeline(replayed.story, most_lines=200))
    if points:
        print(f"\nWhen it was decided: of {arguments.curve} random futures behind each choice, so many fail so")
        print(curve_text(points))
    return replayed.exit_code
