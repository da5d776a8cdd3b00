"""What programs say to the trial that they run in: where faults may strike, what is worth reaching, what is out of scope.

All of it does nothing outside of a trial, so it may stay in a program that also runs for real. ``disk`` is the one exception.
"""

from collections.abc import Sequence
from typing import Any

import trio

from finale_sim.choices import Kind
from finale_sim.kernel import Context, current_trial
from finale_sim.kernel.checkpoints import calling_line

__all__ = ["FAULTS", "Discarded", "assume", "disk", "fault", "sometimes"]

FAULTS = "fault × place"
"""The table of coverage: what may go wrong, and the line that asks for it."""

_DOES = {"raise": "fails", "drop": "gets lost"}

_real_disk: "trio.lowlevel.RunVar[dict[Any, Any]]" = trio.lowlevel.RunVar("finale_sim.disk")


class Discarded(Exception):
    """An assumption does not hold, so the trial says nothing. Let it through."""


async def fault(name: str, *, raises: type[Exception] | None = None, drops: bool = False, delays_s: Sequence[float] = ()) -> bool:
    """Say that something may go wrong here. Put it before what it is about.

    The search tries each of the n-th calls, once, and for ever from that call on. Without a fault this is not even a checkpoint.

    Args:
        name: what goes wrong, such as "db.write"; the same name everywhere means the same thing.
        raises: it may fail with an error of this type, made with a message that says that it was injected.
        drops: it may get lost without notice.
        delays_s: it may take this long, in virtual seconds, before anything else.

    Returns:
        Whether it got lost: then skip it.

    Raises:
        Exception: of the type ``raises``, if that was chosen.
    """
    trial = current_trial()
    if trial is None or trial.ended:
        return False
    cells, place = trial.injected.cells, calling_line()
    for delay_s in delays_s:
        cells.setdefault((FAULTS, f"{name} takes {delay_s:g} s", place), False)
    if delays_s and (late := trial.choose(Kind.DELAY, name, 1 + len(delays_s))):
        cells[FAULTS, f"{name} takes {delays_s[late - 1]:g} s", place] = True
        trial.injected.struck[name] += 1
        trial.tell(f"{name} takes {delays_s[late - 1]:g} s")
        await trio.sleep(delays_s[late - 1])
    effects = [effect for effect, possible in (("raise", raises is not None), ("drop", drops)) if possible]
    for possible in effects:
        cells.setdefault((FAULTS, f"{name} {_DOES[possible]}", place), False)
    effect = _struck(trial, name, effects)
    if effect is not None:
        cells[FAULTS, f"{name} {_DOES[effect]}", place] = True
    if effect == "raise" and raises is not None:
        raise raises(f"injected at {name!r}")
    return effect == "drop"


def sometimes(condition: object, name: str) -> bool:
    """Say that a situation is worth reaching. The report counts in how many trials the condition was true, and names those never.

    Returns the condition.
    """
    reached = bool(condition)
    trial = current_trial()
    if trial is not None:
        probes = trial.injected.probes
        probes[name] = reached or probes.get(name, False)
    return reached


def assume(condition: object) -> None:
    """Say that what follows makes sense only if the condition holds. If not, the trial does not count; the report says how many.

    Raises:
        Discarded: it does not hold, and this is a trial.
    """
    trial = current_trial()
    if trial is not None and not condition:
        trial.injected.discarded = True
        raise Discarded("an assumption does not hold, so this trial does not count")


def disk() -> dict[Any, Any]:
    """What survives when the process of the program ends or is killed: the same dict before and after, empty when a trial begins.

    What is in it is durable at once, also a change to an object that was stored before. Outside of a trial it lasts as long as
    ``trio.run`` does.

    Raises:
        RuntimeError: called outside of both.
    """
    trial = current_trial()
    if trial is not None:
        return trial.disk
    try:
        return _real_disk.get()
    except LookupError:
        kept: dict[Any, Any] = {}
        _real_disk.set(kept)
        return kept


def _struck(trial: Context, name: str, effects: Sequence[str]) -> str | None:
    """The effect that strikes now: one that lasts, or one that the trial chooses: each once, or from now on."""
    injected = trial.injected
    if name in injected.lasting:
        injected.struck[name] += 1
        return effects[injected.lasting[name]]
    answer = trial.choose(Kind.FAULT, name, 1 + 2 * len(effects))
    if not answer:
        return None
    which, lasts = divmod(answer - 1, 2)
    if lasts:
        injected.lasting[name] = which
    injected.struck[name] += 1
    trial.tell(f"{name} {_DOES[effects[which]]}, {'now and ever after' if lasts else 'this once'}")
    return effects[which]
