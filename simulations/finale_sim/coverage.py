"""What the trials of a search have come by, and what they have not: tables of squares, named probes, and what was new when.

A square that was possible and that no trial came by is unreached. Which squares are possible is known of the life of a run, whose
tables are complete; of a user's program, those are known that some trial came by.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from finale.drawing import Picture
from finale.drawing.tables import Cell as Shown
from finale.drawing.tables import block, table, text_table
from finale_sim.injected import CASES, Cell
from finale_sim.lives import EVENTS, IMPOSSIBLE, LIVES, PHASES, STRUCK, possible

__all__ = ["Coverage", "covered_by"]

_NAMED = 3  # unreached squares that a line names
_PIECES = re.compile(r"(\D+)(\d*)")


@dataclass(frozen=True, slots=True, repr=False)
class Coverage:
    """Shows itself in a notebook; ``print`` it elsewhere. Equal searches have equal coverage, whoever ran the trials."""

    curve: Picture  #: distinct behaviours over trials
    squares: Mapping[Cell, int]  #: table, row, column → how many trials reached it; 0: unreached
    probes: Mapping[str, int] = field(default_factory=dict)  #: name of a situation → how many trials reached it
    impossible: Mapping[Cell, str] = field(default_factory=dict)  #: those that cannot be reached, and why
    whole: bool = False  #: all scenarios were played

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that have squares."""
        return tuple(dict.fromkeys(name for name, _, _ in self.squares))

    def unreached(self, name: str | None = None) -> list[Cell]:
        """The squares (of one table, if it is named) that no trial reached."""
        return [cell for cell, trials in self.squares.items() if not trials and name in (None, cell[0])]

    def lines(self) -> list[str]:
        """A line for each table with unreached squares, which names some of them.

        Those of a run's life have one if all scenarios were played, whatever they reached, and none if only some were.
        """
        told = []
        for name in self.tables:
            lives = name in (LIVES, STRUCK, CASES)
            if lives and not self.whole:
                continue
            reached, of = self._count(name)
            missed = [_joined(cell) for cell in self.unreached(name)]
            more = f", and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
            never = f"; never: {', '.join(missed[:_NAMED])}{more}" if missed else ""
            if missed or lives:
                told.append(f"covered: {reached:,} of {of:,} {name}{never}")
        return told

    def records(self) -> list[dict[str, Any]]:
        """A row for each square and each probe, with the number of trials that reached it. ``pandas.DataFrame`` takes it."""
        squares = [{"table": t, "row": r, "column": c, "trials": trials} for (t, r, c), trials in self.squares.items()]
        return [*squares, *({"table": "probe", "row": name, "column": "", "trials": n} for name, n in self.probes.items())]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: of each table how many of its squares were reached, and which were not."""
        told = {}
        for name in self.tables:
            reached, of = self._count(name)
            told[name] = {
                "reached": reached,
                "possible": of,
                "never": [[row, column] for _, row, column in self.unreached(name)],
            }
        return told

    @property
    def title(self) -> str:
        """How many behaviours there were in how many trials."""
        return self.curve.title

    @property
    def text(self) -> str:
        """The curve in numbers, then the tables."""
        return "\n".join([self.curve.text, *(f"\n{text}" for text in self._texts())])

    def tables_text(self) -> str:
        """The tables alone."""
        return "\n\n".join(self._texts())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    @property
    def html(self) -> str:
        """The same as a piece of a page."""
        parts = [self.curve.html]
        for name in self.tables:
            head, rows = self._rows(name)
            marked: list[list[Shown]] = [[(cell, "bad") if cell == "never" else cell for cell in row] for row in rows]
            parts.append(table(head, marked, caption=self._caption(name)))
        if self.probes:
            parts.append(block("\n".join(self._probe_lines())))
        return "".join(parts)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}

    def _texts(self) -> Iterator[str]:
        for name in self.tables:
            head, rows = self._rows(name)
            yield f"{self._caption(name)}\n{text_table(head, rows)}"
        if self.probes:
            yield "\n".join(self._probe_lines())

    def _probe_lines(self) -> list[str]:
        wide = max(map(len, self.probes))
        return ["situations, in how many trials they were reached"] + [
            f"{name.ljust(wide)}  {f'{trials:,}' if trials else 'never'}" for name, trials in self.probes.items()
        ]

    def _caption(self, name: str) -> str:
        reached, of = self._count(name)
        return f"{name}: {reached:,} of {of:,} reached; the numbers are trials"

    def _count(self, name: str) -> tuple[int, int]:
        """How many squares of a table were reached, and how many were possible."""
        of = sum(cell[0] == name for cell in self.squares)
        return of - len(self.unreached(name)), of

    def _rows(self, name: str) -> tuple[list[str], list[list[str]]]:
        """A grid where rows and columns are few words, else a row for each square."""
        cells = {(row, column): trials for (of, row, column), trials in self.squares.items() if of == name}
        first, _, second = name.partition(" × ")
        if name not in (LIVES, STRUCK):
            rows = [
                [row, column, f"{trials:,}" if trials else "never"]
                for (row, column), trials in sorted(cells.items(), key=_in_order)
            ]
            return [first, second, "trials"], rows
        reached = dict.fromkeys(column for _, column in cells)
        columns = [column for column in (EVENTS if name == LIVES else PHASES) if column in reached]

        def told(row: str, column: str) -> str:
            trials = cells.get((row, column))
            return "–" if trials is None else f"{trials:,}" if trials else "never"

        grid = [[row, *(told(row, column) for column in columns)] for row in dict.fromkeys(row for row, _ in cells)]
        return [first, *columns], grid


def covered_by(
    curve: Picture,
    searches: Iterable[tuple[Mapping[Cell, int], Mapping[str, int]]],
    *,
    whole: bool = False,
    wanted: Iterable[Cell] = (),
) -> Coverage:
    """The coverage of some searches, each given by what it covered and its probes.

    The tables of a run's life are complete in themselves. ``whole``: these searches are meant to fill them; else only rows that
    they have reached are shown, because a scenario without a journal says nothing about journals. ``wanted``: other squares that
    whole searches are meant to fill.
    """
    squares, probes = Counter[Cell](), Counter[str]()
    for covered, named in searches:
        squares.update(covered)
        probes.update(named)
    if not any(name in (LIVES, STRUCK) for name, _, _ in squares):
        return Coverage(curve, dict(squares), dict(probes))
    begun = {(name, row) for name, row, _ in squares}
    due = [cell for cell in [*possible(), *wanted] if whole or cell[:2] in begun]
    return Coverage(curve, {cell: squares[cell] for cell in [*due, *squares]}, dict(probes), IMPOSSIBLE, whole)


def _joined(cell: Cell) -> str:
    name, row, column = cell
    return (
        f"{row} → {column}"
        if name == LIVES
        else f"{row} while {column}"
        if name == STRUCK
        else f"{row}: {column}"
        if name == CASES
        else f"{row} at {column}"
    )


def _in_order(square: tuple[tuple[str, str], int]) -> list[tuple[str, int]]:
    """So that line 3 comes before line 18."""
    return [(word, int(number or 0)) for word, number in _PIECES.findall("\0".join(square[0]))]
