"""What became of the simulated tests: gathered from their reports, shown at the end, and kept for the next run.

The reports bring it, as user properties: so it also arrives from the workers of pytest-xdist, and one process alone writes.
"""

from collections import Counter
from typing import Any

import pytest

__all__ = ["MORE", "NOTE", "NO_OWNER", "RESULTS", "TOKEN", "TRIALS", "VERDICT", "Results"]

VERDICT, TRIALS, TOKEN, NOTE, MORE = "sim_verdict", "sim_trials", "sim_token", "sim_note", "sim_more"
"""Names of user properties: what may be concluded, after how many trials; the token of a failure; what must not be overlooked;
what the verdict rests on."""

_PROPERTIES = frozenset({VERDICT, TRIALS, TOKEN, NOTE, MORE})

NO_OWNER = (
    "--sim-token {} belongs to none of the simulated tests that were collected; "
    "name the test, as the failure did: pytest path::test --sim-token TOKEN"
)

_CACHED = "finale_sim/failing"  # node id → token


class Results:
    """The plugin that listens to reports. ``failing`` is what the last run left: node id → token, of each test that failed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._rows: dict[str, dict[str, str]] = {}
        self._cache = getattr(config, "cache", None)  # None with -p no:cacheprovider
        kept = self._cache.get(_CACHED, {}) if self._cache is not None else {}
        self.failing: dict[str, str] = kept if isinstance(kept, dict) else {}
        self.interrupted: list[str] = []  #: what was known of a test when Ctrl-C came

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a simulated test came to."""
        said = {name: str(value) for name, value in report.user_properties if name in _PROPERTIES}
        if report.when == "call" and VERDICT in said:
            self._rows[report.nodeid] = said

    def pytest_sessionfinish(self) -> None:
        """Keep the tokens of tests that failed, and forget those of tests that hold."""
        if hasattr(self._config, "workerinput") or self._cache is None or self._config.getoption("sim_token"):
            return
        tokens = {name: said[TOKEN] for name, said in self._rows.items() if TOKEN in said}
        failing = {name: token for name, token in self.failing.items() if name not in self._rows} | tokens
        if failing != self.failing:
            self._cache.set(_CACHED, failing)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A line that sums it up; with -v one for each test; always what must not be overlooked."""
        verbosity = self._config.get_verbosity()
        lines = [f"{name}: {said[NOTE]}" for name, said in self._rows.items() if NOTE in said] + self.interrupted
        if verbosity > 0:
            lines = [_row(name, said) for name, said in self._rows.items()] + lines
        if self._rows and (verbosity >= 0 or lines):
            lines.append(self._sum())
        elif (token := self._config.getoption("sim_token")) and not self._rows:
            lines.append(NO_OWNER.format(token))
        if lines:
            terminalreporter.section("simulated tests", sep="-")
            for line in lines:
                terminalreporter.line(line)

    def _sum(self) -> str:
        words = Counter(said[VERDICT].partition(":")[0] for said in self._rows.values())
        trials = sum(int(said[TRIALS]) for said in self._rows.values())
        came_to = ", ".join(f"{count} {word}" for word, count in sorted(words.items()))
        return f"{_count(len(self._rows), 'simulated test')}, {_count(trials, 'trial')}: {came_to}"


RESULTS = pytest.StashKey[Results]()
"""Where a config keeps its ``Results``."""


def _row(name: str, said: dict[str, str]) -> str:
    numbers, *more = said.get(MORE, _count(int(said[TRIALS]), "trial")).splitlines()
    token = f"  {said[TOKEN]}" if TOKEN in said else ""
    return "\n".join([f"{name}: {said[VERDICT].splitlines()[0]} ({numbers}){token}", *more])


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}{'s' * (number != 1)}"
