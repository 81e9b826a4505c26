"""Verification: every pair of a table is asked of a memory, by exact names alone."""

import time
from typing import Protocol

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from numpy import ndarray

from service.facts import Facts
from service.memory.answers import AnswerTable
from service.memory.devices import one_thread_workers
from service.memory.hashing import NameHasher
from service.memory.pairs import Pairs, number_pairs
from service.memory.recall import Verified

CHUNK = {"cpu": 8_192, "cuda": 131_072}  # queries computed at once: bounds memory, on a CPU stays in the cache


class Verifiable(Protocol):
    """What a verification needs of a memory. relation_numbers: of the relations that have facts, by name."""

    device: str
    subject_hasher: NameHasher
    answer_table: AnswerTable
    relation_numbers: dict[str, int]

    def ask(
        self, digests: UInt8[ndarray, "n size"], relation: Int64[ndarray, " n"]
    ) -> tuple[Int64[ndarray, " n"], Float32[ndarray, " n"]]: ...


def verify_facts(memory: Verifiable, facts: Facts) -> Verified:
    """Recall every pair and compare; the whole set of answers has to be equal."""
    started = time.perf_counter()
    pairs = number_pairs(facts)
    position = _recall_positions(memory, pairs)
    recalled = zip(memory.answer_table.answers(position), pairs.entry.tolist(), strict=True)
    failing = [at for at, (answers, entry) in enumerate(recalled) if answers != pairs.entry_answers[entry]]
    abstained = int((position < 0).sum())
    return Verified(
        asked=len(pairs),
        right=len(pairs) - len(failing),
        wrong=len(failing) - abstained,
        abstained=abstained,
        failing=[(pairs.subjects[pairs.subject[at]], pairs.relations[pairs.relation[at]]) for at in failing],
        seconds=time.perf_counter() - started,
    )


def _recall_positions(memory: Verifiable, pairs: Pairs) -> Int64[ndarray, " pairs"]:
    """Where each pair's answers stand in the answer table, -1 unknown."""
    number = np.array([memory.relation_numbers.get(name, -1) for name in pairs.relations], dtype=np.int64)
    relation, digests = number[pairs.relation], memory.subject_hasher.digests(pairs.subjects)
    position, chunk = np.full(len(pairs), -1, dtype=np.int64), CHUNK[memory.device]

    def recall(start: int) -> None:
        asked = start + np.flatnonzero(relation[start : start + chunk] >= 0)
        position[asked], _ = memory.ask(digests[pairs.subject[asked]], relation[asked])

    with one_thread_workers(memory.device) as workers:
        list(workers.map(recall, range(0, len(pairs), chunk)))
    return position
