"""Read-outs of two or four bits a weight, searched for among the weights as they are stored.

A weight that is rounded after it was solved holds little below four bits. Here every weight has a hidden value, of
which only its place on the grid counts; facts whose margin falls short of a target pull at the hidden values, with
momentum, until each column holds every fact (Baldassi et al., *Efficient supervised learning in networks with binary
synapses*, PNAS 104, 2007; Courbariaux et al., *BinaryConnect*, arXiv 1511.00363). Near the limit the walk is chaotic,
which is what makes it a search.

Margins and pulls are sums of integers below 2^24, everything else is one rounding at a time, and a column rests when
it holds: what becomes of it depends neither on kernels nor on the columns and blocks beside it.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float16, Float32, Float64, Int8, Int64
from torch import Tensor

from service.memory.closed_form.admm import mean_square
from service.memory.closed_form.grid import Grid

MOMENTUM = 0.9
RATE = 0.08  # of a pull, in lengths of a feature vector
TARGET = 0.12  # the margin that is aimed at, in lengths of a feature vector times the grid's end
SPREAD = 0.7  # standard deviation of the first hidden values, in parts of the grid's end
MOST_SHORT = 127.0
TURN = 16  # steps between two checks of which columns are still searched for


def search_weights(
    F: Float32[Tensor, "b n rows"], Y: Float32[Tensor, "b n bits"], grid: Grid, floor: float, steps: int
) -> tuple[Int8[Tensor, "b rows bits"], Float16[Tensor, "b 1"]]:
    """Search for weights on the grid with which every block's features read out its signs: steps, and a scale a block.

    floor: the least margin, in units of the target. Columns that do not hold after `steps` steps, or a few more, are
    returned as they are; rows of zeros in F and columns of zeros in Y have no effect on the others.
    """
    length = mean_square(F).sqrt()[:, None]
    target = torch.ceil(TARGET * grid.unit * grid.ends[1] * length)
    scales = (1 / target).half()
    search = _begin_search(F, Y, target, torch.ceil(floor / scales.double()), grid)
    stored = torch.empty_like(search.hidden, dtype=torch.int8)
    for _ in range(0, steps, TURN):
        for _ in range(TURN):
            search.step(grid)
        search.write(stored, grid)
        search = search.without_held()
        if not len(search.block):
            break
    return stored, scales


def _begin_search(
    F: Float32[Tensor, "b n rows"],
    Y: Float32[Tensor, "b n bits"],
    target: Float64[Tensor, "b 1"],
    floor: Float64[Tensor, "b 1"],
    grid: Grid,
) -> "_Search":
    """Start from hidden values in proportion to the sum of the outer products of features and targets."""
    hidden = torch.bmm(F.mT, Y)
    deviation = hidden.double().square().mean(dim=1, keepdim=True).sqrt().clamp(min=2.0**-24)
    low, high = grid.ends
    present = (Y != 0).float()
    rate = RATE / (grid.unit**2 * mean_square(F))[:, None, None].float() * present.amax(dim=1, keepdim=True)
    return _Search(
        torch.arange(len(F), device=F.device), torch.arange(Y.shape[2], device=F.device).expand(len(F), -1),
        F * grid.unit, F.sum(dim=2, keepdim=True) * grid.offset, Y,
        target.float()[..., None], floor.float()[..., None] * present[..., :1],
        (hidden * (SPREAD * high / deviation).float()).clamp_(low, high), torch.zeros_like(hidden), rate,
    )  # fmt: skip


@dataclass(slots=True)
class _Search:
    """The columns that are still searched for, of the blocks that have any. block, column: their numbers; F: features
    times the grid's unit; offset: what the grid's offset adds to outputs; target, floor: the margin aimed at and the
    margin that is enough; rate: 0 where a column holds every fact.
    """

    block: Int64[Tensor, " b"]
    column: Int64[Tensor, "b c"]
    F: Float32[Tensor, "b n rows"]
    offset: Float32[Tensor, "b n 1"]
    Y: Float32[Tensor, "b n c"]
    target: Float32[Tensor, "b 1 1"]
    floor: Float32[Tensor, "b n 1"]
    hidden: Float32[Tensor, "b rows c"]
    speed: Float32[Tensor, "b rows c"]
    rate: Float32[Tensor, "b 1 c"]

    def step(self, grid: Grid) -> None:
        margin = torch.bmm(self.F, grid.places(self.hidden)).add_(self.offset).mul_(self.Y)
        self.rate.mul_((margin < self.floor).any(dim=1, keepdim=True))
        short = torch.sub(self.target, margin).clamp_(0, MOST_SHORT).mul_(self.Y)
        self.speed.mul_(MOMENTUM).add_(torch.bmm(self.F.mT, short))
        self.hidden.add_(self.speed * self.rate).clamp_(*grid.ends)

    def write(self, stored: Int8[Tensor, "blocks rows bits"], grid: Grid) -> None:
        """Write the steps of every column to its place in `stored`."""
        rows = torch.arange(stored.shape[1], device=stored.device)[None, :, None]
        stored[self.block[:, None, None], rows, self.column[:, None]] = grid.steps(self.hidden).to(stored.dtype)

    def without_held(self) -> "_Search":
        """The search without the blocks that hold, with as many columns of each other block as the neediest one has
        left.
        """
        searching = self.rate[:, 0] > 0
        blocks = searching.any(dim=1).nonzero()[:, 0]
        most = int(searching.sum(dim=1).max())
        pick = torch.argsort((~searching[blocks]).int(), dim=1, stable=True)[:, :most]
        return _Search(
            self.block[blocks], self.column[blocks].gather(1, pick), self.F[blocks], self.offset[blocks],
            _columns(self.Y[blocks], pick), self.target[blocks], self.floor[blocks],
            _columns(self.hidden[blocks], pick), _columns(self.speed[blocks], pick), _columns(self.rate[blocks], pick),
        )  # fmt: skip


def _columns(values: Float32[Tensor, "b k c"], pick: Int64[Tensor, "b p"]) -> Float32[Tensor, "b k p"]:
    """The picked columns of each block."""
    return values.gather(2, pick[:, None].expand(-1, values.shape[1], -1))
