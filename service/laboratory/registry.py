"""The experiments there are. A new one is a folder with a function, its English sentences, and one line here."""

from collections.abc import Callable, Mapping

from schemas.experiments import Experiment, ExperimentId
from service.laboratory.bench import Bench, Inputs
from service.laboratory.budget.experiment import budget
from service.laboratory.depth.experiment import depth
from service.laboratory.learning.experiment import learning
from service.laboratory.precision.experiment import precision
from service.laboratory.rank.experiment import rank
from service.laboratory.sizes.allocation import allocation
from service.laboratory.sizes.capacity import capacity
from service.laboratory.sizes.heads import heads

Work = Callable[[Inputs, Bench], Experiment]
"""What an experiment is: a function of its inputs and a bench. Raises what `bench.progress` raises, where it must stop.
"""

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
