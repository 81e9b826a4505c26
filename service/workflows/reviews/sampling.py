"""Drawing pairs for review so that what is found says something about all of them.

Every pair can be drawn, with a probability that is known and kept: half of a draw by `lowest_margin` or `newest` goes
to the pairs that rank first, the other half to all. A fixed number is drawn by systematic sampling with unequal
probabilities in random order (Madow, Annals of Mathematical Statistics 20, 1949).
"""

import numpy as np
from numpy.typing import NDArray

from service.facts import Ints

Floats = NDArray[np.float64]


def uniform(population: int, count: int, rng: np.random.Generator) -> Ints:
    """`count` positions, each as likely as any other."""
    return rng.choice(population, size=min(count, population), replace=False).astype(np.int64)


def ranked_first(rank: Floats, count: int) -> Floats:
    """Inclusion probabilities that favour the `count` lowest ranks: they share half of the draw."""
    population = len(rank)
    if count >= population:
        return np.ones(population)
    favoured = np.zeros(population)
    favoured[np.argsort(rank, kind="stable")[:count]] = 1 / count
    return inclusion(favoured + 1 / population, count)


def inclusion(sizes: Floats, count: int) -> Floats:
    """Probabilities that are proportional to the sizes, sum to `count`, and exceed 1 nowhere."""
    certain = np.zeros(len(sizes), dtype=np.bool_)
    while True:
        left = count - int(certain.sum())
        chances = np.where(certain, 1.0, left * sizes / sizes[~certain].sum())
        beyond = (chances > 1) & ~certain
        if not beyond.any():
            return chances
        certain |= beyond


def systematic(chances: Floats, rng: np.random.Generator) -> Ints:
    """Positions drawn with these probabilities, as many as they sum to."""
    order = rng.permutation(len(chances))
    heights = np.cumsum(chances[order])
    heights *= round(heights[-1]) / heights[-1]  # the sum of many fractions misses its whole number by a little
    start = rng.random()
    marks = np.floor(heights + start) - np.floor(np.r_[start, heights[:-1] + start])
    drawn: Ints = order[marks > 0].astype(np.int64)
    return drawn
