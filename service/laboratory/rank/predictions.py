"""What can be known of a table before a network is trained, against the size of the network that then held it."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from service.laboratory import targets
from service.laboratory.rank.bounds import bounds
from service.laboratory.rank.perturbed import Altered
from service.laboratory.rank.tensor import ANSWERS, Tensor
from service.statistics import Correlation, correlation

Predictor = Literal["rank", "lower_bound", "upper_bound", "facts", "answer_bits"]
PREDICTORS: tuple[Predictor, ...] = ("rank", "lower_bound", "upper_bound", "facts", "answer_bits")


class Known(NamedTuple):
    """lower_bound <= rank of the table's tensor <= upper_bound; by_answers: of that unfolding. facts: pairs.
    answer_bits: of all answers, each of those of its relation being as likely.
    """

    by_answers: int
    lower_bound: int
    upper_bound: int
    facts: int
    answer_bits: float

    @property
    def rank(self) -> float:
        """The middle of the bounds, as a factor: where they meet, the rank."""
        return float(np.sqrt(self.lower_bound * self.upper_bound))

    def figure(self, predictor: Predictor) -> float:
        return float(getattr(self, predictor))


def known(altered: Altered) -> Known:
    found = bounds(Tensor.of_table(altered.table))
    bits = targets.information(altered.table) * len(altered.table)
    by_answers = found.unfoldings[ANSWERS].least
    return Known(by_answers, found.least, found.most, altered.pairs, round(bits, 1))


def predicted(knowns: Sequence[Known], sizes: Sequence[float], predictor: Predictor) -> Correlation | None:
    """Of logarithms, since sizes differ by factors."""
    figures = [max(known.figure(predictor), 1.0) for known in knowns]
    return correlation(np.log(figures), np.log(sizes))
