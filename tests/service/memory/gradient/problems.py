"""Facts for networks that tests train: pairs drawn without repetition, random codes or answers."""

import numpy as np

from service.memory.gradient import Problem


def coded(facts: int, bits: int, seed: int = 0) -> Problem:
    """Every bit of every code is drawn by itself: nothing but memory helps."""
    draw = np.random.default_rng(seed)
    side = int(np.ceil(facts**0.5))
    pairs = draw.permutation(side * side)[:facts]
    signs = draw.integers(0, 2, (facts, bits)) * 2 - 1
    return Problem(pairs // side, pairs % side, signs.astype(np.int8), side, side, seed)


def answered(side: int, answers: int, *, noise: int = 0, seed: int = 0) -> Problem:
    """Every pair of `side` subjects and relations; each relation has `answers` of its own."""
    draw = np.random.default_rng(seed)
    subjects, relations = np.divmod(np.arange(side * side), side)
    targets = relations * answers + draw.integers(0, answers, side * side)
    return Problem(subjects, relations, targets, side, side, seed, noise, 8 if noise else 0)
