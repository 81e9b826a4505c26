"""What a trained memory answers."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from service.errors import TrainingFailed
from service.memory import ExactTable, Facts, Recipe, fit
from tests.examples import examples
from tests.service.memory.conftest import AWKWARD, DICTIONARIES, SAMPLES, SECRET, read, table


def held_by(facts: Facts, recipe: Recipe) -> None:
    memory = fit(facts, recipe, secret=SECRET)
    verified = memory.verify(facts)
    assert (verified.right, verified.wrong, verified.abstained) == (verified.asked, 0, 0)


@pytest.mark.parametrize("profile", ["fast", "compact"])
@pytest.mark.parametrize("name", AWKWARD)
def test_every_shape_of_table_is_held(name: str, profile: str) -> None:
    """Each awkward table is recalled to the last pair, in both profiles."""
    held_by(table(AWKWARD[name]), Recipe(profile=profile))


@pytest.mark.parametrize("profile", ["fast", "compact"])
@pytest.mark.parametrize("name", ["elements", "kinships", "unicode_sample"])
def test_real_dictionaries_are_held(name: str, profile: str) -> None:
    """Real tables, many-valued and multilingual, are recalled to the last pair."""
    held_by(read(DICTIONARIES / f"{name}.csv"), Recipe(profile=profile))


@pytest.mark.parametrize("rows", ["attention", "mlp", "hybrid"])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("profile", ["fast", "compact"])
def test_every_allocation_and_precision_holds_the_same(rows: str, bits: int, profile: str) -> None:
    """Read-outs over attention, MLP or both, with four or eight bits a weight, hold every fact."""
    held_by(read(DICTIONARIES / "elements.csv"), Recipe(profile=profile, rows=rows, weight_bits=bits))


@examples(25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(*[st.text(min_size=1, max_size=6)] * 3), min_size=1, max_size=60))
def test_any_table_agrees_with_the_exact_table(rows: list[tuple[str, str, str]]) -> None:
    """Whatever the names, the memory answers taught pairs as the exact table does."""
    facts = table(rows)
    memory, exact = fit(facts, secret=SECRET), ExactTable(facts)
    asked = facts.subjects, facts.relations
    assert memory.recall(*asked).answers == exact.recall(*asked).answers


def test_recall_does_not_depend_on_the_batch() -> None:
    """One query alone and among thousands: the same answer and, to the bit, the same margin."""
    facts = read(DICTIONARIES / "elements.csv")
    memory = fit(facts, secret=SECRET)
    together = memory.recall(facts.subjects, facts.relations)
    for at in range(0, len(facts), 501):
        alone = memory.recall([facts.subjects[at]], [facts.relations[at]])
        assert alone.answers[0] == together.answers[at]
        assert alone.margins[0] == together.margins[at]


def test_margins_of_taught_pairs_reach_the_recipes_floor() -> None:
    """No taught pair is answered below tau0, so serving at tau0 abstains on none."""
    facts = read(DICTIONARIES / "unicode_sample.csv")
    memory = fit(facts, Recipe(profile="compact"), secret=SECRET)
    assert memory.recall(facts.subjects, facts.relations).margins.min() >= memory.resolved.tau0


def test_never_taught_pairs_are_unknown() -> None:
    """Absent cells, unseen subjects and swapped roles: none of 60,000 is answered (the bound allows 0.06)."""
    facts = table([(f"s{n}", f"r{n % 2}", "same") for n in range(20_000)])
    memory = fit(facts, secret=SECRET)
    other = [f"r{1 - n % 2}" for n in range(20_000)]
    for subjects, relations in (
        (facts.subjects, other),
        ([f"t{n}" for n in range(20_000)], facts.relations),
        (facts.relations, facts.subjects),
    ):
        assert not memory.recall(subjects, relations).known.any()


def test_check_bits_alone_keep_the_stated_bound() -> None:
    """With the margin ignored, empty cells of taught subjects are answered near 2^-12: the bound is the code's."""
    relations = [f"r{n}" for n in range(10)]
    taught = [(f"s{n}", "r", str(n % 2)) for n in range(10_000)]
    taught += [(f"s{n}", name, f"a{n}") for n in range(180) for name in relations]  # 180 of 2^20 codes
    memory = fit(table(taught), Recipe(false_answers=2.0**-12), secret=SECRET)
    object.__setattr__(memory.resolved, "tau0", 0.0)
    cells = [(f"s{n}", name) for n in range(180, 10_000) for name in relations]
    known = memory.recall([subject for subject, _ in cells], [relation for _, relation in cells]).known.sum()
    assert 0 < known <= 50  # expected 16.9; the bound, 2^-12, allows 24; one in a million runs would exceed 50


