"""``campaign`` and ``check``: the scenarios, on finale itself or with a coordinator of the user's."""

import argparse
from collections.abc import Sequence

from finale_sim.campaign import Campaign, campaign_programs, check_programs, run_campaign, workspace_programs
from finale_sim.cli.covering import covering, squares, tell_coverage
from finale_sim.cli.emitting import draw, emit, emitting, refuse_overwriting
from finale_sim.cli.means import means, saved, workers_for
from finale_sim.cli.parsing import STRATEGIES_HELP, TARGET, Commands, again, canary, positive, print_json, require, searching
from finale_sim.display import Progress, failure_text, print_campaign
from finale_sim.program import ScenarioProgram
from finale_sim.scenarios import SCENARIOS
from finale_sim.tally import STANDARD_TRIALS
from finale_sim.targets import BadTarget, coordinator_factory, load
from finale_sim.wording import counted
from finale_sim.workspaces import opener

__all__ = ["add"]

_CAMPAIGN_HELP = f"""\
Some trials sweep, few of the first hundred and half of the later ones: the happy path, then every single deviation from it,
then every pair, and so on; more, if it takes more to try every single one. The others are drawn at random, in several ways.
A table shows for each scenario what was tried, which endings of a run were seen, and the verdict.

{STRATEGIES_HELP}"""

_CHECK_HELP = f"""\
The scenarios submit, queue, cancel and close at every phase, while your coordinator runs on virtual time; sleeps cost
nothing. Both sides are judged: the promise of finale, and the contract of your coordinator. Real sockets and processes are
refused, so give it fakes for them.

  class MyCoordinator:
      async def run(self, request, ctx):
          await ctx.progress("thinking")
          return "answer"

  finale-sim check myagent.py:MyCoordinator

With --workspace it is the other way round: all scenarios, with sound and with nasty coordinators, on a dispatcher of yours
that is used like finale's. TARGET is called as finale.open_workspace is, and its workspace gives out finale's events.

  finale-sim check --workspace mydispatcher.py:open_workspace

{STRATEGIES_HELP}"""


def add(commands: Commands) -> None:
    """Put the two commands on the command line."""
    sub = commands.add("campaign", _campaign, "Check finale itself: all scenarios, all faults.", _CAMPAIGN_HELP)
    _scenarios(sub, STANDARD_TRIALS)
    sub.add_argument("--canary", metavar="NAME", help="break finale on purpose in this way, to see that it is caught")

    sub = commands.add("check", _check, "Check your coordinator inside a finale workspace, or a workspace of yours.", _CHECK_HELP)
    sub.add_argument("target", metavar="TARGET", nargs="?", help=f"{TARGET}: a class, factory, instance or async function")
    sub.add_argument("--workspace", metavar="TARGET", help=f"{TARGET}: opens a workspace that takes the place of finale's")
    _scenarios(sub, 500)


def _scenarios(sub: argparse.ArgumentParser, trials: int) -> None:
    searching(sub, trials, "per scenario")
    means(sub)
    covering(sub)
    emitting(sub)
    sub.add_argument("--scenario", nargs="+", action="extend", default=[], metavar="NAME", help="only these of finale-sim list")
    sub.add_argument(
        "--deviations",
        type=positive,
        metavar="K",
        help="first try every stream with at most K deviations, however many there are; --trials come on top",
    )


def _campaign(arguments: argparse.Namespace) -> int:
    refuse_overwriting(arguments)
    require(arguments.scenario, SCENARIOS, "scenario")
    with canary(arguments.canary) as opens:
        programs = campaign_programs(arguments.scenario, opens)
        return _run(arguments, "", programs, "Standard campaign over finale")


def _check(arguments: argparse.Namespace) -> int:
    refuse_overwriting(arguments)
    if (arguments.target is None) is (arguments.workspace is None):
        raise BadTarget("check takes a coordinator or --workspace, one of the two (see finale-sim check --help)")
    if arguments.workspace is not None:
        return _check_workspace(arguments)
    label, target = load(arguments.target)
    require(arguments.scenario, [s.name for s in SCENARIOS.values() if s.any_coordinator], "scenario for any coordinator")
    programs = check_programs(label, coordinator_factory(label, target), arguments.scenario)
    return _run(arguments, label, programs, f"{label} inside a finale workspace")


def _check_workspace(arguments: argparse.Namespace) -> int:
    label, target = load(arguments.workspace)
    require(arguments.scenario, SCENARIOS, "scenario")
    programs = workspace_programs(label, opener(label, target, arguments.scenario), arguments.scenario)
    arguments.target = arguments.workspace
    return _run(arguments, label, programs, f"{label} in the place of finale's workspace")


def _run(arguments: argparse.Namespace, label: str, programs: list[ScenarioProgram], title: str) -> int:
    progress = Progress(len(programs))
    replay_with = again(arguments, getattr(arguments, "target", None))
    with workers_for(arguments, label, progress) as others:
        campaign = run_campaign(
            programs,
            trials=arguments.trials,
            seed=arguments.seed,
            strategy=arguments.strategy,
            deviations=arguments.deviations,
            on_trial=progress.on_trial,
            on_report=progress.on_report,
            again=replay_with,
            hire=others.hire,
            lend=others.lend,
            saved=saved(arguments, progress),
        )
    progress.clear()
    told = [failures[0][1].case() for failures in campaign.failures().values()]
    draw(arguments, next((failures[0][1].timeline() for failures in campaign.failures().values()), None))
    emit(arguments, told, getattr(arguments, "target", None))
    if arguments.json:
        print_json(campaign.as_dict() | squares(arguments, campaign.coverage()), arguments.stdout)
    else:
        print_campaign(campaign, programs, title)
        tell_coverage(arguments, campaign.coverage())
        _print_failures(campaign, replay_with)
    return campaign.exit_code


def _print_failures(campaign: Campaign, replay_with: Sequence[str]) -> None:
    """One bug shows in many scenarios: of each broken claim the smallest failure is told in full, the others in a line."""
    for claim, failures in campaign.failures().items():
        (scenario, smallest), *others = failures
        print(f"\n{scenario}\n" + failure_text(smallest, replay_with))
        if others:
            print(f"\n{claim!r} is broken in {counted(len(others), 'more scenario')}:")
        for scenario, other in others:
            print(f"  {scenario}: {counted(other.deviations, 'deviation')}, {other.token}")
