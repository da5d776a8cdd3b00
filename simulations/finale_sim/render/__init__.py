"""Pictures of trials, as pure functions of their stories."""

from finale_sim.render.pictures import trial_picture
from finale_sim.render.plots import Curve, coverage_picture
from finale_sim.render.timeline import timeline
from finale_sim.render.waits import waits_picture
from finale_sim.render.words import in_words

__all__ = ["Curve", "coverage_picture", "in_words", "timeline", "trial_picture", "waits_picture"]
