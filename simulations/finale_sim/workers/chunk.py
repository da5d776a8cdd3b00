"""Chunks: some trials that follow each other in a search, run together somewhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from finale_sim.attentive import Attentive
from finale_sim.choices import Decide, happy_path
from finale_sim.failure.determinism import Rechecked
from finale_sim.kernel import Conditions
from finale_sim.program import Program
from finale_sim.search import EndSearch
from finale_sim.workers.packing import Packer
from finale_sim.workers.source import Source

__all__ = ["Chunk", "Unfit", "fitting", "run_chunk"]

_fitting: set[tuple[Source, str, Conditions]] = set()


class Unfit(EndSearch):
    """The process cannot run the trials. The message says why; they can still be run elsewhere."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Trials ``first``, ``first + 1`` … of a search. ``happy`` is the digest of the happy path where the search is at home."""

    program: str
    conditions: Conditions
    happy: int
    first: int
    decides: tuple[Decide, ...]


def run_chunk(source: Source, chunk: Chunk, begins: Callable[[int], None] = lambda number: None) -> bytes:
    """Run the trials, up to the first that breaks a claim or ends the search; the results, packed.

    ``begins`` is told the number of each trial before it runs.
    """
    packer = Packer()
    try:
        with source.broken():
            program = fitting(source, chunk)
            with Attentive(program.attempt) as run:
                rechecked = Rechecked(program, run)
                for number, decide in enumerate(chunk.decides, chunk.first):
                    begins(number)
                    attempt = rechecked(decide, number)
                    packer.add(attempt)
                    if attempt.breach is not None:
                        break
    except BaseException as error:  # noqa: BLE001  # whatever it is, it is to be raised at home, in its turn
        return packer.pack(error)
    return packer.pack()


class _Sent(Protocol):
    """What is to be run, and the digest of its happy path where it comes from."""

    @property
    def program(self) -> str: ...
    @property
    def conditions(self) -> Conditions: ...
    @property
    def happy(self) -> int: ...


def fitting(source: Source, sent: _Sent) -> Program:
    """The program, if it is the same here as at home.

    Raises:
        Unfit: it is not.
    """
    key = source, sent.program, sent.conditions
    try:
        program = source.program(sent.program, sent.conditions)
        happy = sent.happy if key in _fitting else program.attempt(happy_path).digest
    except Exception as error:
        raise Unfit(str(error)) from error
    if happy != sent.happy:
        raise Unfit("its happy path takes another way there, so it depends on more than its choices")
    _fitting.add(key)
    return program
