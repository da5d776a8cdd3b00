"""Curves: how near a failure was behind each choice, and what a search still found."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from finale.drawing import Picture
from finale.drawing.canvas import Canvas, width_of
from finale.drawing.lanes import Sign
from finale.drawing.signs import draw_sign
from finale.drawing.text import clean, cut
from finale_sim.failure.curve import Point, curve_text
from finale_sim.wording import counted

__all__ = ["Curve", "coverage_picture", "curve_picture"]

_WIDTH_PX, _HEIGHT_PX, _LEFT_PX, _TOP_PX, _BOTTOM_PX, _RIGHT_PX = 720.0, 260.0, 64.0, 46.0, 40.0, 16.0
_SMALL_PX, _MOST_LABELS, _BAR = 10.0, 6, 30


class Curve(tuple[Point, ...]):
    """The points of a curve, which shows itself: as a drawing in a notebook, as bars where it is printed."""

    __slots__ = ()

    def picture(self) -> Picture:
        """The curve, drawn."""
        return curve_picture(self)

    def __str__(self) -> str:
        return curve_text(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.picture()._repr_mimebundle_()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For IPython, which shows a tuple as a tuple unless it is told otherwise here."""
        printer.text(str(self))


def curve_picture(points: Sequence[Point]) -> Picture:
    """The share of failing futures behind each choice. Deviations are marked and numbered."""
    samples = points[0].samples if points else 0
    title = f"P(failure | choices so far), {samples} random futures each"
    deviating = [point for point in points if point.choice is not None and point.choice.answer]
    marks = tuple((point.prefix, point.share, str(number)) for number, point in enumerate(deviating, 1))
    shares = tuple((float(point.prefix), point.share) for point in points)
    if len(shares) == 1:  # a line needs two ends
        plot = _Plot(title, "there is no choice: every trial is like this one", (*shares, (1.0, shares[0][1])), percent=True)
    else:
        plot = _Plot(title, "choices made", shares, marks, percent=True)
    return Picture(title, curve_text(points), _draw(plot))


def coverage_picture(parts: Sequence[tuple[str, Sequence[tuple[int, int]]]]) -> Picture:
    """Distinct behaviours over trials. ``parts``: name and (trials, distinct) of each search, drawn one behind the other."""
    points, starts = [(0.0, 0.0)], []
    for name, curve in parts:
        trials, distinct = points[-1]
        starts.append((trials, name))
        points += [(trials + x, distinct + y) for x, y in curve]
    title = f"{counted(round(points[-1][1]), 'distinct behaviour')} in {counted(round(points[-1][0]), 'trial')}"
    plot = _Plot(title, "trials", tuple(points), starts=tuple(starts) if len(starts) > 1 else ())
    return Picture(title, _bars(title, parts), _draw(plot))


def _bars(title: str, parts: Sequence[tuple[str, Sequence[tuple[int, int]]]]) -> str:
    """For each search its trials and behaviours, and how many of these came in each quarter of its trials."""
    lines = [title]
    wide = max((len(name) for name, _ in parts), default=0)
    for name, curve in parts:
        trials, distinct = curve[-1] if curve else (0, 0)
        quarters = [max((y for x, y in curve if 4 * x <= part * trials), default=0) for part in range(5)]
        new = " ".join(f"{after - before:>5,}" for before, after in pairwise(quarters))
        lines.append(f"{name.ljust(wide)}  {counted(trials, 'trial'):>14}  {distinct:>6,} distinct  new in each quarter: {new}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Plot:
    title: str
    axis: str
    points: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, float, str], ...] = ()
    starts: tuple[tuple[float, str], ...] = ()
    percent: bool = False


def _draw(plot: _Plot) -> str:
    canvas = Canvas(_WIDTH_PX, _HEIGHT_PX, plot.title)
    canvas.text(12, 19, cut(clean(plot.title), 90), bold=True)
    most_x = max((x for x, _ in plot.points), default=0) or 1
    most_y = 1.0 if plot.percent else max((y for _, y in plot.points), default=0) or 1

    def place(x: float, y: float) -> tuple[float, float]:
        wide, high = _WIDTH_PX - _LEFT_PX - _RIGHT_PX, _HEIGHT_PX - _TOP_PX - _BOTTOM_PX
        return _LEFT_PX + wide * x / most_x, _TOP_PX + high * (1 - y / most_y)

    _axes(canvas, plot, place(0, 0), place(most_x, most_y), (most_x, most_y))
    free = 0.0
    for x, name in plot.starts:
        left = place(x, 0)[0]
        if x:
            canvas.line([place(x, 0), place(x, most_y)], role="faint", dash="2 3")
        said = cut(clean(name), 30)
        if left >= free and left + width_of(said, _SMALL_PX) <= _WIDTH_PX - 4:
            canvas.text(left, _TOP_PX - 6, said, role="faint", size=_SMALL_PX)
            free = left + width_of(said, _SMALL_PX) + 6
    if plot.points:
        canvas.line(_steps([place(x, y) for x, y in plot.points]), role="active", width=2)
    taken = -1e9
    for x, y, label in plot.marks:
        at, height = place(x, y)
        draw_sign(canvas, Sign.DEVIATION, at, height - 5)
        left = min(at - width_of(label, _SMALL_PX) / 2, _WIDTH_PX - _RIGHT_PX - width_of(label, _SMALL_PX))
        if left > taken:
            canvas.text(left, height - 11, label, size=_SMALL_PX, bold=True)
            taken = left + width_of(label, _SMALL_PX) + 3
    return canvas.svg()


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What was known at a point holds until the next one."""
    line = [points[0]]
    for x, y in points[1:]:
        line += [(x, line[-1][1]), (x, y)]
    return line


def _axes(canvas: Canvas, plot: _Plot, low: tuple[float, float], high: tuple[float, float], most: tuple[float, float]) -> None:
    for value in _round_numbers(most[1]) if not plot.percent else [0, 0.25, 0.5, 0.75, 1]:
        y = low[1] + (high[1] - low[1]) * value / most[1]
        label = f"{value:.0%}" if plot.percent else f"{value:,.0f}"
        canvas.line([(low[0], y), (high[0], y)], role="grid")
        canvas.text(low[0] - 8 - width_of(label, _SMALL_PX), y + 3.5, label, role="faint", size=_SMALL_PX)
    for value in _round_numbers(most[0]):
        x, label = low[0] + (high[0] - low[0]) * value / most[0], f"{value:,.0f}"
        canvas.line([(x, low[1]), (x, low[1] + 4)], role="faint")
        wide = width_of(label, _SMALL_PX)
        canvas.text(min(x - wide / 2, _WIDTH_PX - 4 - wide), low[1] + 15, label, role="faint", size=_SMALL_PX)
    canvas.text(low[0], low[1] + 31, plot.axis, role="faint", size=_SMALL_PX)


def _round_numbers(most: float) -> list[float]:
    """0 and a few multiples of 1, 2 or 5 times a power of ten."""
    step = 1.0
    while most / step > _MOST_LABELS:
        step *= 2.5 if str(step)[0] == "2" else 2
    return [step * n for n in range(int(most / step) + 1)]
