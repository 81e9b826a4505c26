"""The synthetic task is the paper's: every pair once, answer sets that do not overlap, noise where the paper has it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory.synthetic import factual_recall, to_facts

SIZES = st.integers(1, 12)


@given(SIZES, SIZES, SIZES, st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_every_pair_has_one_answer_of_its_own_relation(
    subjects: int, relations: int, answers: int, length: int, seed: int
) -> None:
    """All S x R pairs, each once; an answer names its relation, so answer sets of relations do not overlap."""
    table = factual_recall(subjects, relations, answers, length=length, seed=seed)
    assert len({*zip(table.subjects.tolist(), table.relations.tolist(), strict=True)}) == len(table)
    assert len(table) == subjects * relations
    assert (table.answers // answers == table.relations).all()
    assert table.n_answers == relations * answers


@given(SIZES, SIZES, st.floats(0, 3), st.floats(0, 3), st.integers(0, 2**32 - 1))
def test_frequencies_fall_with_the_number_of_a_name(
    subjects: int, relations: int, of_subjects: float, of_relations: float, seed: int
) -> None:
    """Frequencies are shares that fall from name to name by the power law; facts are the same as without them."""
    table = factual_recall(subjects, relations, zipf_subjects=of_subjects, zipf_relations=of_relations, seed=seed)
    assert (table.answers == factual_recall(subjects, relations, seed=seed).answers).all()
    if table.frequency is None:
        assert of_subjects == of_relations == 0
        return
    grid = table.frequency.reshape(subjects, relations)
    assert np.isclose(grid.sum(), 1)
    expected = np.arange(1, subjects + 1.0) ** -of_subjects
    assert np.allclose(grid.sum(axis=1) / grid.sum(axis=1)[0], expected)


@given(st.integers(2, 12), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_a_part_keeps_each_facts_frequency(subjects: int, facts: int, seed: int) -> None:
    """In a part, the frequencies of facts stand in the same ratio as in the whole, and sum to one again."""
    whole = factual_recall(subjects, 4, zipf_subjects=1, seed=seed)
    part = whole.sample(facts, seed)
    assert whole.frequency is not None
    assert part.frequency is not None
    at = part.subjects * 4 + part.relations
    assert np.allclose(part.frequency, whole.frequency[at] / whole.frequency[at].sum())


def test_the_defaults_are_the_papers() -> None:
    """S = R = 32, D = 8, T = 32: 1,024 facts, 256 answers, 29 noise tokens out of 64."""
    table = factual_recall()
    assert (len(table), table.n_answers, table.noise, table.noise_names) == (1024, 256, 29, 64)


def test_frequencies_are_part_of_a_tables_digest() -> None:
    """The same facts met with other frequencies are another problem."""
    assert factual_recall().digest != factual_recall(zipf_subjects=1).digest


def test_a_table_can_be_named() -> None:
    """Each fact becomes one row of names, equal where the numbers are equal."""
    facts = to_facts(factual_recall(2, 2, 2))
    assert facts.subjects == ["subject 0", "subject 0", "subject 1", "subject 1"]
    assert facts.relations == ["relation 0", "relation 1"] * 2
    assert len(facts) == 4
