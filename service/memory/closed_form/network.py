"""The network of the memory: one self-attention layer and one MLP, read at the end-of-sequence token.

    tokens    x(t) in {-1, +1}^d           bits of a keyed hash of the typed name: no embedding table
    scores    a_h(t) = softmax_t(q_h . K_h x(t))     t runs over the subject and the relation token; noise is masked
    attention o = concat_h sum_t a_h(t) V_h x(t)     width heads * d_head_vo
    mlp       z = clamp(W1 o + b1)                   width mlp_width
    read-out  y = [o ; z] W                          W is the block's own; width = bits of the answer's code

After Nichani, Lee and Bietti, *Understanding Factual Recall in Transformers via Associative Memories*
(arXiv 2412.06538), with two changes that make every figure an integer: q, K, V and W1 are drawn from {-1, 0, 1}, and
attention weights are sixteenths (with two tokens the softmax is a sigmoid of the difference of two integer scores:
a table). Sums of integers below 2^24 are exact in float32, so the features of a pair, and its margins, are the same
bits whatever the batch, the number of threads or the instruction set.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from numpy import ndarray
from torch import Tensor, nn

from service.memory.bank import Block
from service.memory.closed_form.readout import Readout
from service.memory.recipe import Resolved

GATE = 16  # attention weights are counted in sixteenths
CLAMP = 4.0


class ShallowMemory(nn.Module):
    """Frozen attention and MLP, shared by all blocks, with the solved read-outs of the blocks.

    Usable inside a larger model: `forward` takes tokens and the slot of each query's block, which in a memory that was
    trained (and not patched since) is the block's number.
    """

    def __init__(self, recipe: Resolved, blocks: Sequence[Block] = (), device: str = "cpu") -> None:
        super().__init__()
        d, heads, d_qk, d_vo = recipe.d_model, recipe.heads, recipe.d_head_qk, recipe.d_head_vo
        self.heads, self.d_vo = heads, d_vo
        q = _draw_ternary(recipe.seed, "q", (heads, 1, d_qk))
        K = _draw_ternary(recipe.seed, "K", (heads, d_qk, d))
        # The rows of the heads' V are taken in turn, so that the first rows have a part of every head; q_h . K_h is one
        # vector a head and stands under them, so that a token meets one matrix.
        V = _draw_ternary(recipe.seed, "V", (heads * d_vo, d))
        self.register_buffer("VK", torch.from_numpy(np.concatenate([V, (q @ K)[:, 0]])))  # (heads*d_vo + heads, d)
        self.register_buffer("W1", torch.from_numpy(_draw_ternary(recipe.seed, "W1", (recipe.mlp_width, heads * d_vo))))
        self.register_buffer("b1", torch.from_numpy(_draw_ternary(recipe.seed, "b1", (recipe.mlp_width,)) * 256))
        self.register_buffer("gate", _gate_table(d, d_qk))
        self.register_buffer("bits", _bits_of_bytes())
        if blocks:
            self.readout = Readout(recipe, blocks, device)
        self.o_scale, self.z_scale = _scales(d, heads * d_vo)

    VK: Float32[Tensor, "width+heads d"]
    W1: Float32[Tensor, "mlp width"]
    b1: Float32[Tensor, " mlp"]
    gate: Float32[Tensor, " scores"]
    bits: Float32[Tensor, "256 8"]

    def tokens(self, digests: UInt8[Tensor, "n size"]) -> Float32[Tensor, "n d"]:
        """The token of each name hash: its first d bits as -1 and +1."""
        d = self.VK.shape[1]
        return self.bits[digests[:, : d // 8].int()].view(-1, d)

    def project(self, tokens: Float32[Tensor, "n d"]) -> Float32[Tensor, "n width"]:
        """V x and q_h . K_h x of tokens in one product: heads*d_vo columns, then one a head."""
        return tokens @ self.VK.T

    def features(
        self, subject: Float32[Tensor, "n width"], relation: Float32[Tensor, "n width"], rows: tuple[int, int]
    ) -> Float32[Tensor, "n rows"]:
        """[o ; z] of projected tokens, as many rows of each as `rows` says."""
        width = self.heads * self.d_vo
        score = (subject[:, width:] - relation[:, width:]).to(torch.int32) + len(self.gate) // 2
        a = self.gate[score][:, None, :]  # (n, 1, heads), the sixteenths of attention that the subject gets
        s, r = (each[:, :width].view(-1, self.d_vo, self.heads) for each in (subject, relation))
        o = torch.addcmul(r * GATE, a, s - r).view(-1, width)
        n_attention, n_mlp = rows
        read = torch.floor(o[:, :n_attention] / self.o_scale)
        if not n_mlp:
            return read
        z = torch.addmm(self.b1[:n_mlp], o, self.W1[:n_mlp].T).div_(self.z_scale).floor_().clamp_(-CLAMP, CLAMP)
        return torch.cat([read, z], dim=1)

    def forward(
        self, subject: Float32[Tensor, "n d"], relation: Float32[Tensor, "n d"], slot: Int64[Tensor, " n"]
    ) -> Float32[Tensor, "n longest"]:
        """The outputs y of queries, unscaled, from the tokens of their names and the slot of each query's block."""
        features = self.features(self.project(subject), self.project(relation), self.readout.most)
        outputs: Tensor = self.readout(features, slot)
        return outputs


def count_frozen_parameters(recipe: Resolved) -> int:
    """Count the weights of the frozen part: q, K, V, W1 and b1, drawn from the seed and never stored."""
    width = recipe.attention_width
    attention = recipe.heads * recipe.d_head_qk * (recipe.d_model + 1) + width * recipe.d_model
    return attention + recipe.mlp_width * (width + 1)


def _draw_ternary(seed: int, name: str, shape: tuple[int, ...]) -> Float32[ndarray, "..."]:
    """Draw from {-1, 0, 1} by seed and name alone, whatever the version of any library."""
    count = math.prod(shape)
    stream = hashlib.shake_256(f"shallow memory {seed} {name}".encode()).digest(count)
    return (np.frombuffer(stream, dtype=np.uint8) % 3).astype(np.float32).reshape(shape) - 1


def _bits_of_bytes() -> Float32[Tensor, "256 8"]:
    """The eight bits of each byte as -1 and +1, the highest first."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return torch.from_numpy(bits.astype(np.float32) * 2 - 1)


def _gate_table(d: int, d_qk: int) -> Float32[Tensor, " scores"]:
    """The attention that the subject gets, in sixteenths, by the difference of the two scores."""
    most = 2 * d * d_qk
    temperature = math.sqrt(2 * d * d_qk * 4 / 9) / 1.6  # the scores' own deviation: neither uniform nor one-hot
    difference = np.arange(-most, most + 1, dtype=np.float64)
    return torch.from_numpy(np.round(GATE / (1 + np.exp(-difference / temperature))).astype(np.float32))


def _scales(d: int, width: int) -> tuple[float, float]:
    """Powers of two that bring o to about 3 and W1 o to about 8 deviations of one: dividing by them is exact."""
    o = GATE * 0.75 * math.sqrt(d * 2 / 3)
    z = o * math.sqrt(width * 2 / 3)
    return 2.0 ** round(math.log2(o / 3.4)), 2.0 ** round(math.log2(z / 8))
