"""Networks trained end to end: what they come to hold, and that nothing but their own problem decides it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from service.memory.gradient import Outcome, Run, Schedule, Shape, facts_right, train
from tests.service.memory.gradient.problems import answered, coded

CODES = Shape(d_model=16, heads=4, d_head_qk=1, d_head_vo=4, mlp_width=24, outputs=8)
ANSWERS = Shape(d_model=16, heads=2, d_head_qk=4, d_head_vo=8, mlp_width=16, outputs=24, readout="answers")
SHORT = Schedule(steps=40, check_every=20)


def same(one: Outcome, other: Outcome, tolerance: float = 0.0) -> bool:
    """Whether two trainings came to the same weights."""
    return all(np.allclose(one.weights[name], other.weights[name], rtol=0, atol=tolerance) for name in one.weights)


def test_two_code_bits_a_parameter_are_held_at_eight_bits() -> None:
    """Every weight counted, every fact right from the rounded weights, after a second or two."""
    facts = int(2.0 * CODES.parameters / CODES.outputs)
    problem = coded(facts, CODES.outputs)
    (outcome,) = train(CODES, [Run(problem, 0, 0.1)], Schedule(steps=1500))
    assert outcome.held
    assert facts_right(CODES, problem, outcome.weights, weight_bits=8).all()
    assert sum(outcome.weights[name].size for name in outcome.weights if name != "tokens") == CODES.parameters


def test_too_many_facts_are_not_held() -> None:
    """Recall counts every fact: four bits a parameter cannot be stored, and the outcome says so."""
    problem = coded(int(4 * CODES.parameters / CODES.outputs), CODES.outputs)
    (outcome,) = train(CODES, [Run(problem, 0, 0.1)], Schedule(steps=300))
    assert not outcome.held
    assert outcome.stored_right == facts_right(CODES, problem, outcome.weights, weight_bits=8).sum() < outcome.facts


def test_a_run_learns_alone_what_it_learns_among_others() -> None:
    """Networks of a batch share products, not weights: the same run gives the same weights, to rounding."""
    runs = [Run(coded(facts, 8, seed), seed, 0.1) for seed, facts in enumerate((20, 35, 50))]
    together = train(CODES, runs, SHORT)
    for run, outcome in zip(runs, together, strict=True):
        (alone,) = train(CODES, [run], SHORT)
        assert (alone.right, alone.steps) == (outcome.right, outcome.steps)
        for name in set(alone.weights) - {"tokens"}:
            np.testing.assert_allclose(alone.weights[name], outcome.weights[name], atol=2e-2)


def test_the_seed_decides_the_weights_whatever_the_threads() -> None:
    """The same run gives the same bytes, on one thread and on two; another seed gives others."""
    run = Run(coded(40, 8), 3, 0.1)
    first, again = train(CODES, [run], SHORT)[0], train(CODES, [run], SHORT)[0]
    assert same(first, again)
    torch.set_num_threads(2)
    assert same(first, train(CODES, [run], SHORT)[0], tolerance=1e-4)
    torch.set_num_threads(1)
    assert not same(first, train(CODES, [run._replace(seed=4)], SHORT)[0], tolerance=1e-2)


class Stopped(Exception):
    """What a worker that is told to stop raises."""


def test_a_training_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a checkpoint come the weights that an undisturbed training has, and no file stays behind."""
    monkeypatch.setattr("service.memory.gradient.training._SAVE_EVERY", 0.0)
    monkeypatch.setattr("service.memory.gradient.training._REPORT_EVERY", 0.0)
    kept = tmp_path / "training.safetensors"
    runs = [Run(answered(4, 3, noise=2), 0, 0.05), Run(answered(4, 3, noise=2, seed=1), 1, 0.02)]
    schedule = Schedule(steps=80, check_every=10, batch=8)
    told: list[float] = []

    def stop_late(fraction: float, _step: str) -> None:
        told.append(fraction)
        if fraction > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        train(ANSWERS, runs, schedule, progress=stop_late, checkpoint=kept)
    assert kept.exists()
    resumed_at: list[float] = []
    resumed = train(ANSWERS, runs, schedule, progress=lambda fraction, _: resumed_at.append(fraction), checkpoint=kept)
    assert min(resumed_at, default=1.0) > 0.4
    undisturbed = train(ANSWERS, runs, schedule)
    assert [outcome.curve for outcome in resumed] == [outcome.curve for outcome in undisturbed]
    assert all(same(one, other) for one, other in zip(resumed, undisturbed, strict=True))
    assert not kept.exists()


