"""Exhaustive recall: noise that is masked changes nothing; noise that is not is drawn anew every time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.laboratory.synthetic import NAMED, factual_recall
from service.laboratory.targets import make_targets, make_tokens
from service.memory.gradient import Problem, Run, Schedule, Shape, train
from service.memory.measuring import FrozenNetwork, optimal_weights
from tests.benchmarks.exhaustive import draw_sequences, mask, recall_behind_mask, recall_in_noise

SIZES = st.integers(1, 12)


def test_facts_behind_a_mask_take_fewer_than_two_stored_parameters_each() -> None:
    """256 facts, three bits each, noise masked by type: 483 stored parameters, scales counted, hold all of them, and
    the noise of 20 draws changes nothing.
    """
    table = factual_recall(relations=8)
    network, targets = FrozenNetwork("hybrid", 160), make_targets(table, 3, 0)
    vectors = make_tokens(np.arange(40), network.d_model, 0)
    features = network.features(vectors[table.subjects], vectors[32 + table.relations])
    weights = optimal_weights(features, targets, 400, 1e-2)
    found = recall_behind_mask(network, vectors, table, targets, weights)
    assert found.right == [256] * 20
    assert found.always / (weights.size + 3) > 0.53


def test_a_draw_of_noise_changes_what_an_untrained_network_says() -> None:
    """Twenty draws are twenty different questions: not all are answered alike."""
    table = factual_recall(8, 4)
    shape = Shape(16, 4, 1, 4, 8, table.n_answers, readout="answers")
    columns = table.subjects, table.relations, table.answers
    problem = Problem(*columns, 8, 4, 0, table.noise, table.noise_names)
    outcome = train(shape, [Run(problem, 0, 0.01)], Schedule(steps=5, optimiser="adamw"))[0]
    found = recall_in_noise(shape, problem, outcome.weights, weight_bits=8)
    assert len(found.right) == 20
    assert len(set(found.right)) > 1
    assert found.always < max(found.right)


@given(SIZES, SIZES, st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_masking_by_type_leaves_subject_and_relation(subjects: int, relations: int, length: int, seed: int) -> None:
    """Whatever the noise and wherever the two stand, typed masking gives back each pair; the end stands last."""
    table = factual_recall(subjects, relations, length=length, seed=seed)
    tokens = draw_sequences(table, seed)
    assert tokens.shape == (len(table), max(length, NAMED))
    assert (tokens[:, -1] == tokens.max()).all()
    found = mask(tokens, table)
    assert (found[0] == table.subjects).all()
    assert (found[1] == table.relations).all()


def test_noise_is_drawn_anew() -> None:
    """Another seed puts other noise around the pairs, and the pairs elsewhere."""
    table = factual_recall(4, 4)
    first, second = draw_sequences(table, 0), draw_sequences(table, 1)
    assert (first != second).mean() > 0.5
    assert len({tuple(row) for row in (first < 4)}) > 4
