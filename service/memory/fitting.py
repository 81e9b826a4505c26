"""Training: facts to a verified memory.

names -> hashes -> routes to blocks -> codes XOR pads -> blocks, solved or trained, as stored -> verify
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import Outgrown, TrainingFailed
from service.facts import Facts, Ints
from service.memory.bank import Bank, Block
from service.memory.block_inputs import BlocksNotHeld, Progress, Work
from service.memory.devices import choose_device, one_thread_workers, resolved_for
from service.memory.hashing import Keyring
from service.memory.memory import Memory
from service.memory.plan import Plan
from service.memory.recipe import Recipe, Resolved
from service.memory.resolution import read_recipe
from service.memory.solvers import solver_of
from service.memory.verification import CHUNK


def fit(
    facts: Facts,
    recipe: Recipe | Resolved | Mapping[str, Any] | None = None,
    *,
    secret: bytes,
    device: str = "auto",
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Memory:
    """Train a memory that recalls every fact, or raise TrainingFailed with the facts it cannot hold.

    A resolved recipe is taken as it is, also in the form that `Memory.recipe` shows: the same facts and secret then
    give the same digest. Raises TrainingFailed where it has no room for the facts, Unprocessable where it contradicts
    itself, Unavailable where it was resolved for a device that is not here. `progress` is called with the fraction done
    and a step, and may raise to stop; called again with the same folder `checkpoint`, a training end to end goes on
    where it was stopped. What is kept there holds traces of facts, and the caller has to remove it.
    """
    if isinstance(recipe, Mapping):
        recipe = read_recipe(recipe)
    if not len(facts) and not isinstance(recipe, Resolved):
        raise TrainingFailed("there are no facts to train on", facts=[])
    report = progress or _unreported
    report(0.0, "hashing names")
    plan = _plan(facts, recipe or Recipe(), Keyring(secret), device)
    with one_thread_workers(plan.recipe.device) as workers:
        work = Work(workers, _part_of_progress(report, 0.05, 0.9), plan.keyring, checkpoint)
        bank = Bank(plan.recipe, _make_blocks(plan, work))
        memory = Memory(plan.stored(bank, len(facts)), plan.keyring, plan.recipe.device)
        report(0.9, "verifying every pair")
        _verify_pairs(plan, memory, workers)
    report(1.0, "verified")
    return memory


def _plan(facts: Facts, recipe: Recipe | Resolved, keyring: Keyring, device: str) -> Plan:
    if isinstance(recipe, Recipe):
        return Plan.of(facts, recipe, keyring, choose_device(device))
    resolved_for(recipe.device, device)
    try:
        return Plan.of(facts, recipe, keyring, recipe.device)
    except Outgrown as outgrown:
        message = f"the resolved recipe has no room for these facts: {outgrown.detail}"
        raise TrainingFailed(message, facts=[]) from outgrown


def _unreported(_fraction: float, _step: str) -> None:
    pass


def _part_of_progress(report: Progress, low: float, high: float) -> Progress:
    return lambda fraction, step: report(low + (high - low) * fraction, step)


def _make_blocks(plan: Plan, work: Work) -> list[Block]:
    try:
        return solver_of(plan.recipe).blocks(plan.recipe, plan.block_inputs(), work)
    except BlocksNotHeld as unheld:
        starts = plan.starts
        positions = [at for block in unheld.blocks.tolist() for at in range(starts[block], starts[block + 1])]
        message = f"{len(positions)} facts are in blocks that no allowed width can hold"
        raise TrainingFailed(message, facts=plan.named(positions)) from unheld


def _verify_pairs(plan: Plan, memory: Memory, workers: ThreadPoolExecutor) -> None:
    """Recall every pair from the weights as stored; TrainingFailed names those that do not come back."""
    expected = memory.answer_table.find(memory.answer_table.keys(plan.entry_relation, plan.codes))
    chunk = CHUNK[memory.device]

    def check(start: int) -> Ints:
        part = slice(start, start + chunk)
        found, _ = memory.ask(plan.subject_digests[plan.subject[part]], plan.relation[part])
        return start + np.flatnonzero(found != expected[plan.entry[part]])

    starts = range(0, len(plan.entry), chunk)
    failing = np.concatenate([np.empty(0, np.int64), *workers.map(check, starts)])
    if len(failing):
        raise TrainingFailed(f"{len(failing)} facts cannot be held", facts=plan.named(failing.tolist()))
