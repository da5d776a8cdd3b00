"""Searches on disk: what a campaign has done, so that another process can go on with it.

A file is a line of JSON (format, version, the arguments of the campaign, a checksum) and a pickle of the searches behind it.
It is replaced as a whole, so it is always one that was complete. What is unpickled is limited to what a search is made of.
"""

import io
import json
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from finale_sim.choices import deviations
from finale_sim.program import Program
from finale_sim.search import Search, following

__all__ = ["BadSave", "Saved"]

_FORMAT = 2
_EVERY_S = 5.0
_OURS = ("finale_sim.choices", "finale_sim.injected", "finale_sim.profile", "finale_sim.verdict")
_PARTS = {
    "array": {"array", "_array_reconstructor"},
    "builtins": {"set", "frozenset"},
    "collections": {"Counter", "deque", "OrderedDict"},
    "random": {"Random"},
}


class BadSave(ValueError):
    """The file cannot be continued. The message says why and what to do."""


class Saved:
    """The searches of one campaign in one file, which is made if it is not there.

    ``arguments``: what decides which trials are run, as on the command line. A file that was made with others is not continued.
    ``notice`` is told if the file cannot be written later on, when the disk is full by then: what was found is worth more than
    the file.

    Raises:
        BadSave: the file is no such file, is damaged, or belongs to another campaign, or it cannot be read, or never be written.
    """

    def __init__(
        self,
        path: str | Path,
        arguments: Mapping[str, Any],
        *,
        notice: Callable[[str], None] = lambda _: None,
        every_s: float = _EVERY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = Path(path)
        self._arguments = dict(arguments)
        self._notice = notice
        self.every_s = every_s  #: seconds between two times that a search is kept
        self._clock = clock
        self._searches = self._read()
        self._see_that_it_can_be_written()
        self._written = clock()
        self._told = ""

    def search_of(self, program: Program) -> Search | None:
        """The search of a program as it was kept, to go on from; None if it had not begun.

        Raises:
            BadSave: the program is not what it was.
        """
        data = self._searches.get(program.name)
        if data is None:
            return None
        try:
            search: Search = _Unpickler(io.BytesIO(data)).load()
        except Exception as error:
            raise BadSave(f"{self._path} was written by another version of finale-sim; start anew with another file") from error
        first = search.first
        if first is not None and program.attempt(following(deviations(first.choices))).digest != first.digest:
            raise BadSave(
                f"{program.name} is not what it was when {self._path} was written: its first trial takes another way now; "
                "start anew with another file"
            )
        return search

    def on_trial(self, program: Program, search: Search) -> None:
        """A trial has ended: every few seconds, keep what there is."""
        if self._clock() - self._written >= self.every_s:
            self.keep(program, search)

    def keep(self, program: Program, search: Search) -> None:
        """Write the file. A search that was interrupted in the middle of counting a trial stays as it was kept last.

        If that cannot be done, the file stays as it was, and ``notice`` is told, once for each reason.
        """
        if not search.torn:
            self._searches[program.name] = pickle.dumps(search.suspended(), pickle.HIGHEST_PROTOCOL)
        payload = pickle.dumps(self._searches, pickle.HIGHEST_PROTOCOL)
        head = {
            "finale-sim": "searches",
            "format": _FORMAT,
            "version": version("finale"),
            "arguments": self._arguments,
            "sha256": sha256(payload).hexdigest(),
        }
        try:
            self._replace(json.dumps(head).encode() + b"\n" + payload)
        except OSError as error:
            self._tell(f"the search could not be kept: {self._path} cannot be written: {error.strerror}")
        else:
            self._told = ""
        self._written = self._clock()

    def _tell(self, what: str) -> None:
        if what != self._told:
            self._told = what
            self._notice(what)

    def _see_that_it_can_be_written(self) -> None:
        """Better now than after a night. Nothing is found yet, so nothing is lost."""
        try:
            with tempfile.TemporaryFile(dir=self._path.parent, prefix=f".{self._path.name}."):
                pass
        except OSError as error:
            raise BadSave(f"{self._path} cannot be written: {error.strerror}") from error

    def _replace(self, data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _read(self) -> dict[str, bytes]:
        try:
            line, _, payload = self._path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise BadSave(f"{self._path} cannot be read: {error.strerror}") from error
        try:
            head = json.loads(line)
            ours = head["finale-sim"] == "searches"
        except (ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise BadSave(f"{self._path} is no file of finale-sim's --resume, so it is left alone; name another one")
        made_by = head.get("format"), head.get("version")
        if made_by != (_FORMAT, version("finale")):
            raise BadSave(
                f"{self._path} was written by finale {made_by[1]} (format {made_by[0]}), this is {version('finale')} "
                f"(format {_FORMAT}); start anew with another file"
            )
        if sha256(payload).hexdigest() != head.get("sha256"):
            raise BadSave(f"{self._path} is damaged: its checksum does not fit; start anew with another file")
        self._compare(head.get("arguments"))
        searches: dict[str, bytes] = _Unpickler(io.BytesIO(payload)).load()
        return searches

    def _compare(self, arguments: Any) -> None:
        now = json.loads(json.dumps(self._arguments))
        if not isinstance(arguments, dict) or arguments == now:
            return
        for name in now | arguments:
            if now.get(name) != arguments.get(name):
                raise BadSave(
                    f"{self._path} was made with {name} {arguments.get(name)!r}, now it is {now.get(name)!r}; "
                    "give the same arguments, or start anew with another file"
                )


class _Unpickler(pickle.Unpickler):
    """Makes nothing but what searches consist of, so that a file from elsewhere runs no code."""

    def find_class(self, module: str, name: str) -> Any:
        ours = module in _OURS or module.startswith("finale_sim.search.")
        if "." not in name and (ours or name in _PARTS.get(module, ())):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a search")
