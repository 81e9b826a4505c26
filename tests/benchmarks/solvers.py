"""Closed form against training end to end: 20,000 facts (2,000 subjects x 10 relations, 1,000 answers), times to 100 %
and bytes a fact.

    fast, compact    the kit's memory in closed form, int8 and fewer bits; with check bits for 1e-6 false answers
    without checks   the same read-out with codes of 10 bits, no check bits: what it takes to tell the answers apart
    gradient         the kit's memory with solver="gradient": the same blocks and codes, every weight trained
    one network      the papers' recipe: attention and MLP, soft-max over the answers, AdamW, a rate that falls to 0

Bytes are those of weights and scales; answer strings cost every row the same and are not counted. The last row has no
check bits: it answers every question.

    python -m tests.benchmarks.solvers [STEPS OF THE ONE NETWORK]
"""

import sys
import time

import numpy as np
import torch

from schemas.experiments import Task
from service.errors import TrainingFailed
from service.laboratory.synthetic import to_facts
from service.laboratory.tables import Table
from service.laboratory.targets import make_pair_tokens, make_targets
from service.memory import Recipe, fit
from service.memory.gradient import Problem, Run, Schedule, Shape, train
from service.memory.measuring import FrozenNetwork, facts_held_at_int8, optimal_weights

SUBJECTS, RELATIONS, ANSWERS = 2_000, 10, 1_000
SECRET = bytes(range(32))
CODE_BITS = 10
BLOCKS, WIDTH = 80, 176
NETWORKS = {"196,608": Shape(128, 8, 16, 16, 510, ANSWERS, readout="answers"),
            "131,072": Shape(128, 8, 8, 8, 382, ANSWERS, readout="answers")}  # fmt: skip
RATE, BATCH = 3e-3, 1_000


def main(steps: int = 3_000) -> None:
    table = random_facts()
    best = min(measure_kit(table, Recipe(profile=profile), profile) for profile in ("fast", "compact"))
    measure_kit(table, Recipe(solver="gradient"), "gradient")
    measure_without_checks(table)
    for shape in NETWORKS.values():
        measure_one_network(table, shape, steps, best)


def random_facts(seed: int = 0) -> Table:
    """Every subject with every relation; any of the answers, each as likely."""
    subjects, relations = (side.ravel() for side in np.indices((SUBJECTS, RELATIONS)))
    answers = np.random.default_rng(seed).integers(ANSWERS, size=len(subjects))
    return Table(Task.SYNTHETIC, subjects, relations, answers, SUBJECTS, RELATIONS, ANSWERS)


def measure_kit(table: Table, recipe: Recipe, name: str) -> float:
    """Seconds from names to a verified memory, which holds every fact or is none."""
    start = time.perf_counter()
    try:
        memory = fit(to_facts(table), recipe, secret=SECRET)
    except TrainingFailed as failed:
        print(f"{name}: {failed}", flush=True)
        return float("inf")
    seconds = time.perf_counter() - start
    print(
        f"{name}: 100 % after {seconds:.2f} s, {memory.stored_parameters / len(table):.2f} weights "
        f"and {memory.bytes / len(table):.2f} bytes a fact",
        flush=True,
    )
    return seconds


def measure_without_checks(table: Table) -> None:
    """Blocks of 250 facts whose codes tell answers apart and nothing else, at int8."""
    start, right = time.perf_counter(), 0
    network = FrozenNetwork("hybrid", WIDTH)
    targets, (subjects, relations) = make_targets(table, CODE_BITS, 0), make_pair_tokens(table, network.d_model, 0)
    for block in np.array_split(np.random.default_rng(0).permutation(len(table)), BLOCKS):
        features = network.features(subjects[block], relations[block])
        right += int(facts_held_at_int8(features, targets[block], optimal_weights(features, targets[block])).sum())
    size = BLOCKS * (WIDTH + 2) * CODE_BITS / len(table)
    seconds = time.perf_counter() - start
    print(
        f"without checks: {right:,} of {len(table):,} right after {seconds:.2f} s, {size:.2f} bytes a fact", flush=True
    )


def measure_one_network(table: Table, shape: Shape, steps: int, closed_form: float) -> None:
    problem = Problem(table.subjects, table.relations, table.answers, SUBJECTS, RELATIONS)
    schedule = Schedule(steps=steps, optimiser="adamw", batch=BATCH, check_every=100, weight_bits=8, aware=0.0)
    outcome = train(shape, [Run(problem, 0, RATE)], schedule)[0]
    print(
        f"one network of {shape.parameters:,} parameters: {outcome.right:,} right as float32, "
        f"{outcome.stored_right:,} as int8, after {outcome.steps} steps and {outcome.seconds:.1f} s, "
        f"{outcome.seconds / closed_form:.0f} times the closed form; "
        f"{4 * shape.parameters / len(table):.2f} bytes a fact as float32, "
        f"{(shape.parameters + 2 * shape.scales) / len(table):.2f} as int8 with float16 scales",
        flush=True,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*map(int, sys.argv[1:]))
