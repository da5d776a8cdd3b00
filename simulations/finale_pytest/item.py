"""What pytest collects for a marked test: to pytest and to other plugins a plain function, which explores the real one."""

import inspect
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, Self

import pytest

import finale_sim
from finale_pytest.fixtures import Fresh, async_fixtures, fresh_fixtures
from finale_pytest.results import MORE, NOTE, RESULTS, TOKEN, TRIALS, VERDICT
from finale_pytest.settings import settings_of
from finale_pytest.telling import interruption, numbers_text, regret, replay_heading, replay_text, report_text, shown
from finale_pytest.trials import Overdue, Trials, innermost, label_of
from finale_sim.investigate import Replayed
from finale_sim.story import Story
from finale_sim.token import decode, program_key
from finale_sim.wording import counted

__all__ = ["SimulatedTest", "on_trio", "owners"]

_RUNNERS = frozenset({"trio", "asyncio", "anyio"})  # marks of plugins that would run the test themselves


def owners(token: str, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The simulated tests among ``items`` that the token belongs to: one, unless equal names are in several folders."""
    program = decode(token).program
    return [
        item for item in items if isinstance(item, SimulatedTest) and program == program_key(f"explore/{label_of(item.nodeid)}")
    ]


def on_trio(items: list[pytest.Item]) -> list[pytest.Item]:
    """Of the back ends for which anyio has multiplied a simulated test, trio alone, if it is one of them: a trial is trio's."""
    back_ends: dict[pytest.Item, Any] = {item: _back_end(item) for item in items if isinstance(item, SimulatedTest)}
    if "trio" not in back_ends.values():
        return items
    return [item for item in items if back_ends.get(item, "trio") in ("trio", None)]


def _back_end(item: pytest.Function) -> Any:
    named = item.callspec.params.get("anyio_backend") if hasattr(item, "callspec") else None
    return named[0] if isinstance(named, tuple) else named  # with options: ("trio", {…})


class SimulatedTest(pytest.Function):
    """A test function that is explored. What it raises is what the function raised in the trial that is told."""

    _told: tuple[BaseException, str] | None = None  # the error that is raised, and the report
    _fresh: Sequence[Fresh] = ()

    @classmethod
    def in_place_of(cls, item: pytest.Function) -> Self:
        """The same test, explored."""
        made: Self = cls.from_parent(
            item.parent,
            name=item.name,
            callspec=getattr(item, "callspec", None),
            fixtureinfo=item._fixtureinfo,  # noqa: SLF001  # pytest has no other way to exchange the class of an item
            keywords=item.keywords,
            originalname=item.originalname,
        )
        made.own_markers = item.own_markers
        return made

    def _getobj(self) -> Callable[..., None]:
        """What pytest calls: a plain function, so that no plugin for async tests takes it for one of its own."""
        function = super()._getobj()  # type: ignore[no-untyped-call]  # pytest leaves it without types

        def explored(**arguments: Any) -> None:
            __tracebackhide__ = True
            self._run(function, arguments)

        explored.__wrapped__ = function  # type: ignore[attr-defined]  # pytest asks it for the file, the line, the docstring
        return explored

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """Its marks, without those by which another plugin would run it; one of them may stand on the whole module."""
        return (found for found in super().iter_markers_with_node(name) if found[1].name not in _RUNNERS)

    def setup(self) -> None:
        """Have pytest set up the fixtures that all trials share. The others get a place, and are made in each trial."""
        for name in async_fixtures(self):
            _refuse(
                f"the fixture {name!r} of {self.name} is async, but fixtures are not set up by the trio of the trial; "
                "make it a plain fixture that gives an async context manager, and open that in the test"
            )
        self._fresh = fresh_fixtures(self)
        self.funcargs.update(dict.fromkeys(fixture.name for fixture in self._fresh))
        super().setup()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The user's own lines where it failed, and the report."""
        if self._told is not None and excinfo.value is self._told[0]:
            return shown(excinfo, self._told[1], self.config)
        return super().repr_failure(excinfo)  # like pytest's own, it goes by --tb alone, and never by ``style``

    # The search ------------------------------------------------------------------------------------------------------

    def _run(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        __tracebackhide__ = True
        if not inspect.iscoroutinefunction(function):
            _refuse(_not_async(self.originalname, function))
        settings = settings_of(self)
        made = {fixture.name for fixture in self._fresh}
        shared = {name: value for name, value in self.funcargs.items() if name not in made}
        trials = Trials(label_of(self.nodeid), function, arguments.keys(), self._fresh, shared)
        with trials.undisturbed():
            if token := self.config.getoption("sim_token"):
                self._replay(trials, token)
            elif token := self.config.stash[RESULTS].failing.get(self.nodeid):
                self._explore_after(trials, settings, token)
            else:
                self._explore(trials, settings)

    def _explore(self, trials: Trials, settings: dict[str, Any], gone: str | None = None) -> None:
        """Search, with the settings, and fail unless all is well. ``gone``: what became of the failure of the last run."""
        __tracebackhide__ = True
        trials.happy = True
        try:
            report = finale_sim.explore(trials, **settings, on_trial=trials.on_trial)
        except Overdue as error:
            self._say("undecided: out of time", error.args[0], note=gone)
            ran = counted(error.args[0], "trial")
            _refuse(f"UNDECIDED  out of time after {ran}, none of which failed. Give it more, or fewer trials.")
        if trials.left is not None:
            raise trials.left
        found, verdict = report.counterexample, report.verdict
        text = report_text(found, self._again(found.token), self._forced()) if found is not None else ""
        if report.search.interrupted:
            self.config.stash[RESULTS].interrupted.append(f"{self.nodeid}: {interruption(report, text)}")
            raise KeyboardInterrupt
        token = found.token if found is not None else None
        self._say(str(verdict), report.search.trials, token, note=gone, more=numbers_text(report))
        if found is not None:
            self._fail(trials, found.story, found.token, text)
        self._forget_output()
        if verdict.exit_code:
            _refuse(regret(report, self._shared()))

    def _explore_after(self, trials: Trials, settings: dict[str, Any], token: str) -> None:
        """The failure of the last run, if it is still there; else the search, after a word on what has become of it."""
        __tracebackhide__ = True
        try:
            replayed = self._replayed(trials, token)
        except finale_sim.BadToken as error:
            self._explore(trials, settings, f"the failure of the last run cannot be repeated: {error}; searched anew")
            return
        if replayed.recorded:
            self._fail_again(trials, replayed, token, "the failure of the last run, again; --cache-clear forgets it")
        attempt = replayed.story.attempt
        what = replayed.drift or attempt.undecided or "the recorded trial holds"
        self._explore(trials, settings, f"the failure of the last run is gone ({token}): {what}; searched anew")
        if attempt.breach is not None:
            self._fail_again(trials, replayed, token, "the failure of the last run, changed; the search has found no other")

    def _replay(self, trials: Trials, token: str) -> None:
        """Run the recorded trial, and nothing else. That it is gone is no pass."""
        __tracebackhide__ = True
        replayed = self._replayed(trials, token)
        if replayed.story.attempt.breach is not None:
            self._fail_again(trials, replayed, token)
        self._forget_output()
        if replayed.exit_code:
            self._say("undecided: the recorded trial is gone", 1)
            _refuse(f"{replay_heading(replayed)}\n\nThe recorded trial is gone; leave --sim-token out to search anew.")
        self._say("held: the recorded trial", 1)

    def _replayed(self, trials: Trials, token: str) -> Replayed:
        replayed = finale_sim.replay(token, trials)
        if trials.left is not None:
            raise trials.left
        return replayed

    def _fail_again(self, trials: Trials, replayed: Replayed, token: str, why: str = "") -> NoReturn:
        __tracebackhide__ = True
        breach = replayed.story.attempt.breach
        assert breach is not None, "only a failure is told"
        self._say(f"violated: {breach.claim!r}", 1, token)
        self._fail(trials, replayed.story, token, replay_text(replayed, token, self._again(token), why))

    def _say(
        self, verdict: str, trials: int, token: str | None = None, *, note: str | None = None, more: str | None = None
    ) -> None:
        said = ((VERDICT, verdict), (TRIALS, str(trials)), (TOKEN, token), (NOTE, note), (MORE, more))
        self.user_properties.extend((name, value) for name, value in said if value is not None)

    def _fail(self, trials: Trials, story: Story, token: str, text: str) -> NoReturn:
        """Raise what the trial raised, so that whoever looks at it, a debugger or xfail(raises=…), sees the user's error."""
        __tracebackhide__ = True
        self._forget_output()
        finale_sim.replay(token, trials)  # once more, so that what was captured is of this trial alone
        breach, trial = story.attempt.breach, story.trial
        assert breach is not None, "only a failure is told"
        error = innermost(trial.error) if trial.error is not None else None
        if not isinstance(error, Exception):
            error = AssertionError(str(breach).splitlines()[0])
        self._told = error, text
        raise error

    def _shared(self) -> list[str]:
        """What one trial may have changed for the next one, by name."""
        made = {fixture.name for fixture in self._fresh} | {"sim_workspace"}
        return [*(["self"] if self.instance is not None else []), *(name for name in self.fixturenames if name not in made)]

    def _forget_output(self) -> None:
        """What a thousand trials printed and logged tells nobody anything."""
        plugins = self.config.pluginmanager
        if (capture := plugins.get_plugin("capturemanager")) is not None:
            capture.read_global_capture()
        if (logs := plugins.get_plugin("logging-plugin")) is not None:
            logs.report_handler.reset()

    # What to paste ---------------------------------------------------------------------------------------------------

    @property
    def _file(self) -> str:
        return os.path.relpath(self.path, self.config.invocation_params.dir)

    def _again(self, token: str) -> str:
        return shlex.join(["pytest", f"{self._file}::{self.nodeid.partition('::')[2]}", "--sim-token", token])

    def _forced(self) -> Sequence[str]:
        """The command that fails on trio itself, without its delays; only functions that need nothing of pytest have one."""
        alone = isinstance(self.parent, pytest.Module) and not self.fixturenames
        return ["finale-sim", "force", f"{self._file}:{self.originalname}"] if alone else []


def _refuse(message: str) -> NoReturn:
    raise pytest.fail.Exception(message, pytrace=False) from None


def _not_async(name: str, function: Any) -> str:
    if hasattr(function, "hypothesis"):
        return (
            f"{name} is marked simulate, and Hypothesis gives it values; "
            "take the mark off, and let Hypothesis choose the schedule, too: finale_sim.hypothesis.schedules()"
        )
    return f"{name} is marked simulate but is no async function; write 'async def {name}(…)', or take the mark off"
