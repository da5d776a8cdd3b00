"""Draws ``Lanes``. From top to bottom: title, axis, one row for each lane, notes, legend. No text touches another one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from finale.drawing.canvas import CELL_PX, Canvas, width_of
from finale.drawing.lanes import ENDINGS, Lane, Lanes, Look, Mark, Note, Sign
from finale.drawing.signs import draw_sign
from finale.drawing.text import clean, cut

__all__ = ["MOST_NOTES", "draw"]

WIDTH_PX, LEAST_PX = 980.0, 520.0
ROW_PX, BAR_PX, LINE_PX, MARGIN_PX = 24.0, 12.0, 17.0, 12.0
SMALL_PX = 10.0
MOST_LABEL = 44  # cells
MOST_NOTES = 12
_GAP_PX = 4.0  # between two labels of the axis
_LEGEND_PX = 20.0  # room for a sign


@dataclass(slots=True)
class _Row:
    """A row of labels that must not touch each other."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def takes(self, x: float, width: float, least: float, most: float) -> float | None:
        """Where a label of that width around or behind ``x`` fits, within the limits; None if it does not."""
        left = min(max(x, least), most - width)
        if left < least or any(left < end + _GAP_PX and start < left + width + _GAP_PX for start, end in self.taken):
            return None
        self.taken.append((left, left + width))
        return left


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the lanes are on the canvas."""

    left: float
    top: float
    right: float
    bottom: float
    unit: float

    def x(self, at: float) -> float:
        """Units to px."""
        return self.left + at * self.unit

    def row(self, number: int) -> float:
        """The top of a row."""
        return self.top + number * ROW_PX


def draw(chart: Lanes) -> str:
    """The chart as SVG."""
    labels = [cut(clean(lane.label) or "?", MOST_LABEL, middle=True) for lane in chart.lanes]
    left = MARGIN_PX + max(map(width_of, labels), default=0) + 14
    unit = min(chart.unit_px, (WIDTH_PX - left - MARGIN_PX) / max(chart.extent, 1e-9))
    right = left + unit * chart.extent
    wide = max((width_of(note.text) for note in chart.notes[:MOST_NOTES]), default=0) + 2 * MARGIN_PX + _LEGEND_PX
    width = min(max(right + MARGIN_PX, LEAST_PX, wide), WIDTH_PX)
    top = 28 + (LINE_PX if chart.ticks else 0) + (LINE_PX if chart.folds or _labelled(chart.lanes) else 0) + 4
    frame = _Frame(left, top, right, top + ROW_PX * len(labels), unit)
    notes = list(_notes(chart.notes, width))
    legend = list(_legend(chart, width))
    canvas = Canvas(width, frame.bottom + 12 + LINE_PX * (len(notes) + len(legend)) + MARGIN_PX, chart.title)
    canvas.text(MARGIN_PX, 19, cut(clean(chart.title), int((width - 2 * MARGIN_PX) / CELL_PX)), bold=True)
    _axis(canvas, chart, frame, width)
    for number, (lane, label) in enumerate(zip(chart.lanes, labels, strict=True)):
        canvas.text(MARGIN_PX, frame.row(number) + ROW_PX / 2 + 4, label)
        _spans(canvas, lane, frame, frame.row(number) + ROW_PX / 2)
    for number, lane in enumerate(chart.lanes):
        _marks(canvas, lane, frame, frame.row(number) + ROW_PX / 2)
    y = frame.bottom + 12 + LINE_PX
    for note in notes:
        if note.sign is not None:
            draw_sign(canvas, note.sign, MARGIN_PX + 7, y - 4)
        canvas.text(MARGIN_PX + _LEGEND_PX, y, note.text)
        y += LINE_PX
    for line in legend:
        for x, item in line:
            _legend_item(canvas, item, x, y)
        y += LINE_PX
    return canvas.svg()


def _labelled(lanes: Iterable[Lane]) -> bool:
    return any(mark.label for lane in lanes for mark in lane.marks)


def _axis(canvas: Canvas, chart: Lanes, frame: _Frame, width: float) -> None:
    """Ticks with as many labels as have room; the folds, and above the lanes the labels of marks."""
    row, above = _Row(), _Row()
    y = 28 + LINE_PX - 4
    for tick in chart.ticks:
        x = frame.x(tick.at)
        canvas.line([(x, frame.top - 3), (x, frame.bottom)], role="grid")
        place = row.takes(x, width_of(tick.label, SMALL_PX), frame.left, width - MARGIN_PX)
        if place is not None:
            canvas.text(place, y, tick.label, role="faint", size=SMALL_PX)
    for number in range(len(chart.lanes)):
        canvas.line([(frame.left, frame.row(number + 1)), (frame.right, frame.row(number + 1))], role="grid", width=0.5)
    y = frame.top - 7
    for mark in sorted((m for lane in chart.lanes for m in lane.marks if m.label), key=lambda mark: mark.at):
        wide = width_of(mark.label, SMALL_PX)
        place = above.takes(frame.x(mark.at) - wide / 2, wide, frame.left, width - MARGIN_PX)
        if place is not None:
            canvas.text(place, y, mark.label, role="ink", size=SMALL_PX, bold=True)
    for fold in chart.folds:
        x = frame.x(fold.at)
        for part in (0.35, 0.65):
            canvas.line([(x + part * frame.unit, frame.top), (x + part * frame.unit, frame.bottom)], role="faint", dash="2 3")
        place = above.takes(x, width_of(fold.label, SMALL_PX), frame.left, width - MARGIN_PX)
        if place is not None:
            canvas.text(place, y, fold.label, role="faint", size=SMALL_PX)


def _spans(canvas: Canvas, lane: Lane, frame: _Frame, middle: float) -> None:
    for span in lane.spans:
        x = frame.x(span.start)
        bar(canvas, span.look, x, middle, max(frame.x(span.end) - x, 1.5))


def bar(canvas: Canvas, look: Look, x: float, middle: float, width: float) -> None:
    """A stretch of a lane."""
    inner = max(width - 1, 1)
    match look:
        case Look.ACTIVE:
            canvas.box(x + 0.5, middle - BAR_PX / 2, inner, BAR_PX, fill="active")
        case Look.READY:
            canvas.box(x + 0.5, middle - BAR_PX / 4, inner, BAR_PX / 2, fill="paper", stroke="ready", round_px=1)
        case Look.WAITING:
            canvas.line([(x, middle), (x + width, middle)], role="waiting", width=1.5, dash="3 3")
        case Look.CANCELLED | Look.FAILED:
            canvas.hatched(x + 0.5, middle - BAR_PX / 2, inner, BAR_PX, role=look.name.lower())


def _marks(canvas: Canvas, lane: Lane, frame: _Frame, middle: float) -> None:
    """Deviations stand above the bar, events below, cancels, faults and endings on it; one of a kind at one place."""
    drawn: set[tuple[float, Sign]] = set()
    for mark in lane.marks:
        x = frame.x(mark.at)
        if (round(x, 1), mark.sign) in drawn:
            continue
        drawn.add((round(x, 1), mark.sign))
        draw_sign(canvas, mark.sign, _inside(x, mark, frame), middle + _height(mark.sign))


def _inside(x: float, mark: Mark, frame: _Frame) -> float:
    reach = 7 if mark.sign in ENDINGS else 4
    return min(max(x, frame.left), frame.right + MARGIN_PX - reach)


def _height(sign: Sign) -> float:
    return {Sign.DEVIATION: -8.5, Sign.EVENT: 8.5}.get(sign, 0)


def _notes(notes: Sequence[Note], width: float) -> Iterator[Note]:
    most = int((width - 2 * MARGIN_PX - _LEGEND_PX) / CELL_PX)
    for note in notes[:MOST_NOTES]:
        yield Note(cut(clean(note.text), most), note.sign)
    if len(notes) > MOST_NOTES:
        yield Note(f"… {len(notes) - MOST_NOTES} more")


def _legend(chart: Lanes, width: float) -> Iterator[list[tuple[float, Look | Sign]]]:
    """The looks and signs that occur, in lines that are not too wide."""
    looks = {span.look for lane in chart.lanes for span in lane.spans}
    signs = {mark.sign for lane in chart.lanes for mark in lane.marks}
    items: list[Look | Sign] = [*(look for look in Look if look in looks), *(sign for sign in Sign if sign in signs)]
    line: list[tuple[float, Look | Sign]] = []
    x = MARGIN_PX
    for item in items:
        wide = _LEGEND_PX + width_of(item.value) + 18
        if line and x + wide - 18 > width - MARGIN_PX:
            yield line
            line, x = [], MARGIN_PX
        line.append((x, item))
        x += wide
    if line:
        yield line


def _legend_item(canvas: Canvas, item: Look | Sign, x: float, y: float) -> None:
    if isinstance(item, Look):
        bar(canvas, item, x, y - 4, 14)
    else:
        draw_sign(canvas, item, x + 7, y - 4)
    canvas.text(x + _LEGEND_PX, y, item.value, role="faint")
