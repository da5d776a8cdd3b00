"""The signs that mark points of a lane. Each has a shape of its own, so that nobody needs the colours."""

from finale.drawing.canvas import Canvas
from finale.drawing.lanes import Sign

__all__ = ["draw_sign"]

_ROLES = {Sign.COMPLETED: "event", Sign.FAILED: "failed", Sign.CANCELLED: "cancelled"}

_BOLT = ((1, -6), (-4, 1), (-0.5, 1), (-1.5, 6), (4, -1.5), (0.5, -1.5))


def draw_sign(canvas: Canvas, sign: Sign, x: float, y: float) -> None:
    """The sign around (``x``, ``y``). A terminal event is a double ring: its middle is full, crossed or struck by its status."""
    match sign:
        case Sign.DEVIATION:
            canvas.shape([(x - 3.5, y - 3), (x + 3.5, y - 3), (x, y + 3)], role="deviation")
        case Sign.CANCEL:
            for slope in (1, -1):
                canvas.line([(x - 4, y - 4 * slope), (x + 4, y + 4 * slope)], role="paper", width=4.5)
            for slope in (1, -1):
                canvas.line([(x - 4, y - 4 * slope), (x + 4, y + 4 * slope)], role="cancelled", width=2)
        case Sign.FAULT:
            canvas.ring(x, y, 6, fill="paper")
            canvas.shape([(x + dx, y + dy) for dx, dy in _BOLT], role="fault")
        case Sign.EVENT:
            canvas.ring(x, y, 2.5, fill="event")
        case Sign.COMPLETED | Sign.FAILED | Sign.CANCELLED:
            _ending(canvas, sign, x, y)


def _ending(canvas: Canvas, sign: Sign, x: float, y: float) -> None:
    role = _ROLES[sign]
    canvas.ring(x, y, 7.5, fill="paper")
    canvas.ring(x, y, 6.5, stroke=role, width=1.3)
    canvas.ring(x, y, 3.8, stroke=role, width=1.3)
    if sign is Sign.COMPLETED:
        canvas.ring(x, y, 1.6, fill=role)
    if sign is Sign.FAILED:
        canvas.line([(x - 2.5, y - 2.5), (x + 2.5, y + 2.5)], role=role, width=1.3)
    if sign is not Sign.COMPLETED:
        canvas.line([(x - 2.5, y + 2.5), (x + 2.5, y - 2.5)], role=role, width=1.3)
