"""The error rate of a memory, as its reviews tell it."""

from schemas.reviews import Estimate, Reported, ReviewState
from service.errors import NoMemory
from service.settings import Settings
from service.storage import Database, Transaction, aliases, dictionaries, lookup, reviews, samples
from service.storage.aliases import CHAMPION
from service.storage.dictionaries import found
from service.workflows.reviews import estimates
from service.workflows.reviews.estimates import Drawn, Limits, Rate
from service.workflows.versions.gate import limits as gates
from service.workflows.versions.memories import find_in


def estimate(db: Database, settings: Settings, ref: str, memory: str | None) -> Estimate:
    """Of this memory; where none is named, of the newest one that was sampled and that the champion is or came from by
    edits. Raises NotFound, NoMemory.
    """
    with db.reading() as tx:
        row = found(tx, ref)
        named = find_in(tx, memory).id if memory is not None else _sampled(tx, row)
        return _shown(named, rate_of(tx, row, named), limits_of(settings), _reported(tx, row, named))


def rate_of(tx: Transaction, row: dictionaries.Row, memory: str) -> Rate:
    """From what was drawn of this memory's pairs."""
    return estimates.rate([_drawn(item, _was_wrong(item)) for item in samples.of_memory(tx, row.number, memory)])


def rate_at(tx: Transaction, row: dictionaries.Row, memory: str, version: int) -> Rate:
    """What the same items say of a memory of another ledger version: the answers found wrong that it gave, too."""
    items = samples.of_memory(tx, row.number, memory)
    wrong = [item.pair for item in items if _was_wrong(item)]
    held = lookup.of_pairs(tx, row.number, version, wrong)

    def still(item: samples.Weighed) -> bool:
        return item.pair in held and sorted(held[item.pair].answers) == sorted(item.answers)

    return estimates.rate([_drawn(item, _was_wrong(item) and still(item)) for item in items])


def _was_wrong(item: samples.Weighed) -> bool:
    """Corrected, and answered at all."""
    return item.state is ReviewState.CORRECTED and bool(item.answers)


def _drawn(item: samples.Weighed, wrong: bool) -> Drawn:
    weight = estimates.weight(item.drawn, item.population, item.probability)
    return Drawn(weight, None if item.state is ReviewState.OPEN else wrong)


def limits_of(settings: Settings) -> Limits:
    """What the gate allows, else what the settings do. Raises Unavailable for a gate that cannot be read."""
    gate = gates.limits(settings)
    maximum = gate.maximum_error if gate is not None else None
    return Limits(settings.review_max_error if maximum is None else maximum, settings.review_min_sample)


def _sampled(tx: Transaction, row: dictionaries.Row) -> str:
    champion = aliases.find(tx, row.number, CHAMPION)
    if champion is None:
        raise NoMemory
    return samples.newest_of(tx, row.number, champion.memory)


def _reported(tx: Transaction, row: dictionaries.Row, memory: str) -> Reported:
    counted = reviews.reported(tx, row.number, memory)
    return Reported(
        open=counted[ReviewState.OPEN], right=counted[ReviewState.ACCEPTED], wrong=counted[ReviewState.CORRECTED]
    )


def _shown(memory: str, rate: Rate, limits: Limits, reported: Reported) -> Estimate:
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
