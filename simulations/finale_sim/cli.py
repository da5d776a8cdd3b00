"""``finale-sim``: the simulator in a terminal."""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack, nullcontext, redirect_stdout
from typing import Any, NoReturn, TextIO

from finale_sim.api import program_of
from finale_sim.campaign import Campaign, campaign_programs, check_programs, run_campaign
from finale_sim.canaries import CANARIES
from finale_sim.catalogue import catalogue, endings_table, try_canaries
from finale_sim.display import Progress, failure_text, print_campaign, print_table, replay_text, verdict_text
from finale_sim.investigate import investigate, replay_token
from finale_sim.kernel import KernelUnsupported
from finale_sim.program import PlainProgram, ScenarioProgram
from finale_sim.render import in_words, timeline
from finale_sim.scenarios import SCENARIOS
from finale_sim.targets import BadTarget, as_program_function, coordinator_factory, load
from finale_sim.token import BadToken, decode

__all__ = ["main"]

_ABOUT = """\
Deterministic simulation of trio programs: every scheduling decision, fault and cancellation is a choice,
and a failure comes out as a few steps and one line that replays it.

  finale-sim campaign                         does finale itself keep its contract?
  finale-sim check myagent.py:MyCoordinator   does my coordinator, inside a finale workspace?
  finale-sim explore mymodule:my_function     is there a schedule in which this async function fails?
  finale-sim replay fin1-…                    once more, the very same trial
"""

_EXIT_CODES = (
    "exit codes: 0 no violation, 1 violation, 2 wrong usage or target, 3 undecided (interrupted, not reproducible, drifted)"
)

