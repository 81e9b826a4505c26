"""What a frozen network holds in closed form."""

import numpy as np
import pytest

from service.memory.measuring import FrozenNetwork, Rows, facts_held_at_int8, optimal_weights, outer_product_weights

BITS = 6


def drawn(network: FrozenNetwork, facts: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of random pairs of 40 subjects and relations, and random targets."""
    rng = np.random.default_rng(1)
    names = rng.choice(np.array([-1, 1], dtype=np.int8), (2, 40, network.d_model))
    pairs = np.divmod(rng.permutation(1600)[:facts], 40)
    targets = rng.choice(np.array([-1, 1], dtype=np.int8), (facts, BITS))
    return network.features(names[0][pairs[0]], names[1][pairs[1]]), targets


@pytest.mark.parametrize("rows", ["attention", "mlp", "hybrid"])
def test_the_best_weights_hold_a_fact_and_a_half_a_row(rows: Rows) -> None:
    """At int8, 96 facts on 64 rows: near Gardner's limit of two, whichever rows are read."""
    features, targets = drawn(FrozenNetwork(rows, 64), 96)
    assert features.shape == (96, 64)
    assert facts_held_at_int8(features, targets, optimal_weights(features, targets)).all()


def test_no_weights_hold_more_than_two_facts_a_row() -> None:
    """Beyond Gardner's limit facts are lost, and are counted as lost."""
    features, targets = drawn(FrozenNetwork("hybrid", 64), 160)
    assert not facts_held_at_int8(features, targets, optimal_weights(features, targets)).all()


def test_outer_products_hold_far_less_than_the_best_weights() -> None:
    """The associative memory of the theory loses facts at a load that its best weights hold; a single fact it holds."""
    features, targets = drawn(FrozenNetwork("hybrid", 64), 64)
    assert facts_held_at_int8(features, targets, optimal_weights(features, targets)).all()
    assert facts_held_at_int8(features, targets, outer_product_weights(features, targets)).mean() < 0.5
    assert facts_held_at_int8(features[:1], targets[:1], outer_product_weights(features[:1], targets[:1])).all()


def test_features_are_drawn_by_the_seed() -> None:
    """The same seed gives the same integers, another one others."""
    same, other = (drawn(FrozenNetwork("hybrid", 32, seed), 20)[0] for seed in (0, 1))
    assert np.array_equal(same, drawn(FrozenNetwork("hybrid", 32, 0), 20)[0])
    assert not np.array_equal(same, other)
    assert np.array_equal(same, np.round(same))
