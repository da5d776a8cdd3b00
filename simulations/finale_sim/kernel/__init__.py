"""Control of trio: one deterministic execution of any unmodified trio program, with every decision asked for."""

from finale_sim.kernel.conditions import STANDARD, Conditions, Fidelity
from finale_sim.kernel.context import Context, current_trial
from finale_sim.kernel.driver import FAIR_AFTER
from finale_sim.kernel.entrance import simulate
from finale_sim.kernel.errors import KernelUnsupported, NestedTrial, RealIO, StepBlocked
from finale_sim.kernel.interrupts import heard
from finale_sim.kernel.states.livelock import Livelock, Mover, render_livelock
from finale_sim.kernel.stuck.waits import Wait, circle, render_waits
from finale_sim.kernel.trial import BlockedTask, Ending, Step, Trial, render_deadlock

__all__ = [
    "FAIR_AFTER",
    "STANDARD",
    "BlockedTask",
    "Conditions",
    "Context",
    "Ending",
    "Fidelity",
    "KernelUnsupported",
    "Livelock",
    "Mover",
    "NestedTrial",
    "RealIO",
    "Step",
    "StepBlocked",
    "Trial",
    "Wait",
    "circle",
    "current_trial",
    "heard",
    "render_deadlock",
    "render_livelock",
    "render_waits",
    "simulate",
]
