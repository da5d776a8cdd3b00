"""Who judges a mutant: the tests, then the smoke campaign, in processes forked from one that has everything but finale loaded.

Starting Python and pytest takes longer than most mutants live. The mutated text never touches the disk: it is what ``import``
finds. All else is read from the checkout.
"""

import importlib.abc
import importlib.util
import io
import multiprocessing
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

import hypothesis
import pytest
import trio  # noqa: F401  # loaded before any fork

if TYPE_CHECKING:
    from finale_sim.search import Search

__all__ = ["Judge", "Stage"]

_FORGOTTEN = ("finale", "finale_sim", "finale_pytest", "tests", "conftest")
_QUIET = ("-q", "-x", "--tb=line", "--assert=plain", "--timeout=20", "--hypothesis-profile=mutants")
_WITHOUT = ("-p", "no:cacheprovider", "-p", "no:xdist")
_CONTEXT = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the judgement. ``tests``: files for pytest; or ``trials``: how many of each scenario the campaign makes."""

    name: str
    tests: tuple[str, ...] = ()
    trials: int = 0


class Judge:
    """Tries modules with another text. ``seconds`` of processor time are the limit of each stage, the fourfold on the clock."""

    def __init__(self, seconds: int, tests: Sequence[str]) -> None:
        self._seconds = seconds
        hypothesis.settings.register_profile(
            "mutants", derandomize=True, database=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
        )
        with redirect_stdout(io.StringIO()):
            pytest.main([*_QUIET, *_WITHOUT, "--collect-only", *tests])  # loads the plugins and what the tests import

    def killer(self, module: str, source: str, path: Path, stages: Sequence[Stage], log: Path) -> str | None:
        """The name of the stage that noticed, or None if the mutant survives all."""
        for stage in stages:
            child = _CONTEXT.Process(target=self._try, args=(module, source, path, stage, log))
            child.start()
            child.join(self._seconds * 4)
            if child.is_alive():
                child.kill()
                child.join()
            if child.exitcode != 0:
                return stage.name if child.exitcode in (1, 2) else f"{stage.name}, out of time or crashed"
        return None

    def _try(self, module: str, source: str, path: Path, stage: Stage, log: Path) -> None:
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (self._seconds, self._seconds))
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        for name in list(sys.modules):
            if name.partition(".")[0] in _FORGOTTEN and not name.startswith("tests.mutants"):
                del sys.modules[name]
        sys.meta_path.insert(0, _Finder(module, source, path))
        if stage.tests:
            code = int(pytest.main([*_QUIET, *_WITHOUT, *stage.tests]))
            os._exit(code if code in (0, 1, 2) else 1)
        from finale_sim.campaign import campaign_programs, run_campaign  # noqa: PLC0415  # only now are they the mutant's

        def enough(_program: object, search: "Search") -> None:
            if search.failure is not None:
                os._exit(1)  # nobody will read how it came about

        os._exit(run_campaign(campaign_programs(), trials=stage.trials, on_trial=enough).exit_code)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, source: str, path: Path) -> None:
        self._name, self._source, self._path = name, source, path

    def find_spec(self, fullname: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(self._path))
        loader.text = self._source
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


class _Loader(SourceFileLoader):
    text: str

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec", dont_inherit=True)
