"""The laboratory's side of the pilot: which experiments are asked for, for how long, and what came of them."""

from pilot.laboratory.conduct import Bench, Conducted, conduct
from pilot.laboratory.plan import Laboratory

__all__ = ["Bench", "Conducted", "Laboratory", "conduct"]
