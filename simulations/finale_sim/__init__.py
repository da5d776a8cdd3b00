"""finale_sim: deterministic simulation of trio programs, and the proof that finale keeps its contract.

Before a run is accepted, a rejected request raises. After it is accepted, it gets exactly one terminal event. Never both,
never neither.
"""

from finale_sim.api import check, explore, replay, step_through
from finale_sim.campaign import Campaign
from finale_sim.coverage.tables import Coverage
from finale_sim.failure.curve import Point
from finale_sim.failure.delays import Hold
from finale_sim.failure.feasibility import Feasibility
from finale_sim.failure.forcing import Delay, NotReached, Stuck, force
from finale_sim.failure.holding import assert_holds
from finale_sim.history import Entry, History, What
from finale_sim.inject import Discarded, assume, disk, fault, sometimes
from finale_sim.investigate import Replayed
from finale_sim.kernel import KernelUnsupported, RealIO, Trial, simulate
from finale_sim.net import network
from finale_sim.report import Counterexample, Report
from finale_sim.saved import BadSave
from finale_sim.scenarios import SCENARIOS, Scenario
from finale_sim.stepping import Stepping
from finale_sim.targets import BadTarget
from finale_sim.token import BadToken
from finale_sim.verdict import Bounded, Breach, Exhausted, NotReproducible, Sampled, Truncated, Verdict, Violated

__all__ = [
    "SCENARIOS",
    "BadSave",
    "BadTarget",
    "BadToken",
    "Bounded",
    "Breach",
    "Campaign",
    "Counterexample",
    "Coverage",
    "Delay",
    "Discarded",
    "Entry",
    "Exhausted",
    "Feasibility",
    "History",
    "Hold",
    "KernelUnsupported",
    "NotReached",
    "NotReproducible",
    "Point",
    "RealIO",
    "Replayed",
    "Report",
    "Sampled",
    "Scenario",
    "Stepping",
    "Stuck",
    "Trial",
    "Truncated",
    "Verdict",
    "Violated",
    "What",
    "assert_holds",
    "assume",
    "check",
    "disk",
    "explore",
    "fault",
    "force",
    "network",
    "replay",
    "simulate",
    "sometimes",
    "step_through",
]
