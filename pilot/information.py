"""The information in a dictionary: counts, bits and entropy, from the facts as the pilot read them."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from pilot.reading import Reading


@dataclass(frozen=True, slots=True)
class Information:
    """Counts of a dictionary and its information in bits.

    `bits`: each fact counts log2 of the number of distinct answers of its relation. `entropy`: each fact counts -log2
    of the share of its answer among the facts of its relation; never more than `bits`.
    """

    facts: int
    pairs: int
    subjects: int
    relations: int
    answers: int
    bits: float
    entropy: float


def measure_information(reading: Reading) -> Information:
    """Count the facts and sum their information. A relation with a single answer adds 0 bits."""
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
