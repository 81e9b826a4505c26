"""A resolved recipe, sent back: what it shows is what is taken, and what contradicts itself is refused."""

import json
import random
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.errors import FactStoreError, TrainingFailed, Unavailable, Unprocessable
from service.memory import Facts, Memory, Recipe, Resolved, fit, read_recipe, reopened
from service.memory.resolution import resolve
from tests.service.memory.conftest import SECRET, table

SOLVERS = [{}, {"profile": "compact"}, {"solver": "gradient", "block_facts": 16}]
ROWS = [(f"s{n}", f"r{n % 3}", f"a{n % 7}") for n in range(24)]

_SIZES = {
    "heads": st.none() | st.integers(4, 16),
    "d_head_qk": st.none() | st.integers(1, 8),
    "d_head_vo": st.none() | st.integers(1, 20),
    "mlp_width": st.none() | st.integers(16, 128),
    "d_model": st.none() | st.sampled_from([32, 64, 128, 512]),
    "block_facts": st.none() | st.integers(16, 512),
    "rows": st.sampled_from(["attention", "mlp", "hybrid"]),
    "profile": st.sampled_from(["fast", "compact"]),
    "false_answers": st.floats(1e-9, 0.5),
    "seed": st.integers(0, 2**32 - 1),
}
RECIPES = st.builds(Recipe, weight_bits=st.sampled_from([None, 2, 4, 8]), **_SIZES) | st.builds(
    Recipe, solver=st.just("gradient"), layers=st.integers(1, 4), **_SIZES
)
COUNTS = st.dictionaries(
    st.binary(min_size=16, max_size=16), st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=9
)


@pytest.fixture(scope="module", params=SOLVERS, ids=["fast", "compact", "gradient"])
def memory(request: pytest.FixtureRequest) -> Memory:
    return fit(table(ROWS), Recipe(**request.param), secret=SECRET)


def shown(memory: Memory) -> dict[str, Any]:
    """The memory's recipe as it comes over the wire."""
    document: dict[str, Any] = json.loads(json.dumps(memory.recipe))
    return document


