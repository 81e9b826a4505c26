"""Shallow networks of which every weight is trained end to end: the recipe of the papers, many networks at once."""

from service.memory.gradient.problem import Problem, Run
from service.memory.gradient.shape import Shape

__all__ = ["Problem", "Run", "Shape"]
