"""The simulator's functions for Python: explore, check, replay. Each is a plain function, to be called outside ``trio.run``."""

import warnings
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from finale import open_workspace
from finale_sim.campaign import Campaign, campaign_programs, check_programs, run_campaign, workspace_programs
from finale_sim.failure.fresh import confirmed, import_name, import_names
from finale_sim.investigate import Replayed, as_recorded, conditions_of, investigate, replay_token
from finale_sim.kernel import Conditions, Fidelity, heard
from finale_sim.program import PlainProgram, Program
from finale_sim.report import Report
from finale_sim.saved import Saved
from finale_sim.search import DEFAULT, OnTrial, following
from finale_sim.stepping import Stepping, stepping
from finale_sim.targets import BadTarget, as_program_function, coordinator_factory
from finale_sim.token import BadToken, decode, program_key
from finale_sim.workers import Map, hiring, source_of
from finale_sim.workspaces import opener
from finale_sim.world import Opens

__all__ = ["check", "explore", "program_of", "replay", "step_through"]


def explore(
    function: Callable[[], Awaitable[Any]],
    *,
    trials: int = 1000,
    seed: int = 0,
    cancel: bool = False,
    fidelity: str = "ties",
    strategy: str = DEFAULT,
    crash: Callable[[], Awaitable[Any]] | None = None,
    on_trial: OnTrial | None = None,
    workers: int | None = None,
    map: Map | None = None,  # noqa: A002  # the word for it, and nobody maps in here
    resume: str | Path | None = None,
) -> Report:
    """Look for a schedule in which ``function`` fails: an error leaves it, it deadlocks, or it goes round for ever.

    ``function`` is any async function of trio's without parameters; it is called anew in each of at most ``trials`` trials.
    With ``cancel``, any cancel scope that it has open may be cancelled before any of its steps: all of them are tried once, then
    together with other deviations. What must hold then is what it asserts outside of these scopes, and that it ends.
    ``fidelity`` says which schedules there are: ``rounds`` only lock step, in any order, like stock trio; ``step`` any task at
    each step; ``ties`` also timers of one instant one by one; ``free`` also deadlines that pass while tasks could go on.
    ``strategy`` says what is tried: by default everything side by side (``portfolio``); ``sweep``, ``exhaustive``, ``surw``,
    ``urw``, ``pos``, ``pct``, ``random`` or ``mutation`` alone; ``finale-sim explore --help`` has a line for each.
    With ``crash``, the process of ``function`` may be killed before any of its steps, once in a trial; all of them are tried.
    Nothing of it runs any more, no ``finally`` either. Then, and also when it has returned, ``crash`` is run in a fresh loop:
    another async function without parameters, which asserts what must hold of what is in ``finale_sim.disk()``.
    ``on_trial`` is called with the state of the search after each of its trials; what it raises ends the search.
    A failure is run again, also in a fresh process if that can import the functions.

    ``workers`` processes run trials if the search takes long (default: none but this one), and ``map`` does, if it is given: any
    function that is called like an executor's, with ``workers`` behind it (default: as many as there are cores). The report is
    the same. Other processes import the function by its name; if they can't, and cloudpickle is not installed, a warning says
    that all runs here. ``resume`` is a file in which the search is kept: call it again with the same arguments, and it goes on.
    If it cannot be written any more, a warning says so.

    Raises:
        BadTarget: one of them is not such a function.
        BadSave: the file is not one of this search, or cannot be written.
        ValueError: there is no such fidelity or strategy, ``exhaustive`` is not for what was asked for, or there are less than
            one worker.
    """
    name = getattr(function, "__qualname__", type(function).__name__)
    conditions = Conditions(Fidelity.named(fidelity), cancels=cancel, crashes=crash is not None)
    program = PlainProgram(f"explore/{name}", as_program_function(name, function), conditions, _recovery(crash))
    with heard(), hiring(partial(source_of, name, function, crash), workers, map, _warn) as others:
        killed = getattr(crash, "__qualname__", type(crash).__name__)
        key = {"target": name, "crash": killed, "trials": trials, "seed": seed, "strategy": strategy}
        saved = _saved(resume, **key, conditions=conditions.code)
        hire = others.hire
        found = investigate(program, trials=trials, seed=seed, strategy=strategy, on_trial=on_trial, hire=hire, saved=saved)
        return confirmed(found, import_names(function, crash))


