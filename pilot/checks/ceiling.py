"""How much may be recalled under differential privacy: the bound, and a mechanism that reaches it.

With m equally likely answers, a mechanism that is (epsilon, delta)-private about one fact answers it rightly with
probability at most (e^epsilon + (m - 1) delta) / (m - 1 + e^epsilon). Randomised response over m answers (Warner 1965;
Kairouz, Oh and Viswanath 2014) reaches it with delta = 0.
"""

import math
import random
from collections import Counter

from pilot.checks.changes import Answers, Held, answers_by_relation
from pilot.reading import Pair


def ceiling(epsilon: float, m: int, delta: float = 0.0) -> float:
    """The bound for one fact whose relation has `m` answers; 1 where there is only one and nothing to hide."""
    others = (m - 1) * math.exp(-epsilon)
    return min((1 + others * delta) / (1 + others), 1.0)


class Table:
    """How many pairs there are with how many possible answers; a pair's set of answers counts as one."""

    def __init__(self, held: Held) -> None:
        self._of_relation = answers_by_relation(held)
        sizes = {relation: len(known) for relation, known in self._of_relation.items()}
        self._pairs = Counter(sizes[relation] for _, relation in held)

    def ceiling(self, epsilon: float, delta: float = 0.0) -> float:
        """The mean bound over all pairs."""
        total = math.fsum(pairs * ceiling(epsilon, m, delta) for m, pairs in self._pairs.items())
        return total / self._pairs.total()

    def randomised(self, held: Held, epsilon: float, seed: int) -> dict[Pair, Answers]:
        """Each pair with its true answers, or any others of its relation, drawn so that no pair's truth shows."""
        draw = random.Random(f"{seed} randomised")  # noqa: S311 - a measurement, not a protection of anybody
        return {pair: self._respond(pair, answers, epsilon, draw) for pair, answers in held.items()}

    def _respond(self, pair: Pair, answers: Answers, epsilon: float, draw: random.Random) -> Answers:
        known = self._of_relation[pair[1]]
        if draw.random() < ceiling(epsilon, len(known)):
            return answers
        others = len(known) - 1
        at = draw.randrange(others)
        return known[at] if known[at] < answers else known[at + 1]
