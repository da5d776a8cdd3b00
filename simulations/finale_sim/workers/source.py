"""Sources: how another process makes the same programs that this one has."""

import io
import pickle
from collections import ChainMap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import CodeType
from typing import Any

from finale import open_workspace
from finale_sim.campaign import campaign_programs, check_programs, workspace_programs
from finale_sim.canaries import CANARIES
from finale_sim.failure.fresh import import_names
from finale_sim.kernel import Conditions
from finale_sim.program import PlainProgram, Program
from finale_sim.targets import as_program_function, coordinator_factory, load_with

__all__ = ["Source", "source_of"]

_NO_FILE = "<dynamic-code>"  # says cloudpickle


@dataclass(frozen=True, slots=True)
class Source:
    """Where programs come from: the standard scenarios, or a target, named as on the command line or pickled by value."""

    target: str | None = None
    label: str = ""  #: the target's name in the names of its programs
    canary: str | None = None  #: how finale is broken there
    crash: str | None = None  #: what is run where the target was killed
    pickled: bytes | None = None  #: both of them

    def program(self, name: str, conditions: Conditions) -> Program:
        """The program with this name.

        Raises:
            BadTarget: the target is not there, or not what it was.
        """
        return _program(self, name, conditions)

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Within, finale is broken in the way of the canary, if there is one."""
        if self.canary is None:
            yield
        else:
            with CANARIES[self.canary].released():
                yield


@cache
def _program(source: Source, name: str, conditions: Conditions) -> Program:
    kind, _, rest = name.partition("/")
    scenario = rest.rpartition("/")[2]
    if kind == "campaign":
        opens = CANARIES[source.canary].workspace if source.canary is not None else open_workspace
        return campaign_programs([scenario], opens)[0].under(conditions)
    target, crash = _targets(source)
    if kind == "workspace":
        return workspace_programs(source.label, target, [scenario])[0].under(conditions)
    if kind == "check":
        return check_programs(source.label, coordinator_factory(source.label, target), [scenario])[0].under(conditions)
    recover = as_program_function(source.crash or "crash", crash) if crash is not None else None
    return PlainProgram(name, as_program_function(source.label, target), conditions, recover)


@cache
def _targets(source: Source) -> tuple[Any, Any]:
    """Target and crash, found or unpickled once a process: a module that is imported again is another one."""
    if source.pickled is not None:
        both: tuple[Any, Any] = pickle.loads(source.pickled)  # noqa: S301  # this process was started to run it
        return both
    return load_with(source.target, source.crash)[1:]


def source_of(label: str, target: Any, crash: Any = None) -> Source | str:
    """The source of the programs made of ``target`` and ``crash``; or a sentence that says why there is none."""
    named = import_names(target, crash)
    if not isinstance(named, str):
        return Source(named[0], label, crash=named[-1] if crash is not None else None)
    if find_spec("cloudpickle") is None:
        return f"{named}; move it to a module that can be imported, or install cloudpickle"
    cloudpickle: Any = import_module("cloudpickle")
    try:
        return Source(label=label, pickled=_by_value(cloudpickle, (target, crash)))
    except Exception as error:  # noqa: BLE001  # it pickles what the function refers to, which may be anything
        return f"{named}, and cloudpickle can't pickle it: {type(error).__name__}: {error}"


def _by_value(cloudpickle: Any, things: Any) -> bytes:
    """Pickled with the names of the files, which cloudpickle leaves out: what is told of a line names the same one everywhere."""
    reduced = cloudpickle.Pickler.dispatch_table[CodeType]

    def with_file(code: CodeType) -> Any:
        make, arguments, *rest = reduced(code)
        return make, tuple(code.co_filename if given == _NO_FILE else given for given in arguments), *rest

    table = {"dispatch_table": ChainMap({CodeType: with_file}, cloudpickle.Pickler.dispatch_table)}
    written = io.BytesIO()
    type("Pickler", (cloudpickle.Pickler,), table)(written, pickle.HIGHEST_PROTOCOL).dump(things)
    return written.getvalue()
