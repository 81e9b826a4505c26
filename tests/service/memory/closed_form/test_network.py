"""The network as a layer among others."""

import numpy as np
import pytest
import torch

from service.memory import fit
from service.memory.closed_form.network import ShallowMemory
from service.memory.hashing import Keyring, NameHasher
from tests.service.memory.conftest import DICTIONARIES, SECRET, read, table

FACTS = table([(f"s{n}", f"r{n % 3}", f"a{n % 5}") for n in range(500)])

LAYER = ShallowMemory(fit(FACTS, secret=SECRET).resolved)


def drawn(names: list[str], kind: str = "subject") -> torch.Tensor:
    digests = NameHasher(Keyring(SECRET), kind, 16).digests(names)
    bits = np.unpackbits(digests, axis=1).astype(np.float32) * 2 - 1
    assert torch.equal(LAYER.tokens(torch.from_numpy(digests)), torch.from_numpy(bits))
    return torch.from_numpy(bits)


def test_features_are_the_papers_layer() -> None:
    """The fused features equal attention and MLP written out head by head, token by token, in float64."""
    memory = fit(FACTS, secret=SECRET)
    layer = ShallowMemory(memory.resolved)
    subject, relation = drawn(["s1", "s2"]), drawn(["r1", "r2"], "relation")
    rows = layer.heads * layer.d_vo
    fused = layer.features(layer.project(subject), layer.project(relation), (rows, 40))
    V = layer.VK[:rows].double().view(layer.d_vo, layer.heads, -1)
    qK = layer.VK[rows:].double()
    for at, (s, r) in enumerate(zip(subject.double(), relation.double(), strict=True)):
        o = torch.empty(layer.d_vo, layer.heads, dtype=torch.float64)
        for h in range(layer.heads):
            difference = int(qK[h] @ s - qK[h] @ r)
            a = float(layer.gate[difference + len(layer.gate) // 2])  # softmax over two tokens, in sixteenths
            o[:, h] = a * (V[:, h] @ s) + (16 - a) * (V[:, h] @ r)
        z = torch.floor((layer.W1[:40].double() @ o.view(-1) + layer.b1[:40]) / layer.z_scale).clamp(-4, 4)
        written_out = torch.cat([torch.floor(o.view(-1) / layer.o_scale), z])
        assert torch.equal(fused[at].double(), written_out)


def test_the_gate_is_a_softmax_in_sixteenths() -> None:
    """The table rises from none to all, is even where scores tie, and the two tokens' shares make one."""
    gate = ShallowMemory(fit(FACTS, secret=SECRET).resolved).gate
    assert gate[[0, len(gate) // 2, -1]].tolist() == [0, 8, 16]
    assert torch.equal(gate + gate.flip(0), torch.full_like(gate, 16))


def test_it_can_be_exported_and_called_inside_another_module() -> None:
    """torch.export traces the layer, and the exported program computes the same outputs."""
    memory = fit(FACTS, secret=SECRET)
    inputs = drawn(["s1", "s2", "s3"]), drawn(["r1", "r2", "r0"], "relation"), torch.tensor([0, 1, 2])
    exported = torch.export.export(memory.model, inputs)
    assert torch.equal(exported.module()(*inputs), memory.model(*inputs))


def test_features_are_the_same_bits_in_any_batch() -> None:
    """Integer features: a batch of one and of a thousand agree to the bit."""
    layer = ShallowMemory(fit(FACTS, secret=SECRET).resolved)
    subject, relation = drawn([f"s{n}" for n in range(1_000)]), drawn(["r"] * 1_000, "relation")
    whole = layer.features(layer.project(subject), layer.project(relation), (40, 40))
    assert torch.equal(whole, whole.round())
    for at in (0, 499, 999):
        one = layer.features(layer.project(subject[at : at + 1]), layer.project(relation[at : at + 1]), (40, 40))
        assert torch.equal(one[0], whole[at])


def test_subjects_and_relations_are_different_tokens() -> None:
    """The type is hashed in: one spelling as subject and as relation shares no more bits than chance."""
    equal = (drawn(["name"]) == drawn(["name"], "relation")).float().mean()
    assert abs(float(equal) - 0.5) < 0.2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_cuda_recall_the_same() -> None:
    """One artefact on both devices: equal answers and equal margins; and a memory trained on CUDA holds every fact."""
    facts = read(DICTIONARIES / "elements.csv")
    on_cuda = fit(facts, secret=SECRET, device="cuda")
    assert on_cuda.verify(facts).right == on_cuda.pairs
    one = on_cuda.recall(facts.subjects, facts.relations)
    other = type(on_cuda)(on_cuda.stored, Keyring(SECRET), "cpu").recall(facts.subjects, facts.relations)
    assert one.answers == other.answers
    assert np.array_equal(one.margins, other.margins)