def test_a_checkpoint_of_other_facts_is_not_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file, or one of another training, is as good as none."""
    monkeypatch.setattr("service.memory.gradient.training._SAVE_EVERY", 0.0)
    monkeypatch.setattr("service.memory.gradient.training._REPORT_EVERY", 0.0)
    damaged, foreign = tmp_path / "damaged.safetensors", tmp_path / "foreign.safetensors"
    damaged.write_bytes(b"no tensors at all")

    def stop_late(fraction: float, _step: str) -> None:
        if fraction > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        train(CODES, [Run(coded(20, 8, seed=1), 0, 0.1)], SHORT, progress=stop_late, checkpoint=foreign)
    assert foreign.exists()
    run = Run(coded(20, 8), 0, 0.1)
    (alone,) = train(CODES, [run], SHORT)
    for kept in (damaged, foreign):
        assert same(train(CODES, [run], SHORT, checkpoint=kept)[0], alone)


def test_a_network_that_diverges_is_counted_and_disturbs_no_other() -> None:
    """A rate beyond all measure ends in no numbers; its neighbour learns as if it were alone."""
    shape = Shape(16, 2, 2, 4, 8, 8, layers=2)
    run = Run(coded(16, 8), 0, 0.02)
    steady, wild = train(shape, [run, run._replace(rate=1e30)], Schedule(steps=80, optimiser="adamw"))
    assert (steady.diverged, wild.diverged) == (False, True)
    assert wild.right < wild.facts
    (alone,) = train(shape, [run], Schedule(steps=80, optimiser="adamw"))
    assert steady.right == alone.right > 0
    assert same(steady, alone, tolerance=1e-3)


@pytest.mark.parametrize("attention", ["softmax", "argmax", "threshold"])
def test_every_kind_of_attention_learns_through_noise(attention: str) -> None:
    """With noise in every sequence, never masked, all facts are right over twenty fresh draws."""
    shape = Shape(24, 4, 4, 8, 16, 24, readout="answers", attention=attention)  # type: ignore[arg-type]
    problem = answered(8, 3, noise=4)
    outcomes = train(shape, [Run(problem, seed, 0.03) for seed in (0, 1)], Schedule(steps=300, stop_early=False))
    best = max(outcomes, key=lambda outcome: outcome.stored_right)
    drawn = [facts_right(shape, problem, best.weights, noise_draw=draw, weight_bits=8).mean() for draw in range(20)]
    assert np.mean(drawn) > 0.95


@pytest.mark.parametrize("layers", [2, 4])
def test_several_layers_learn_and_the_curve_is_kept(layers: int) -> None:
    """Facts are held by networks of more than one layer; the loss falls in the course of the training."""
    shape = Shape(16, 2, 2, 4, 8, 6, layers=layers)
    (outcome,) = train(shape, [Run(coded(36, 6), 0, 0.03)], Schedule(steps=400))
    assert outcome.held
    assert outcome.curve[-1].loss < outcome.curve[0].loss
    assert outcome.curve[-1].right == 36


def test_a_network_without_hope_stops_and_takes_none_with_it() -> None:
    """Where only holding everything counts, a network far behind at 60 % of the steps leaves; the others go on."""
    few, many = coded(30, 8), coded(400, 8)
    schedule = Schedule(steps=400, give_up=0.85)
    small, large = train(CODES, [Run(few, 0, 0.1), Run(many, 0, 0.1)], schedule)
    assert small.held
    assert not large.held
    assert 240 <= large.steps < 400
    assert train(CODES, [Run(many, 0, 0.1)], Schedule(steps=400))[0].steps == 400


def test_embeddings_are_learned_where_that_is_asked_for() -> None:
    """Vectors of names and answers stay as they were drawn, or are trained with the rest and lower the loss further."""
    run, schedule = Run(answered(4, 3), 0, 0.03), Schedule(steps=60, check_every=30, stop_early=False)
    (frozen,), (trained,) = (
        train(replace(ANSWERS, outputs=12, embeddings=embeddings), [run], schedule)
        for embeddings in ("frozen", "trained")
    )
    for name in ("tokens", "answers"):
        assert set(np.unique(frozen.weights[name])) == {-1.0, 1.0}
        assert len(np.unique(trained.weights[name])) > 2
    assert trained.curve[-1].loss < frozen.curve[-1].loss
