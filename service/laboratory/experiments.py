"""The experiments there are: each a function of what is asked and the bench that it works at."""

from collections.abc import Callable, Mapping

from schemas.experiments import Experiment, ExperimentId
from service.laboratory.allocation import allocation
from service.laboratory.asked import Asked
from service.laboratory.bench import Bench
from service.laboratory.budget import budget
from service.laboratory.capacity import capacity
from service.laboratory.depth import depth
from service.laboratory.heads import heads
from service.laboratory.learning import learning
from service.laboratory.precision import precision
from service.laboratory.rank import rank

Work = Callable[[Asked, Bench], Experiment]
"""Raises what `bench.progress` raises, where it must not go on."""

EXPERIMENTS: Mapping[ExperimentId, Work] = {
    ExperimentId.CAPACITY: capacity,
    ExperimentId.ALLOCATION: allocation,
    ExperimentId.HEADS: heads,
    ExperimentId.RANK: rank,
    ExperimentId.DEPTH: depth,
    ExperimentId.LEARNING: learning,
    ExperimentId.PRECISION: precision,
    ExperimentId.BUDGET: budget,
}
