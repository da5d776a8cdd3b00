"""``simulate``: the one function that starts a trial."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from finale_sim.choices import Decide, happy_path
from finale_sim.kernel import escapes, seam
from finale_sim.kernel.conditions import STANDARD, Conditions
from finale_sim.kernel.driver import MAX_STEPS
from finale_sim.kernel.processes import refuse_nesting, run_trial
from finale_sim.kernel.selftest import check_kernel
from finale_sim.kernel.trial import Trial
from finale_sim.kernel.watchdog import BLOCKED_AFTER_S

__all__ = ["simulate"]


@cache
def _prepare() -> None:
    """Once for the process: put the escapes' replacements in place, and see whether this trio can be controlled."""
    refuse_nesting()
    seam.install()
    escapes.install()
    check_kernel()


def simulate(
    async_fn: Callable[..., Awaitable[Any]],
    *args: Any,
    decide: Decide = happy_path,
    conditions: Conditions = STANDARD,
    max_steps: int = MAX_STEPS,
    calm_steps: int = 0,
    trace: bool = False,
    blocked_after_s: float = BLOCKED_AFTER_S,
    recover: Callable[[], Awaitable[Any]] | None = None,
) -> Trial:
    """Run ``await async_fn(*args)`` once, as a trial that is determined by the answers of ``decide``.

    What the program does is what trio would do, except that time is virtual (seconds from 0.0, passing only when nothing else
    can happen), that ``decide`` says which runnable task takes each step and which of two equal timers fires first, and that
    clocks, randomness and threads are those of the trial. Sockets and subprocesses are refused (``RealIO``).

    Args:
        async_fn: the program, an async function.
        *args: its positional arguments.
        decide: answers every choice. The default takes the happy path.
        conditions: what a trial lets happen besides the program, and how far its schedules may stray from those of stock trio.
        max_steps: ends the trial (``Ending.STEP_LIMIT``) when the program takes more steps than this.
        calm_steps: instead, lets it take so many more with all choices 0 and first come, first served. If its state comes back
            meanwhile, it goes round for ever, and the trial ends (``Ending.LIVELOCKED``).
        trace: also record every step in ``Trial.trace``.
        blocked_after_s: real seconds after which a step is interrupted: the trial ends with a ``StepBlocked``.
        recover: an async function that is started when the program has returned or was killed, in a loop of its own, with the
            same clock and disk. Then the trial ends as this one does. Its tasks are under ``/after``.

    Returns:
        How the trial ended, also if the program raised or got stuck. None of its tasks is left.

    Raises:
        KernelUnsupported: the installed trio doesn't behave as the kernel needs.
        NestedTrial: called inside a trial or inside ``trio.run``.
        KeyboardInterrupt: somebody pressed Ctrl-C. (One that the program raises itself is part of the trial.)
        Exception: whatever ``decide`` raises, as it is.
    """
    _prepare()
    return run_trial(async_fn, args, decide, conditions, max_steps, trace, blocked_after_s, calm_steps, recover)
