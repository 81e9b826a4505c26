"""Shallow networks of which every weight is trained end to end: the recipe of the papers, many networks at once.

outcomes = train(shape, [Run(problem, seed, rate), ...], Schedule(steps=1000))
facts_right(shape, problem, outcomes[0].weights, weight_bits=8)      # (n,) of booleans
"""

from service.memory.gradient.evaluation import facts_right, predict
from service.memory.gradient.problem import Moment, Outcome, Problem, Run, Schedule, Weights
from service.memory.gradient.shape import Shape
from service.memory.gradient.training import train

__all__ = ["Moment", "Outcome", "Problem", "Run", "Schedule", "Shape", "Weights", "facts_right", "predict", "train"]
