"""Questions that were never taught, drawn for one memory: whoever answers one invents.

Half are empty cells, a taught subject with a relation that the table does not hold for it; the others, and all of them
where the table has no empty cell, ask for subjects that no fact has. Subjects reach the memory as keyed hashes, so one
made-up name is as good as another.
"""

import random
from collections.abc import Iterator
from itertools import chain, islice

from service.facts import Pair, fold_all
from service.memory import Facts

TRIES = 20  # draws for each empty cell that is wanted: a table fuller than this has too few of them


def never_taught(taught: Facts, wanted: int, seed: str) -> Iterator[Pair]:
    """Distinct pairs, `wanted` of them, the same for the same facts and seed.

    A subject that another taught one is spelled like is no subject of a probe: the memory may take it for that one.
    """
    draw = random.Random(seed)  # noqa: S311 - a reproducible sample, not a secret
    subjects, relations = sorted(set(taught.subjects)), sorted(set(taught.relations))
    held = set(zip(taught.subjects, taught.relations, strict=True))
    spellings = fold_all(subjects)
    counted: dict[str, int] = {}
    for spelling in spellings:
        counted[spelling] = counted.get(spelling, 0) + 1
    plain = [name for name, spelling in zip(subjects, spellings, strict=True) if counted[spelling] == 1]
    cells = islice(_empty_cells(plain, relations, held, draw, wanted // 2 * TRIES), wanted // 2)
    return islice(chain(cells, _unseen(counted, relations, draw)), wanted)


def _empty_cells(
    subjects: list[str], relations: list[str], held: set[Pair], draw: random.Random, tries: int
) -> Iterator[Pair]:
    drawn: set[Pair] = set()
    for _ in range(tries if subjects else 0):
        pair = draw.choice(subjects), draw.choice(relations)
        if pair not in held and pair not in drawn:
            drawn.add(pair)
            yield pair


def _unseen(spellings: dict[str, int], relations: list[str], draw: random.Random) -> Iterator[Pair]:
    while True:
        name = f"{draw.getrandbits(128):032x}"
        if name not in spellings:
            yield name, draw.choice(relations)
