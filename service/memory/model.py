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

    Usable inside a larger model: `forward` takes tokens and the number of each query's block.
    readout: the weights of all blocks under each other and a row of zeros, (rows of all blocks + 1, B); rows: how many
    rows each block has.
    """

    def __init__(self, recipe: Resolved, readout: Tensor | None = None, rows: Tensor | None = None) -> None:
        super().__init__()
        d, heads, d_qk, d_vo = recipe.d_model, recipe.heads, recipe.d_head_qk, recipe.d_head_vo
        self.heads, self.d_vo, self.kind, self.max_rows = heads, d_vo, recipe.rows, recipe.max_rows
        q = _ternary(recipe.seed, "q", (heads, 1, d_qk))
        K = _ternary(recipe.seed, "K", (heads, d_qk, d))
        # The rows of the heads' V are taken in turn, so that the first rows have a part of every head; q_h . K_h is one
        # vector a head and stands under them, so that a token meets one matrix.
        V = _ternary(recipe.seed, "V", (heads * d_vo, d))
        self.register_buffer("VK", torch.from_numpy(np.concatenate([V, (q @ K)[:, 0]])))  # (heads*d_vo + heads, d)
        self.register_buffer("W1", torch.from_numpy(_ternary(recipe.seed, "W1", (recipe.mlp_width, heads * d_vo))))
        self.register_buffer("b1", torch.from_numpy(_ternary(recipe.seed, "b1", (recipe.mlp_width,)) * 256))
        self.register_buffer("gate", _gate_table(d, d_qk))
        self.register_buffer("bits", _bits_of_bytes())
        if readout is not None and rows is not None:
            self.register_buffer("readout", readout)
            self.register_buffer("rows_of", rows_of_blocks(recipe.rows, rows))
            self.most = split(recipe.rows, int(rows.max()))
        self.o_scale, self.z_scale = _scales(d, heads * d_vo)

    VK: Tensor
    W1: Tensor
    b1: Tensor
    gate: Tensor
    bits: Tensor
    readout: Tensor
    rows_of: Tensor
    most: tuple[int, int]

    def tokens(self, digests: Tensor) -> Tensor:
        """The token of each name hash (n, size) uint8: its first d bits as -1 and +1, (n, d)."""
        d = self.VK.shape[1]
        return self.bits[digests[:, : d // 8].int()].view(-1, d)

    def project(self, tokens: Tensor) -> Tensor:
        """V x and q.K x of tokens (n, d) in one product: (n, heads*d_vo + heads)."""
        return tokens @ self.VK.T

    def features(self, subject: Tensor, relation: Tensor, rows: tuple[int, int]) -> Tensor:
        """[o ; z] of projected tokens, as many rows of each as `rows` says: (n, sum of rows)."""
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

    def forward(self, subject: Tensor, relation: Tensor, block: Tensor) -> Tensor:
        """The outputs y of queries: tokens (n, d) twice and the number of each query's block (n,): (n, B)."""
        features = self.features(self.project(subject), self.project(relation), self.most)
        return self.read(features, block)

    def read(self, features: Tensor, block: Tensor) -> Tensor:
        """Features (n, widest block's rows) times the read-out of each query's own block (n,): (n, B)."""
        index = self.rows_of[block]
        return nn.functional.embedding_bag(index, self.readout, per_sample_weights=features, mode="sum")


def rows_of_blocks(kind: str, rows: Tensor) -> Tensor:
    """The row of the read-out table that each feature of each block meets: (blocks, widest block's rows) int32.

    A narrower block takes the first of the attention's rows and the first of the MLP's; features that it does not
    take meet the row of zeros behind the table.
    """
    most, _ = split(kind, int(rows.max()))
    attention = split_each(kind, rows)[:, None]
    at = torch.arange(int(rows.max()))
    row = torch.where(at < most, at, at - most + attention)
    taken = torch.where(at < most, at < attention, row < rows[:, None])
    first = (torch.cumsum(rows, 0) - rows)[:, None]
    return torch.where(taken, first + row, rows.sum()).to(torch.int32)


def split(kind: str, rows: int) -> tuple[int, int]:
    """How many of a block's rows read the attention output and how many the MLP."""
    attention = int(split_each(kind, torch.tensor(rows)))
    return attention, rows - attention


def split_each(kind: str, rows: Tensor) -> Tensor:
    """Rows of the attention output among the rows of each block: all, none, or half in steps of eight."""
    if kind == "attention":
        return rows
    if kind == "mlp":
        return torch.zeros_like(rows)
    return (rows // ROW_STEP + 1) // 2 * ROW_STEP


def parameters(recipe: Resolved) -> int:
    """Weights of the frozen part: q, K, V, W1 and b1, drawn from the seed and never stored."""
    width = recipe.attention_width
    attention = recipe.heads * recipe.d_head_qk * (recipe.d_model + 1) + width * recipe.d_model
    return attention + recipe.mlp_width * (width + 1)


def _ternary(seed: int, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draws from {-1, 0, 1} that depend on seed and name alone, whatever the version of any library."""
    count = math.prod(shape)
    stream = hashlib.shake_256(f"shallow memory {seed} {name}".encode()).digest(count)
    return (np.frombuffer(stream, dtype=np.uint8) % 3).astype(np.float32).reshape(shape) - 1


def _bits_of_bytes() -> Tensor:
    """The eight bits of each byte as -1 and +1, the highest first: (256, 8)."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return torch.from_numpy(bits.astype(np.float32) * 2 - 1)


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
