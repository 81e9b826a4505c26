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
from torch import Tensor

from service.memory.closed_form.admm import mean_square
from service.memory.closed_form.grid import Grid

MOMENTUM = 0.9
RATE = 0.08  # of a pull, in lengths of a feature vector
TARGET = 0.12  # the margin that is aimed at, in lengths of a feature vector times the grid's end
SPREAD = 0.7  # standard deviation of the first hidden values, in parts of the grid's end
MOST_SHORT = 127.0
TURN = 16  # steps between two looks at which columns still search


def search_weights(F: Tensor, Y: Tensor, grid: Grid, floor: float, steps: int) -> tuple[Tensor, Tensor]:
    """(b, n, rows) features, (b, n, bits) signs -> (b, rows, bits) int8 steps and one float16 scale a block, (b, 1).

    floor: the least margin, in units of the target. Columns that do not hold after `steps` steps, or a few more, are
    returned as they are; rows of zeros in F and columns of zeros in Y leave no trace in the others.
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


def _begin_search(F: Tensor, Y: Tensor, target: Tensor, floor: Tensor, grid: Grid) -> "_Search":
    """Hidden values in proportion to the sum of outer products of features and targets. target, floor: (b, 1)."""
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
    """Columns that still search, of blocks that still do. block (b,), column (b, c): their numbers; F (b, n, rows):
    features times the grid's unit; offset (b, n, 1): what the grid's offset adds to outputs; Y (b, n, c); target
    (b, 1, 1), floor (b, n, 1): the margins aimed at, and enough; hidden, speed (b, rows, c); rate (b, 1, c), 0 where a
    column holds.
    """

    block: Tensor
    column: Tensor
    F: Tensor
    offset: Tensor
    Y: Tensor
    target: Tensor
    floor: Tensor
    hidden: Tensor
    speed: Tensor
    rate: Tensor

    def step(self, grid: Grid) -> None:
        margin = torch.bmm(self.F, grid.places(self.hidden)).add_(self.offset).mul_(self.Y)
        self.rate.mul_((margin < self.floor).any(dim=1, keepdim=True))
        short = torch.sub(self.target, margin).clamp_(0, MOST_SHORT).mul_(self.Y)
        self.speed.mul_(MOMENTUM).add_(torch.bmm(self.F.mT, short))
        self.hidden.add_(self.speed * self.rate).clamp_(*grid.ends)

    def write(self, stored: Tensor, grid: Grid) -> None:
        """Put the steps of every column where they belong."""
        rows = torch.arange(stored.shape[1], device=stored.device)[None, :, None]
        stored[self.block[:, None, None], rows, self.column[:, None]] = grid.steps(self.hidden).to(stored.dtype)

    def without_held(self) -> "_Search":
        """The search without blocks that hold, and with as many columns of each other block as one of them needs."""
        searching = self.rate[:, 0] > 0
        blocks = searching.any(dim=1).nonzero()[:, 0]
        most = int(searching.sum(dim=1).max())
        pick = torch.argsort((~searching[blocks]).int(), dim=1, stable=True)[:, :most]
        return _Search(
            self.block[blocks], self.column[blocks].gather(1, pick), self.F[blocks], self.offset[blocks],
            _columns(self.Y[blocks], pick), self.target[blocks], self.floor[blocks],
            _columns(self.hidden[blocks], pick), _columns(self.speed[blocks], pick), _columns(self.rate[blocks], pick),
        )  # fmt: skip


def _columns(values: Tensor, pick: Tensor) -> Tensor:
    """(b, k, c) and which columns of each block, (b, p): (b, k, p)."""
    return values.gather(2, pick[:, None].expand(-1, values.shape[1], -1))
