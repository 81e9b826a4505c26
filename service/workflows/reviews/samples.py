"""Samples: some of a memory's pairs, drawn with known probabilities, recalled and put into the queue.

Every pair can be drawn, with a probability that is kept, so that the sample says something about all pairs: half of a
draw by `lowest_margin` or `newest` goes to the pairs that rank first, the other half to all. A fixed number is drawn by
systematic sampling with unequal probabilities in random order (Madow, Annals of Mathematical Statistics 20, 1949).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.reviews import ReviewOrder, Sample, SampleCreate
from service.errors import Unprocessable
from service.facts import Ints
from service.storage import idempotency, reviews
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import new_id
from service.workflows.audit import Act, Event
from service.workflows.recalls.microbatch import ServedMemory
from service.workflows.versions.memories import begin_reading, check_unpurged
from service.workflows.versions.publish import EditContext

Floats = NDArray[np.float64]


def uniform(population: int, count: int, rng: np.random.Generator) -> Ints:
    """`count` positions, each as likely as any other."""
    return rng.choice(population, size=min(count, population), replace=False).astype(np.int64)


def ranked_first(rank: Floats, count: int) -> Floats:
    """Inclusion probabilities that favour the `count` lowest ranks, which make up half of the sample."""
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
    """Draw positions with these probabilities, as many as they add up to."""
    order = rng.permutation(len(chances))
    heights = np.cumsum(chances[order])
    heights *= round(heights[-1]) / heights[-1]  # the sum of many fractions misses its whole number by a little
    start = rng.random()
    marks = np.floor(heights + start) - np.floor(np.r_[start, heights[:-1] + start])
    drawn: Ints = order[marks > 0].astype(np.int64)
    return drawn


RANKED = 100_000  # pairs, drawn evenly, that are ranked by margin: asking a larger table takes seconds


class Pairs(NamedTuple):
    """The pairs that a memory was taught, and the ledger version since which each holds."""

    subjects: Sequence[str]
    relations: Sequence[str]
    since: Sequence[int]

    def at(self, positions: Ints) -> tuple[list[str], list[str]]:
        chosen = positions.tolist()
        return [self.subjects[at] for at in chosen], [self.relations[at] for at in chosen]


def draw(
    service: EditContext, served: ServedMemory, wanted: SampleCreate, by: str, idempotency_key: str | None = None
) -> Sample:
    """Draw a sample of pairs and queue them, each with its inclusion probability. Whoever draws may also decide.

    Raises Unprocessable, Conflict (idempotency_key_reused), NotFound (not_retained), Overtaken.
    """
    request = idempotency.Request.of(by, idempotency_key, f"reviews:sample {wanted.model_dump_json()}")
    with service.db.reading() as tx:
        number = get_dictionary(tx, served.dictionary).number
        begun = begin_reading(tx, number, served.id)
        pairs = Pairs(*reviews.taught_pairs(tx, number, served.ledger_version))
    if not pairs.subjects:
        raise Unprocessable("the memory was taught no pairs that the ledger still knows")
    positions, chances = _draw(pairs, served, wanted)
    subjects, relations = pairs.at(positions)
    recalled = served.memory.recall(subjects, relations)
    sample = Sample(
        id=new_id("smp"),
        memory=served.id,
        method=wanted.method,
        population=len(pairs.subjects),
        drawn=len(positions),
    )
    margins = np.where(recalled.known, recalled.margins, 0).astype(np.float64).round(4).tolist()
    answers = [held if known else () for held, known in zip(recalled.answers, recalled.known.tolist(), strict=True)]
    columns = zip(subjects, relations, answers, margins, chances.tolist(), strict=True)
    doubts = [
        reviews.Doubt(subject, relation, served.id, held, margin, by, sample=sample.id, probability=chance)
        for subject, relation, held, margin, chance in columns
    ]
    with service.db.writing() as tx:
        row = get_dictionary(tx, served.dictionary)
        if earlier := idempotency.earlier_reply(tx, row.number, request):
            return Sample.model_validate(earlier)
        check_unpurged(tx, row.number, begun)
        idempotency.keep(tx, row.number, request, sample.model_dump(mode="json"))
        reviews.add_sample(tx, row.number, sample, by)
        reviews.add(tx, row.number, doubts)
        details = {"decision": "sample", "sample": sample.id, "drawn": sample.drawn, "method": sample.method}
        service.auditor.record(tx, Event(Act.REVIEW, by, row.id, served.id, details))
    return sample


def _draw(pairs: Pairs, served: ServedMemory, wanted: SampleCreate) -> tuple[Ints, Floats]:
    """Positions of the pairs drawn, and the probability that each had."""
    rng, population = np.random.default_rng(), len(pairs.subjects)
    if wanted.method is ReviewOrder.RANDOM:
        drawn = uniform(population, wanted.count, rng)
        return drawn, np.full(len(drawn), len(drawn) / population)
    candidates = uniform(population, RANKED, rng)
    chances = ranked_first(_rank(pairs, served, wanted.method, candidates), wanted.count)
    chosen = systematic(chances, rng)
    return candidates[chosen], chances[chosen] * (len(candidates) / population)


def _rank(pairs: Pairs, served: ServedMemory, method: ReviewOrder, candidates: Ints) -> Floats:
    if method is ReviewOrder.NEWEST:
        return -np.asarray(pairs.since, dtype=np.float64)[candidates]
    recalled = served.memory.recall(*pairs.at(candidates))
    return np.where(recalled.known, recalled.margins, 0).astype(np.float64)
