"""1,024 facts of the reference's sizes (S = R = 32, D = 8), in few parameters, on an easier task than the reference's.

Of each sequence (T = 32 with 29 noise tokens) the network gets subject and relation alone: noise is masked by type, so
that the 20 draws in which every fact is asked are equal by construction. And each relation's pool of eight answers is
given: what is read out is the answer's number in it, three bits under the pad of the pair, without check bits; 3,072
code bits. Weights are rounded to int8; their float16 scales are counted as parameters are.

    closed form   the read-out is stored, q, K, V, W1 and b1 are drawn from a seed
    end to end    every weight is trained and stored

Bars: 100 % in fewer than 4,000 stored parameters, at least 0.5 facts a parameter in closed form, 2.2 code bits a
parameter end to end (stretch 2.5).
"""

from dataclasses import replace

import numpy as np
import torch

from service.laboratory.synthetic import factual_recall
from service.laboratory.tables import Table
from service.laboratory.targets import make_problem, make_targets, make_tokens
from service.memory.gradient import Problem, Run, Schedule, Shape, Weights, facts_right, train
from service.memory.measuring import FrozenNetwork, optimal_weights
from tests.benchmarks.exhaustive import DRAWS, NoisyRecall, draw_sequences, mask, recall_behind_mask

BITS = 3
SEEDS = (0, 1, 2)
WIDTH, ADMM_STEPS, RIDGE = 640, 400, 1e-2
END_TO_END = Shape(16, 4, 1, 4, 51, BITS)
STRETCH = Shape(16, 4, 1, 4, 42, BITS)


def main() -> None:
    torch.set_num_threads(1)
    for seed in SEEDS:
        measure_closed_form(factual_recall(seed=seed), seed)
    for shape, steps in ((END_TO_END, 1000), (STRETCH, 4000)):
        measure_end_to_end(shape, steps)


def measure_closed_form(table: Table, seed: int) -> None:
    """One block over frozen features; stored are its weights and a scale for each bit."""
    network, targets = FrozenNetwork("hybrid", WIDTH, seed), make_targets(table, BITS, seed)
    vectors = make_tokens(np.arange(table.n_subjects + table.n_relations), network.d_model, seed)
    pairs = vectors[table.subjects], vectors[table.n_subjects + table.relations]
    weights = optimal_weights(network.features(*pairs), targets, ADMM_STEPS, RIDGE)
    report("closed form", recall_behind_mask(network, vectors, table, targets, weights), WIDTH * BITS + BITS)


def measure_end_to_end(shape: Shape, steps: int) -> None:
    """Three networks in one batch; masked sequences hold subject and relation alone."""
    tables = [factual_recall(seed=seed) for seed in SEEDS]
    runs = [
        Run(make_problem(table, BITS, shape.d_model, seed), seed, 0.1)
        for seed, table in zip(SEEDS, tables, strict=True)
    ]
    for run, table, outcome in zip(runs, tables, train(shape, runs, Schedule(steps=steps)), strict=True):
        report("end to end", recall_masked(shape, run.problem, table, outcome.weights), shape.stored)


def recall_masked(shape: Shape, learned: Problem, table: Table, weights: Weights) -> NoisyRecall:
    """What typed masking leaves of every sequence is what the network is asked."""
    found = []
    for draw in range(1, DRAWS + 1):
        subjects, relations = mask(draw_sequences(table, draw), table)
        asked = replace(learned, subjects=subjects, relations=relations)
        found.append(facts_right(shape, asked, weights, weight_bits=8))
    each = np.stack(found)
    return NoisyRecall(each.shape[1], each.sum(axis=1).tolist(), int(each.all(axis=0).sum()))


def report(name: str, recalled: NoisyRecall, parameters: int) -> None:
    bits = recalled.facts * BITS / parameters
    print(
        f"{name}: {recalled.always} of {recalled.facts} facts right in all {len(recalled.right)} draws, "
        f"{parameters:,} stored parameters with their scales, {recalled.facts / parameters:.3f} facts "
        f"and {bits:.2f} code bits a parameter",
        flush=True,
    )


if __name__ == "__main__":
    main()
