"""Reading trained blocks: those of one shape are one batch of networks, and each query is run through its own.

Tokens are the leading bits of keyed hashes as -1 and +1, as in the closed form.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int8, Int64, UInt8
from numpy import ndarray
from numpy.typing import NDArray
from torch import Tensor, nn

from service.errors import MemoryMismatch, Outgrown
from service.memory.bank import Block
from service.memory.block_inputs import BlockInputs
from service.memory.gradient import Shape
from service.memory.gradient.evaluation import run_networks
from service.memory.gradient.network import Networks
from service.memory.gradient.sizes import allowed_shapes
from service.memory.gradient.storing import read_weights, shapes_by_parameters
from service.memory.recipe import Resolved

TOGETHER = 1024  # queries whose blocks' weights are gathered at once: some ten megabytes


class BlockNetworks(nn.Module):
    """The networks of all blocks. table: which batch each block is in; slot: its place there."""

    table: Int64[Tensor, " blocks"]
    slot: Int64[Tensor, " blocks"]
    end: Float32[Tensor, " d"]

    def __init__(self, recipe: Resolved, blocks: Sequence[Block]) -> None:
        super().__init__()
        shapes = [shapes_by_parameters(allowed_shapes(recipe, group.code_bits)) for group in recipe.groups]
        groups = np.repeat(np.arange(len(recipe.groups)), [group.blocks for group in recipe.groups])
        of = [shapes[group][len(block.steps)] for group, block in zip(groups.tolist(), blocks, strict=True)]
        members: dict[Shape, list[int]] = {}
        for number, shape in enumerate(of):
            members.setdefault(shape, []).append(number)
        table, slot = np.empty(len(blocks), dtype=np.int64), np.empty(len(blocks), dtype=np.int64)
        for at, chosen in enumerate(members.values()):
            table[chosen], slot[chosen] = at, np.arange(len(chosen))
        self.tables = nn.ModuleList(
            Networks(shape, read_weights(shape, [blocks[number] for number in chosen]))
            for shape, chosen in members.items()
        ).requires_grad_(requires_grad=False)
        self.bits = max(group.code_bits for group in recipe.groups)
        self.register_buffer("table", torch.from_numpy(table))
        self.register_buffer("slot", torch.from_numpy(slot))
        self.register_buffer("end", torch.from_numpy(end_token(recipe)).float())

    def forward(
        self, subject: Float32[Tensor, "n d"], relation: Float32[Tensor, "n d"], block: Int64[Tensor, " n"]
    ) -> Float32[Tensor, "n longest"]:
        """The outputs for pairs of tokens and the number of each pair's block, with zeros behind short codes."""
        y = subject.new_zeros((len(subject), self.bits))
        tables = self.table[block]
        for at, networks in enumerate(self.networks):
            asked = torch.nonzero(tables == at)[:, 0]
            for start in range(0, len(asked), TOGETHER):
                some = asked[start : start + TOGETHER]
                x = self._sequences(networks.shape, subject[some], relation[some])
                slot = self.slot[block[some]]
                weights = {name: weight[slot] for name, weight in networks.weights.items()}
                y[some, : networks.shape.outputs] = run_networks(networks, weights, x)[:, 0]
        return y

    @property
    def networks(self) -> list[Networks]:
        return [each for each in self.tables if isinstance(each, Networks)]

    def _sequences(
        self, shape: Shape, subject: Float32[Tensor, "n d"], relation: Float32[Tensor, "n d"]
    ) -> Float32[Tensor, "n 1 t d"]:
        """The sequences of queries, each of which is the only fact of its network."""
        end = [self.end.expand_as(subject)] if shape.residual else []
        return torch.stack([subject, relation, *end], dim=1)[:, None]


class GradientReader:
    """The networks of a memory on the device that serves, with the tokens of its relations."""

    frozen_parameters = 0

    def __init__(
        self, recipe: Resolved, blocks: Sequence[Block], relations: UInt8[ndarray, "relations size"], device: str
    ) -> None:
        self.model = BlockNetworks(recipe, blocks).to(device).eval()
        self._d = recipe.d_model
        self._device = device
        self._relations = self._tokens(relations)

    def read(
        self,
        digests: UInt8[ndarray, "n size"],
        relation: Int64[ndarray, " n"],
        block: Int64[ndarray, " n"],
        bits: Int64[ndarray, " n"],
    ) -> tuple[Bool[ndarray, "n longest"], Float32[ndarray, " n"]]:
        with torch.inference_mode():
            of = torch.from_numpy(relation).to(self._device)
            y = self.model(self._tokens(digests), self._relations[of], torch.from_numpy(block).to(self._device))
            beyond = torch.arange(y.shape[1], device=y.device) >= torch.from_numpy(bits).to(y.device)[:, None]
            margin = y.abs().masked_fill(beyond, torch.inf).amin(dim=1)
            return (y > 0).cpu().numpy(), margin.cpu().numpy()

    def with_blocks(self, blocks: Sequence[Block], changed: Mapping[int, Block]) -> "GradientReader":  # noqa: ARG002
        if changed:
            raise MemoryMismatch("a patch cannot change blocks that were trained end to end")
        return self

    def solve_again(self, inputs: BlockInputs) -> list[Block]:  # noqa: ARG002 - whatever it is
        raise Outgrown("only a training can change blocks that are trained end to end")

    def _tokens(self, digests: UInt8[ndarray, "n size"]) -> Float32[Tensor, "n d"]:
        return torch.from_numpy(token_signs(digests, self._d)).to(self._device).float()


def token_signs(digests: UInt8[ndarray, "n size"], d: int) -> Int8[ndarray, "n {d}"]:
    """Hashes as tokens of -1 and +1, the highest bit of each byte first."""
    bits = np.unpackbits(digests[:, : d // 8], axis=1)
    tokens: NDArray[np.int8] = np.where(bits == 1, np.int8(1), np.int8(-1))
    return tokens


def end_token(recipe: Resolved) -> Int8[ndarray, " d"]:
    """The token at which networks of several layers are read, drawn from the seed alone."""
    stream = hashlib.shake_256(f"trained memory {recipe.seed} end".encode()).digest(recipe.d_model // 8)
    token: NDArray[np.int8] = token_signs(np.frombuffer(stream, dtype=np.uint8)[None], recipe.d_model)[0]
    return token
