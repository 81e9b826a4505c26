"""Trials of what a memory costs: parts of a dictionary trained as they would be in use, and asked."""

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

from service.errors import TrainingFailed
from service.laboratory.bench import Result, Trial
from service.laboratory.parts import sampled
from service.memory import Facts, Memory, Recipe, fit

Profile = Literal["fast", "compact"]
PROFILES: tuple[Profile, ...] = ("fast", "compact")
SINGLES, BATCH, BATCHES = 300, 10_000, 3
FACTOR, SIZES, SMALLEST = 4, 5, 64


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a memory that holds `facts` facts in `pairs` pairs. seconds: of training and verifying, by the clock;
    core_seconds: of all cores together. single_ms, single_p99_ms: a recall by itself, half and 99 of 100 of them within
    that; batch_rate: recalls a second in large batches. All in process. parameters: stored weights and their scales;
    bytes: of the bank, bytes_total: with answers and names.
    """

    facts: int
    pairs: int
    right: int
    weight_bits: int
    parameters: int
    bytes: int
    bytes_total: int
    seconds: float
    core_seconds: float
    single_ms: float
    single_p99_ms: float
    batch_rate: float

    @property
    def figures(self) -> dict[str, float | int]:
        """Of a row."""
        each = {"bytes_per_fact": self.bytes / self.facts, "bytes_total_per_fact": self.bytes_total / self.facts}
        shares = {"recall": self.right / self.pairs} | each
        return {name: value for name, value in asdict(self).items() if name not in ("pairs", "right")} | shares


@dataclass(frozen=True, slots=True)
class Costing:
    """What is trained: facts, whose digest is the table's; false_answers of the recipe; device."""

    facts: Facts
    table: str
    false_answers: float
    device: str
    seed: int

    @property
    def sizes(self) -> list[int]:
        """Up to five sizes in steps of four, the smallest first, the last one all facts."""
        sizes = (len(self.facts) // FACTOR**step for step in range(SIZES))
        return sorted({size for size in sizes if size >= SMALLEST} | ({len(self.facts)} if len(self.facts) else set()))

    def trial(self, facts: int, profile: Profile) -> Trial:
        """What this many of the facts cost, drawn by the seed."""
        what = {"table": self.table, "facts": facts, "profile": profile, "false_answers": self.false_answers}
        key = {"kind": "budget", "seed": self.seed, "device": self.device, **what}
        return Trial(key, partial(self._work, facts, profile))

    def _work(self, facts: int, profile: Profile) -> Result:
        part = sampled(self.facts, facts, self.seed)
        secret = hashlib.sha256(f"budget {self.seed}".encode()).digest()
        began, began_cores = time.perf_counter(), time.process_time()
        recipe = Recipe(profile=profile, false_answers=self.false_answers, seed=self.seed)
        try:
            memory = fit(part, recipe, secret=secret, device=self.device)
        except TrainingFailed:
            return {}
        seconds, core_seconds = time.perf_counter() - began, time.process_time() - began_cores
        return asdict(_cost(memory, part, seconds, core_seconds))


def cost_of(result: Result) -> Cost | None:
    """None where the facts could not be held."""
    return Cost(**result) if result else None


def _cost(memory: Memory, facts: Facts, seconds: float, core_seconds: float) -> Cost:
    verified = memory.verify(facts)
    singles = _singles(memory, facts)
    resolved = memory.resolved
    return Cost(
        facts=memory.facts,
        pairs=memory.pairs,
        right=verified.right,
        weight_bits=resolved.weight_bits,
        parameters=memory.stored_parameters + memory.stored_scales,
        bytes=memory.bytes,
        bytes_total=memory.bytes_total,
        seconds=seconds,
        core_seconds=core_seconds,
        single_ms=singles[len(singles) // 2],
        single_p99_ms=singles[math.ceil(0.99 * len(singles)) - 1],
        batch_rate=_batch_rate(memory, facts),
    )


def _singles(memory: Memory, facts: Facts) -> list[float]:
    """Milliseconds of single recalls, sorted; the first ones do not count."""
    taken = []
    for at in range(SINGLES + SINGLES // 10):
        fact = at * 7919 % len(facts)
        began = time.perf_counter()
        memory.recall([facts.subjects[fact]], [facts.relations[fact]])
        taken.append(1000 * (time.perf_counter() - began))
    return sorted(taken[SINGLES // 10 :])


def _batch_rate(memory: Memory, facts: Facts) -> float:
    """Recalls a second in batches of 10,000, or of all facts where there are fewer."""
    asked: list[Sequence[str]] = [column[:BATCH] for column in (facts.subjects, facts.relations)]
    taken = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        memory.recall(*asked)
        taken.append(time.perf_counter() - began)
    return len(asked[0]) / sorted(taken)[BATCHES // 2]