def step_through(
    function: Any = None,
    *,
    token: str | None = None,
    cancel: bool = False,
    fidelity: str = "ties",
    crash: Callable[[], Awaitable[Any]] | None = None,
) -> Stepping:
    """Walk through a trial of ``function`` by hand: look at the ``options``, ``choose`` one, go ``back``, ``fork``.

    It stands before the first choice; with ``token``, at the end of the trial that this stands for, under its conditions, and
    then ``function`` may be whatever ``replay`` takes.
    ``cancel``, ``fidelity`` and ``crash``: as for ``explore``.

    Raises:
        BadTarget: it is no async function without parameters.
        BadToken: the token is none, or belongs to another program.
        ValueError: there is no such fidelity.
    """
    name = getattr(function, "__qualname__", type(function).__name__)
    if token is not None:
        wanted = decode(token)
        return stepping(as_recorded(program_of(token, name, function, crash), wanted), following(dict(wanted.deviations)))
    conditions = Conditions(Fidelity.named(fidelity), cancels=cancel, crashes=crash is not None)
    return stepping(PlainProgram(f"explore/{name}", as_program_function(name, function), conditions, _recovery(crash)))


def check(
    coordinator: Any = None,
    *,
    workspace: Opens | None = None,
    trials: int = 500,
    seed: int = 0,
    strategy: str = DEFAULT,
    workers: int | None = None,
    map: Map | None = None,  # noqa: A002  # the word for it, and nobody maps in here
    resume: str | Path | None = None,
) -> Campaign:
    """Play the scenarios that suit any coordinator with yours: a class, a factory, an instance or an async function.

    Or, with ``workspace`` instead, play all scenarios on a workspace of yours: what is given is called like
    ``finale.open_workspace``, and gives an async context manager with an object that has the methods of a ``Workspace``.

    ``strategy``, ``workers``, ``map`` and ``resume``: as for ``explore``.

    Raises:
        BadTarget: it is none of these, the workspace lacks something that the scenarios use, or both or neither was given.
        BadSave, ValueError: as for ``explore``.
    """
    if (coordinator is None) is (workspace is None):
        raise BadTarget("check(coordinator) or check(workspace=…): one of the two is checked, with a sound one of the other kind")
    target = workspace or coordinator
    name = getattr(target, "__qualname__", type(target).__name__)
    if workspace is not None:
        programs = workspace_programs(name, opener(name, workspace))
    else:
        programs = check_programs(name, coordinator_factory(name, coordinator))
    with heard(), hiring(partial(source_of, name, target), workers, map, _warn) as others:
        saved = _saved(resume, target=name, trials=trials, seed=seed, strategy=strategy)
        again = import_name(target)
        return run_campaign(
            programs, trials=trials, seed=seed, strategy=strategy, again=again, hire=others.hire, lend=others.lend, saved=saved
        )


def _warn(what: str) -> None:
    warnings.warn(what, RuntimeWarning, stacklevel=5)


def _saved(path: str | Path | None, **arguments: Any) -> Saved | None:
    return Saved(path, arguments, notice=_warn) if path is not None else None


def replay(token: str, target: Any = None, *, crash: Callable[[], Awaitable[Any]] | None = None) -> Replayed:
    """Run the trial that a token stands for: of the standard campaign, or of the function, coordinator or workspace given here.

    ``crash`` is what ``explore`` was given, if it was.

    Raises:
        BadToken: the text is no token of this version, or belongs to another program.
        BadTarget: the target is neither a function to explore, nor a coordinator, nor what opens a workspace.
    """
    label = getattr(target, "__qualname__", type(target).__name__)
    with heard():
        return replay_token(program_of(token, label, target, crash), decode(token))


def program_of(token: str, label: str, target: Any, crash: Any = None, *, opens: Opens = open_workspace) -> Program:
    """The program that the token was made with: a standard one if ``target`` is None, else one of those made of the target.

    ``crash``: what is run when the program was killed. ``opens`` gives a finale that was broken on purpose, for standard ones.

    Raises:
        BadToken, BadTarget: as in ``replay``.
    """
    recorded = decode(token)
    for program in _programs(label, target, crash, opens):
        if program_key(program.name) == recorded.program:
            if crash is None and conditions_of(recorded).crashes:
                raise BadToken(f"in this trial {label} may be killed; say what is run afterwards, too: --crash (crash=…)")
            return program
    if target is None:
        raise BadToken("the token belongs to no standard scenario; name the target that it was found with")
    raise BadToken(f"the token belongs to another program than {label}")


def _recovery(function: Any) -> Callable[[], Awaitable[Any]] | None:
    label = getattr(function, "__qualname__", type(function).__name__)
    return as_program_function(label, function) if function is not None else None


def _programs(label: str, target: Any, crash: Any, opens: Opens) -> Iterator[Program]:
    """All that the target can be: what opens a workspace first, since nothing but its call tells."""
    if target is None and crash is None:
        yield from campaign_programs(opens=opens)
        return
    if callable(target) and crash is None:
        yield from workspace_programs(label, target)
    try:
        yield PlainProgram(f"explore/{label}", as_program_function(label, target), recover=_recovery(crash))
    except BadTarget:
        if crash is not None:
            raise
        yield from check_programs(label, coordinator_factory(label, target))
