"""Which facts to change, and into what: a pure function of the table, the seed and the round."""

import random
from collections import defaultdict
from collections.abc import Mapping

from pilot.reading import Pair

Answers = tuple[str, ...]
"""Every answer of one pair, sorted."""
Held = Mapping[Pair, Answers]


class Changes:
    """Draws from the answers that each relation of `held` had at the beginning."""

    def __init__(self, held: Held, seed: int) -> None:
        self._seed = seed
        self._of_relation = answers_by_relation(held)

    def draw(self, held: Held, wanted: int, name: str) -> dict[Pair, Answers]:
        """`wanted` pairs of `held`, each with another set of answers of its relation; `name` sets the draw apart."""
        draw = random.Random(f"{self._seed} {name}")  # noqa: S311 - a reproducible sample, not a secret
        pairs = draw.sample(list(held), min(wanted, len(held)))
        return {pair: self._another(pair[1], held[pair], draw) for pair in pairs}

    def _another(self, relation: str, now: Answers, draw: random.Random) -> Answers:
        """A relation with one answer for everything has no other to draw: then that answer with a word added."""
        known = self._of_relation[relation]
        at = draw.randrange(len(known))
        drawn = known[at] if known[at] != now else known[at - 1]
        return drawn if drawn != now else (f"{now[0]} (changed)",)


def answers_by_relation(held: Held) -> dict[str, list[Answers]]:
    """The distinct sets of answers of every relation, in a fixed order."""
    seen: defaultdict[str, set[Answers]] = defaultdict(set)
    for (_, relation), answers in held.items():
        seen[relation].add(answers)
    return {relation: sorted(sets) for relation, sets in seen.items()}
