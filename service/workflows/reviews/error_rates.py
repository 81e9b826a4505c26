"""The error rate of a memory, from the reviews of a random sample.

An item drawn with probability p in a draw of n from N pairs stands for v = n / (N p) items of an even draw. The rate is
the mean of v over the decided items, counting right ones as nothing: Horvitz and Thompson's estimator (Journal of the
American Statistical Association 47, 1952), unbiased if what was decided is the whole draw or a random part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from schemas.reviews import Estimate, Reported, ReviewState
from service.errors import NoMemory
from service.settings import Settings
from service.statistics import Interval, binomial, effective_size
from service.storage import Database, Transaction, aliases, dictionaries, lookup, reviews
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import get_dictionary
from service.workflows.versions import promotion_gate
from service.workflows.versions.memories import get_memory

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


def estimate_rate(drawn: Sequence[Drawn]) -> Rate:
    """The error rate of what was drawn. It is unbiased as long as items are decided in random order, as they are
    listed.
    """
    decided = [item for item in drawn if item.wrong is not None]
    found, effective = _weigh(decided)
    known = _weigh(drawn)
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


def design_weight(drawn: int, population: int, probability: float) -> float:
    """v, the number of items of an evenly drawn sample that this item represents."""
    return drawn / (population * probability)


def _weigh(items: Sequence[Drawn]) -> tuple[float, float]:
    """The rate, and the effective size of the sample it was seen in."""
    weights, wrong = [item.weight for item in items], [bool(item.wrong) for item in items]
    total = sum(weight for weight, is_wrong in zip(weights, wrong, strict=True) if is_wrong)
    return min(1.0, total / len(items)) if items else 0.0, effective_size(weights, wrong)


def estimate(db: Database, settings: Settings, ref: str, memory: str | None) -> Estimate:
    """Estimate the error rate of a memory; where none is named, of the newest sampled one that the champion is or was
    made from by edits. Raises NotFound, NoMemory.
    """
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        named = get_memory(tx, memory).id if memory is not None else _find_sampled(tx, row)
        return _to_schema(named, rate_of(tx, row, named), limits_of(settings), _count_reported(tx, row, named))


def rate_of(tx: Transaction, row: dictionaries.Row, memory: str) -> Rate:
    """The error rate of the sample that was drawn from this memory's pairs."""
    return estimate_rate([_to_drawn(item, _was_wrong(item)) for item in reviews.sampled_items(tx, row.number, memory)])


def rate_at(tx: Transaction, row: dictionaries.Row, memory: str, version: int) -> Rate:
    """What the same items say of a memory of another ledger version: the answers found wrong that it gave, too."""
    items = reviews.sampled_items(tx, row.number, memory)
    wrong = [item.pair for item in items if _was_wrong(item)]
    held = lookup.find_pairs(tx, row.number, version, wrong)

    def still(item: reviews.Weighed) -> bool:
        return item.pair in held and sorted(held[item.pair].answers) == sorted(item.answers)

    return estimate_rate([_to_drawn(item, _was_wrong(item) and still(item)) for item in items])


def _was_wrong(item: reviews.Weighed) -> bool:
    """Whether the item was corrected and the memory answered."""
    return item.state is ReviewState.CORRECTED and bool(item.answers)


def _to_drawn(item: reviews.Weighed, wrong: bool) -> Drawn:
    v = design_weight(item.drawn, item.population, item.probability)
    return Drawn(v, None if item.state is ReviewState.OPEN else wrong)


def limits_of(settings: Settings) -> Limits:
    """The limits of the gate, or those of the settings without one. Raises Unavailable for an unreadable gate."""
    gate = promotion_gate.read_limits(settings)
    maximum = gate.maximum_error if gate is not None else None
    return Limits(settings.review_max_error if maximum is None else maximum, settings.review_min_sample)


def _find_sampled(tx: Transaction, row: dictionaries.Row) -> str:
    champion = aliases.find(tx, row.number, CHAMPION)
    if champion is None:
        raise NoMemory
    return reviews.newest_sampled(tx, row.number, champion.memory)


def _count_reported(tx: Transaction, row: dictionaries.Row, memory: str) -> Reported:
    counted = reviews.count_reported(tx, row.number, memory)
    return Reported(
        open=counted[ReviewState.OPEN], right=counted[ReviewState.ACCEPTED], wrong=counted[ReviewState.CORRECTED]
    )


def _to_schema(memory: str, rate: Rate, limits: Limits, reported: Reported) -> Estimate:
    return Estimate(
        memory=memory,
        drawn=rate.drawn,
        decided=rate.decided,
        wrong=rate.wrong,
        rate=rate.rate,
        interval=rate.interval,
        method="clopper_pearson" if rate.even else "korn_graubard",
        effective_sample=rate.effective,
        floor=rate.floor,
        verdict=rate.verdict(limits),
        maximum=limits.maximum,
        minimum_sample=limits.minimum_sample,
        reported=reported,
    )