_TARGET = "module:attr or path/to/file.py:attr"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code. ``argv`` defaults to that of the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # messages of other people's programs may hold anything
    try:
        arguments = _parser().parse_args(argv)
        arguments.stdout = sys.stdout
        # Whatever the user's program prints must not get between a script and its JSON.
        with redirect_stdout(sys.stderr) if arguments.json else nullcontext():
            code: int = arguments.command(arguments)
        sys.stdout.flush()
    except (BadTarget, BadToken, KernelUnsupported) as error:
        print(f"finale-sim: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more on its way out
        return 3
    except KeyboardInterrupt:
        print("finale-sim: interrupted", file=sys.stderr)
        return 3
    return code


# Commands -------------------------------------------------------------------------------------------------------------


def _campaign(arguments: argparse.Namespace) -> int:
    _require(arguments.scenario, SCENARIOS, "scenario")
    with _canary(arguments.canary):
        programs = campaign_programs(arguments.scenario)
        return _run_campaign(arguments, programs, "Standard campaign over finale", _again(arguments, None))


def _check(arguments: argparse.Namespace) -> int:
    label, target = load(arguments.target)
    _require(arguments.scenario, [s.name for s in SCENARIOS.values() if s.any_coordinator], "scenario for any coordinator")
    programs = check_programs(label, coordinator_factory(label, target), arguments.scenario)
    return _run_campaign(arguments, programs, f"{label} inside a finale workspace", _again(arguments, arguments.target))


def _run_campaign(arguments: argparse.Namespace, programs: list[ScenarioProgram], title: str, again: Sequence[str]) -> int:
    progress = Progress(len(programs), arguments.trials)
    campaign = run_campaign(
        programs, trials=arguments.trials, seed=arguments.seed, on_trial=progress.on_trial, on_report=progress.on_report
    )
    progress.clear()
    if arguments.json:
        _print_json(campaign.as_dict(), arguments.stdout)
    else:
        print_campaign(campaign, programs, title)
        _print_failures(campaign, again)
    return campaign.exit_code


def _print_failures(campaign: Campaign, again: Sequence[str]) -> None:
    for report in campaign.reports:
        if report.counterexample is not None:
            print(f"\n{report.program.rpartition('/')[2]}\n" + failure_text(report.counterexample, again))


def _explore(arguments: argparse.Namespace) -> int:
    label, target = load(arguments.target)
    program = PlainProgram(f"explore/{label}", as_program_function(label, target))
    progress = Progress(1, arguments.trials)
    report = investigate(
        program, trials=arguments.trials, seed=arguments.seed, on_trial=lambda search: progress.on_trial(program, search)
    )
    progress.clear()
    if arguments.json:
        _print_json(report.as_dict(), arguments.stdout)
    else:
        print(verdict_text(report))
        if report.counterexample is not None:
            print("\n" + failure_text(report.counterexample, _again(arguments, arguments.target)))
    return report.verdict.exit_code


def _replay(arguments: argparse.Namespace) -> int:
    started = time.perf_counter()
    label, target = load(arguments.target) if arguments.target else ("", None)
    with _canary(arguments.canary):
        replayed = replay_token(program_of(arguments.token, label, target), decode(arguments.token))
    if arguments.json:
        spent = {"token": arguments.token, "seconds": round(time.perf_counter() - started, 3)}
        _print_json(replayed.as_dict() | spent, arguments.stdout)
        return replayed.exit_code
    print(replay_text(replayed))
    print("\n".join(["", "What deviates", *(f"  {n}. {s}" for n, s in enumerate(in_words(replayed.story), 1))]))
    print("\nTimeline (» a deviation, · an observation)\n" + timeline(replayed.story, most_lines=200))
    return replayed.exit_code


def _canaries(arguments: argparse.Namespace) -> int:
    rows = try_canaries(trials=arguments.trials, seed=arguments.seed)
    missed = sum(row["caught_by"] != row["oracle"] for row in rows)
    if arguments.json:
        _print_json({"canaries": rows, "missed": missed}, arguments.stdout)
    else:
        _print_rows("Canaries", [{name: row[name] for name in row if name != "token"} for row in rows])
        print(f"{len(rows) - missed} of {len(rows)} canaries were caught by the oracle that they name.")
    return 1 if missed else 0


def _list(arguments: argparse.Namespace) -> int:
    tables = {"endings": endings_table()} if arguments.endings else catalogue()
    if arguments.json:
        _print_json(tables, arguments.stdout)
    else:
        for name, rows in tables.items():
            _print_rows(name.capitalize(), rows)
    return 0


def _print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    print_table(title, tuple(rows[0]), [[", ".join(c) if isinstance(c, list) else str(c) for c in row.values()] for row in rows])


# Helpers --------------------------------------------------------------------------------------------------------------


def _canary(name: str | None) -> ExitStack:
    stack = ExitStack()
    if name is not None:
        _require([name], CANARIES, "canary")
        stack.enter_context(CANARIES[name].released())
    return stack


def _again(arguments: argparse.Namespace, target: str | None) -> list[str]:
    canary = ["--canary", arguments.canary] if getattr(arguments, "canary", None) else []
    return [*([target] if target else []), *canary]


def _require(names: Sequence[str], known: Collection[str], kind: str) -> None:
    for name in names:
        if name not in known:
            raise BadTarget(f"there is no {kind} {name!r}; there are: {', '.join(known)}")


def _print_json(data: dict[str, Any], stdout: TextIO) -> None:
    print(json.dumps(data), file=stdout)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong on one line."""

    def print_help(self, file: Any = None) -> None:
        super().print_help(file)
        sys.stdout.flush()  # here, where a closed pipe is expected

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"finale-sim: {message} (see {self.prog} --help)\n")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too small; it must be at least 1")
    return number


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; a seed is a whole number from 0 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="finale-sim", description=_ABOUT, epilog=_EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Any, about: str, more: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=about,
            description=f"{about}\n\n{more}",
            epilog=_EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(command=run)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout, and nothing else there")
        return sub

    def searching(sub: argparse.ArgumentParser, trials: int, each: str) -> None:
        sub.add_argument("--trials", type=_positive, default=trials, metavar="N", help=f"trials {each} (default: {trials})")
        sub.add_argument("--seed", type=_seed, default=0, metavar="S", help="seed of the random half of the trials (default: 0)")

    sub = command("campaign", _campaign, "Check finale itself: all scenarios, all faults.", _CAMPAIGN_HELP)
    searching(sub, 260, "per scenario")
    sub.add_argument("--scenario", nargs="+", default=[], metavar="NAME", help="only these (see finale-sim list)")
    sub.add_argument("--canary", metavar="NAME", help="break finale on purpose in this way, to see that it is caught")

    sub = command("check", _check, "Check your coordinator inside a finale workspace.", _CHECK_HELP)
    sub.add_argument("target", metavar="TARGET", help=f"{_TARGET}: a class, factory, instance or async function")
    searching(sub, 500, "per scenario")
    sub.add_argument("--scenario", nargs="+", default=[], metavar="NAME", help="only these (see finale-sim list)")

    sub = command("explore", _explore, "Find a schedule in which an async function fails.", _EXPLORE_HELP)
    sub.add_argument("target", metavar="TARGET", help=f"{_TARGET}: an async function without parameters")
    searching(sub, 2000, "at most")

    sub = command("replay", _replay, "Run the trial that a token stands for, and show it step by step.", _REPLAY_HELP)
    sub.add_argument("token", metavar="TOKEN", help="what a failure printed, like fin1-…")
    sub.add_argument(
        "target", metavar="TARGET", nargs="?", help="what was checked or explored; leave it out for a campaign's token"
    )
    sub.add_argument("--canary", metavar="NAME", help="break finale in this way, as it was when the token was found")

    sub = command("list", _list, "List scenarios and canaries.", "Names are used with --scenario and --canary.")
    sub.add_argument("--endings", action="store_true", help="list every way a run can end, with what shows and judges it")

    sub = command("canaries", _canaries, "Break finale in each known way, and see each caught.", _CANARIES_HELP)
    searching(sub, 500, "per canary")
    return parser


_CAMPAIGN_HELP = """\
Half of the trials sweep: the happy path, then every single deviation from it, then every pair, and so on. The other half
are random walks. A table shows for each scenario what was tried, which endings of a run were seen, and the verdict."""

_CANARIES_HELP = """\
An oracle counts only once something trips it. Each canary is a deliberate bug; the oracle that it names must catch it, in
the scenario that it names. Exit code 1 if one is missed."""

_CHECK_HELP = """\
The scenarios submit, queue, cancel and close at every phase, while your coordinator runs on virtual time; sleeps cost
nothing. Real sockets and processes are refused, so give your coordinator fakes for them.

  class MyCoordinator:
      async def run(self, request, ctx):
          await ctx.progress("thinking")
          return "answer"

  finale-sim check myagent.py:MyCoordinator"""

_EXPLORE_HELP = """\
Any trio program will do; it need not know finale. A failing assertion, an unexpected exception, or a deadlock is a
violation. Say with assert what must hold at the end.

  async def transfer():
      async with trio.open_nursery() as nursery:
          nursery.start_soon(withdraw)
          nursery.start_soon(withdraw)
      assert balance >= 0

  finale-sim explore bank.py:transfer"""

_REPLAY_HELP = """\
A token names the program, and the few choices that were not the plainest ones. If the program has changed since, so that
the recorded choices do not come up any more, that is reported as DRIFT, with the place."""
