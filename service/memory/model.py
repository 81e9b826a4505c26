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

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service.memory.recipe import ROW_STEP, Resolved

GATE = 16  # attention weights are counted in sixteenths
CLAMP = 4.0


class ShallowMemory(nn.Module):
    """Frozen attention and MLP, shared by all blocks, with the solved read-outs of the blocks as one table.

    Usable inside a larger model: `forward` takes tokens and the row at which each query's block begins.
    """

    def __init__(self, recipe: Resolved, readout: Tensor | None = None) -> None:
        super().__init__()
        d, heads, d_qk, d_vo = recipe.d_model, recipe.heads, recipe.d_head_qk, recipe.d_head_vo
        self.heads, self.d_vo, self.kind, self.max_rows = heads, d_vo, recipe.rows, recipe.max_rows
        q = _ternary(recipe.seed, "q", (heads, 1, d_qk))
        K = _ternary(recipe.seed, "K", (heads, d_qk, d))
        # q_h . K_h is one vector a head; it stands under the rows of V so that a token meets one matrix.
        V = _ternary(recipe.seed, "V", (heads * d_vo, d))
        self.register_buffer("VK", torch.from_numpy(np.concatenate([V, (q @ K)[:, 0]])))  # (heads*d_vo + heads, d)
        self.register_buffer("W1", torch.from_numpy(_ternary(recipe.seed, "W1", (recipe.mlp_width, heads * d_vo))))
        self.register_buffer("b1", torch.from_numpy(_ternary(recipe.seed, "b1", (recipe.mlp_width,)) * 256))
        self.register_buffer("gate", _gate_table(d, d_qk))
        self.register_buffer("readout", torch.empty(0, 1) if readout is None else readout)  # (rows of all blocks, B)
        self.o_scale, self.z_scale = _scales(d, heads * d_vo)

    VK: Tensor
    W1: Tensor
    b1: Tensor
    gate: Tensor
    readout: Tensor

    def project(self, tokens: Tensor) -> Tensor:
        """V x and q.K x of tokens (n, d) in one product: (n, heads*d_vo + heads)."""
        return tokens @ self.VK.T

    def features(self, subject: Tensor, relation: Tensor, rows: int) -> Tensor:
        """[o ; z] of projected tokens, the first `rows` rows in the order in which blocks take them: (n, rows)."""
        width = self.heads * self.d_vo
        score = (subject[:, width:] - relation[:, width:]).long() + len(self.gate) // 2
        a = self.gate[score].repeat_interleave(self.d_vo, dim=1)  # (n, width), sixteenths given to the subject
        o = a * subject[:, :width] + (GATE - a) * relation[:, :width]
        n_attention, n_mlp = _split(self.kind, rows)
        z = torch.clamp(torch.floor(torch.addmm(self.b1[:n_mlp], o, self.W1[:n_mlp].T) / self.z_scale), -CLAMP, CLAMP)
        # The rows of the heads are taken in turn: any prefix has a part of every head.
        o = o.view(-1, self.heads, self.d_vo).transpose(1, 2).reshape(-1, width)[:, :n_attention]
        o = torch.floor(o / self.o_scale)
        return o if not n_mlp else z if not n_attention else _interleave(o, z)

    def forward(self, subject: Tensor, relation: Tensor, first_row: Tensor, rows: Tensor) -> Tensor:
        """y of queries: tokens (n, d) twice, the first row and the number of rows of each query's block: (n, B)."""
        most = int(rows.max())
        f = self.features(self.project(subject), self.project(relation), most)
        return self.read(f, first_row, rows)

    def read(self, features: Tensor, first_row: Tensor, rows: Tensor) -> Tensor:
        """y = features x the read-out of each query's own block: (n, most) -> (n, B)."""
        at = torch.arange(features.shape[1], device=features.device)
        index = first_row[:, None] + torch.minimum(at, rows[:, None] - 1)
        weights = torch.where(at < rows[:, None], features, 0.0)
        return nn.functional.embedding_bag(index, self.readout, per_sample_weights=weights, mode="sum")


def tokens(digests: NDArray[np.uint8], d_model: int) -> NDArray[np.float32]:
    """The token of each name hash: its first d_model bits as -1 and +1, (n, d_model)."""
    bits = np.unpackbits(digests[:, : d_model // 8], axis=1)
    return bits.astype(np.float32) * 2 - 1


def parameters(recipe: Resolved) -> int:
    """Weights of the frozen part: q, K, V, W1 and b1, drawn from the seed and never stored."""
    width = recipe.attention_width
    attention = recipe.heads * recipe.d_head_qk * (recipe.d_model + 1) + width * recipe.d_model
    return attention + recipe.mlp_width * (width + 1)


def _split(kind: str, rows: int) -> tuple[int, int]:
    """How many of a block's rows read the attention output and how many the MLP."""
    if kind == "attention":
        return rows, 0
    if kind == "mlp":
        return 0, rows
    steps = math.ceil(rows / ROW_STEP)
    return math.ceil(steps / 2) * ROW_STEP, steps // 2 * ROW_STEP


def _interleave(o: Tensor, z: Tensor) -> Tensor:
    """Rows of attention and MLP in alternating steps of eight, attention first."""
    n, both = len(o), z.shape[1]
    pairs = torch.stack([o[:, :both].view(n, -1, ROW_STEP), z.view(n, -1, ROW_STEP)], dim=2)
    return torch.cat([pairs.reshape(n, 2 * both), o[:, both:]], dim=1)


def _ternary(seed: int, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draws from {-1, 0, 1} that depend on seed and name alone, whatever the version of any library."""
    count = math.prod(shape)
    stream = hashlib.shake_256(f"shallow memory {seed} {name}".encode()).digest(count)
    return (np.frombuffer(stream, dtype=np.uint8) % 3).astype(np.float32).reshape(shape) - 1


def _gate_table(d: int, d_qk: int) -> Tensor:
    """Attention paid to the subject, in sixteenths, by the difference of the two scores."""
    most = 2 * d * d_qk
    temperature = math.sqrt(2 * d * d_qk * 4 / 9) / 1.6  # the scores' own deviation: neither uniform nor one-hot
    difference = np.arange(-most, most + 1, dtype=np.float64)
    return torch.from_numpy(np.round(GATE / (1 + np.exp(-difference / temperature))).astype(np.float32))


def _scales(d: int, width: int) -> tuple[float, float]:
    """Powers of two that bring o to about 3 and W1 o to about 8 deviations of one: dividing by them is exact."""
    o = GATE * 0.75 * math.sqrt(d * 2 / 3)
    z = o * math.sqrt(width * 2 / 3)
    return 2.0 ** round(math.log2(o / 3.4)), 2.0 ** round(math.log2(z / 8))
