"""A failure, run again in a fresh process, where every string has another hash and nothing is left from earlier trials."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from finale_sim.failure.determinism import Difference, parting, told
from finale_sim.report import Counterexample, Report

__all__ = ["confirmed", "environment", "import_name", "import_names"]

_INSIDE = "FINALE_SIM_FRESH"  # set in the fresh process, so that it starts no further one
_LIMIT_S = 60.0


def confirmed(report: Report, again: Sequence[str] | str, *, limit_s: float = _LIMIT_S) -> Report:
    """The report, with what a fresh process says of its failure, if it has one.

    ``again`` is what follows the token on the command line of ``finale-sim replay``, or a sentence that says why there is no such
    line. If the failure comes out differently, the report is one of a program that is not reproducible. A Ctrl-C meanwhile
    makes the search an interrupted one, and leaves the failure as it is.
    """
    found = report.counterexample
    if found is None or report.search.interrupted:
        return report
    said: Difference | str
    if isinstance(again, str):
        said = f"not re-run in a fresh process: {again}"
    elif os.environ.get(_INSIDE):
        said = "not re-run in a fresh process: this is one"
    else:
        try:
            said = _re_run(found, again, limit_s)
        except KeyboardInterrupt:  # the failure is known, whoever wants out
            report.search.interrupted = True
            said = "not re-run in a fresh process: interrupted"
    if isinstance(said, Difference):
        return replace(report, counterexample=None, unstable=str(said))
    return replace(report, counterexample=replace(found, reruns=(*found.reruns, said)))


def import_name(function: Any) -> list[str] | str:
    """What names a function for a fresh process, as ``[module:attr]``; or a sentence that says why nothing does."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return f"a {type(function).__name__} has no name to import it by"
    if module == "__main__":
        return f"{name} is defined in the program that was started, and importing that would start it again"
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not function:
        return f"{name} cannot be imported from {module}"
    return [f"{module}:{name}"]


def import_names(function: Any, crash: Any) -> list[str] | str:
    """The same for a function and what is run when it was killed, if anything is."""
    names = import_name(function)
    if crash is None or isinstance(names, str):
        return names
    more = import_name(crash)
    return more if isinstance(more, str) else [*names, "--crash", *more]


def environment(hash_seed: str) -> dict[str, str]:
    """The variables of a process that imports what this one can, under this ``PYTHONHASHSEED``."""
    path = os.pathsep.join(os.path.abspath(path) for path in sys.path)  # noqa: PTH100  # "" is the folder we are in
    return os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}


def _re_run(found: Counterexample, again: Sequence[str], limit_s: float) -> Difference | str:
    hash_seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    command = [sys.executable, "-m", "finale_sim", "replay", found.token, *again, "--json", "--steps"]
    variables = environment(hash_seed) | {"PYTHONIOENCODING": "utf-8", _INSIDE: "1"}
    try:
        done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return f"not re-run in a fresh process: it had not ended after {limit_s:g} s"
    except OSError as error:
        return f"not re-run in a fresh process: it could not be started: {error}"
    try:
        data = json.loads(done.stdout)
        claim, drift, steps = data["claim"], data["drift"], [tuple(step) for step in data["steps"]]
    except (ValueError, KeyError, TypeError):
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        return f"not re-run in a fresh process: {lines[-1].removeprefix('finale-sim: ')}"
    where = f"in a fresh process with PYTHONHASHSEED={hash_seed}"
    breach = found.story.attempt.breach
    if breach is not None and claim == breach.claim and drift is None:
        return where
    details = parting([told(step) for step in found.story.trial.trace], steps)
    outcome = f"  the steps are the same; there: {claim or data['message'] or data['verdict']}"
    return Difference(where, details or (outcome,))
