"""Exhaustive recall: noise that is masked changes nothing; noise that is not is drawn anew every time."""

import numpy as np

from service.laboratory.exhaustive import behind_a_mask, in_noise
from service.laboratory.synthetic import factual_recall
from service.laboratory.targets import coded, tokens
from service.memory.gradient import Problem, Run, Schedule, Shape, train
from service.memory.measuring import FrozenNetwork, optimal_weights


def test_facts_behind_a_mask_take_fewer_than_two_stored_parameters_each() -> None:
    """256 facts, three bits each, noise masked by type: 483 stored parameters, scales counted, hold all of them, and
    the noise of 20 draws changes nothing.
    """
    table = factual_recall(relations=8)
    network, targets = FrozenNetwork("hybrid", 160), coded(table, 3, 0)
    vectors = tokens(np.arange(40), network.d_model, 0)
    features = network.features(vectors[table.subjects], vectors[32 + table.relations])
    weights = optimal_weights(features, targets, 400, 1e-2)
    found = behind_a_mask(network, vectors, table, targets, weights)
    assert found.right == [256] * 20
    assert found.always / (weights.size + 3) > 0.53


def test_a_draw_of_noise_changes_what_an_untrained_network_says() -> None:
    """Twenty draws are twenty different questions: not all are answered alike."""
    table = factual_recall(8, 4)
    shape = Shape(16, 4, 1, 4, 8, table.n_answers, readout="answers")
    columns = table.subjects, table.relations, table.answers
    problem = Problem(*columns, 8, 4, 0, table.noise, table.noise_names)
    outcome = train(shape, [Run(problem, 0, 0.01)], Schedule(steps=5, optimiser="adamw"))[0]
    found = in_noise(shape, problem, outcome.weights, weight_bits=8)
    assert len(found.right) == 20
    assert len(set(found.right)) > 1
    assert found.always < max(found.right)
