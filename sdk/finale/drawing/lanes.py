"""Lanes: who was at work when, as values. ``lanes_svg`` draws them; it knows neither runs nor trials."""

import enum
from dataclasses import dataclass

__all__ = ["Fold", "Lane", "Lanes", "Look", "Mark", "Note", "Sign", "Span", "Tick"]


class Look(enum.StrEnum):
    """How a stretch of a lane looks. The value is what the legend says."""

    ACTIVE = "active"
    READY = "could go on, is held"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Sign(enum.StrEnum):
    """What is marked at one point of a lane. The value is what the legend says."""

    DEVIATION = "deviation"
    CANCEL = "cancel"
    FAULT = "fault"
    EVENT = "event"
    COMPLETED = "end: completed"
    FAILED = "end: failed"
    CANCELLED = "end: cancelled"


ENDINGS = (Sign.COMPLETED, Sign.FAILED, Sign.CANCELLED)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` to ``end``, in the units of its ``Lanes``."""

    start: float
    end: float
    look: Look


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign at one point of a lane. ``label`` stands above the lanes, if there is room."""

    at: float
    sign: Sign
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row."""

    label: str
    spans: tuple[Span, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """A line through all lanes, with a label where there is room."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Fold:
    """One unit that stands for what was left out there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line of text below the lanes, behind its sign."""

    text: str
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class Lanes:
    """A whole chart. ``extent`` is how many units wide it is; ``unit_px`` how wide a unit may be drawn at most."""

    title: str
    lanes: tuple[Lane, ...]
    extent: float
    unit_px: float = 26
    ticks: tuple[Tick, ...] = ()
    folds: tuple[Fold, ...] = ()
    notes: tuple[Note, ...] = ()
