"""The error rate of a memory, from the reviews of a random sample.

An item drawn with probability p in a draw of n from N pairs stands for v = n / (N p) items of an even draw. The rate is
the mean of v over the decided items, counting right ones as nothing: Horvitz and Thompson's estimator (Journal of the
American Statistical Association 47, 1952), unbiased if what was decided is the whole draw or a random part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from service.statistics import Interval, binomial, effective_size

Verdict = Literal["within", "exceeded", "not_decisive"]


class Drawn(NamedTuple):
    """A sampled item: `weight` is v; `wrong` is None while it is undecided."""

    weight: float
    wrong: bool | None


class Limits(NamedTuple):
    """The highest error rate allowed, and the smallest sample that decides anything."""

    maximum: float
    minimum_sample: int


@dataclass(frozen=True, slots=True)
class Rate:
    """`known` is the rate over everything drawn, undecided items taken as right, and `floor` its lower bound. Both can
    only grow while a draw is being decided: looking after each decision is not a test repeated until it fails.
    """

    drawn: int
    decided: int
    wrong: int
    rate: float | None
    interval: Interval
    effective: float
    even: bool
    known: float
    floor: float

    def verdict(self, limits: Limits) -> Verdict:
        if self.drawn >= limits.minimum_sample and self.floor > limits.maximum:
            return "exceeded"
        if self.decided >= limits.minimum_sample and self.interval[1] <= limits.maximum:
            return "within"
        return "not_decisive"


def rate(drawn: Sequence[Drawn]) -> Rate:
    """Whatever was decided first must not decide the rate: items are listed in random order unless asked otherwise."""
    decided = [item for item in drawn if item.wrong is not None]
    found, effective = _weighed(decided)
    known = _weighed(drawn)
    return Rate(
        drawn=len(drawn),
        decided=len(decided),
        wrong=sum(bool(item.wrong) for item in decided),
        rate=found if decided else None,
        interval=binomial(found, effective),
        effective=effective,
        even=len({round(item.weight, 9) for item in drawn}) <= 1,
        known=known[0],
        floor=binomial(*known)[0],
    )


def weight(drawn: int, population: int, probability: float) -> float:
    """v, the items of an even draw that this one stands for."""
    return drawn / (population * probability)


def _weighed(items: Sequence[Drawn]) -> tuple[float, float]:
    """The rate, and the effective size of the sample it was seen in."""
    weights, wrong = [item.weight for item in items], [bool(item.wrong) for item in items]
    total = sum(weight for weight, is_wrong in zip(weights, wrong, strict=True) if is_wrong)
    return min(1.0, total / len(items)) if items else 0.0, effective_size(weights, wrong)
