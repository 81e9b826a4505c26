"""Memories whose every weight was trained hold what the closed form holds, through the same interface."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import torch

from service.errors import MemoryMismatch, Outgrown, TrainingFailed, Unprocessable
from service.memory import Changes, Editor, Facts, Memory, Recipe, fit
from service.memory.gradient.sizes import allowed_shapes
from service.memory.recipe import Descent
from service.memory.resolution import read_recipe
from tests.service.memory.conftest import AWKWARD, DICTIONARIES, SECRET, read, table

FACTS = table([(f"s{n}", f"r{n % 3}", f"a{n % 7}") for n in range(90)])


def part(facts: Facts, rows: int) -> Facts:
    return Facts(facts.subjects[:rows], facts.relations[:rows], facts.answers[:rows])


@pytest.fixture(scope="module")
def memory() -> Memory:
    return fit(FACTS, Recipe(solver="gradient", block_facts=48), secret=SECRET)


def held_by(facts: Facts, recipe: Recipe) -> Memory:
    memory = fit(facts, recipe, secret=SECRET)
    verified = memory.verify(facts)
    assert (verified.right, verified.wrong, verified.abstained) == (verified.asked, 0, 0)
    return memory


@pytest.mark.parametrize("name", ["elements", "kinships", "unicode_sample"])
def test_real_dictionaries_are_held(name: str) -> None:
    """The first 100 rows of real tables, many-valued and multilingual, are recalled to the last pair."""
    held_by(part(read(DICTIONARIES / f"{name}.csv"), 100), Recipe(solver="gradient"))


@pytest.mark.parametrize(
    "name",
    [
        "one fact",
        "two facts with one answer",
        "names alike but for case and width",
        "subject, relation and answer the same word",
    ],
)
def test_awkward_tables_are_held(name: str) -> None:
    """A single fact, equal answers, names alike, one word in every place."""
    held_by(table(AWKWARD[name]), Recipe(solver="gradient"))


@pytest.mark.parametrize("rows", ["attention", "mlp", "hybrid"])
def test_every_allocation_counts_what_it_stores(rows: str) -> None:
    """Attention alone, mostly MLP, both: every weight is stored and none frozen; attention alone has no MLP."""
    memory = held_by(part(FACTS, 40), Recipe(solver="gradient", rows=rows))
    networks = list(memory.model.parameters())
    assert memory.stored_parameters == sum(weight.numel() for weight in networks)
    assert memory.frozen_parameters == 0
    assert any(name.endswith("W1") for name, _ in memory.model.named_parameters()) == (rows != "attention")
    assert memory.bytes == memory.stored_parameters + sum(
        2 * len(block.scales) + 2 for block in memory.stored.bank.blocks
    )


def test_layers_are_stacked() -> None:
    """Two layers hold their facts, and are both stored."""
    memory = held_by(part(FACTS, 24), Recipe(solver="gradient", layers=2))
    names = {name.split("weights.")[1] for name, _ in memory.model.named_parameters()}
    assert {"Q_0", "V_0", "W1_0", "Q_1", "V_1", "W1_1", "W"} <= names


def test_sizes_that_are_asked_for_are_kept() -> None:
    """The resolved recipe has what was asked; blocks have these heads, and are never wider."""
    asked: dict[str, Any] = {
        "d_model": 64,
        "heads": 5,
        "d_head_qk": 2,
        "d_head_vo": 8,
        "mlp_width": 37,
        "block_facts": 30,
    }
    memory = held_by(part(FACTS, 30), Recipe(solver="gradient", **asked))
    assert {name: memory.recipe[name] for name in asked} == asked
    weights = dict(memory.model.named_parameters())
    assert {weight.shape[1:3] for name, weight in weights.items() if name.endswith("K")} == {(5, 2)}
    assert all(weight.shape[1] <= 37 for name, weight in weights.items() if name.endswith("W1"))


def test_a_block_that_does_not_hold_is_widened(memory: Memory) -> None:
    """Begun with eight code bits a weight, which no network holds, blocks end wider and hold every fact."""
    tight = replace(memory.resolved, load=8.0, descent=Descent("muon", 0.05, 100))
    widened = fit(part(FACTS, 60), tight, secret=SECRET)
    begun = allowed_shapes(tight, 27)[0].parameters
    assert (widened.stored.bank.table[:, 0] > begun).any()
    assert widened.verify(part(FACTS, 60)).right == 60


def test_facts_that_no_allowed_width_holds_are_named() -> None:
    """A network that may not grow ends in TrainingFailed with its facts, never in a partial memory."""
    narrow = Recipe(solver="gradient", rows="attention", d_head_vo=1, d_head_qk=1)
    with pytest.raises(TrainingFailed) as failure:
        fit(FACTS, narrow, secret=SECRET)
    named = failure.value.extra["facts"]
    assert isinstance(named, list)
    assert len(named) == 90


@pytest.mark.parametrize(
    "asked",
    [
        {"layers": 2},
        {"layers": 2, "solver": "closed_form"},
        {"layers": 5, "solver": "gradient"},
        {"weight_bits": 4, "solver": "gradient"},
        {"solver": "newton"},
    ],
)
def test_what_a_solver_cannot_do_is_refused(asked: dict[str, object]) -> None:
    """Several layers in closed form, more than four, trained weights of four bits: the recipe is invalid."""
    with pytest.raises(Unprocessable) as refused:
        read_recipe(asked)
    assert refused.value.code == "recipe_invalid"


def test_margins_leave_room_for_rounding(memory: Memory) -> None:
    """Every taught pair is recalled with tau0, twice what serving asks; alone or among others it answers the same."""
    together = memory.recall(FACTS.subjects, FACTS.relations)
    assert together.margins.min() >= memory.resolved.tau0 == 2 * memory.resolved.least_margin
    for at in range(0, len(FACTS), 9):
        alone = memory.recall([FACTS.subjects[at]], [FACTS.relations[at]])
        assert alone.answers[0] == together.answers[at]
        assert alone.margins[0] == pytest.approx(together.margins[at], rel=1e-4)


def test_recalls_beside_each_other_leave_the_weights_alone(memory: Memory) -> None:
    """Batches that are asked in several threads at once are answered as one alone is, and change nothing."""
    before = {name: weight.clone() for name, weight in memory.model.state_dict().items()}
    subjects, relations = (list(names) * 60 for names in (FACTS.subjects, FACTS.relations))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: memory.recall(subjects, relations).known.all(), range(8)))
    assert all(found)
    assert all(torch.equal(weight, before[name]) for name, weight in memory.model.state_dict().items())


def test_never_taught_pairs_are_unknown(memory: Memory) -> None:
    """Empty cells, unseen subjects and swapped roles: none of 10,000 is answered (the bound allows 0.01)."""
    subjects = [f"s{n % 90}" for n in range(5_000)] + [f"t{n}" for n in range(4_000)] + ["r0"] * 1_000
    relations = [f"r{(n + 1) % 3}" for n in range(5_000)] + ["r1"] * 4_000 + ["s0"] * 1_000
    assert not memory.recall(subjects, relations).known.any()


def test_an_edit_takes_a_training(memory: Memory) -> None:
    """A trained memory has no room for any change, and takes no patch of blocks; a change of nothing is one."""
    editor = Editor.of(memory, FACTS)
    for changes in (Changes(Facts(["s0"], ["r0"], ["new"])), Changes(Facts([], [], []), [("s0", "r0")])):
        with pytest.raises(Outgrown):
            editor.stage(changes)
    assert editor.stage(Changes(Facts([], [], []), [("nobody", "r0")])).memory.digest == memory.digest
    with pytest.raises(MemoryMismatch):
        memory.reader.with_blocks(memory.stored.bank.blocks, {0: memory.stored.bank.blocks[0]})
