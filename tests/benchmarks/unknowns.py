"""False answers: three million never-taught pairs, of four kinds, asked of each of three tables.

Bar: within the stated bound (1e-6 a probe): the 95 % interval of what was measured must not lie above it.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pilot.checks.probes import Probes
from pilot.statistics import interval
from service.memory import Facts, Memory, Recipe, fit

SECRET = bytes(range(32))
BATCH = 50_000
Pair = tuple[str, str]
SAMPLE = Path(__file__).parents[2] / "sample_dictionaries" / "enterprise_ja.csv"


def main(count: int = 3_000_000) -> None:
    for name, facts in tables():
        kinds = make_probes(facts, count)
        for profile in ("fast", "compact"):
            memory = fit(facts, Recipe(profile=profile), secret=SECRET)
            answered = {kind: ask(memory, probes) for kind, probes in kinds.items()}
            false, asked = sum(answered.values()), sum(map(len, kinds.values()))
            low, high = interval(false, asked)
            by_kind = ", ".join(f"{kind} {answered[kind]}/{len(probes):,}" for kind, probes in kinds.items())
            print(
                f"{name}, {profile}: {false} of {asked:,} answered ({by_kind}); 95 % interval {low:.2e} to {high:.2e}, "
                f"bound {memory.resolved.false_answers:.0e}",
                flush=True,
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


def ask(memory: Memory, probes: Sequence[Pair]) -> int:
    """Count the probes that are answered."""
    answered = 0
    for start in range(0, len(probes), BATCH):
        subjects, relations = zip(*probes[start : start + BATCH], strict=True)
        answered += int(memory.recall(subjects, relations).known.sum())
    return answered


def make_probes(facts: Facts, count: int) -> dict[str, list[Pair]]:
    """Make the pilot's four kinds of probes in equal numbers; where the table allows fewer, unseen subjects make up."""
    pairs = list(dict.fromkeys(zip(facts.subjects, facts.relations, strict=True)))
    probes = Probes(pairs, set(pairs), seed=5)
    kinds = {name: draw(count // 4) for name, draw in probes.kinds().items() if name != "unseen_subjects"}
    return kinds | {"unseen_subjects": probes.unseen_subjects(count - sum(map(len, kinds.values())))}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000)