def as_another_program_writes_it(value: Any) -> Any:
    """Keys in another order, and whole numbers without their point, as JavaScript has them."""
    if isinstance(value, dict):
        return {name: as_another_program_writes_it(value[name]) for name in sorted(value, reverse=True)}
    if isinstance(value, list):
        return [as_another_program_writes_it(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@given(RECIPES, COUNTS, st.integers(1, 10**6))
def test_a_resolved_recipe_is_resolved_to_itself(
    recipe: Recipe, counts: dict[bytes, tuple[int, int]], subjects: int
) -> None:
    """Read back from JSON, whoever wrote it, it is equal; opened again, it is resolved to itself for the same facts."""
    width = 4 if recipe.d_model == 512 else 1  # names of relations have as many digits as tokens want
    pairs = {name.hex() * width: max(held) for name, held in counts.items()}
    answers = {name.hex() * width: min(held) for name, held in counts.items()}
    try:
        resolved = resolve(recipe, pairs, answers, subjects, "cpu")
    except Unprocessable:
        assume(False)
    document = json.loads(json.dumps(resolved.to_json()))
    assert read_recipe(document) == read_recipe({"descent": None} | document) == resolved
    again = read_recipe(as_another_program_writes_it(document))
    assert isinstance(again, Resolved)
    assert json.dumps(again.to_json(), sort_keys=True) == json.dumps(document, sort_keys=True)
    opened = read_recipe(reopened({"descent": None} | document))
    assert isinstance(opened, Recipe)
    assert resolve(opened, pairs, answers, subjects, "cpu") == resolved


@settings(max_examples=12)
@given(
    st.lists(st.tuples(*[st.sampled_from("abcdefgh")] * 3), min_size=1, max_size=40),
    st.fixed_dictionaries(
        {"profile": st.sampled_from(["fast", "compact"]), "rows": st.sampled_from(["attention", "mlp", "hybrid"])},
        optional={
            "seed": st.integers(0, 9),
            "block_facts": st.integers(16, 64),
            "weight_bits": st.sampled_from([4, 8]),
        },
    ),
    st.randoms(use_true_random=False),
)
def test_any_table_is_trained_again_to_its_digest(
    rows: list[tuple[str, str, str]], recipe: dict[str, Any], order: random.Random
) -> None:
    """Shuffled facts by the recipe that the memory shows give the same digest and show the same recipe."""
    first = fit(table(rows), recipe, secret=SECRET)
    order.shuffle(rows)
    again = fit(table(rows), as_another_program_writes_it(shown(first)), secret=SECRET)
    assert (again.digest, again.recipe) == (first.digest, first.recipe)


def test_both_solvers_take_their_recipes_back(memory: Memory) -> None:
    """The digest is that of the first training; with another secret the relations are strangers."""
    assert fit(table(ROWS), shown(memory), secret=SECRET).digest == memory.digest
    with pytest.raises(TrainingFailed, match="does not know 3 of the relations"):
        fit(table(ROWS), shown(memory), secret=bytes(32))


def test_half_of_a_resolved_recipe_is_refused(memory: Memory) -> None:
    """Whichever single field is left out is named; what is kept of the rest alone is named as what to leave out."""
    whole = shown(memory)
    for name in whole.keys() - {"descent"}:
        half = {field: value for field, value in whole.items() if field != name}
        with pytest.raises(
            Unprocessable, match=rf"half of a resolved recipe: {name} is missing\. Send every"
        ) as refused:
            read_recipe(half)
        assert refused.value.code == "recipe_invalid"
    with pytest.raises(Unprocessable, match=r"or leave out load, k$"):
        read_recipe({"load": 0.88, "k": 1})


def contradictions(whole: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Changes of single fields, by the words that refuse them."""
    relations, groups = whole["relation_bits"], whole["groups"]
    short = {name: bits for name, bits in relations.items() if name != min(relations)}
    return {
        "k must be": {"k": whole["k"] + 1},
        "k must be ": {"groups": [{**groups[0], "blocks": 1000}]},
        "groups.0.blocks": {"groups": [{**groups[0], "blocks": 2**22 + 1}]},
        "code lengths of relation_bits": {"groups": [{**groups[0], "code_bits": groups[0]["code_bits"] + 1}]},
        "code lengths of relation_bits, each": {"relation_bits": {**relations, min(relations): 20}},
        "relation_bits must name": {"relation_bits": {**short, min(relations) + "00": relations[min(relations)]}},
        "check_bits must be at least 30": {"false_answers": 1e-9},
        "shorter than its check_bits": {"check_bits": 60},
        "answer_pages must be a power of two": {"answer_pages": 3},
        "name_pages must be a power of two": {"name_pages": 6},
        "device": {"device": "tpu"},
        "load": {"load": 0},
        "tau0": {"tau0": float("nan")},
        "admm_steps": {"admm_steps": 10**9},
        "relation_bits.": {"relation_bits": {"size": 20}},
        "unheard_of": {"unheard_of": 1},
    }


@pytest.mark.parametrize("case", range(16))
def test_fields_that_contradict_each_other_are_refused(memory: Memory, case: int) -> None:
    """By name, as recipe_invalid, before anything is trained."""
    words, change = list(contradictions(shown(memory)).items())[case]
    with pytest.raises(Unprocessable, match=words.strip()) as refused:
        fit(table(ROWS), shown(memory) | change, secret=SECRET)
    assert refused.value.code == "recipe_invalid"


@pytest.mark.parametrize(
    ("asked", "change", "words"),
    [
        ({}, {"admm_steps": 40}, "admm_steps must not be above 0"),
        ({}, {"weight_bits": 2}, "ridge must not be above 0"),
        ({}, {"profile": "compact"}, "admm_steps must be above 0"),
        ({}, {"ridge": 1e-300}, "ridge must be at least"),
        ({}, {"layers": 2}, "layers must be 1"),
        ({}, {"solver": "gradient"}, "descent is missing"),
        ({}, {"descent": {"optimiser": "muon", "rate": 0.05, "steps": 4}}, "descent must be left out"),
        ({}, {"d_model": 512, "relation_bits": {"ab" * 64: 27}, "d_head_vo": 512, "heads": 64}, "exact arithmetic"),
        ({"solver": "gradient"}, {"ridge": 0.1}, "ridge must be 0"),
        ({"solver": "gradient"}, {"weight_bits": 4}, "weight_bits must be null or 8"),
        ({"solver": "gradient"}, {"solver": "closed_form"}, "must"),
        ({"solver": "gradient"}, {"heads": 64, "d_head_qk": 256}, "more than 65535 weights"),
    ],
)
def test_figures_of_another_solver_are_refused(asked: dict[str, Any], change: dict[str, Any], words: str) -> None:
    """What one way of making blocks reads must be there for it, and what it does not read must not."""
    whole = resolve(Recipe(**asked), {"ab" * 16: 24}, {"ab" * 16: 7}, 24, "cpu").to_json()
    with pytest.raises(Unprocessable, match=words):
        read_recipe(whole | change)


def test_facts_without_room_end_the_training_in_words(memory: Memory) -> None:
    """More answers than the codes have room for, a relation that is new, blocks too full for the network: nothing is
    made, and the problem says why.
    """
    room = 1 << (max(memory.resolved.relation_bits.values()) - memory.resolved.check_bits)
    cases: dict[str, Facts] = {
        "1 of the relations have more answers": table([(f"s{n}", "r0", f"a{n}") for n in range(room + 1)]),
        "does not know 1 of the relations": table([*ROWS, ("s", "new", "a")]),
        "no allowed width can hold": table([(f"s{n}", "r0", f"a{n % 7}") for n in range(40_000)]),
    }
    for words, facts in cases.items():
        with pytest.raises(TrainingFailed, match=words) as failed:
            fit(facts, shown(memory), secret=SECRET)
        assert failed.value.code == "training_failed"


def test_a_device_that_is_not_here_is_unavailable(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe for CUDA is refused where PyTorch sees none, and where this machine is told to compute on its CPU."""
    recipe = shown(memory) | {"device": "cuda"}
    for present, device in ((False, "auto"), (True, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda here=present: here)
        with pytest.raises(Unavailable, match="resolved for cuda") as refused:
            fit(table(ROWS), recipe, secret=SECRET, device=device)
        assert isinstance(refused.value, FactStoreError)


def test_blocks_are_bounded_over_all_groups() -> None:
    """Each group within its bound, all of them beyond it: no training that fills the machine begins."""
    whole = resolve(Recipe(), {"ab" * 16: 24, "cd" * 16: 900}, {"ab" * 16: 7, "cd" * 16: 900}, 24, "cpu").to_json()
    assert len(whole["groups"]) == 2
    with pytest.raises(Unprocessable, match="no more than 4194304 blocks"):
        read_recipe(whole | {"groups": [{**group, "blocks": 2**22} for group in whole["groups"]]})
