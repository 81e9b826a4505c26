"""False answers: three million never-taught pairs, of four kinds, asked of each of three tables.

Bar: within the stated bound (1e-6 a probe): the 95 % interval of what was measured must not lie above it.
"""

import csv
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pilot.statistics import interval
from service.memory import Facts, Memory, Recipe, fit

SECRET = bytes(range(32))
BATCH = 50_000
Pair = tuple[str, str]
SAMPLE = Path(__file__).parents[2] / "sample_dictionaries" / "enterprise_ja.csv"


def main(probes: int = 3_000_000) -> None:
    for name, facts in tables():
        for profile in ("fast", "compact"):
            memory = fit(facts, Recipe(profile=profile), secret=SECRET)
            started = time.perf_counter()
            false, asked = 0, 0
            by_kind = []
            for kind, draw in KINDS.items():
                answered, put = ask(memory, draw(facts, random.Random(5)), probes // len(KINDS), facts)
                by_kind.append(f"{kind} {answered}/{put}")
                false, asked = false + answered, asked + put
            low, high = interval(false, asked)
            seconds = time.perf_counter() - started
            print(
                f"{name}, {profile}: {false} of {asked:,} answered ({', '.join(by_kind)}); 95 % interval "
                f"{low:.2e} to {high:.2e}, bound {memory.resolved.false_answers:.0e}; {seconds:.0f} s"
            )


def tables() -> Iterator[tuple[str, Facts]]:
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    subjects, relations, answers = map(list, zip(*rows, strict=True))
    yield "enterprise", Facts(subjects, relations, answers)
    names = [f"subject {number}" for number in range(20_000)]
    yield "one relation, two answers", Facts(names, ["r"] * len(names), [str(at % 2) for at in range(len(names))])
    columns = [f"relation {number % 10}" for number in range(20_000)]
    yield "all answers equal", Facts(names, columns, ["same"] * len(names))


def ask(memory: Memory, draw: Callable[[], Pair], count: int, facts: Facts) -> tuple[int, int]:
    """Answered and asked: pairs that happen to be taught are drawn again."""
    taught = set(zip(facts.subjects, facts.relations, strict=True))
    answered = 0
    for start in range(0, count, BATCH):
        pairs: list[Pair] = []
        while len(pairs) < min(BATCH, count - start):
            pair = draw()
            if pair not in taught:
                pairs.append(pair)
        subjects, relations = zip(*pairs, strict=True)
        answered += int(memory.recall(subjects, relations).known.sum())
    return answered, count


def absent_cells(facts: Facts, draw: random.Random) -> Callable[[], Pair]:
    """A taught subject with a taught relation it has no fact of.

    Where every cell is taught, a taught subject with a relation of another name.
    """
    subjects, relations = sorted(set(facts.subjects)), sorted(set(facts.relations))
    full = len(subjects) * len(relations) == len(set(zip(facts.subjects, facts.relations, strict=True)))

    def cell() -> Pair:
        relation = draw.choice(relations)
        return draw.choice(subjects), f"{relation} {draw.randrange(10**9)}" if full else relation

    return cell


def unseen_subjects(facts: Facts, draw: random.Random) -> Callable[[], Pair]:
    relations = sorted(set(facts.relations))
    return lambda: (f"unseen {draw.getrandbits(60):x}", draw.choice(relations))


def near_misses(facts: Facts, draw: random.Random) -> Callable[[], Pair]:
    """One character of a taught subject changed to another letter or digit."""
    subjects, relations, taught = sorted(set(facts.subjects)), sorted(set(facts.relations)), set(facts.subjects)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def miss() -> Pair:
        while True:
            subject = draw.choice(subjects)
            at = draw.randrange(len(subject))
            changed = subject[:at] + draw.choice(letters) + subject[at + 1 :] + draw.choice(("", draw.choice(letters)))
            if changed not in taught and changed.upper() not in taught:
                return changed, draw.choice(relations)

    return miss


def swapped_roles(facts: Facts, draw: random.Random) -> Callable[[], Pair]:
    subjects, relations = sorted(set(facts.subjects)), sorted(set(facts.relations))
    return lambda: (draw.choice(relations), draw.choice(subjects))


KINDS = {
    "absent cells": absent_cells,
    "unseen subjects": unseen_subjects,
    "near misses": near_misses,
    "swapped roles": swapped_roles,
}

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000)
