"""How much a dictionary says: counts, bits and entropy, from the facts as the pilot read them."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from pilot.reading import Reading


@dataclass(frozen=True, slots=True)
class Information:
    """`bits`: every fact costs log2 of its relation's distinct answers. `entropy`: every fact costs -log2 of its
    answer's share of its relation's facts; the honest lower figure.
    """

    facts: int
    pairs: int
    subjects: int
    relations: int
    answers: int
    bits: float
    entropy: float


def measure_information(reading: Reading) -> Information:
    """Sums over facts, in bits. Both are 0 for one fact and for a relation with one answer."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, relation), answers in reading.taught.items():
        seen[relation].update(answers)
    return Information(
        facts=sum(counts.total() for counts in seen.values()),
        pairs=len(reading.taught),
        subjects=len({subject for subject, _ in reading.taught}),
        relations=len(seen),
        answers=len({answer for counts in seen.values() for answer in counts}),
        bits=math.fsum(counts.total() * math.log2(len(counts)) for counts in seen.values()),
        entropy=math.fsum(_entropy(counts) for counts in seen.values()),
    )


def _entropy(counts: Counter[str]) -> float:
    total = counts.total()
    return math.fsum(n * math.log2(total / n) for n in counts.values())
