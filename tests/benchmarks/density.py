"""Measure what a stored byte of the bank holds on whole tables: code bits, bits of answers and bytes a fact, with every
pair recalled. Bytes a fact in all, with the answers and names that answering needs, are shown next to it.

Bars: `compact` at least 2.2 code bits a stored byte (2.6 hoped for) on every table, weights, scales and block table
counted; at most 12 bytes a fact on the enterprise table, at false answers of 1e-6.

    python -m tests.benchmarks.density [FOLDER ...]
"""

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from service.memory import Facts, Recipe, fit
from service.memory.pairs import number_pairs
from tests.benchmarks.dictionaries import FOLDERS, read
from tests.benchmarks.engine import SECRET

RECIPES = {
    "compact": Recipe(profile="compact"),
    "compact, four bits": Recipe(profile="compact", weight_bits=4),
    "compact, eight bits": Recipe(profile="compact", weight_bits=8),
    "fast": Recipe(),
}
FEWEST = 1_000
"""Facts below which a table fills few blocks."""


def main(folders: Sequence[Path] = FOLDERS) -> None:
    for path in (path for folder in folders for path in sorted(folder.glob("*.csv"))):
        facts = _facts(path)
        if len(facts) < FEWEST:
            continue
        print(f"{path.stem}: {len(facts):,} facts, {_information(facts):.2f} bits of answers a pair")
        for name, recipe in RECIPES.items():
            _measure(name, facts, recipe)


def _measure(name: str, facts: Facts, recipe: Recipe) -> None:
    began, began_cores = time.perf_counter(), time.process_time()
    memory = fit(facts, recipe, secret=SECRET)
    seconds, cores = time.perf_counter() - began, time.process_time() - began_cores
    verified = memory.verify(facts)
    bits = memory.code_bits_total / memory.bytes
    useful = _information(facts) * memory.pairs / memory.bytes
    print(
        f"  {name}: {memory.bytes / memory.facts:.2f} bytes of the bank a fact, {bits:.3f} code bits and {useful:.3f} "
        f"bits of answers a stored byte of it, {verified.right:,} of {verified.asked:,} pairs right, "
        f"{seconds:.1f} s ({cores:.1f} core s), {memory.bytes_total / memory.facts:.2f} bytes a fact in all"
    )


def _facts(path: Path) -> Facts:
    rows = [(*pair, answer) for pair, answers in read(path).items() for answer in sorted(answers)]
    return Facts(*(list(column) for column in zip(*rows, strict=True))) if rows else Facts([], [], [])


def _information(facts: Facts) -> float:
    """log2 of the distinct answers (sets of answers) of a pair's relation, on average over pairs."""
    pairs = number_pairs(facts)
    distinct = [0] * len(pairs.relations)
    for relation in pairs.entry_relation.tolist():
        distinct[relation] += 1
    return sum(math.log2(distinct[relation]) for relation in pairs.relation.tolist()) / len(pairs)


if __name__ == "__main__":
    main(list(map(Path, sys.argv[1:])) or FOLDERS)
