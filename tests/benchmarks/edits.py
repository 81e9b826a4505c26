"""Edits in process on a million facts: sequential single edits, and a thousand in one batch, beside a full training.

Bars: every edit held and every other fact unchanged at the end, under 100 KB an edit, a thousand edits in one batch in
less than a tenth of a full training.
"""

import random
import statistics
import sys
import time

from service.memory import Changes, Editor, Facts, Memory, Recipe, fit
from service.memory.recall import Answers, answer_sets
from tests.benchmarks import million
from tests.benchmarks.engine import SECRET, to_facts

NONE = Facts([], [], [])
Truth = dict[tuple[str, str], Answers]


def main(edits: int = 20_000, profile: str = "fast") -> None:
    facts = to_facts(million.make_rows())
    started = time.perf_counter()
    memory = fit(facts, Recipe(profile=profile), secret=SECRET)
    training = time.perf_counter() - started
    started = time.perf_counter()
    editor = Editor.of(memory, facts)
    print(f"{profile}: training {training:.1f} s, editor {time.perf_counter() - started:.1f} s")
    truth = answer_sets(facts)
    single(editor, truth, edits)
    batch(editor, truth, training)
    started = time.perf_counter()
    fresh = fit(_facts(truth), memory.resolved, secret=SECRET)
    print(f"digest equals a training with the same recipe: {fresh.digest == editor.memory.digest}")


def single(editor: Editor, truth: Truth, edits: int) -> None:
    """A third each: another answer, a deletion, a new subject."""
    draw, pairs = random.Random(1), sorted(truth)
    taken, sizes = [], []
    for number in range(edits):
        changes = _change(truth, draw.choice(pairs), number)
        started = time.perf_counter()
        staged = editor.stage(changes)
        editor.accept(staged)
        taken.append((time.perf_counter() - started) * 1000)
        sizes.append(len(staged.patch))
    cuts = statistics.quantiles(taken, n=100)
    print(
        f"{edits} single edits: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms, most "
        f"{max(taken):.0f} ms; patch {statistics.mean(sizes) / 1000:.1f} kB on average, {max(sizes) / 1000:.1f} at most"
    )
    _check(editor.memory, truth)


def batch(editor: Editor, truth: Truth, training: float) -> None:
    pairs = random.Random(2).sample(sorted(truth), 1_000)
    new: Truth = {pair: (f"batch {at % 50}",) for at, pair in enumerate(pairs)}
    started = time.perf_counter()
    staged = editor.stage(Changes(_facts(new)))
    editor.accept(staged)
    taken = time.perf_counter() - started
    truth.update(new)
    print(
        f"1,000 edits in one batch: {taken:.2f} s, {staged.blocks} blocks, "
        f"{taken / training:.3f} of a training (bar 0.1)"
    )
    _check(editor.memory, truth)


def _change(truth: Truth, pair: tuple[str, str], number: int) -> Changes:
    if number % 3 == 0 or pair not in truth:
        truth[pair] = (f"edit {number % 40}",)
        return Changes(_facts({pair: truth[pair]}))
    if number % 3 == 1:
        del truth[pair]
        return Changes(NONE, [pair])
    new = f"new subject {number}", pair[1]
    truth[new] = truth[pair]
    return Changes(_facts({new: truth[new]}))


def _check(memory: Memory, truth: Truth) -> None:
    verified = memory.verify(_facts(truth))
    print(f"  {verified.right} of {verified.asked} pairs right")


def _facts(truth: Truth) -> Facts:
    return to_facts([(subject, relation, answer) for (subject, relation), held in truth.items() for answer in held])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, sys.argv[2] if len(sys.argv) > 2 else "fast")
