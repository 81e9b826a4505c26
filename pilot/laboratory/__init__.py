"""The laboratory's side of the pilot: which experiments are asked for, for how long, and what came of them."""

from pilot.laboratory.conduct import Bench, Conducted, Laboratory, conduct

__all__ = ["Bench", "Conducted", "Laboratory", "conduct"]
