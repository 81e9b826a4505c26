"""Parts of the training: weights as stored, attention, the optimiser's steps, the number of parameters."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from service.memory.gradient.network import attention_weights
from service.memory.gradient.optimiser import Optimiser, orthogonalise
from service.memory.gradient.shape import Shape
from service.memory.gradient.weights import as_stored, draw_weights, round_to_steps, weight_shapes
from tests.examples import examples

SHAPES = st.builds(
    Shape,
    d_model=st.sampled_from([8, 16]),
    heads=st.integers(1, 4),
    d_head_qk=st.integers(1, 4),
    d_head_vo=st.integers(1, 6),
    mlp_width=st.integers(0, 9),
    outputs=st.integers(1, 9),
    layers=st.integers(1, 4),
    readout=st.sampled_from(["codes", "answers"]),
)


@given(SHAPES)
@examples(60)
def test_parameters_are_the_weights_there_are(shape: Shape) -> None:
    """The numbers that every figure divides by are those of trained weights and of their scales, in every form of the
    network.
    """
    weights = draw_weights(shape, 0)
    assert sum(round_to_steps(name, weight, 8)[1].numel() for name, weight in weights.items()) == shape.scales
    assert shape.stored == shape.parameters + shape.scales
    assert {name: tuple(weight.shape) for name, weight in weights.items()} == weight_shapes(shape)
    assert sum(weight.numel() for weight in weights.values()) == shape.parameters
    assert 0 <= shape.attention_parameters + shape.mlp_parameters <= shape.parameters


@given(st.sampled_from(["W", "K", "q", "W1_0", "O_2"]), st.integers(2, 8), st.integers(0, 2**31))
@examples(60)
def test_weights_come_back_within_half_a_step(name: str, bits: int, seed: int) -> None:
    """Steps are whole and fit their bits; the scale is a float16; no weight moves by more than half a step."""
    weight = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(seed))
    steps, scale = round_to_steps(name, weight, bits)
    assert torch.equal(steps, steps.round())
    assert steps.abs().max() <= (1 << (bits - 1)) - 1
    assert torch.equal(scale, scale.half().float())
    assert ((steps * scale - weight).abs() <= scale * (0.5 + 2.0**-11 * (1 << (bits - 1)))).all()


def test_gradients_pass_through_the_rounding() -> None:
    """A rounded weight learns as if it had not been rounded: the rounding has no slope of its own."""
    weight = torch.randn(4, 4, requires_grad=True)
    (as_stored({"W": weight}, 4)["W"] * 3).sum().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    assert torch.equal(weight.grad, torch.full((4, 4), 3.0))


@given(st.integers(2, 9), st.sampled_from(["softmax", "argmax", "threshold"]), st.integers(0, 2**31))
@examples(60)
def test_attention_is_shared_out(tokens: int, kind: str, seed: int) -> None:
    """Weights sum to one; argmax picks one token; the threshold leaves out what is below half the uniform weight."""
    scores = torch.randn(2, 3, tokens, 4, generator=torch.Generator().manual_seed(seed)) * 3
    a = attention_weights(scores, kind)  # type: ignore[arg-type]
    torch.testing.assert_close(a.sum(dim=2), torch.ones(2, 3, 4))
    if kind == "argmax":
        assert torch.equal(a.round(), torch.nn.functional.one_hot(scores.argmax(dim=2), tokens).mT.float())
    if kind == "threshold":
        assert ((a == 0) | (a >= 0.5 / tokens)).all()


@pytest.mark.parametrize(("rows", "columns"), [(4, 9), (9, 4), (6, 6)])
def test_steps_of_muon_have_singular_values_near_one(rows: int, columns: int) -> None:
    """Whatever the gradient's own: each direction moves about as far."""
    gradient = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(1)) * 1e-3
    values = torch.linalg.svdvals(orthogonalise(gradient))
    assert values.min() > 0.3
    assert values.max() < 1.3


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_weights_decay_apart_from_their_gradients(kind: str) -> None:
    """A weight without a gradient shrinks by rate times decay, each network's by its own rate, or stays."""
    rates, weight, still = torch.tensor([0.02, 0.2]), torch.ones(2, 3, 3), torch.zeros(2, 3, 3)
    Optimiser(kind, rates, steps=100, decay=0.5).step({"W": weight}, {"W": still}, step=19)
    shrunk = 1 - rates * 0.5 * (1 + math.cos(math.pi * 0.19)) * 0.5
    torch.testing.assert_close(weight, shrunk[:, None, None].expand(2, 3, 3))
    kept = torch.ones(2, 3, 3)
    Optimiser(kind, rates, steps=100, decay=0.0).step({"W": kept}, {"W": still}, step=19)
    assert torch.equal(kept, torch.ones(2, 3, 3))
