"""The timeline of a trial as a picture: lanes for the eye, lines for the terminal."""

from finale.drawing import Picture
from finale.drawing.lanes_svg import draw
from finale_sim.render.lanes import lanes_of
from finale_sim.render.timeline import timeline
from finale_sim.story import Story

__all__ = ["trial_picture"]


def trial_picture(story: Story, *, steps: tuple[int, int] | None = None, most_lines: int | None = None) -> Picture:
    """The whole trial, folded where it is long, or its steps from ``steps[0]`` to ``steps[1]``."""
    chart = lanes_of(story, steps)
    return Picture(chart.title, timeline(story, steps=steps, most_lines=most_lines or 48), draw(chart))
