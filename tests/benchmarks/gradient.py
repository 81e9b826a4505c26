"""Training end to end: code bits a parameter held at 100 % after rounding to eight bits, by optimiser and shape.

Every weight is counted: q, K, V, the output map, W1 and b1. Loads are set by the weights; bits with the float16 scales
counted as parameters stand beside them. The facts are random pairs out of a square of subjects and
relations, with random codes; every fact is recalled from the rounded last weights.

Bar: 2.2 code bits a parameter (stretch 2.5).
"""

import numpy as np
import torch

from service.memory.gradient import Problem, Run, Schedule, Shape, train

SHAPES = {
    "attention alone, 4 heads of 24": Shape(32, 4, 1, 24, 0, 16),
    "hybrid, 4 heads of 16, MLP of 32": Shape(32, 4, 1, 16, 32, 16),
    "MLP-heavy, 8 heads of 6, MLP of 36": Shape(32, 8, 1, 6, 36, 16),
    "MLP-heavy, 4 heads of 6, MLP of 64": Shape(32, 4, 1, 6, 64, 16),
}
LOADS = (1.5, 2.0, 2.2, 2.5, 2.7)  # code bits a parameter
RATES = {"muon": (0.1, 0.2), "adamw": (0.01, 0.03)}
SEEDS = (0, 1, 2)
STEPS = 1000


def main() -> None:
    torch.set_num_threads(1)
    for name, shape in SHAPES.items():
        for optimiser, rates in RATES.items():
            _measure(name, shape, optimiser, rates)


def _measure(name: str, shape: Shape, optimiser: str, rates: tuple[float, ...]) -> None:
    """Seeds and rates of one load are one batch; a load that none holds ends the row."""
    print(f"{name}, {shape.parameters:,} parameters and {shape.scales} scales, {optimiser}", flush=True)
    for load in LOADS:
        facts = int(load * shape.parameters / shape.outputs)
        runs = [Run(problem(facts, shape.outputs, seed), seed, rate) for seed in SEEDS for rate in rates]
        outcomes = train(shape, runs, Schedule(steps=STEPS, optimiser=optimiser))  # type: ignore[arg-type]
        seconds = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
        shares = ", ".join(f"{outcome.stored_right / facts:.2%}" for outcome in outcomes)
        held = sum(outcome.held for outcome in outcomes)
        print(
            f"  {load} bits ({facts * shape.outputs / shape.stored:.2f} with scales): {facts} facts, "
            f"{held} of {len(runs)} hold all, {seconds:.1f} s each ({shares})",
            flush=True,
        )
        if not held:
            break


def problem(facts: int, bits: int, seed: int) -> Problem:
    draw = np.random.default_rng(seed)
    side = int(np.ceil(facts**0.5))
    pairs = draw.permutation(side * side)[:facts]
    signs = draw.integers(0, 2, (facts, bits)) * 2 - 1
    return Problem(pairs // side, pairs % side, signs.astype(np.int8), side, side, seed)
