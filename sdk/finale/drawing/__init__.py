"""Pictures as pure functions of values: real runs from their events, and the parts that the simulator draws trials with.

Nothing else in the SDK loads it, and it needs nothing but the standard library.
"""

from finale.drawing.picture import Picture
from finale.drawing.runs import picture_of

__all__ = ["Picture", "picture_of"]