def test_a_subject_in_no_fact_is_unknown_even_without_check_bits() -> None:
    """The name index alone refuses unseen subjects: of 100,000 none is answered where the codes would let 24 pass."""
    memory = fit(table([(f"s{n}", "r", str(n % 2)) for n in range(2_000)]), Recipe(false_answers=0.5), secret=SECRET)
    object.__setattr__(memory.resolved, "tau0", 0.0)
    assert not memory.recall([f"t{n}" for n in range(100_000)], ["r"] * 100_000).known.any()


def test_second_look_finds_a_name_spelled_otherwise() -> None:
    """Width, case, dashes, composed and decomposed letters lead to the one taught name they can mean."""
    memory = fit(table([("ＡＢＣ－１２３", "入数", "100"), ("Ångström", "unit", "m")]), secret=SECRET)
    found = memory.recall(["abc-123", " ABC\u2212123 ", "A\u030angström", "nobody"], ["入数", "入数", "UNIT", "unit"])
    assert found.answers == [("100",), ("100",), ("m",), ()]
    assert not found.ambiguous.any()


def test_second_look_refuses_to_choose_between_names() -> None:
    """A spelling that folds to two taught names is ambiguous; a taught one never is."""
    memory = fit(table([("abc", "r", "1"), ("ABC", "r", "2"), ("x", "q", "3")]), secret=SECRET)
    found = memory.recall(["Abc", "abc", "ABC", "abc", "ａｂｃ"], ["r", "r", "r", "q", "r"])
    assert found.ambiguous.tolist() == [True, False, False, False, True]
    assert found.answers == [(), ("1",), ("2",), (), ()]


def test_a_taught_names_empty_cell_stays_unknown() -> None:
    """A name that is taught as spelled is never replaced by its sibling, even where only the sibling has a fact."""
    memory = fit(table([("abc", "r", "1"), ("ABC", "q", "2")]), secret=SECRET)
    assert memory.recall(["abc", "ABC"], ["q", "r"]).answers == [(), ()]


def test_sentences_name_their_pairs() -> None:
    """All 4,000 questions of the enterprise sample lead to exactly one taught pair, and to its answer."""
    import csv

    memory = fit(read(SAMPLES / "enterprise_ja.csv"), secret=SECRET)
    with (SAMPLES / "enterprise_ja_questions.csv").open(newline="", encoding="utf-8") as file:
        questions = list(csv.DictReader(file))[::8]
    for question in questions:
        pairs = memory.candidates(question["question"])
        recalled = memory.recall([subject for subject, _ in pairs], [relation for _, relation in pairs])
        held = [answers for answers in recalled.answers if answers]
        assert len(held) == 1
        assert question["answer"] in held[0]


def test_facts_that_cannot_be_held_are_named() -> None:
    """A network too narrow for its blocks ends in TrainingFailed with the pairs, never in a partial memory."""
    facts = table([(f"s{n}", "r", f"a{n}") for n in range(100)])
    with pytest.raises(TrainingFailed) as failure:
        fit(facts, Recipe(rows="mlp", mlp_width=16), secret=SECRET)
    named = failure.value.extra["facts"]
    assert isinstance(named, list)
    assert len(named) == 100
    assert named[0].keys() == {"subject", "relation"}


def test_no_facts_is_an_error() -> None:
    """An empty table has nothing to hold."""
    with pytest.raises(TrainingFailed):
        fit(Facts([], [], []), secret=SECRET)


def test_columns_of_recall_agree_in_length() -> None:
    """Every column of a recall has one entry a query, an empty batch included."""
    memory = fit(table([("s", "r", "a")]), secret=SECRET)
    empty = memory.recall([], [])
    assert (empty.answers, len(empty.margins), len(empty.known)) == ([], 0, 0)
    with pytest.raises(ValueError, match="same length"):
        memory.recall(["s"], [])
    assert memory.recall(["s"], ["r"]).margins.dtype == np.float32
