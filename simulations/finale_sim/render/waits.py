"""Who waits for whom, drawn: tasks on the left, what they wait for on the right. The circle, if there is one, stands on top."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finale.drawing import Picture
from finale.drawing.canvas import CELL_PX, Canvas, width_of
from finale.drawing.text import clean, cut
from finale_sim.kernel.stuck.waits import JOIN, Wait, circle
from finale_sim.kernel.trial import Trial, render_deadlock
from finale_sim.wording import counted

__all__ = ["waits_picture"]

MOST_WAITS = 24
_MOST_ALIKE = 3  # that wait for the same thing, outside of the circle
_ROW_PX, _BOX_PX, _MARGIN_PX, _BETWEEN_PX, _MOST_LABEL = 38.0, 24.0, 12.0, 190.0, 40
_HEAD_PX = 46.0


def waits_picture(trial: Trial) -> Picture | None:
    """The waits of a trial that is stuck; None if there are none to show."""
    if not trial.waits:
        return None
    ring = circle(trial.waits)
    stuck = f"stuck: {counted(len(trial.waits), 'task waits', 'tasks wait')}"
    title = f"in a circle: {counted(len(ring), 'task')}" if ring else stuck
    return Picture(title, render_deadlock(trial.deadlock, trial.waits), _draw(title, _Graph.of(trial.waits, ring)))


@dataclass(frozen=True, slots=True)
class _Graph:
    """Two columns and the arrows between them. An arrow is (row on the left, row on the right, whether the circle has it)."""

    tasks: tuple[str, ...]
    things: tuple[str, ...]
    waiting: tuple[tuple[int, int, bool], ...]  # a task waits for a thing
    held: tuple[tuple[int, int, bool], ...]  # a task has a thing
    left_out: int

    @classmethod
    def of(cls, waits: Sequence[Wait], ring: Sequence[Wait]) -> "_Graph":
        alike = Counter[str]()
        shown = list(ring)
        for wait in waits:
            if wait not in ring:
                alike[_name(wait)] += 1
                if alike[_name(wait)] <= _MOST_ALIKE:
                    shown.append(wait)
        left_out = len(shown[MOST_WAITS:])
        shown = shown[:MOST_WAITS]
        rows: dict[str, int] = {}
        for wait in shown:
            rows.setdefault(wait.waiter, len(rows))
        waiters = {wait.waiter for wait in waits}
        others = [path for wait in shown for path in wait.held_by if path not in waiters]
        for path in others[: MOST_WAITS - len(rows)]:  # who has something and waits for nothing
            rows.setdefault(path, len(rows))
        things: dict[str, int] = {}
        waiting, held = [], []
        for wait in shown:
            thing = things.setdefault(_name(wait), len(things))
            inside = wait in ring
            after = ring[(ring.index(wait) + 1) % len(ring)].waiter if inside else ""
            waiting.append((rows[wait.waiter], thing, inside))
            held += [(rows[path], thing, path == after) for path in wait.held_by if path in rows]
        for name, count in alike.items():
            more = max(count - _MOST_ALIKE, 0)
            if more and name in things:
                waiting.append((rows.setdefault(f"… {more:,} more for {name}", len(rows)), things[name], False))
            else:
                left_out += more
        return cls(tuple(rows), tuple(things), tuple(waiting), tuple(dict.fromkeys(held)), left_out)


def _name(wait: Wait) -> str:
    return f"children of {wait.waiter}" if wait.target == JOIN else wait.target


def _draw(title: str, graph: _Graph) -> str:
    left = max((width_of(_label(path)) for path in graph.tasks), default=0) + 16
    right = max((width_of(_label(thing)) for thing in graph.things), default=0) + 16
    from_x = _MARGIN_PX + left
    to_x = from_x + _BETWEEN_PX
    rows = max(len(graph.tasks), len(graph.things))
    bottom = _HEAD_PX + rows * _ROW_PX
    notes = [f"… {counted(graph.left_out, 'more task waits', 'more tasks wait')}"] if graph.left_out else []
    legend = ("waits for", "is held by", "the circle")
    width = max(to_x + right + _MARGIN_PX, 2 * _MARGIN_PX + width_of(title), 430)
    canvas = Canvas(width, bottom + 24 + 17 * len(notes), title)
    canvas.text(_MARGIN_PX, 19, title, bold=True)
    for column, (x, wide, names) in enumerate(((_MARGIN_PX, left, graph.tasks), (to_x, right, graph.things))):
        inside = {arrow[column] for arrow in graph.waiting if arrow[2]}
        for row, name in enumerate(names):
            y = _HEAD_PX + row * _ROW_PX
            canvas.box(x, y, wide, _BOX_PX, stroke="failed" if row in inside else "waiting", round_px=2 if column == 0 else 12)
            canvas.text(x + 8, y + 16, _label(name))
    _arrows(canvas, graph, from_x, to_x)
    for number, note in enumerate(notes):
        canvas.text(_MARGIN_PX, bottom + 12 + 17 * number, note, role="faint")
    _legend(canvas, legend if any(arrow[2] for arrow in graph.waiting) else legend[:2], bottom + 14 + 17 * len(notes))
    return canvas.svg()


def _arrows(canvas: Canvas, graph: _Graph, from_x: float, to_x: float) -> None:
    """First what is outside of the circle. A wait leaves above the middle of its box, a holding arrives below."""
    for inside in (False, True):
        for task, thing, ringed in graph.waiting:
            if ringed is inside:
                _arrow(canvas, (from_x, _middle(task) - 4), (to_x, _middle(thing) - 4), inside=inside)
        for task, thing, ringed in graph.held:
            if ringed is inside:
                _arrow(canvas, (to_x, _middle(thing) + 4), (from_x, _middle(task) + 4), inside=inside, dash="5 3")


def _middle(row: int) -> float:
    return _HEAD_PX + row * _ROW_PX + _BOX_PX / 2


def _arrow(canvas: Canvas, start: tuple[float, float], end: tuple[float, float], *, inside: bool, dash: str = "") -> None:
    role = "failed" if inside else "waiting"
    (x, y), (to_x, to_y) = start, end
    size = 7 if to_x > x else -7
    knee = 14 if to_x > x else -14
    canvas.line(
        [(x, y), (x + knee, y), (to_x - knee, to_y), (to_x - size, to_y)], role=role, width=2 if inside else 1.2, dash=dash
    )
    canvas.shape([(to_x, to_y), (to_x - size, to_y - 4), (to_x - size, to_y + 4)], role=role)


def _legend(canvas: Canvas, items: Iterable[str], y: float) -> None:
    x = _MARGIN_PX
    for item in items:
        inside = item == "the circle"
        dash = "5 3" if item == "is held by" else ""
        canvas.line([(x, y - 4), (x + 22, y - 4)], role="failed" if inside else "waiting", width=2 if inside else 1.2, dash=dash)
        canvas.text(x + 28, y, item, role="faint")
        x += 28 + len(item) * CELL_PX + 18


def _label(name: str) -> str:
    return cut(clean(name) or "?", _MOST_LABEL, middle=True)
